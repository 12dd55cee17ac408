use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jeton_vault::VaultError;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    errors::{failed, migration_failed},
    lock::unwritable,
};

/// The letters `jetn`: how a database file says that it is jeton's (`PRAGMA application_id`).
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"jetn");

/// Not the name that `sqlx` gives by itself, which any other program's database may have.
const MIGRATIONS_TABLE: &str = "jeton_migrations";

/// How long a writer waits for its turn. Transactions are a few milliseconds; whoever waits this long waits for a disk
/// that does not answer.
const WAIT: Duration = Duration::from_secs(10);

const READERS: u32 = 4;

/// The migrations of this program.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name(MIGRATIONS_TABLE);
    migrator
}

/// The newest migration of this program.
pub(crate) fn known_version() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Says what is wrong with a path before anything is created near it.
pub(crate) fn check_path(path: &Path) -> Result<(), VaultError> {
    let not_a_database = |reason: String| VaultError::NotADatabase {
        place: path.display().to_string(),
        reason,
    };
    match path.metadata() {
        Ok(found) if found.is_dir() => return Err(not_a_database("it is a directory".to_owned())),
        Ok(found) if !found.is_file() => return Err(not_a_database("it is no regular file".to_owned())),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(not_a_database("a part of its path is a file".to_owned()));
        }
        Err(error) => return Err(unwritable(path, &error)),
    }
    if path.file_name().is_none() {
        return Err(not_a_database("it names no file".to_owned()));
    }
    match path.parent() {
        Some(parent) if parent != Path::new("") && !parent.exists() => Err(not_a_database(format!(
            "the directory {} does not exist",
            parent.display()
        ))),
        _ => Ok(()),
    }
}

/// Makes the file, readable to its owner alone whatever the umask; SQLite gives its other files the same mode.
pub(crate) fn create_file(path: &Path) -> Result<(), VaultError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| unwritable(path, &error))
}

/// Takes from the group and from others what an older umask, a copy or a restored backup gave them. After [`inspect`],
/// which leaves other programs' files as they are.
pub(crate) fn tighten(path: &Path) -> Result<(), VaultError> {
    // SQLite has its other files beside the file itself, not beside a link to it.
    let path = path.canonicalize().map_err(|error| unwritable(path, &error))?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(suffix);
        let file = PathBuf::from(name);
        match tighten_file(&file) {
            Ok(None) => {}
            Ok(Some(mode)) => {
                let was = format!("{mode:04o}");
                tracing::warn!(file = %file.display(), was, now = "0600", "a database file was open to others");
            }
            // The other files come and go.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unwritable(&file, &error)),
        }
    }
    Ok(())
}

/// The mode that it had, if that was too wide.
fn tighten_file(file: &Path) -> io::Result<Option<u32>> {
    let mode = fs::metadata(file)?.permissions().mode() & 0o7777;
    let (group, others) = (mode & 0o070, mode & 0o007);
    if group == 0 && others == 0 {
        return Ok(None);
    }
    fs::set_permissions(file, Permissions::from_mode(0o600))?;
    Ok(Some(mode))
}

/// Refuses what is not ours, before any setting is made that would change the file.
pub(crate) async fn inspect(path: &Path, place: &str) -> Result<(), VaultError> {
    let failed = |error| failed(place, error);
    let mut conn = plain_options(path).connect().await.map_err(failed)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
        .fetch_one(&mut conn)
        .await
        .map_err(failed)?;
    let application: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut conn)
        .await
        .map_err(failed)?;
    if tables == 0 {
        sqlx::query(AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}")))
            .execute(&mut conn)
            .await
            .map_err(failed)?;
    } else if application != APPLICATION_ID {
        return Err(VaultError::NotADatabase {
            place: place.to_owned(),
            reason: "it is an SQLite database of another program".to_owned(),
        });
    } else {
        let migrated: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1)")
            .bind(MIGRATIONS_TABLE)
            .fetch_one(&mut conn)
            .await
            .map_err(failed)?;
        let found = if migrated {
            newest_version(&mut conn).await.map_err(failed)?
        } else {
            0
        };
        let known = known_version();
        if found > known {
            return Err(VaultError::Newer {
                place: place.to_owned(),
                found,
                known,
            });
        }
    }
    conn.close().await.map_err(failed)
}

async fn newest_version(conn: &mut sqlx::SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM jeton_migrations")
        .fetch_one(conn)
        .await
}

/// The one connection that writes.
pub(crate) async fn writer(path: &Path, place: &str, max_pages: Option<u32>) -> Result<SqlitePool, VaultError> {
    let mut options = full_options(path);
    if let Some(max_pages) = max_pages {
        options = options.pragma("max_page_count", max_pages.to_string());
    }
    pool(1)
        .connect_with(options)
        .await
        .map_err(|error| failed(place, error))
}

/// The connections that read.
pub(crate) async fn readers(path: &Path, place: &str) -> Result<SqlitePool, VaultError> {
    pool(READERS)
        .connect_with(full_options(path).pragma("query_only", "ON"))
        .await
        .map_err(|error| failed(place, error))
}

/// Brings the schema up to date, each migration in a transaction of its own.
pub(crate) async fn migrate(writer: &SqlitePool, place: &str) -> Result<(), VaultError> {
    migrator()
        .run(writer)
        .await
        .map_err(|error| migration_failed(place, error))
}

fn plain_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(WAIT)
}

fn full_options(path: &Path) -> SqliteConnectOptions {
    plain_options(path)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would lose the last commits in a power cut: what was answered must survive it.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT)
        // A connection to a file does not go stale.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        // When the disk is full, SQLite rolls a transaction back by itself; sqlx 0.9 then takes the refusal of its own
        // ROLLBACK to mean that the transaction is still open, and never begins another on that connection.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}
