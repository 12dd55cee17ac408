//! Signing people in at an OIDC provider: authorization code with PKCE.

mod answer;
mod begin;
mod config;
mod discovery;
mod error;
mod finish;
mod people;

use std::{fmt, sync::Arc};

use jeton_domain::{Clock, Secret};

use crate::{
    IssuerConfigError, JwtVerifier, OidcHttpOptions,
    issuer::{Discovered, KeyFetcher},
};

pub use answer::SignInAnswer;
pub use config::{RoleRule, SignInConfig};
pub use error::SignInError;
pub use people::SignedIn;

use discovery::Discovery;

/// Signs people in at one provider. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    config: SignInConfig,
    fetcher: KeyFetcher,
    discovery: Discovery,
    verifier: JwtVerifier,
}

/// A sign-in that has begun. The URL is for the browser; the rest is kept for when it comes back.
#[derive(Clone)]
pub struct Begun {
    /// Where to send the browser.
    pub url: String,
    /// Comes back in the answer, and says that it is the answer to this.
    pub state: Secret,
    /// Comes back in the ID token, and says that the token was made for this.
    pub nonce: Secret,
    /// Shows the provider that whoever brings the code is whoever began (PKCE).
    pub verifier: Secret,
}

/// What was kept of a [`Begun`]. It belongs to one browser: in a cookie of its own or a row that the cookie names.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// [`Begun::state`].
    pub state: Secret,
    /// [`Begun::nonce`].
    pub nonce: Secret,
    /// [`Begun::verifier`].
    pub verifier: Secret,
}

/// Without the address: it holds what says that an answer is the answer to this.
impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

impl Begun {
    /// What has to be kept.
    pub fn attempt(&self) -> Attempt {
        Attempt {
            state: self.state.clone(),
            nonce: self.nonce.clone(),
            verifier: self.verifier.clone(),
        }
    }
}

impl SignIn {
    /// Checks the configuration; nothing is fetched before the first sign-in.
    ///
    /// # Errors
    /// [`IssuerConfigError`] when the provider cannot be so.
    pub fn new(config: SignInConfig, clock: Arc<dyn Clock>, http: OidcHttpOptions) -> Result<Self, IssuerConfigError> {
        config.check()?;
        let issuer = config.issuer_config();
        let fetcher = KeyFetcher::new(issuer.clone(), &http)?;
        let discovery = Discovery::new(Arc::clone(&clock));
        let verifier = JwtVerifier::new(vec![issuer], clock, http)?;
        Ok(Self(Arc::new(Inner {
            config,
            fetcher,
            discovery,
            verifier,
        })))
    }

    /// The configuration.
    pub fn config(&self) -> &SignInConfig {
        &self.0.config
    }

    /// Fetches the provider's keys anew when they are old; see [`JwtVerifier::refresh_due`].
    pub async fn refresh_due(&self) {
        self.0.verifier.refresh_due().await;
    }

    async fn discover(&self) -> Result<Discovered, SignInError> {
        let found = self.0.discovery.get(&self.0.fetcher).await;
        found.map_err(SignInError::Unavailable)
    }

    /// How it stands with the provider's keys, for doctor.
    pub fn status(&self) -> Option<crate::IssuerStatus> {
        self.0.verifier.status().pop()
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
