//! What a test says to make a world, and what it learns of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::SimClock;

/// How a simulated GitLab starts.
#[derive(Debug, Clone)]
pub struct GitLabSimConfig {
    /// Where to listen. Port 0 takes a free one. Default: `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// The forge's clock. Default: the machine's.
    pub clock: SimClock,
    /// The seed of tokens. Default: 1.
    pub seed: u64,
    /// What access tokens begin with; an administrator may change it. Default: `glpat-`.
    pub token_prefix: String,
    /// What the rest of an access token looks like. Default: routable.
    pub token_form: GitLabTokenForm,
}

impl Default for GitLabSimConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock: SimClock::system(),
            seed: 1,
            token_prefix: "glpat-".to_owned(),
            token_form: GitLabTokenForm::Routable,
        }
    }
}

/// The two forms of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitLabTokenForm {
    /// The prefix and 20 characters; no checksum.
    Legacy,
    /// The prefix, a payload that says whose it is, a version, a length and a CRC-32.
    Routable,
}

/// The role of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessLevel {
    /// 10
    Guest = 10,
    /// 20
    Reporter = 20,
    /// 30
    Developer = 30,
    /// 40
    Maintainer = 40,
    /// 50
    Owner = 50,
}

impl AccessLevel {
    /// As the API writes it.
    pub(crate) fn number(self) -> u64 {
        self as u64
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        let all = [
            Self::Guest,
            Self::Reporter,
            Self::Developer,
            Self::Maintainer,
            Self::Owner,
        ];
        all.into_iter().find(|level| level.number() == number)
    }
}

/// Who sees a project or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Members.
    Private,
    /// Everybody who is signed in.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Private, Self::Internal, Self::Public];
        all.into_iter().find(|one| one.name() == name)
    }
}

/// Whose an access token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitLabTokenKind {
    /// A person's own.
    Personal,
    /// Made by an administrator for a person.
    Impersonation,
    /// A project's; it acts as a bot user.
    Project(u64),
    /// A group's; it acts as a bot user.
    Group(u64),
}

/// An access token to make.
#[derive(Debug, Clone)]
pub struct GitLabTokenSpec {
    pub(crate) kind: GitLabTokenKind,
    /// The owner of a personal token; a bot is made for the others.
    pub(crate) user: u64,
    pub(crate) level: AccessLevel,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_at: Option<Expiry>,
    pub(crate) form: Option<GitLabTokenForm>,
    pub(crate) prefix: Option<String>,
}

/// When a token that is to be made will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    On(Date),
    Never,
}

impl GitLabTokenSpec {
    fn of(kind: GitLabTokenKind, user: u64, level: AccessLevel) -> Self {
        Self {
            kind,
            user,
            level,
            name: "token".to_owned(),
            scopes: vec!["api".to_owned()],
            expires_at: None,
            form: None,
            prefix: None,
        }
    }

    /// A person's token with scope `api` that ends in 30 days.
    pub fn personal(user: u64) -> Self {
        Self::of(GitLabTokenKind::Personal, user, AccessLevel::Owner)
    }

    /// The same, made by an administrator.
    pub fn impersonation(user: u64) -> Self {
        Self::of(GitLabTokenKind::Impersonation, user, AccessLevel::Owner)
    }

    /// A project's token with scope `api` and this role, for 30 days.
    pub fn project(project: u64, level: AccessLevel) -> Self {
        Self::of(GitLabTokenKind::Project(project), 0, level)
    }

    /// A group's token with scope `api` and this role, for 30 days.
    pub fn group(group: u64, level: AccessLevel) -> Self {
        Self::of(GitLabTokenKind::Group(group), 0, level)
    }

    /// Other scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The day on which it is dead, from 00:00 UTC on.
    #[must_use]
    pub fn expires_at(mut self, date: Date) -> Self {
        self.expires_at = Some(Expiry::On(date));
        self
    }

    /// Without an end, as tokens of service accounts and those of older servers are.
    #[must_use]
    pub fn never_expires(mut self) -> Self {
        self.expires_at = Some(Expiry::Never);
        self
    }

    /// Another name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Another form than the server's.
    #[must_use]
    pub fn form(mut self, form: GitLabTokenForm) -> Self {
        self.form = Some(form);
        self
    }

    /// Another prefix than the server's, as of a token made before it was changed.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }
}

/// An access token that was made. `Debug` does not show it.
#[derive(Clone)]
pub struct GitLabToken {
    /// Its number.
    pub id: u64,
    /// The user it acts as.
    pub user_id: u64,
    /// The token itself.
    pub token: String,
}

impl fmt::Debug for GitLabToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitLabToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the forge knows of an access token; never the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLabTokenInfo {
    /// Its number.
    pub id: u64,
    /// The number of the first token of its family: rotation hands it on.
    pub family: u64,
    /// Whose it is.
    pub kind: GitLabTokenKind,
    /// The user it acts as.
    pub user_id: u64,
    /// Its name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The day on which it is dead.
    pub expires_at: Option<Date>,
    /// Revoked, by hand or by a rotation.
    pub revoked: bool,
    /// Neither revoked nor expired.
    pub active: bool,
    /// When it was last used, to ten minutes.
    pub last_used_at: Option<Timestamp>,
    /// First 12 hex digits of its SHA-256.
    pub fingerprint: String,
}
