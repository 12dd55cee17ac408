//! What a test says to make a world, and what it learns of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;

use crate::clock::SimClock;

/// How a simulated Bitbucket Cloud starts.
#[derive(Debug, Clone)]
pub struct BitbucketSimConfig {
    /// Where to listen. Port 0 takes a free one. Default: `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// The forge's clock. Default: the machine's.
    pub clock: SimClock,
    /// The seed of ids and tokens. Default: 1.
    pub seed: u64,
}

impl Default for BitbucketSimConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock: SimClock::system(),
            seed: 1,
        }
    }
}

/// What somebody may do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BitbucketRole {
    /// Fetch.
    Read,
    /// And push.
    Write,
    /// And change settings.
    Admin,
}

impl BitbucketRole {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// What a credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BitbucketTokenKind {
    /// An Atlassian account's API token; Basic, with the e-mail address.
    ApiToken {
        /// Whose.
        account: u64,
    },
    /// A repository's access token; Bearer.
    RepositoryToken {
        /// Which repository's.
        repository: u64,
    },
    /// A project's access token; Bearer.
    ProjectToken {
        /// The slug of its workspace.
        workspace: String,
        /// Its key, `PROJ` for instance.
        project: String,
    },
    /// A workspace's access token; Bearer.
    WorkspaceToken {
        /// Its slug.
        workspace: String,
    },
    /// An OAuth access token; Bearer.
    OAuth {
        /// Whose.
        account: u64,
    },
    /// An app password. They died on 2026-07-28: this one opens nothing.
    AppPassword {
        /// Whose.
        account: u64,
    },
}

impl BitbucketTokenKind {
    /// Whether scopes are written `read:repository:bitbucket` rather than `repository`.
    pub(crate) fn has_granular_scopes(&self) -> bool {
        matches!(self, Self::ApiToken { .. })
    }

    /// The person it acts for; access tokens act for nobody.
    pub(crate) fn account(&self) -> Option<u64> {
        match self {
            Self::ApiToken { account } | Self::OAuth { account } | Self::AppPassword { account } => Some(*account),
            Self::RepositoryToken { .. } | Self::ProjectToken { .. } | Self::WorkspaceToken { .. } => None,
        }
    }
}

/// A credential to make.
#[derive(Debug, Clone)]
pub struct BitbucketTokenSpec {
    pub(crate) kind: BitbucketTokenKind,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
}

impl BitbucketTokenSpec {
    /// One without scopes. An API token without scopes is one that was not made for Bitbucket, and is refused there.
    pub fn new(kind: BitbucketTokenKind) -> Self {
        Self {
            kind,
            scopes: Vec::new(),
            expires_at: None,
        }
    }

    /// An account's API token that reads the account, its workspaces, repositories and pull requests.
    pub fn api_token(account: u64) -> Self {
        let subjects = ["user", "workspace", "repository", "pullrequest"];
        let scopes = subjects.map(|subject| format!("read:{subject}:bitbucket"));
        Self::new(BitbucketTokenKind::ApiToken { account }).scopes(scopes)
    }

    /// A repository's access token with the scope `repository`.
    pub fn repository_token(repository: u64) -> Self {
        Self::new(BitbucketTokenKind::RepositoryToken { repository }).scopes(["repository"])
    }

    /// A project's access token with the scope `repository`.
    pub fn project_token(workspace: &str, project: &str) -> Self {
        let (workspace, project) = (workspace.to_owned(), project.to_owned());
        Self::new(BitbucketTokenKind::ProjectToken { workspace, project }).scopes(["repository"])
    }

    /// A workspace's access token with the scope `repository`.
    pub fn workspace_token(workspace: &str) -> Self {
        let workspace = workspace.to_owned();
        Self::new(BitbucketTokenKind::WorkspaceToken { workspace }).scopes(["repository"])
    }

    /// An OAuth access token of two hours with the scopes `account` and `repository`.
    pub fn oauth(account: u64) -> Self {
        Self::new(BitbucketTokenKind::OAuth { account }).scopes(["account", "repository"])
    }

    /// An app password.
    pub fn app_password(account: u64) -> Self {
        Self::new(BitbucketTokenKind::AppPassword { account })
    }

    /// Other scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Another end than a year ahead (two hours for OAuth).
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }
}

/// A credential that was made. `Debug` does not show it.
#[derive(Clone)]
pub struct BitbucketToken {
    /// Its number; Bitbucket shows none.
    pub id: u64,
    /// The token itself.
    pub token: String,
}

impl fmt::Debug for BitbucketToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitbucketToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
