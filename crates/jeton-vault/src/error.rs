use jeton_domain::{Code, Coded};

/// What can be wrong with a database. Each case has its own remedy; none of them loses anything.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It cannot be reached, or the connection broke.
    #[error("the database cannot be reached: {reason}")]
    Unavailable {
        /// What the database or the network said, without credentials.
        reason: String,
    },
    /// No space is left for it.
    #[error("the disk under the database is full")]
    Full,
    /// It cannot be written.
    #[error("the database at {place} cannot be written: {reason}")]
    ReadOnly {
        /// The file, or the URL without its password.
        place: String,
        /// What the system said.
        reason: String,
    },
    /// The path or URL leads to something else.
    #[error("{place} is no jeton database: {reason}")]
    NotADatabase {
        /// The path, or the URL without its password.
        place: String,
        /// Why not: a directory, another program's file, another scheme.
        reason: String,
    },
    /// A newer jeton was here.
    #[error("the database at {place} has schema version {found}, newer than this jeton knows ({known})")]
    Newer {
        /// The file, or the URL without its password.
        place: String,
        /// The newest migration in the database.
        found: i64,
        /// The newest migration of this program.
        known: i64,
    },
    /// Another server holds the file.
    #[error("the database file {place} is held by another jeton server{}", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The file.
        place: String,
        /// The holder, when it can be told.
        pid: Option<u32>,
    },
    /// A row that must be unique is there already.
    #[error("there already is {0}")]
    Conflict(String),
    /// A value names a data key that was retired while it was on its way.
    #[error("a value was sealed with a data key that has been retired meanwhile")]
    DataKeyGone,
    /// A text that was sent has what no text of this database holds: PostgreSQL's have no NUL.
    #[error("the database cannot keep a text that was sent: {0}")]
    Text(String),
    /// A row that cannot be: jeton would not have written it.
    #[error("the database holds something that cannot be: {0}")]
    Corrupt(String),
}

impl Coded for VaultError {
    fn code(&self) -> Code {
        match self {
            Self::Unavailable { .. } | Self::DataKeyGone => Code::VaultUnavailable,
            Self::Full => Code::VaultFull,
            Self::ReadOnly { .. } => Code::VaultReadOnly,
            Self::NotADatabase { .. } => Code::VaultNotADatabase,
            Self::Newer { .. } => Code::VaultNewer,
            Self::InUse { .. } => Code::VaultInUse,
            // Whoever can cause one catches it and says what it means; one that nobody expected is a mistake of ours.
            Self::Conflict(_) => Code::Internal,
            Self::Text(_) => Code::RequestInvalid,
            Self::Corrupt(_) => Code::VaultCorrupt,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Unavailable { .. } => {
                "Check that the database runs and that its URL, user and network are right; `jeton doctor` tries it. \
                 Nothing was lost: retry when it is back."
                    .to_owned()
            }
            Self::Full => "Free space on the disk under the database, or move the database to a larger one. Nothing \
                           that was answered is lost; the same request works again as soon as there is space."
                .to_owned(),
            Self::ReadOnly { place, .. } => {
                format!("Give the user that runs jeton the right to write {place} and the directory it lies in.")
            }
            Self::NotADatabase { .. } => "Name a file (it is created when missing), or a URL such as \
                                          postgres://user@host/jeton."
                .to_owned(),
            Self::Newer { .. } => {
                "Run the newer jeton again, or restore the backup made before the upgrade. Nothing was changed."
                    .to_owned()
            }
            Self::InUse { pid, .. } => {
                let which = pid.map_or("the other server".to_owned(), |pid| format!("process {pid}"));
                format!(
                    "Stop {which}, or give this one a database of its own. Several servers can share one PostgreSQL \
                     database."
                )
            }
            Self::DataKeyGone => "Ask again: by then this server has read which data keys there are. Nothing was \
                                  written."
                .to_owned(),
            Self::Conflict(_) => "Choose another name, or remove the other one first.".to_owned(),
            Self::Text(_) => "Send it without control characters. Nothing was written.".to_owned(),
            Self::Corrupt(_) => {
                "Restore the database from a backup; something other than jeton has written to it.".to_owned()
            }
        })
    }
}
