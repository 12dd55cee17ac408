use std::{str::FromStr as _, time::Duration};

use jeton_domain::Secret;
use jeton_vault::VaultError;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, migrate::Migrator, postgres::PgConnectOptions};

use crate::errors::{failed, migration_failed};

/// Not the name that `sqlx` gives by itself, which any other program's database may have.
const MIGRATIONS_TABLE: &str = "jeton_migrations";

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

fn known_version() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Reads a URL. What is wrong with it is said without repeating it, as it may hold a password.
pub(crate) fn read_url(url: &Secret) -> Result<PgConnectOptions, VaultError> {
    let refuse = |reason: String| VaultError::NotADatabase {
        place: "the database URL".to_owned(),
        reason,
    };
    let text = url.expose();
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return Err(refuse("it does not begin with postgres:// or postgresql://".to_owned()));
    }
    check_parameters(text).map_err(refuse)?;
    // Only the library's judgement is repeated, such as "invalid port number": it quotes no part of a URL, but may
    // quote the value of a parameter.
    let options = PgConnectOptions::from_str(text).map_err(|_| {
        refuse("it does not read as a URL: special characters in a password are written %40 and the like".to_owned())
    })?;
    Ok(options.application_name("jeton"))
}

/// The parameters that the library knows, as it spells them.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// Refuses parameters that the library would ignore: it logs them with their values, and `sslpassword` is one of them.
/// Whoever writes one expects something of it, besides. What is refused is named only if it is clearly a name: after a
/// `?` in a password that was not written %3F, the rest of the password stands here.
fn check_parameters(url: &str) -> Result<(), String> {
    let Some((_, query)) = url.split('#').next().unwrap_or_default().split_once('?') else {
        return Ok(());
    };
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let setting = name.strip_prefix("options[").and_then(|name| name.strip_suffix(']'));
        if PARAMETERS.contains(&name) || setting.is_some() {
            continue;
        }
        let is_name = |byte: u8| byte.is_ascii_lowercase() || b"_-".contains(&byte);
        return Err(
            if name.bytes().all(is_name) && !value.is_empty() && !query.contains('@') {
                format!("jeton does not know its parameter {name}")
            } else {
                "it has a parameter that jeton does not know; a ? in a password is written %3F".to_owned()
            },
        );
    }
    Ok(())
}

/// The URL as people may see it: without the password, and without parameters.
pub(crate) fn describe(options: &PgConnectOptions) -> String {
    let host = options
        .get_socket()
        .map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    format!("postgres://{user}@{host}:{}/{database}", options.get_port())
}

/// Waits for an answer while connecting.
async fn in_time<T>(
    limit: Duration,
    place: &str,
    answer: impl Future<Output = Result<T, VaultError>>,
) -> Result<T, VaultError> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| {
        Err(VaultError::Unavailable {
            reason: format!("{place} does not answer within {limit:?}"),
        })
    })
}

/// Connects once, outside of the pool: the pool would wait for a server that refuses, and then only say that it waited.
pub(crate) async fn migrate(options: &PgConnectOptions, place: &str, limit: Duration) -> Result<(), VaultError> {
    let connecting = async {
        let mut conn = options.connect().await.map_err(|error| cannot_connect(place, error))?;
        let found = newest_version(&mut conn).await.map_err(|error| failed(place, error))?;
        Ok((conn, found))
    };
    let (mut conn, found) = in_time(limit, place, connecting).await?;
    let known = known_version();
    if found > known {
        return Err(VaultError::Newer {
            place: place.to_owned(),
            found,
            known,
        });
    }
    if found < known {
        // Takes an advisory lock first, so that servers which start at once take turns. Without a limit: a large table
        // takes its time, and whoever starts a server watches it.
        migrator()
            .run(&mut conn)
            .await
            .map_err(|error| migration_failed(place, error))?;
    }
    in_time(limit, place, async {
        conn.close().await.map_err(|error| failed(place, error))
    })
    .await
}

/// While connecting, whatever the server says is a reason why it cannot be reached.
fn cannot_connect(place: &str, error: sqlx::Error) -> VaultError {
    let reason = match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    VaultError::Unavailable {
        reason: format!("{place}: {reason}"),
    }
}

/// 0 when there is no schema of ours yet.
async fn newest_version(conn: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let ours: bool = sqlx::query_scalar("SELECT to_regclass('jeton_migrations') IS NOT NULL")
        .fetch_one(&mut *conn)
        .await?;
    if !ours {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM jeton_migrations")
        .fetch_one(conn)
        .await
}
