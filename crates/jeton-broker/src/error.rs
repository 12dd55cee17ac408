use std::sync::Arc;

use jeton_access::AccessError;
use jeton_accounts::AccountError;
use jeton_domain::{Code, Coded, KeyId, PermissionError, Permissions, RepoPathError, RepoSetError};
use jeton_forge::{AppKeyError, ForgeError, Said};
use jeton_ledger::LedgerError;
use jeton_seal::SealError;
use jeton_vault::VaultError;

/// Why the broker did not do what was asked. Cheap to clone: one failure answers all who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// The request cannot be understood, whatever the state of the world.
    #[error("{0}")]
    Asked(Refusal),
    /// No App is there at all, or none on the forge that was named.
    #[error("no GitHub App is configured{}", .forge.as_ref().map(|forge| format!(" for {forge}")).unwrap_or_default())]
    NoApp {
        /// The forge that was named.
        forge: Option<String>,
    },
    /// No App has this name.
    #[error("no App is named `{0}`")]
    AppNotFound(String),
    /// Another App has this name.
    #[error("there already is an App named `{0}`")]
    AppNameTaken(String),
    /// The App comes from the configuration.
    #[error("the App `{0}` comes from the configuration")]
    AppConfigured(String),
    /// An App's name, id or URL is not well-formed.
    #[error("{0}")]
    AppInvalid(String),
    /// The private key cannot sign for an App.
    #[error(transparent)]
    AppKey(AppKeyError),
    /// The App is not installed on the owner, or the repository is not in its selection.
    #[error("App is not installed on {target}")]
    NotInstalled {
        /// The owner, or `owner/name`.
        target: String,
        /// The page where an owner can install it.
        install_url: Option<String>,
        /// Whether the owner has an installation that leaves the repository out.
        owner_has_installation: bool,
    },
    /// The installation lacks permissions.
    #[error("the App's installation on {owner} does not grant {missing}")]
    PermissionNotGranted {
        /// The owner.
        owner: String,
        /// What is missing.
        missing: Permissions,
        /// The page where the owner can grant it.
        settings_url: Option<String>,
    },
    /// The forge said no, or did not say anything useful.
    #[error("{forge}: {source}")]
    Forge {
        /// The forge's host.
        forge: Arc<str>,
        /// What it was.
        source: ForgeError,
    },
    /// The forge refused its own fresh token for too long.
    #[error("{forge} minted a token and still refused it after {seconds} seconds")]
    TokenNotLive {
        /// The forge's host.
        forge: Arc<str>,
        /// How long it was tried.
        seconds: u64,
    },
    /// No grant has this id.
    #[error("no grant has the id {0}")]
    GrantNotFound(String),
    /// No live token has this fingerprint.
    #[error("no live token has the fingerprint {0}")]
    FingerprintUnknown(String),
    /// The caller may not, or the record of it cannot be written.
    #[error(transparent)]
    Access(AccessError),
    /// About an account.
    #[error(transparent)]
    Account(AccountError),
    /// The vault cannot be used.
    #[error(transparent)]
    Vault(Arc<VaultError>),
    /// A sealed value does not open.
    #[error(transparent)]
    Seal(SealError),
    /// No key has this id.
    #[error("no key has the id `{0}`")]
    KeyNotFound(String),
    /// Something needs the key.
    #[error("key {key} is in use: {by}")]
    KeyInUse {
        /// The key.
        key: KeyId,
        /// What needs it.
        by: String,
        /// How to be rid of it.
        remedy: String,
    },
    /// Another process holds the lease on this key and does not finish.
    #[error("another jeton process is minting this token and has not finished")]
    Busy,
    /// A mistake in jeton.
    #[error("something in jeton failed: {0}")]
    Internal(&'static str),
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a repository.
    #[error("`{shown}` is no repository: {reason}")]
    Repository {
        /// What was given, cut and cleaned.
        shown: String,
        /// Why not.
        reason: RepoPathError,
    },
    /// Repositories that cannot share a token.
    #[error(transparent)]
    Repositories(#[from] RepoSetError),
    /// Not a permission.
    #[error(transparent)]
    Permissions(#[from] PermissionError),
    /// More than a token can give.
    #[error("min_validity_seconds is {asked}, but a GitHub token lives an hour: ask for at most {most}")]
    MinValidity {
        /// What was asked.
        asked: i64,
        /// The most.
        most: i64,
    },
    /// More than the policy's own limit leaves.
    #[error("min_validity_seconds is {asked}, but the policy lets this token live for {life} seconds")]
    LifeTooShort {
        /// What was asked.
        asked: i64,
        /// The policy's longest lifetime.
        life: i64,
        /// The most that can be asked for.
        most: i64,
    },
    /// Apps on several forges could serve.
    #[error("there are Apps on several forges ({0}): name one with `forge`")]
    Forge(String),
    /// Not well-formed; the words say what and why.
    #[error("{0}")]
    Field(String),
}

impl BrokerError {
    /// The forge's own words about it.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Forge { source, .. } => source.said(),
            _ => None,
        }
    }

    /// The page where the remedy is carried out, where there is one.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Account(error) => error.url(),
            _ => None,
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Forge { source, .. } => source.retry_after(),
            Self::Access(error) => error.retry_after(),
            Self::Account(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether the same request may work a little later with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Forge { source, .. } => source.is_transient(),
            Self::TokenNotLive { .. } | Self::Vault(_) | Self::Busy | Self::Internal(_) => true,
            _ => false,
        }
    }

    /// Whether a token was revoked between our look at it and its grant.
    pub(crate) fn is_conflict(&self) -> bool {
        match self {
            Self::Vault(error) => matches!(**error, VaultError::Conflict(_)),
            Self::Access(AccessError::Ledger(error)) => error.is_conflict(),
            _ => false,
        }
    }

    /// Whether a value was sealed with a data key that was retired meanwhile.
    pub(crate) fn is_data_key_gone(&self) -> bool {
        matches!(self, Self::Vault(error) if matches!(**error, VaultError::DataKeyGone))
    }

    /// Whether the forge took the access away: a token of the past must not be handed out any more.
    pub(crate) fn is_access_lost(&self) -> bool {
        matches!(
            self.code(),
            Code::AppNotInstalled | Code::InstallationSuspended | Code::PermissionNotGranted
        )
    }
}

