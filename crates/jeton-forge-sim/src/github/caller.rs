//! Who is calling, and what git may do for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::GitHubSim;
use super::error::ApiError;
use super::jwt::{Assertion, Issuer, unknown_issuer};
use super::limits::Bucket;
use super::model::{State, TokenRefusal};
use super::token::{TokenDigest, token_digest};

/// What the `Authorization` header carries. Deliberately without `Debug`.
pub(crate) enum Credential {
    None,
    /// Something in the place of a token, and the user name when there was one.
    Token {
        secret: String,
        user: Option<String>,
    },
    /// Something that looks like an assertion, sent as `Bearer`.
    Assertion(String),
    /// A scheme or an encoding that says nothing.
    Unreadable,
}

impl Credential {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Self::None;
        };
        let Some((scheme, rest)) = value.to_str().ok().and_then(|v| v.split_once(' ')) else {
            return Self::Unreadable;
        };
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" if rest.starts_with("ey") => Self::Assertion(rest.to_owned()),
            "bearer" | "token" => Self::Token {
                secret: rest.to_owned(),
                user: None,
            },
            "basic" => Self::from_basic(rest).unwrap_or(Self::Unreadable),
            _ => Self::Unreadable,
        }
    }

    fn from_basic(encoded: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some(Self::Token {
            secret: password.to_owned(),
            user: Some(user.to_owned()),
        })
    }
}

/// A token that was let in.
pub(crate) struct TokenCaller {
    pub(crate) digest: TokenDigest,
    pub(crate) installation: u64,
}

/// What git may do with a repository.
pub(crate) enum GitAccess {
    Granted { id: u64, user: Option<String> },
    Moved { owner: String, name: String },
}

/// Why git may not.
pub(crate) enum GitRefusal {
    NoCredential,
    BadCredential,
    NotFound,
    Denied,
    Suspended,
}

impl From<TokenRefusal> for ApiError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            // A client cannot tell a token that is too fresh from a dead one.
            TokenRefusal::Dead | TokenRefusal::Lagging => Self::bad_credentials(),
            TokenRefusal::Suspended => Self::suspended(),
        }
    }
}

impl GitHubSim {
    /// The app that signed the assertion.
    pub(crate) fn app_caller(&self, credential: &Credential) -> Result<u64, ApiError> {
        let text = match credential {
            Credential::Assertion(text) => text,
            Credential::None => return Err(ApiError::no_credentials()),
            Credential::Token { .. } | Credential::Unreadable => {
                return Err(ApiError::unauthorized("A JSON web token could not be decoded"));
            }
        };
        let assertion = Assertion::parse(text)?;
        let (id, key) = {
            let state = self.state();
            let app = match &assertion.issuer {
                Issuer::Id(id) => state.apps.get(id),
                Issuer::ClientId(client) => state.apps.values().find(|a| a.client_id == *client),
            };
            let app = app.ok_or_else(unknown_issuer)?;
            (app.id, app.public_key.clone())
        };
        // Outside the lock: it is the only real computation here.
        assertion.verify(&key, self.now())?;
        Ok(id)
    }

    /// The live token that was sent. A lagging one is refused, and that is counted.
    pub(crate) fn token_caller(&self, credential: &Credential) -> Result<TokenCaller, ApiError> {
        let secret = match credential {
            Credential::Token { secret, .. } => secret,
            Credential::None => return Err(ApiError::no_credentials()),
            Credential::Assertion(_) | Credential::Unreadable => {
                return Err(ApiError::bad_credentials());
            }
        };
        let digest = token_digest(secret);
        let now = self.now();
        let mut state = self.state();
        state.admit_token(&digest, now)?;
        let token = state.tokens.get(&digest);
        let token = token.ok_or_else(ApiError::bad_credentials)?;
        let installation = token.installation;
        Ok(TokenCaller { digest, installation })
    }

    /// Who a call would be charged to, without letting anybody in.
    pub(crate) fn bucket_of(&self, credential: &Credential) -> Bucket {
        match credential {
            Credential::Token { secret, .. } => {
                let state = self.state();
                let token = state.tokens.get(&token_digest(secret));
                token.map_or(Bucket::Anonymous, |t| Bucket::Installation(t.installation))
            }
            Credential::Assertion(_) => self.app_caller(credential).map_or(Bucket::Anonymous, Bucket::App),
            Credential::None | Credential::Unreadable => Bucket::Anonymous,
        }
    }

    /// Decides about a fetch, or a push when `write`.
    pub(crate) fn git_access(
        &self,
        owner: &str,
        name: &str,
        credential: &Credential,
        write: bool,
    ) -> Result<GitAccess, GitRefusal> {
        let now = self.now();
        let mut state = self.state();
        let digest = match credential {
            Credential::None => None,
            // An installation token has no login; GitHub wants this name in its place.
            Credential::Token {
                secret,
                user: Some(user),
            } if user == "x-access-token" => Some(token_digest(secret)),
            _ => return Err(GitRefusal::BadCredential),
        };
        let Some(digest) = digest else {
            let found = state.find_repository(owner, name);
            // Without a credential, a private repository and none look the same.
            let public = found.filter(|f| !f.repository.private && !write);
            return public.map_or(Err(GitRefusal::NoCredential), |f| Ok(access(&f, None)));
        };
        state.admit_token(&digest, now).map_err(|refusal| match refusal {
            TokenRefusal::Dead => GitRefusal::BadCredential,
            TokenRefusal::Lagging => GitRefusal::NotFound,
            TokenRefusal::Suspended => GitRefusal::Suspended,
        })?;
        let token = state.tokens.get(&digest).ok_or(GitRefusal::BadCredential)?;
        let found = state.find_repository(owner, name);
        let found = found.ok_or(GitRefusal::NotFound)?;
        let allowed = if state.token_covers(token, found.repository) {
            let public_read = !found.repository.private && !write;
            public_read || State::may_touch_contents(token, write)
        } else if found.repository.private {
            return Err(GitRefusal::NotFound);
        } else {
            !write
        };
        if !allowed {
            return Err(GitRefusal::Denied);
        }
        let app = state.apps.get(&token.app);
        let user = app.map(|app| format!("{}[bot]", app.slug));
        Ok(access(&found, user))
    }
}

fn access(found: &super::model::Found<'_>, user: Option<String>) -> GitAccess {
    if found.moved {
        GitAccess::Moved {
            owner: found.repository.owner.clone(),
            name: found.repository.name.clone(),
        }
    } else {
        let id = found.repository.id;
        GitAccess::Granted { id, user }
    }
}
