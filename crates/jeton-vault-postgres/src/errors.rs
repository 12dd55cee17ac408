use jeton_vault::VaultError;
use sqlx::migrate::MigrateError;

/// What a failure of PostgreSQL means to jeton. Of the server's words only the primary message goes on: the detail of
/// a violated constraint would show the row's values. Codes: PostgreSQL's manual, appendix A.
pub(crate) fn failed(place: &str, error: sqlx::Error) -> VaultError {
    let sqlx::Error::Database(error) = error else {
        return without_code(error);
    };
    let code = error.code().unwrap_or_default().into_owned();
    let reason = error.message().to_owned();
    match code.as_str() {
        // disk_full
        "53100" => VaultError::Full,
        // read_only_sql_transaction; insufficient_privilege
        "25006" | "42501" => VaultError::ReadOnly {
            place: place.to_owned(),
            reason,
        },
        // unique_violation
        "23505" => VaultError::Conflict("a row with this id".to_owned()),
        // foreign_key_violation
        "23503" => VaultError::Conflict("a row that needs this one, or the row that this one needs is gone".to_owned()),
        // character_not_in_repertoire: of a parameter, since what is in a table was looked at when it was written.
        "22021" => VaultError::Text(reason),
        // The triggers of migrations 4 and 8.
        "JT001" => VaultError::DataKeyGone,
        // A missing table or column, a value out of range, a row that a constraint or a trigger refuses, a damaged page: no
        // matter of chance.
        code if ["22", "23", "42", "XX"].iter().any(|class| code.starts_with(class)) => VaultError::Corrupt(reason),
        // All others may be better the next time: no connection left, shutting down, a deadlock.
        _ => VaultError::Unavailable { reason },
    }
}

fn without_code(error: sqlx::Error) -> VaultError {
    let reason = match error {
        sqlx::Error::PoolTimedOut => {
            "no connection in time: the server does not answer, or all connections are busy".to_owned()
        }
        sqlx::Error::PoolClosed => "it is closed".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    VaultError::Unavailable { reason }
}

/// What a failed migration means to jeton.
pub(crate) fn migration_failed(place: &str, error: MigrateError) -> VaultError {
    match error {
        MigrateError::ExecuteMigration(sqlx::Error::Database(error), _) if error.code().as_deref() == Some("42P07") => {
            // duplicate_table
            VaultError::NotADatabase {
                place: place.to_owned(),
                reason: format!("it holds another program's tables: {}", error.message()),
            }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(place, error),
        other => VaultError::Corrupt(other.to_string()),
    }
}

/// Whether the connection is gone, so that another one may serve: the server ended it (class 57P, operator
/// intervention), or the socket broke.
pub(crate) fn connection_is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}