impl Coded for BrokerError {
    fn code(&self) -> Code {
        match self {
            Self::Asked(_) => Code::RequestInvalid,
            Self::NoApp { .. } => Code::NoApp,
            Self::AppNotFound(_) => Code::AppNotFound,
            Self::AppNameTaken(_) => Code::AppNameTaken,
            Self::AppConfigured(_) => Code::AppConfigured,
            Self::AppInvalid(_) => Code::AppInvalid,
            Self::AppKey(error) => error.code(),
            Self::NotInstalled { .. } => Code::AppNotInstalled,
            Self::PermissionNotGranted { .. } => Code::PermissionNotGranted,
            Self::Forge { source, .. } => source.code(),
            Self::TokenNotLive { .. } => Code::TokenNotLive,
            Self::GrantNotFound(_) => Code::GrantNotFound,
            Self::FingerprintUnknown(_) => Code::FingerprintUnknown,
            Self::Access(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::KeyNotFound(_) => Code::SealKeyNotFound,
            Self::KeyInUse { .. } => Code::SealKeyInUse,
            Self::Busy => Code::Overloaded,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::Asked(refusal) => return refusal.remedy(),
            Self::NoApp { .. } => "Add one with `jeton app add NAME --app-id ID --key-file FILE`, or somebody's token with `jeton account add`.".to_owned(),
            Self::AppNotFound(_) => "`jeton app list` shows the names.".to_owned(),
            Self::AppNameTaken(name) => {
                format!("Choose another name, or remove the other App first: `jeton app remove {name}`.")
            }
            Self::AppConfigured(_) => "Change it in jeton's configuration and restart the server.".to_owned(),
            Self::AppInvalid(_) => {
                "The App's settings page on GitHub shows its App id and client id; `--api-url` is only for GitHub \
                 Enterprise Server."
                    .to_owned()
            }
            Self::AppKey(error) => return error.remedy(),
            Self::NotInstalled {
                target,
                install_url,
                owner_has_installation,
            } => {
                let owner = target.split('/').next().unwrap_or(target);
                let page = install_url
                    .as_deref()
                    .map(|url| format!(" at {url}"))
                    .unwrap_or_default();
                if *owner_has_installation {
                    format!(
                        "The App is installed on {owner}, but this repository is not in its selection, or does not \
                         exist. An owner of {owner} can add it under the installation's repository access{page}; \
                         then ask again. Check the spelling first."
                    )
                } else {
                    format!("An owner of {owner} can install the App{page}; then ask again. Check the spelling first.")
                }
            }
            Self::PermissionNotGranted {
                owner,
                missing,
                settings_url,
            } => {
                let page = settings_url
                    .as_deref()
                    .map(|url| format!(" ({url})"))
                    .unwrap_or_default();
                format!(
                    "Ask for less, or add {missing} to the App's permissions; then an owner of {owner} has to accept \
                     the new permissions on the installation's page{page}."
                )
            }
            Self::Forge { forge, source } => return source.remedy_at(forge),
            Self::TokenNotLive { forge, .. } => {
                format!("Ask again in a minute. If it goes on, look at the status page of {forge}.")
            }
            Self::GrantNotFound(_) => "`jeton token list` shows the grants.".to_owned(),
            Self::FingerprintUnknown(_) => {
                "The token has ended, was revoked, or did not come from here. Ask for a new one.".to_owned()
            }
            Self::Access(error) => return error.remedy(),
            Self::Account(error) => return error.remedy(),
            Self::Vault(error) => return error.remedy(),
            Self::Seal(error) => return error.remedy(),
            Self::KeyNotFound(_) => "`jeton key status` shows the keys.".to_owned(),
            Self::KeyInUse { remedy, .. } => remedy.clone(),
            Self::Busy => "Ask again in a few seconds.".to_owned(),
            Self::Internal(_) => "Ask again. If it goes on, the log has the request's id with the cause.".to_owned(),
        };
        Some(text)
    }
}

impl Refusal {
    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Repository { .. } => "Write it owner/name, as in the address of its page.".to_owned(),
            Self::Repositories(RepoSetError::Owners { .. }) => "Ask once for each owner.".to_owned(),
            Self::Repositories(RepoSetError::Empty) => "Name at least one repository as owner/name.".to_owned(),
            Self::Repositories(RepoSetError::TooMany(_)) => "Ask several times, for up to 500 each.".to_owned(),
            Self::Permissions(_) => {
                "Name permissions as GitHub does, such as {\"contents\": \"read\"}; leave them out for the default."
                    .to_owned()
            }
            Self::LifeTooShort { most, .. } => format!(
                "Ask for {most} seconds or less, and ask jeton again when the work takes longer; or have the policy's \
                 `longest_lifetime_seconds` raised."
            ),
            Self::MinValidity { most, .. } => {
                format!("Ask for {most} seconds or less, and ask jeton again when the work takes longer.")
            }
            Self::Forge(_) => "Add \"forge\": \"<host>\" to the request.".to_owned(),
            Self::Field(_) => return None,
        })
    }
}

impl From<Refusal> for BrokerError {
    fn from(refusal: Refusal) -> Self {
        Self::Asked(refusal)
    }
}

impl From<VaultError> for BrokerError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<AccountError> for BrokerError {
    fn from(error: AccountError) -> Self {
        match error {
            // Whoever may not, and a database that is away, are the same whatever was asked for.
            AccountError::Access(error) => Self::Access(error),
            AccountError::Vault(error) => Self::Vault(error),
            AccountError::Seal(error) => Self::Seal(error),
            error => Self::Account(error),
        }
    }
}

impl From<SealError> for BrokerError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<AccessError> for BrokerError {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl From<LedgerError> for BrokerError {
    fn from(error: LedgerError) -> Self {
        Self::Access(AccessError::Ledger(error))
    }
}
