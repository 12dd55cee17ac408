//! Who is calling, and what git may do for them.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::GitHubSim;
use super::ci::ACTIONS_APP;
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

/// Where a request comes from, as an extension of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    pub(crate) fn of(parts: &Parts) -> IpAddr {
        let found = parts.extensions.get::<Self>();
        found.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0)
    }
}

/// Who was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    App(u64),
    Token(TokenCaller),
    Person(PersonalCaller),
    Anonymous,
}

impl Caller {
    pub(crate) fn bucket(&self, peer: IpAddr) -> Bucket {
        match self {
            Self::App(id) => Bucket::App(*id),
            Self::Token(token) => token.bucket(),
            Self::Person(person) => Bucket::User(person.user),
            Self::Anonymous => Bucket::Anonymous(peer),
        }
    }

    /// What tells this caller from others, for tags of what each is shown.
    pub(crate) fn identity(&self) -> Vec<u8> {
        match self {
            Self::App(id) => id.to_be_bytes().to_vec(),
            Self::Token(token) => token.digest.to_vec(),
            Self::Person(person) => person.digest.to_vec(),
            Self::Anonymous => Vec::new(),
        }
    }

    pub(crate) fn person(&self) -> Option<&PersonalCaller> {
        match self {
            Self::Person(person) => Some(person),
            Self::App(_) | Self::Token(_) | Self::Anonymous => None,
        }
    }
}

/// An installation's token that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenCaller {
    pub(crate) digest: TokenDigest,
    pub(crate) app: u64,
    pub(crate) installation: u64,
}

impl TokenCaller {
    /// The tokens of a repository's workflows share a smaller limit.
    pub(crate) fn bucket(&self) -> Bucket {
        if self.app == ACTIONS_APP {
            Bucket::Workflow(self.installation)
        } else {
            Bucket::Installation(self.installation)
        }
    }
}

/// A person's token that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PersonalCaller {
    pub(crate) digest: TokenDigest,
    pub(crate) user: u64,
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
    /// The words for git's user, with 403.
    Refused(String),
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

impl State {
    /// Whose token this is, whether or not it still works.
    fn token_of_app(&self, digest: &TokenDigest) -> Option<TokenCaller> {
        let token = self.tokens.get(digest)?;
        Some(TokenCaller {
            digest: *digest,
            app: token.app,
            installation: token.installation,
        })
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

    /// The live token that was sent, an installation's or a person's. A lagging one is refused, and
    /// that is counted; so are bad ones.
    pub(crate) fn token_caller(&self, credential: &Credential) -> Result<Caller, ApiError> {
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
        if let Some(caller) = state.token_of_app(&digest) {
            state.admit_token(&digest, now)?;
            return Ok(Caller::Token(caller));
        }
        if state.people.lockouts.locked(now) {
            // Not in the vendor's documentation; as public issues quote it.
            let message = "Maximum number of login attempts exceeded. Please try again later.";
            return Err(ApiError::forbidden(message));
        }
        let Some(user) = state.people.live(&digest, now).map(|token| token.user) else {
            state.people.lockouts.failed(now);
            return Err(ApiError::bad_credentials());
        };
        Ok(Caller::Person(PersonalCaller { digest, user }))
    }

    /// Who a call would be charged to, without letting anybody in.
    pub(crate) fn bucket_of(&self, parts: &Parts) -> Bucket {
        let nobody = Bucket::Anonymous(Peer::of(parts));
        let credential = Credential::from_headers(&parts.headers);
        match &credential {
            Credential::Token { secret, .. } => {
                let state = self.state();
                let digest = token_digest(secret);
                let installation = state.token_of_app(&digest).map(|caller| caller.bucket());
                let person = || state.people.tokens.get(&digest).map(|t| Bucket::User(t.user));
                installation.or_else(person).unwrap_or(nobody)
            }
            Credential::Assertion(_) => self.app_caller(&credential).map_or(nobody, Bucket::App),
            Credential::None | Credential::Unreadable => nobody,
        }
    }
}
