//! What all looks into a repository begin with.

use std::io;

use http::request::Parts;
use http::{StatusCode, Uri};

use super::Visit;
use crate::github::GitHubSim;
use crate::github::caller::{Caller, Peer};
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::github::personal::Need;
use crate::reply::Reply;
use crate::route::{Inside, RepoRef};

/// The largest things that are answered. GitHub's own by default; small ones make small tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLimits {
    /// Entries of a tree; the rest is left out, with `"truncated": true`. Default: 100,000.
    pub tree_entries: usize,
    /// Bytes of a tree, with the same effect. Default: 7 MB. What GitHub counts is documented nowhere; here it is what
    /// git keeps, with whole paths: 28 bytes and the path of each entry.
    pub tree_bytes: usize,
    /// Bytes of a file that is not answered at all. Default: 100 MiB.
    pub blob_bytes: u64,
}

impl Default for ContentLimits {
    fn default() -> Self {
        Self {
            tree_entries: 100_000,
            tree_bytes: 7 * 1024 * 1024,
            blob_bytes: 100 * 1024 * 1024,
        }
    }
}

/// A call for what is inside of a repository.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) repo: &'a RepoRef,
    pub(crate) caller: &'a Caller,
    pub(crate) parts: &'a Parts,
    /// Whether the client asked for the version of 2026-03-10.
    pub(crate) newer: bool,
}

impl Look<'_> {
    /// A parameter of the query, decoded as a form's: `+` is a space. Empty counts as absent.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found = pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        found.filter(|value| !value.is_empty())
    }

    /// Whether a parameter is there at all, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        let query = self.parts.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name)
    }
}

/// What follows the repository's name, as sent: a redirect leads to the same place elsewhere.
pub(crate) fn tail(uri: &Uri) -> String {
    let path = uri.path();
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let rest = path.splitn(5, '/').nth(4).unwrap_or_default();
    match uri.query() {
        Some(query) => format!("/{rest}?{query}"),
        None => format!("/{rest}"),
    }
}

/// The way on, when a repository is elsewhere; or why there is none.
pub(crate) enum Stop {
    Moved(Box<Reply>),
    Refused(ApiError),
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// git or the disk failed, which a forge would not explain either.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        tracing::warn!(%error, "a repository could not be read");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error").into()
    }
}

impl Stop {
    pub(crate) fn outcome(self) -> Result<Reply, ApiError> {
        match self {
            Self::Moved(reply) => Ok(*reply),
            Self::Refused(error) => Err(error),
        }
    }
}

impl GitHubSim {
    /// Answers a call for what is inside of a repository.
    pub(crate) fn look(&self, look: Look<'_>, inside: &Inside) -> Result<Reply, Stop> {
        match inside {
            Inside::Contents(path) => self.get_contents(look, path),
            Inside::Branches => self.list_branches(look),
            Inside::Branch(name) => self.get_branch(look, name),
            Inside::Tags => self.list_tags(look),
            Inside::Commits => self.list_commits(look),
            Inside::Commit(name) => self.get_commit(look, name),
            Inside::Tree(name) => self.get_tree(look, name),
            Inside::Blob(sha) => self.get_blob(look, sha),
            Inside::Ref(name) => self.get_ref(look, name),
            Inside::MatchingRefs(prefix) => self.matching_refs(look, prefix),
        }
    }

    /// Opens a repository for reading its contents.
    pub(super) fn open(&self, look: Look<'_>) -> Result<Repository, Stop> {
        let (tail, peer) = (tail(&look.parts.uri), Peer::of(look.parts));
        match self.visit(look.repo, &tail, look.caller, Need::look("contents"), peer)? {
            Visit::Moved(reply) => Err(Stop::Moved(Box::new(reply))),
            Visit::Here { repository, .. } => Ok(repository),
        }
    }

    /// What to say of a name that means nothing: an empty repository has a status of its own.
    pub(super) fn absent(&self, repository: &Repository, otherwise: ApiError) -> Stop {
        match self.store().is_empty(repository.id) {
            Ok(true) => ApiError::new(StatusCode::CONFLICT, "Git Repository is empty.").into(),
            Ok(false) => otherwise.into(),
            Err(error) => error.into(),
        }
    }

    /// The address of a repository in the API.
    pub(super) fn api_of(&self, repository: &Repository) -> String {
        format!("{}/api/v3/repos/{}", self.web_url(), repository.full_name())
    }

    /// Makes the largest answers smaller or larger.
    pub fn set_content_limits(&self, limits: ContentLimits) {
        self.state().content_limits = limits;
    }

    pub(super) fn content_limits(&self) -> ContentLimits {
        self.state().content_limits
    }
}
