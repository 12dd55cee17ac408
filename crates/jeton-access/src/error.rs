use std::{sync::Arc, time::Duration};

use jeton_domain::{Code, Coded};
use jeton_ledger::LedgerError;
use jeton_oidc::{JwtError, SignInError};
use jeton_vault::VaultError;

/// Why somebody is not let in, or may not. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccessError {
    /// The key is well-formed, and nobody's.
    #[error("the key is well-formed, but not one of this server's")]
    UnknownKey,
    /// The key's end, or its client's, has come.
    #[error("the key has ended")]
    KeyExpired,
    /// The client may not ask from there.
    #[error("this client may not ask from {0}")]
    Address(String),
    /// The token of an issuer will not do.
    #[error(transparent)]
    Jwt(JwtError),
    /// Too many requests or wrong tries.
    #[error("{what}")]
    RateLimited {
        /// What there was too much of.
        what: &'static str,
        /// When to come back.
        retry_after: Duration,
    },
    /// No policy allows it.
    #[error("{words}")]
    Denied {
        /// For the caller: what was refused, and no other policy's name.
        words: String,
        /// Whether a policy would have allowed it, but for the ceiling.
        by_ceiling: bool,
    },
    /// The policy is not well-formed.
    #[error("{0}")]
    PolicyInvalid(String),
    /// No policy has this name.
    #[error("no policy is named `{0}`")]
    PolicyNotFound(String),
    /// Another policy has this name.
    #[error("there already is a policy named `{0}`")]
    PolicyNameTaken(String),
    /// It can only be changed in the file.
    #[error("the policy `{0}` stands in the policy file")]
    PolicyConfigured(String),
    /// No client has this name.
    #[error("no client is named `{0}`")]
    ClientNotFound(String),
    /// Another client has this name.
    #[error("there already is a client named `{0}`")]
    ClientNameTaken(String),
    /// The client's name, networks or end will not do.
    #[error("{0}")]
    ClientInvalid(String),
    /// Two keys are live already.
    #[error("the client `{0}` has two live keys already: a rotation is under way")]
    ClientRotating(String),
    /// No user has this name.
    #[error("no user is named `{0}`")]
    UserNotFound(String),
    /// Another user has this name.
    #[error("there already is a user named `{0}`")]
    UserNameTaken(String),
    /// The user's name, role or password will not do.
    #[error("{0}")]
    UserInvalid(String),
    /// Nobody would be left who may manage users.
    #[error("`{0}` is the last operator")]
    LastOperator(String),
    /// Name or password are wrong; which of them is nobody's business.
    #[error("the user name or the password is wrong")]
    BadPassword,
    /// The browser session has ended, was revoked, or never was.
    #[error("the session has ended")]
    SessionEnded,
    /// The one-time link was used, has ended, or never was.
    #[error("the link was used already, has ended, or was never given out")]
    SetupLink,
    /// The request comes from another site's page.
    #[error("the request does not come from a page of this server")]
    Csrf,
    /// The provider did not vouch for the person.
    #[error(transparent)]
    SignIn(Arc<SignInError>),
    /// The provider vouches for somebody who is no user here.
    #[error("{0} is no user of this server")]
    NoUser(String),
    /// The provider vouches for somebody who may not come in, or there is no provider.
    #[error("{0}")]
    SignInRefused(String),
    /// Too much work at once.
    #[error("the server has too much to do")]
    Overloaded,
    /// The record cannot be written or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The vault cannot be used.
    #[error(transparent)]
    Vault(Arc<VaultError>),
    /// A mistake in jeton.
    #[error("something in jeton failed: {0}")]
    Internal(&'static str),
}

