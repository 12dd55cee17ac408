use std::sync::Arc;

use jeton_access::AccessError;
use jeton_domain::{AccountId, CheckReport, Code, Coded, Diagnosis, EndpointError};
use jeton_inspect::Inspection;
use jeton_ledger::LedgerError;
use jeton_seal::SealError;
use jeton_vault::VaultError;

/// Why something about an account was not done. Cheap to clone.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// No account has this id or label, or it is none of the caller's business.
    #[error("no account is named `{0}`")]
    NotFound(String),
    /// Another account has this label.
    #[error("there already is an account labelled `{0}`")]
    LabelTaken(String),
    /// The label, forge, user name or other words will not do.
    #[error("{0}")]
    Invalid(String),
    /// Its forge's address will not do.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// It comes from the environment.
    #[error("the account `{label}` comes from the environment variable {variable}")]
    Environment {
        /// Its label.
        label: String,
        /// Where it comes from.
        variable: String,
    },
    /// The token is in another account.
    #[error("this token is stored already, as the account `{label}`")]
    Stored {
        /// That account.
        id: AccountId,
        /// Its label.
        label: String,
    },
    /// What was pasted is no token that could be stored.
    #[error("{}", first_words(.0))]
    Pasted(Arc<Inspection>),
    /// The forge does not take the token, or there is a reason not to take it; the report says why.
    #[error("{}", .report.diagnoses.first().map_or("the forge does not take the token", |one| one.cause.as_str()))]
    Refused {
        /// What the test found.
        report: Arc<CheckReport>,
    },
    /// The forge did not say whether it takes the token, and nobody said that it is to be stored untested.
    #[error("{}", .report.diagnoses.first().map_or("the forge gave no clear word", |one| one.cause.as_str()))]
    Untested {
        /// What the test found.
        report: Arc<CheckReport>,
    },
    /// The new token is somebody else's.
    #[error("the account's token is {was}'s, and the new one is {is}'s")]
    OtherIdentity {
        /// Whose the old one is.
        was: String,
        /// Whose the new one is.
        is: String,
    },
    /// Something uses it still.
    #[error("the account `{label}` is in use: {}", .uses.join("; "))]
    InUse {
        /// Its label.
        label: String,
        /// What uses it, each in words.
        uses: Vec<String>,
    },
    /// No account serves what was asked for.
    #[error("no account serves {0}")]
    None(String),
    /// It is switched off.
    #[error("the account `{0}` is switched off")]
    Inactive(String),
    /// The forge refuses its token, by the last look.
    #[error("the account `{label}` does not work: {}", .diagnosis.cause)]
    Broken {
        /// Its label.
        label: String,
        /// What is wrong.
        diagnosis: Box<Diagnosis>,
    },
    /// Somebody changed it at the same time.
    #[error("the account `{0}` was changed by somebody else at the same time")]
    Changed(String),
    /// Its token is to be ended, and another account has the same one.
    #[error("the token of the account `{label}` cannot be ended: {other} has the same one")]
    OldTokenShared {
        /// Its label.
        label: String,
        /// The other one, in words.
        other: String,
    },
    /// Its token ends too soon to be of use anywhere.
    #[error("the token of the account `{label}` ends at {at}")]
    EndsSoon {
        /// Its label.
        label: String,
        /// When.
        at: jiff::Timestamp,
    },
    /// Its token cannot renew itself.
    #[error("{cause}")]
    RotationUnsupported {
        /// Why not.
        cause: String,
        /// What to do instead.
        remedy: String,
    },
    /// A renewal is under way.
    #[error("the token of the account `{0}` is being renewed")]
    RotationUnderWay(String),
    /// What the forge said when it was asked for something.
    #[error("{}", .0.cause)]
    Forge(Box<Diagnosis>),
    /// The caller may not, or the record of it cannot be written.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The vault cannot be used.
    #[error(transparent)]
    Vault(Arc<VaultError>),
    /// The sealed token does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A mistake in jeton.
    #[error("something in jeton failed: {0}")]
    Internal(&'static str),
}

fn first_words(inspection: &Inspection) -> String {
    inspection.findings.first().map_or_else(
        || "this is no token that can be stored".to_owned(),
        |finding| finding.words.clone(),
    )
}

impl From<VaultError> for AccountError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<LedgerError> for AccountError {
    fn from(error: LedgerError) -> Self {
        Self::Access(AccessError::Ledger(error))
    }
}

