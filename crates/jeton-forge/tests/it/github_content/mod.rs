//! What is in repositories of a simulated GitHub, byte for byte.

mod commits;
mod files;
mod hostile;
mod listings;
mod names;
mod trouble;

use std::{fmt, time::Duration};

use futures_util::StreamExt as _;
use jeton_domain::{Credential, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RefName, RepoPath};
use jeton_forge::content::{BlobStream, Body, ContentForge, ContentForges, Opened, Place, ReadError, Resolved, Told};
use jeton_forge::{AddressRules, HttpOptions, Outbound};
use jeton_forge_sim::{GitHubSim, PersonalTokenSpec};
use jiff::Timestamp;

use crate::github_accounts::People;

/// A GitHub with `octocat`, and a reader who has a token of theirs.
pub(crate) struct Reader {
    pub(crate) people: People,
    content: ContentForges,
    forge: ForgeEndpoint,
    repository: RepoPath,
    credential: Option<Credential>,
    now: Timestamp,
}

impl Reader {
    /// Of the private `acme/tools`.
    pub(crate) async fn new() -> Self {
        let people = People::new().await;
        let token = people.token(PersonalTokenSpec::classic(["repo"]));
        let credential = people.credential(&token.token);
        Self {
            content: ContentForges::new(outbound(HttpOptions::default())),
            forge: credential.forge.clone(),
            repository: repository("acme/tools"),
            credential: Some(credential),
            now: people.now(),
            people,
        }
    }

    /// The same reader, who waits no longer than this for the forge.
    pub(crate) fn impatient(self, patience: Duration) -> Self {
        let options = HttpOptions {
            request_timeout: patience,
            ..HttpOptions::default()
        };
        Self {
            content: ContentForges::new(outbound(options)),
            ..self
        }
    }

    /// The same reader elsewhere.
    pub(crate) fn of(self, name: &str) -> Self {
        Self {
            repository: repository(name),
            ..self
        }
    }

    /// The same reader with another token, or none.
    pub(crate) fn holding(self, credential: Option<Credential>) -> Self {
        Self { credential, ..self }
    }

    pub(crate) fn github(&self) -> &GitHubSim {
        self.people.sim.github()
    }

    pub(crate) fn forge(&self) -> &dyn ContentForge {
        self.content.of(ForgeKind::GitHub)
    }

    pub(crate) fn at(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: self.credential.as_ref(),
            now: self.now,
        }
    }

    pub(crate) async fn resolve(&self, name: &str) -> Result<ObjectId, ReadError> {
        let name = RefName::parse(name).unwrap();
        commit_of(self.forge().resolve(&self.at(), Some(&name), None).await)
    }

    pub(crate) async fn head(&self) -> ObjectId {
        commit_of(self.forge().resolve(&self.at(), None, None).await).unwrap()
    }

    pub(crate) async fn open(&self, path_: &str) -> Result<Opened, ReadError> {
        let head = self.head().await;
        self.forge().open(&self.at(), &head, &path(path_)).await.answer
    }

    /// All of a file, as it came or from where it lies.
    pub(crate) async fn bytes(&self, opened: &Opened) -> Vec<u8> {
        match &opened.body {
            Body::Here(bytes) => bytes.to_vec(),
            Body::Coming(_) => panic!("GitHub sends no file in its answer about one"),
            Body::Apart => {
                let head = self.head().await;
                let (path, id) = (&opened.entry.path, opened.entry.id.as_ref());
                let stream = self.forge().blob(&self.at(), &head, path, id).await.answer.unwrap();
                read(stream).await.unwrap()
            }
        }
    }

    pub(crate) fn calls(&self) -> u64 {
        self.people.sim.calls().total()
    }
}

pub(crate) fn outbound(options: HttpOptions) -> Outbound {
    let rules = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    Outbound::new(options, rules).unwrap()
}

pub(crate) fn repository(name: &str) -> RepoPath {
    RepoPath::parse(ForgeKind::GitHub, name).unwrap()
}

pub(crate) fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

pub(crate) fn commit_of(told: Told<Resolved>) -> Result<ObjectId, ReadError> {
    match told.answer? {
        Resolved::At { commit, .. } => Ok(commit),
        Resolved::Unchanged => panic!("unchanged, though nothing was known"),
    }
}

/// The bytes of a stream, or why it broke off.
pub(crate) async fn read(mut stream: BlobStream) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    while let Some(piece) = stream.bytes.next().await {
        all.extend_from_slice(&piece.map_err(|error| error.to_string())?);
    }
    Ok(all)
}

/// The name of the kind of failure.
pub(crate) fn kind<T: fmt::Debug>(answer: Result<T, ReadError>) -> &'static str {
    match answer.unwrap_err() {
        ReadError::NotFound(_) => "not found",
        ReadError::NoSuchName(_) => "no such name",
        ReadError::Unauthorized(_) => "unauthorized",
        ReadError::Forbidden(_) => "forbidden",
        ReadError::Limited { .. } => "limited",
        ReadError::Down(_) => "down",
        ReadError::Garbled(_) => "garbled",
        ReadError::Empty => "empty",
        ReadError::TooLarge { .. } => "too large",
        ReadError::Moved { .. } => "moved",
    }
}