impl AccessError {
    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<VaultError> for AccessError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<JwtError> for AccessError {
    fn from(error: JwtError) -> Self {
        Self::Jwt(error)
    }
}

impl Coded for AccessError {
    fn code(&self) -> Code {
        match self {
            Self::UnknownKey => Code::AuthUnknownKey,
            Self::KeyExpired => Code::AuthKeyExpired,
            Self::Address(_) => Code::AuthAddress,
            Self::Jwt(error) => error.code(),
            Self::RateLimited { .. } => Code::AuthRateLimited,
            Self::Denied { by_ceiling: false, .. } => Code::PolicyDenied,
            Self::Denied { by_ceiling: true, .. } => Code::PolicyCeiling,
            Self::PolicyInvalid(_) => Code::PolicyInvalid,
            Self::PolicyNotFound(_) => Code::PolicyNotFound,
            Self::PolicyNameTaken(_) => Code::PolicyNameTaken,
            Self::PolicyConfigured(_) => Code::PolicyConfigured,
            Self::ClientNotFound(_) => Code::ClientNotFound,
            Self::ClientNameTaken(_) => Code::ClientNameTaken,
            Self::ClientInvalid(_) => Code::ClientInvalid,
            Self::ClientRotating(_) => Code::ClientRotating,
            Self::UserNotFound(_) => Code::UserNotFound,
            Self::UserNameTaken(_) => Code::UserNameTaken,
            Self::UserInvalid(_) => Code::UserInvalid,
            Self::LastOperator(_) => Code::UserLastOperator,
            Self::BadPassword => Code::AuthBadPassword,
            Self::SessionEnded => Code::AuthSession,
            Self::SetupLink => Code::AuthSetupLink,
            Self::Csrf => Code::AuthCsrf,
            Self::SignIn(error) => error.code(),
            Self::NoUser(_) | Self::SignInRefused(_) => Code::AuthNotAllowed,
            Self::Overloaded => Code::Overloaded,
            Self::Ledger(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Internal(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::UnknownKey => "Look at which server the key belongs to, and whether it was replaced or revoked.",
            Self::KeyExpired => {
                "Ask whoever runs this server for a new key: `jeton client rotate` gives one, and lets the old one live \
                 on for a while."
            }
            Self::Address(_) => {
                "Ask from one of the networks that the client was added with. Behind a proxy, the server's operator \
                 names the proxy in `server.trusted_proxies`."
            }
            Self::Jwt(error) => return error.remedy(),
            Self::RateLimited { .. } => {
                "Wait as long as `Retry-After` says. An operator sets the limits under [limits]."
            }
            Self::Denied { by_ceiling: false, .. } => {
                "Ask for less, or have whoever runs this server add a policy. `jeton policy explain` shows them which \
                 rule comes nearest and why it does not apply; the record has this refusal under the request's id."
            }
            Self::Denied { by_ceiling: true, .. } => {
                "Ask for less: the organisation's ceiling lets nobody have this, whatever the policies say."
            }
            Self::PolicyInvalid(_) => "Correct it; `jeton policy test FILE` checks a whole file without a server.",
            Self::PolicyNotFound(_) => "`jeton policy list` shows the names.",
            Self::PolicyNameTaken(_) => "Choose another name, or change the policy that has it.",
            Self::PolicyConfigured(_) => {
                "Change it in the policy file; the server reads it again by itself. What stands in the file wins over \
                 what was added here."
            }
            Self::ClientNotFound(_) => "`jeton client list` shows the names.",
            Self::ClientNameTaken(name) => {
                return Some(format!(
                    "Choose another name, or revoke the other client first: `jeton client revoke {name}`."
                ));
            }
            Self::ClientInvalid(_) => {
                "Name it with a-z, 0-9, `-`, `_` and `.`; write networks as 10.0.0.0/8 and times as \
                 2026-12-31T00:00:00Z."
            }
            Self::ClientRotating(_) => "Wait until the older key ends, or end it at once with `--overlap 0`.",
            Self::UserNotFound(_) => "`jeton user list` shows the names.",
            Self::UserNameTaken(_) => "Choose another name.",
            Self::UserInvalid(_) => "Correct it and send it again.",
            Self::LastOperator(_) => "Make somebody else an operator first.",
            Self::BadPassword => {
                "Check both. Whoever runs this server can send a new one-time link: `jeton user invite NAME`."
            }
            Self::SessionEnded => "Sign in again.",
            Self::SetupLink => {
                "Ask for a new one: `jeton user invite NAME`; for the very first user, restart the server, which \
                 prints one."
            }
            Self::Csrf => "Reload the page and try again.",
            Self::SignIn(error) => return error.remedy(),
            Self::SignInRefused(_) => {
                "Ask whoever runs this server; the record has this refusal under the request's id."
            }
            Self::NoUser(_) => "Have whoever runs this server add you: `jeton user add NAME`.",
            Self::Overloaded => "Try again in a few seconds.",
            Self::Ledger(error) => return error.remedy(),
            Self::Vault(error) => return error.remedy(),
            Self::Internal(_) => "Ask again. If it goes on, the log has the cause under the request's id.",
        };
        Some(text.to_owned())
    }
}