impl AccountError {
    /// When trying again makes sense, as far as a limit says it.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Access(error) => error.retry_after(),
            Self::RotationUnderWay(_) => Some(std::time::Duration::from_secs(10)),
            _ => None,
        }
    }

    /// When the forge may be asked again, where it said so.
    pub fn retry_at(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::Forge(diagnosis) | Self::Broken { diagnosis, .. } => diagnosis.retry_at,
            Self::Refused { report } | Self::Untested { report } => report.retry_at,
            _ => None,
        }
    }

    /// The page of the forge where the remedy is carried out.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Forge(diagnosis) | Self::Broken { diagnosis, .. } => diagnosis.url.as_deref(),
            Self::Refused { report } | Self::Untested { report } => {
                report.diagnoses.first().and_then(|one| one.url.as_deref())
            }
            _ => None,
        }
    }
}

impl Coded for AccountError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => Code::AccountNotFound,
            Self::LabelTaken(_) => Code::AccountLabelTaken,
            Self::Invalid(_) | Self::Stored { .. } => Code::AccountInvalid,
            Self::Endpoint(_) => Code::ForgeAddress,
            Self::Environment { .. } => Code::AccountEnvironment,
            Self::Pasted(inspection) => inspection
                .findings
                .first()
                .map_or(Code::CredentialNotAToken, |finding| finding.code),
            Self::Refused { report } => report.diagnoses.first().map_or(Code::CredentialInvalid, |one| one.code),
            Self::Untested { report } => report.diagnoses.first().map_or(Code::ForgeUnavailable, |one| one.code),
            Self::OtherIdentity { .. } => Code::AccountOtherIdentity,
            Self::InUse { .. } | Self::OldTokenShared { .. } => Code::AccountInUse,
            Self::EndsSoon { .. } => Code::SecretEndsSoon,
            Self::None(_) => Code::AccountNone,
            Self::Inactive(_) => Code::AccountInactive,
            Self::Broken { diagnosis, .. } | Self::Forge(diagnosis) => diagnosis.code,
            Self::Changed(_) => Code::AccountChanged,
            Self::RotationUnsupported { .. } => Code::RotationUnsupported,
            Self::RotationUnderWay(_) => Code::RotationUnderWay,
            Self::Access(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::Internal(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotFound(_) => "List the accounts that you may see with `jeton account list`.".to_owned(),
            Self::LabelTaken(_) => "Choose another label, or replace that account's token instead.".to_owned(),
            Self::Invalid(_) => "Correct it and send it again; nothing was changed.".to_owned(),
            Self::Stored { label, .. } => {
                format!("Use that account (`jeton account show {label}`), or send another token; nothing was changed.")
            }
            Self::Internal(_) => return None,
            Self::Endpoint(EndpointError::DataCenter(_)) => {
                "Leave the address out for Bitbucket Cloud, or say which kind of forge it is, if it is none of Bitbucket's."
                    .to_owned()
            }
            Self::Endpoint(_) => {
                "Give the address that people see in their browser, such as https://gitlab.example.com.".to_owned()
            }
            Self::Environment { variable, .. } => format!(
                "Change or unset {variable} where the server gets its environment and start it again, or store the token with \
                 `jeton account import-env`."
            ),
            Self::Pasted(inspection) => inspection.findings.first()?.remedy.clone(),
            Self::Refused { report } => report.diagnoses.first()?.remedy.clone(),
            Self::Untested { report } => {
                let forge = report.diagnoses.first().map(|one| one.remedy.as_str()).unwrap_or_default();
                format!("{forge} To store the token untested, say so (`--untested`, `\"untested\": true`).")
                    .trim_start()
                    .to_owned()
            }
            Self::OtherIdentity { .. } => "Add the new token as another account. To let this account belong to somebody else from now on, say \
                 so (`--other-identity`, `\"other_identity\": true`); on GitLab each project and group access token is a user of \
                 its own."
                .to_owned(),
            Self::InUse { .. } => "End that use first, or remove the account all the same (`--force`, `?force=true`): what holds its token keeps \
                 it until it is revoked at the forge."
                .to_owned(),
            Self::OldTokenShared { .. } => "Replace it without ending it, give the other account a token of its own first, or remove that account."
                .to_owned(),
            Self::EndsSoon { label, .. } => {
                format!("Renew it (`jeton account rotate {label}`), or put a new one in with `jeton account replace {label}`.")
            }
            Self::None(_) => "Add an account that serves it with `jeton account add`, or name one with `account`.".to_owned(),
            Self::Inactive(label) => format!("Switch it on with `jeton account update {label} --active true`."),
            Self::Broken { diagnosis, .. } | Self::Forge(diagnosis) => diagnosis.remedy.clone(),
            Self::Changed(_) => "Look at it again, and repeat your change if it is still wanted.".to_owned(),
            Self::RotationUnsupported { remedy, .. } => remedy.clone(),
            Self::RotationUnderWay(_) => "Wait until it is done: `jeton account show` says where it stands.".to_owned(),
            Self::Access(error) => return error.remedy(),
            Self::Vault(error) => return error.remedy(),
            Self::Seal(error) => return error.remedy(),
        })
    }
}
