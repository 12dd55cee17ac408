use std::{fmt, sync::Arc, time::Duration};

use jeton_access::AccessError;
use jeton_accounts::AccountError;
use jeton_broker::BrokerError;
use jeton_domain::{Blame, Code, Coded, Diagnosis, Evidence};
use jeton_ledger::LedgerError;
use jeton_seal::SealError;
use jeton_vault::VaultError;
use jiff::Timestamp;

/// What came of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// As policies name it.
    pub source: String,
    /// What is wrong: cause, the least that would do, where to set it.
    pub diagnosis: Diagnosis,
    /// What the forge was asked and said.
    pub evidence: Vec<Evidence>,
}

/// Why there is no token, or no secret was pushed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CiError {
    /// The request cannot be; nobody was asked.
    #[error("{words}")]
    Asked {
        /// Which mistake.
        code: Code,
        /// What is wrong.
        words: String,
        /// What to do.
        remedy: Option<String>,
    },
    /// No policy allows it, or the record cannot be written.
    #[error(transparent)]
    Access(AccessError),
    /// No forge of this name is known here.
    #[error("no forge `{0}` is known here")]
    UnknownForge(String),
    /// There is nothing that could serve.
    #[error("no App and no account that you may use serves {what} on {host}")]
    NoSource {
        /// In the forge's words.
        what: String,
        /// The host.
        host: String,
    },
    /// All that could serve were tried, and none did it.
    #[error("{}", refused_words(.tried))]
    Refused {
        /// What came of each; the one that says most first. Never empty.
        tried: Vec<Tried>,
    },
    /// About an App.
    #[error(transparent)]
    Broker(Arc<BrokerError>),
    /// About an account.
    #[error(transparent)]
    Account(Arc<AccountError>),
    /// The vault cannot be used.
    #[error(transparent)]
    Vault(Arc<VaultError>),
    /// A sealed value does not open.
    #[error(transparent)]
    Seal(SealError),
    /// Another process works on the same and does not finish.
    #[error("another jeton process is at work on this and has not finished")]
    Busy,
    /// A mistake in jeton.
    #[error("something in jeton failed: {0}")]
    Internal(&'static str),
}

fn refused_words(tried: &[Tried]) -> String {
    let Some(first) = tried.first() else {
        return "nobody could serve".to_owned();
    };
    let more = match tried.len() - 1 {
        0 => String::new(),
        1 => " (one other source was tried)".to_owned(),
        many => format!(" ({many} other sources were tried)"),
    };
    format!("`{}`: {}{more}", first.source, first.diagnosis.cause)
}

impl CiError {
    /// A mistake in the request.
    pub(crate) fn asked(code: Code, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Asked {
            code,
            words: words.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// A mistake in the request that a forge's rules name.
    #[expect(clippy::boxed_local, reason = "as forges hand it out")]
    pub(crate) fn by_diagnosis(diagnosis: Box<Diagnosis>) -> Self {
        Self::Asked {
            code: diagnosis.code,
            words: diagnosis.cause,
            remedy: Some(diagnosis.remedy),
        }
    }

    /// What came of each source, where sources were tried.
    pub fn tried(&self) -> &[Tried] {
        match self {
            Self::Refused { tried } => tried,
            _ => &[],
        }
    }

    /// The page where the remedy is carried out, where there is one.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Refused { tried } => tried.first()?.diagnosis.url.as_deref(),
            Self::Account(error) => error.url(),
            Self::Broker(error) => error.url(),
            _ => None,
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Refused { tried } => {
                let at = tried.first()?.diagnosis.retry_at?;
                Some(at.duration_since(now).unsigned_abs()).filter(|_| at > now)
            }
            Self::Access(error) => error.retry_after(),
            Self::Account(error) => error.retry_after(),
            Self::Broker(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether the same may work a little later with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { tried } => tried.iter().any(|one| one.diagnosis.code.blame() == Blame::Forge),
            Self::Broker(error) => error.is_transient(),
            Self::Vault(_) | Self::Busy | Self::Internal(_) => true,
            _ => false,
        }
    }
}

impl Coded for CiError {
    fn code(&self) -> Code {
        match self {
            Self::Asked { code, .. } => *code,
            Self::Access(error) => error.code(),
            Self::UnknownForge(_) | Self::NoSource { .. } => Code::RunnerNoSource,
            Self::Refused { tried } => tried.first().map_or(Code::Internal, |one| one.diagnosis.code),
            Self::Broker(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::Busy => Code::Overloaded,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Asked { remedy, .. } => return remedy.clone(),
            Self::Access(error) => return error.remedy(),
            Self::UnknownForge(_) => "Name a forge that there is an App or an account for, by its host: \
                `jeton app list` and `jeton account list` show them."
                .to_owned(),
            Self::NoSource { .. } => {
                "Add a GitHub App (`jeton app add`) or an account (`jeton account add`) that serves it, or have a \
                 policy let you use one."
                    .to_owned()
            }
            Self::Refused { tried } => tried.first()?.diagnosis.remedy.clone(),
            Self::Broker(error) => return error.remedy(),
            Self::Account(error) => return error.remedy(),
            Self::Vault(error) => return error.remedy(),
            Self::Seal(error) => return error.remedy(),
            Self::Busy => "Ask again in a few seconds.".to_owned(),
            Self::Internal(_) => "Ask again. If it goes on, the log has the request's id with the cause.".to_owned(),
        })
    }
}

impl From<BrokerError> for CiError {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Access(error) => Self::Access(error),
            BrokerError::Vault(error) => Self::Vault(error),
            BrokerError::Seal(error) => Self::Seal(error),
            BrokerError::Account(error) => Self::Account(Arc::new(error)),
            error => Self::Broker(Arc::new(error)),
        }
    }
}

impl From<AccountError> for CiError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Access(error) => Self::Access(error),
            AccountError::Vault(error) => Self::Vault(error),
            AccountError::Seal(error) => Self::Seal(error),
            error => Self::Account(Arc::new(error)),
        }
    }
}

impl From<AccessError> for CiError {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl From<LedgerError> for CiError {
    fn from(error: LedgerError) -> Self {
        Self::Access(AccessError::Ledger(error))
    }
}

impl From<VaultError> for CiError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<SealError> for CiError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.diagnosis.cause)
    }
}
