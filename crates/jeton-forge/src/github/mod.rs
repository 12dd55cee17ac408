//! GitHub, as Apps see it; and in [`account`], as people with tokens do.

mod account;
mod app;
mod ci;
mod content;
mod mint;
mod wire;

pub(crate) use self::ci::GitHubCi;
pub(crate) use content::GitHubContent;

use std::sync::Arc;

use jeton_domain::{AppIssuer, Clock, ExpiresAt, ForgeEndpoint, InstallationId, Permissions, Quota, Secret};

use crate::{AppKey, ForgeError, HttpOptions, http_client::HttpClient};

pub use account::GitHubAccounts;
pub(crate) use account::scopes_hold;
pub use app::GitHubApp;

/// The way to any GitHub: one set of connections for all Apps on all servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GitHub {
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

impl GitHub {
    /// Prepares the connections; nothing is called yet.
    ///
    /// # Errors
    /// [`ForgeError::Request`] when the options make no client, as with a user agent that no header can carry.
    pub fn new(options: HttpOptions, clock: Arc<dyn Clock>) -> Result<Self, ForgeError> {
        Ok(Self {
            http: HttpClient::new(options)?,
            clock,
        })
    }

    /// Ends an installation token before its time. The token itself is the credential: no App is needed.
    ///
    /// # Errors
    /// [`ForgeError`] when GitHub did not say that it is dead.
    pub async fn revoke(&self, endpoint: &ForgeEndpoint, token: &Secret) -> Result<Revoked, ForgeError> {
        app::revoke(&self.http, endpoint, token, self.clock.now()).await
    }

    /// One App on one GitHub.
    pub fn app(&self, endpoint: ForgeEndpoint, issuer: AppIssuer, key: AppKey) -> GitHubApp {
        GitHubApp::new(self.http.clone(), Arc::clone(&self.clock), endpoint, issuer, key)
    }
}

/// What GitHub knows of an App (`GET /app`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInfo {
    /// GitHub's number of the App.
    pub id: u64,
    /// The client id, where this GitHub tells it.
    pub client_id: Option<String>,
    /// The App's name in URLs.
    pub slug: String,
    /// The App's name for people.
    pub name: String,
    /// Who owns the App.
    pub owner: String,
    /// What the App asks of those who install it.
    pub permissions: Permissions,
    /// The App's public page.
    pub html_url: Option<String>,
    /// On how many accounts it is installed, where this GitHub tells it.
    pub installations: Option<u64>,
}

/// An App on an owner's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// GitHub's number of it; another one after each new installation.
    pub id: InstallationId,
    /// The owner, as GitHub writes it.
    pub owner: String,
    /// `Organization`, `User` or `Enterprise`.
    pub owner_kind: String,
    /// What the owner granted.
    pub permissions: Permissions,
    /// Whether it covers all repositories of the owner, or a selection.
    pub all_repositories: bool,
    /// Whether it is suspended, and no token will work.
    pub suspended: bool,
    /// Where the owner configures it.
    pub html_url: Option<String>,
}

/// The installations of an App, as far as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationPage {
    /// Those that were read.
    pub installations: Vec<Installation>,
    /// Whether there are no more.
    pub complete: bool,
}

/// A fresh token. What it may do was compared with what was asked for.
#[derive(Debug, Clone)]
pub struct MintedToken {
    /// The token.
    pub token: Secret,
    /// When it ends, by GitHub's clock: one hour after the mint.
    pub expires_at: ExpiresAt,
    /// What it may do.
    pub permissions: Permissions,
    /// The names of the repositories that it opens, as GitHub writes them.
    pub repositories: Option<Vec<String>>,
    /// The owner of those repositories, where GitHub says it. An account can be renamed, and its name taken by another.
    pub owner: Option<String>,
    /// Whether it opens all repositories of the installation; never for a token that [`GitHubApp::mint`] returns.
    pub all_repositories: bool,
}

/// Whether a token works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// GitHub accepts it; what is left of the hourly budget of its installation, when GitHub says so.
    Live(Option<Quota>),
    /// GitHub refuses it. [`ForgeError::BadCredentials`]: it ended, was revoked, or is not known everywhere yet.
    /// [`ForgeError::Suspended`]: nothing works. [`ForgeError::Forbidden`] and [`ForgeError::NotFound`] say less: a policy, such
    /// as a list of allowed addresses, or a replica that lags.
    Refused(ForgeError),
    /// GitHub did not say.
    Unknown(ForgeError),
}

/// How a token came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// This call ended it.
    Now,
    /// It had ended before.
    AlreadyDead,
}
