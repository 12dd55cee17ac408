//! What tests say and learn about apps, installations and tokens.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::permissions::Permissions;

/// An app to be made.
#[derive(Debug, Clone)]
pub struct AppSpec {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) permissions: Permissions,
}

impl AppSpec {
    /// An app with `contents: write`, `metadata: read`, `pull_requests: write`, `actions: read` and
    /// `administration: write`, owned by `sim-apps`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            owner: "sim-apps".to_owned(),
            permissions: Permissions::must_parse([
                ("contents", "write"),
                ("metadata", "read"),
                ("pull_requests", "write"),
                ("actions", "read"),
                ("administration", "write"),
            ]),
        }
    }

    /// Who made the app.
    #[must_use]
    pub fn owner(mut self, login: impl Into<String>) -> Self {
        self.owner = login.into();
        self
    }

    /// Replaces the permissions, for instance `[("contents", "read")]`.
    ///
    /// # Panics
    /// When GitHub has no such key or level.
    #[must_use]
    pub fn permissions<K: AsRef<str>, L: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, L)>) -> Self {
        self.permissions = Permissions::must_parse(pairs);
        self
    }
}

/// An app as its maker knows it, keys included. `Debug` leaves the keys out.
#[derive(Clone)]
pub struct SimApp {
    /// The app's number.
    pub id: u64,
    /// The app's client id, `Iv23…`.
    pub client_id: String,
    /// The name in URLs.
    pub slug: String,
    /// The private key as GitHub hands it out (PKCS#1).
    pub private_key_pkcs1_pem: String,
    /// The same key in PKCS#8.
    pub private_key_pkcs8_pem: String,
}

impl fmt::Debug for SimApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimApp")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("slug", &self.slug)
            .finish_non_exhaustive()
    }
}

/// How an app is installed on an owner.
#[derive(Debug, Clone)]
pub struct InstallSpec {
    /// Names in lower case; `None` is every repository, those to come included.
    pub(crate) selected: Option<Vec<String>>,
    pub(crate) permissions: Option<Permissions>,
}

impl InstallSpec {
    /// On all repositories of the owner, with all permissions of the app.
    pub fn all() -> Self {
        Self {
            selected: None,
            permissions: None,
        }
    }

    /// On these repositories only (names without the owner). One that does not exist yet is covered
    /// as soon as it does.
    pub fn selected<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(|n| n.into().to_ascii_lowercase());
        Self {
            selected: Some(names.collect()),
            permissions: None,
        }
    }

    /// What the owner granted, if it isn't what the app now asks for.
    ///
    /// # Panics
    /// When GitHub has no such key or level.
    #[must_use]
    pub fn permissions<K: AsRef<str>, L: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, L)>) -> Self {
        self.permissions = Some(Permissions::must_parse(pairs));
        self
    }
}

/// An installation as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationInfo {
    /// The installation's number.
    pub id: u64,
    /// The app that is installed.
    pub app_id: u64,
    /// The login of the owner it is installed on.
    pub owner: String,
    /// The selected repositories, in lower case; `None` is all.
    pub repositories: Option<Vec<String>>,
    /// What was granted, as the API writes it.
    pub permissions: BTreeMap<String, String>,
    /// Whether it is suspended.
    pub suspended: bool,
}

/// How long a fresh token is refused, as it is while GitHub's replicas catch up.
///
/// It holds for tokens made from then on. The API answers 401 "Bad credentials", git 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenLag {
    /// Works at once.
    #[default]
    None,
    /// Refused until it is this old by the forge's clock.
    Time(SignedDuration),
    /// Refused this many times, API and git together.
    Uses(u32),
}

/// A token as the forge's records know it; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The first 12 hex digits of the token's SHA-256.
    pub fingerprint: String,
    /// Who made it.
    pub app_id: u64,
    /// For which installation.
    pub installation_id: u64,
    /// `owner/name` of every repository it opens, sorted.
    pub repositories: Vec<String>,
    /// Its permissions as the API writes them.
    pub permissions: BTreeMap<String, String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What kind of account an owner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerKind {
    /// A company or a group.
    Organization,
    /// A person.
    User,
}

impl OwnerKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::User => "User",
        }
    }
}

/// Why the simulated world could not be changed like that.
#[derive(Debug)]
pub enum SimError {
    /// No app has this id.
    NoApp(u64),
    /// No installation has this id, or it was removed.
    NoInstallation(u64),
    /// No repository has this name.
    NoRepository(String),
    /// No person has this login.
    NoUser(String),
    /// No organization has this name.
    NoOrganization(String),
    /// Neither a person nor an organization has this name.
    NoOwner(String),
    /// No personal token has this id.
    NoToken(u64),
    /// The repository has no environment of this name.
    NoEnvironment(String),
    /// A name that GitHub would not allow.
    BadName(String),
    /// A repository, a person or an organization has this name already.
    Taken(String),
    /// The key could not be made.
    NoKey,
    /// git or the disk failed.
    Io(std::io::Error),
}

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoApp(id) => write!(f, "there is no app {id}"),
            Self::NoInstallation(id) => write!(f, "there is no installation {id}"),
            Self::NoRepository(name) => write!(f, "there is no repository {name}"),
            Self::NoUser(login) => write!(f, "there is no user {login}"),
            Self::NoOrganization(name) => write!(f, "there is no organization {name}"),
            Self::NoOwner(name) => write!(f, "there is no user or organization {name}"),
            Self::NoEnvironment(name) => write!(f, "there is no environment {name:?}"),
            Self::NoToken(id) => write!(f, "there is no personal token {id}"),
            Self::BadName(name) => write!(f, "{name:?} is not a name that GitHub allows"),
            Self::Taken(name) => write!(f, "the name {name} is taken already"),
            Self::NoKey => f.write_str("no RSA key could be made"),
            Self::Io(_) => f.write_str("the repository on disk could not be changed"),
        }
    }
}

impl std::error::Error for SimError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SimError> for std::io::Error {
    fn from(error: SimError) -> Self {
        match error {
            SimError::Io(error) => error,
            other => Self::other(other),
        }
    }
}
