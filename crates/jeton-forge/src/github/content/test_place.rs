//! A place for unit tests.

use jeton_domain::{Credential, CredentialKind, ForgeEndpoint, ForgeKind, RepoPath, Secret};

use crate::content::Place;

/// What a [`Place`] borrows.
pub(super) struct Spot {
    forge: ForgeEndpoint,
    repository: RepoPath,
    credential: Option<Credential>,
}

impl Spot {
    /// `acme/tools` on a server, as nobody.
    pub(super) fn new() -> Self {
        Self {
            forge: ForgeEndpoint::github("https://git.example.com/api/v3").unwrap(),
            repository: RepoPath::parse(ForgeKind::GitHub, "acme/tools").unwrap(),
            credential: None,
        }
    }

    /// The same with a token of this kind.
    pub(super) fn with(kind: CredentialKind) -> Self {
        let spot = Self::new();
        Self {
            credential: Some(Credential {
                kind,
                forge: spot.forge.clone(),
                token: Secret::new("opaque"),
                username: None,
                email: None,
            }),
            ..spot
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: self.credential.as_ref(),
            now: "2026-06-01T12:00:00Z".parse().unwrap(),
        }
    }
}
