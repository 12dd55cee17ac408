use jeton_vault::VaultError;
use sqlx::{error::ErrorKind, migrate::MigrateError};

// Primary result codes, https://www.sqlite.org/rescode.html; the extended ones have more bits above the lowest eight.
const ERROR: i32 = 1;
const PERM: i32 = 3;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CONSTRAINT: i32 = 19;
const NOTADB: i32 = 26;

/// What the triggers of migrations 4 and 8 say.
const DATA_KEY_GONE: &str = "the data key is gone";

/// What a failure of SQLite means to jeton. SQLite's messages name tables and columns, never what is in them.
pub(crate) fn failed(place: &str, error: sqlx::Error) -> VaultError {
    let sqlx::Error::Database(error) = error else {
        return without_code(error);
    };
    match error.kind() {
        ErrorKind::UniqueViolation => return VaultError::Conflict("a row with this id".to_owned()),
        ErrorKind::ForeignKeyViolation => {
            return VaultError::Conflict(
                "a row that needs this one, or the row that this one needs is gone".to_owned(),
            );
        }
        _ => {}
    }
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(ERROR) & 0xff;
    let reason = error.message().to_owned();
    match code {
        FULL => VaultError::Full,
        READONLY | PERM => VaultError::ReadOnly {
            place: place.to_owned(),
            reason,
        },
        NOTADB => VaultError::NotADatabase {
            place: place.to_owned(),
            reason,
        },
        CONSTRAINT if reason == DATA_KEY_GONE => VaultError::DataKeyGone,
        // A missing table or column is no matter of chance: something changed the schema. Nor is a row that a constraint
        // or a trigger refuses: jeton writes none.
        CORRUPT | ERROR | CONSTRAINT => VaultError::Corrupt(reason),
        _ => VaultError::Unavailable { reason },
    }
}

fn without_code(error: sqlx::Error) -> VaultError {
    match error {
        sqlx::Error::PoolTimedOut => VaultError::Unavailable {
            reason: "it was busy for too long".to_owned(),
        },
        sqlx::Error::PoolClosed => VaultError::Unavailable {
            reason: "it is closed".to_owned(),
        },
        other => VaultError::Unavailable {
            reason: other.to_string(),
        },
    }
}

/// What a failed migration means to jeton.
pub(crate) fn migration_failed(place: &str, error: MigrateError) -> VaultError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(place, error),
        other => VaultError::Corrupt(other.to_string()),
    }
}
