use std::{io, path::PathBuf, sync::Arc};

use jeton_domain::{Code, Coded};
use jeton_seal::SealError;
use jeton_vault::VaultError;

/// Why the record cannot be written or read. Callers that waited for one transaction share its error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// The database failed. A [`VaultError::Conflict`] here means that the grant's token was revoked meanwhile.
    #[error("the record's database failed")]
    Vault(#[source] Arc<VaultError>),
    /// The chain's key does not open.
    #[error("the key of the record does not open")]
    Seal(#[source] SealError),
    /// There are entries, and the key that chains them is gone.
    #[error("the record has entries, and the key that chains them is gone from the database")]
    KeyGone,
    /// The end of the chain is not what jeton wrote.
    #[error("the record was changed from outside: {0}")]
    Broken(String),
    /// Too much waits to be written.
    #[error("too many entries wait to be written to the record")]
    Busy,
    /// The server is about to end.
    #[error("the record is closed: the server is stopping")]
    Closed,
    /// A mistake in jeton.
    #[error("writing to the record failed unexpectedly")]
    Panicked,
    /// A file beside the database failed.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// An archived file is not what jeton wrote, or does not fit to the database.
    #[error("{} is not what the record needs there: {reason}", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process archives.
    #[error("another process is archiving into {}", dir.display())]
    Archiving {
        /// Where to.
        dir: PathBuf,
    },
}

impl LedgerError {
    /// Whether a grant was refused since its token was revoked meanwhile; what to do is to mint another.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Vault(error) if matches!(**error, VaultError::Conflict(_)))
    }

    /// Whether every other write would fail as well, so that none needs to be tried.
    pub(crate) fn is_of_all(&self) -> bool {
        match self {
            Self::Vault(error) => match **error {
                VaultError::Unavailable { .. } | VaultError::Full | VaultError::ReadOnly { .. } => true,
                VaultError::NotADatabase { .. }
                | VaultError::Newer { .. }
                | VaultError::InUse { .. }
                | VaultError::Conflict(_)
                | VaultError::DataKeyGone
                | VaultError::Text(_)
                | VaultError::Corrupt(_) => false,
            },
            Self::Seal(_) | Self::KeyGone | Self::Broken(_) | Self::Busy | Self::Closed => true,
            Self::Panicked | Self::File { .. } | Self::Archive { .. } | Self::Archiving { .. } => false,
        }
    }

    pub(crate) fn file(path: &std::path::Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

impl From<VaultError> for LedgerError {
    fn from(error: VaultError) -> Self {
        Self::Vault(Arc::new(error))
    }
}

impl From<SealError> for LedgerError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl Coded for LedgerError {
    fn code(&self) -> Code {
        match self {
            Self::Vault(error) => error.code(),
            Self::Seal(error) => error.code(),
            Self::KeyGone | Self::Broken(_) | Self::Archive { .. } => Code::RecordBroken,
            Self::Busy | Self::Closed | Self::File { .. } | Self::Archiving { .. } => Code::RecordUnwritable,
            Self::Panicked => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Vault(error) => error.remedy(),
            Self::Seal(error) => error.remedy(),
            Self::KeyGone => Some(
                "Restore the row `ledger_key` of the table `settings` from a backup of the same database. Without it \
                 the old entries cannot be checked; jeton makes no new key, for that would hide what happened."
                    .to_owned(),
            ),
            Self::Broken(_) => Some(
                "Run `jeton audit verify` to see which entries are meant, and find out who could write to the database. \
                 Keep a copy of it as it is, then restore a backup. Nothing is handed out until then, since it could \
                 not be recorded."
                    .to_owned(),
            ),
            Self::Busy => Some(
                "Retry in a moment. When it lasts, the database is too slow for what is asked of it; the log says what \
                 it answers."
                    .to_owned(),
            ),
            Self::Closed => Some("Retry: the server that replaces this one will answer.".to_owned()),
            Self::Panicked => None,
            Self::File { path, .. } => Some(format!(
                "Give the user that runs jeton the right to write {}, and see that there is space.",
                path.display()
            )),
            Self::Archiving { .. } => Some("Let it finish; then there may be nothing left to archive.".to_owned()),
            Self::Archive { path, .. } => Some(format!(
                "Nothing was removed from the database. Keep {} for the enquiry, move it out of the directory, and \
                 archive again.",
                path.display()
            )),
        }
    }
}
