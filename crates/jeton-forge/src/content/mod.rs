//! What is in repositories, on any forge, behind one trait.

pub(crate) mod again;
pub(crate) mod call;
mod types;

pub use types::{
    BlobStream, Body, Commit, CommitPage, CommitsAsk, Entry, EntryKind, ListAsk, Listed, NameKind, Opened, Person,
    Place, ReadError, Resolved, Told,
};

use std::fmt;

use async_trait::async_trait;
use jeton_domain::{FilePath, ForgeKind, ObjectId, RefName};
use jeton_outbound::Outbound;
use jiff::Timestamp;

/// A kind of forge, as the reader of content sees it. Each method is one call to the forge, or two where its API has no
/// single one; none waits for a limit or tries a forge again that fails: that is the caller's to decide, who sees all the callers.
/// Only a read whose connection was cut is asked once more, at once: servers close kept connections at any moment.
///
/// Whatever comes back is untrusted: ids that do not parse, paths that walk (`..`), sizes that lie and pages that never end
/// are [`ReadError::Garbled`] or are left out, never passed on.
#[async_trait]
pub trait ContentForge: Send + Sync + fmt::Debug {
    /// What a name means now: `None` is the default branch. `known` is the `etag` of the [`Resolved::At`] before, with the same
    /// credential; then [`Resolved::At`] may come without anything new ([`Resolved::Unchanged`]) and cost no quota.
    async fn resolve(&self, at: &Place<'_>, name: Option<&RefName>, known: Option<&str>) -> Told<Resolved>;

    /// Whether branches, tags or both have this very name. Asked once for a name that is no whole commit id, so that a name that
    /// means two things is no guess.
    async fn name_kind(&self, at: &Place<'_>, name: &RefName) -> Told<NameKind>;

    /// Looks at one place of a commit, and brings the file where the forge gives it in the same answer. The root and
    /// directories come as [`EntryKind::Directory`], without their entries.
    async fn open(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath) -> Told<Opened>;

    /// Begins to bring a file that is known from [`ContentForge::open`] or a listing. `path` is for forges that have no call for
    /// blobs by their id (Bitbucket).
    async fn blob(&self, at: &Place<'_>, commit: &ObjectId, path: &FilePath, id: Option<&ObjectId>)
    -> Told<BlobStream>;

    /// A page of what lies in a directory, or below it.
    async fn list(&self, at: &Place<'_>, ask: &ListAsk<'_>) -> Told<Listed>;

    /// A page of the history of a commit, newest first.
    async fn commits(&self, at: &Place<'_>, ask: &CommitsAsk<'_>) -> Told<CommitPage>;

    /// The [`CommitsAsk::page`] of the `number`-th hundred commits of any history, from 0, so that one deep down can be asked for without
    /// those above it. `None` where forges do not count their pages (Bitbucket), for a number beyond what they take, and for 0: the first
    /// page has no token.
    fn history_page(&self, number: usize) -> Option<String> {
        let _ = number;
        None
    }
}

/// The three kinds of forge, over one guarded client.
#[derive(Debug, Clone)]
pub struct ContentForges {
    github: crate::github::GitHubContent,
    gitlab: crate::gitlab::GitLabContent,
    bitbucket: crate::bitbucket::BitbucketContent,
}

impl ContentForges {
    /// Puts them together; nothing is called yet.
    pub fn new(outbound: Outbound) -> Self {
        Self {
            github: crate::github::GitHubContent::new(outbound.clone()),
            gitlab: crate::gitlab::GitLabContent::new(outbound.clone()),
            bitbucket: crate::bitbucket::BitbucketContent::new(outbound),
        }
    }

    /// The one of a kind.
    pub fn of(&self, kind: ForgeKind) -> &dyn ContentForge {
        match kind {
            ForgeKind::GitHub => &self.github,
            ForgeKind::GitLab => &self.gitlab,
            ForgeKind::Bitbucket => &self.bitbucket,
        }
    }
}

/// How long to wait out a limit for which the forge names no time.
pub(crate) const UNNAMED_WAIT: jiff::SignedDuration = jiff::SignedDuration::from_mins(1);

/// When a limit ends for which the forge may have named a time.
pub(crate) fn limit_ends(named: Option<Timestamp>, now: Timestamp) -> Timestamp {
    named.unwrap_or_else(|| now.checked_add(UNNAMED_WAIT).unwrap_or(now))
}
