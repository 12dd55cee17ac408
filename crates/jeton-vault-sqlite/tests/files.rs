//! What a path may lead to, and what is said when it leads elsewhere.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use jeton_vault::{Vault as _, VaultError};
use jeton_vault_sqlite::SqliteVault;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.db");
    (directory, path)
}

async fn refused(path: &Path) -> VaultError {
    SqliteVault::open(path).await.unwrap_err()
}

/// Changes a closed database as no jeton would.
async fn tamper(path: &Path, sql: &'static str) {
    let mut conn = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn its_files_are_the_owners_alone() {
    let (directory, path) = place();
    let vault = SqliteVault::open(&path).await.unwrap();
    vault.check().await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["jeton.db", "jeton.db-shm", "jeton.db-wal", "jeton.db.lock"]);
}

#[tokio::test]
async fn files_that_were_open_to_others_are_tightened() {
    let (directory, path) = place();
    SqliteVault::open(&path).await.unwrap().close().await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    // Holds the other files there, with the mode that the database had.
    let mut conn = SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql("INSERT INTO settings VALUES ('salt', x'00')")
        .execute(&mut conn)
        .await
        .unwrap();
    let mode = |name: &str| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
    let names = ["jeton.db", "jeton.db-wal", "jeton.db-shm"];
    assert_eq!(names.map(mode), [0o644; 3]);
    let vault = SqliteVault::open(&path).await.unwrap();
    assert_eq!(names.map(mode), [0o600; 3]);
    conn.close().await.unwrap();
    vault.check().await.unwrap();
    assert_eq!(names.map(mode), [0o600; 3]);
}

#[tokio::test]
async fn a_linked_database_is_tightened_where_it_lies() {
    let (directory, path) = place();
    SqliteVault::open(&path).await.unwrap().close().await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    SqliteVault::open(&link).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let (_directory, path) = place();
    let vault = SqliteVault::open(&path).await.unwrap();
    let mut tx = vault.begin().await.unwrap();
    assert!(tx.settings().add("salt", b"abc").await.unwrap());
    tx.commit().await.unwrap();
    vault.close().await;
    assert!(matches!(vault.check().await, Err(VaultError::Unavailable { .. })));
    drop(vault);
    let vault = SqliteVault::open(&path).await.unwrap();
    let found = vault.read().await.unwrap().settings().find("salt").await.unwrap();
    assert_eq!(found.as_deref(), Some(b"abc".as_slice()));
}

#[tokio::test]
async fn a_second_server_is_refused_with_the_first_ones_pid() {
    let (_directory, path) = place();
    let vault = SqliteVault::open(&path).await.unwrap();
    let error = refused(&path).await;
    assert!(
        matches!(&error, VaultError::InUse { pid, .. } if *pid == Some(std::process::id())),
        "{error}"
    );
    drop(vault);
    SqliteVault::open(&path).await.unwrap();
}

#[tokio::test]
async fn a_directory_is_no_database() {
    let (directory, _) = place();
    let error = refused(directory.path()).await;
    assert!(
        matches!(&error, VaultError::NotADatabase { reason, .. } if reason.contains("directory")),
        "{error}"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let (directory, _) = place();
    let missing = directory.path().join("missing");
    let error = refused(&missing.join("jeton.db")).await;
    assert!(
        matches!(&error, VaultError::NotADatabase { reason, .. } if reason.contains(missing.to_str().unwrap())),
        "{error}"
    );
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_file_of_another_kind_is_left_as_it_is() {
    let (_directory, path) = place();
    let text = "this is a list of groceries, and no database at all\n".repeat(200);
    fs::write(&path, &text).unwrap();
    let error = refused(&path).await;
    assert!(matches!(&error, VaultError::NotADatabase { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_another_program_is_left_as_it_is() {
    let (_directory, path) = place();
    tamper(
        &path,
        "CREATE TABLE tokens (name TEXT); INSERT INTO tokens VALUES ('theirs')",
    )
    .await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let before = fs::read(&path).unwrap();
    let error = refused(&path).await;
    assert!(
        matches!(&error, VaultError::NotADatabase { reason, .. } if reason.contains("another program")),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_ne!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "its mode");
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (_directory, path) = place();
    fs::write(&path, "").unwrap();
    SqliteVault::open(&path).await.unwrap().check().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_jeton_is_left_as_it_is() {
    let (_directory, path) = place();
    SqliteVault::open(&path).await.unwrap().close().await;
    tamper(
        &path,
        "INSERT INTO jeton_migrations (version, description, success, checksum, execution_time) \
         VALUES (9001, 'of the future', true, x'00', 0)",
    )
    .await;
    let before = fs::read(&path).unwrap();
    let error = refused(&path).await;
    assert!(
        matches!(&error, VaultError::Newer { found: 9001, known, .. } if *known < 9001),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_read_only() {
    // A file system that lets nobody make files, root neither.
    let error = refused(Path::new("/sys/jeton.db")).await;
    assert!(matches!(&error, VaultError::ReadOnly { .. }), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named_and_not_shown() {
    let (_directory, path) = place();
    SqliteVault::open(&path).await.unwrap().close().await;
    tamper(
        &path,
        "INSERT INTO data_keys (id, wrapped, wrapped_by, created_at) VALUES ('planted-content', x'00', 'ffffffffffff', 0); \
         INSERT INTO apps VALUES ('not-a-uuid', 'main', 'github', 'https://api.github.com', '1', x'00', '0123', 0)",
    )
    .await;
    let vault = SqliteVault::open(&path).await.unwrap();
    let mut tx = vault.read().await.unwrap();
    let error = tx.apps().list().await.unwrap_err().to_string();
    assert!(error.contains("column id of row not-a-uuid in table apps"), "{error}");
    let error = tx.data_keys().list().await.unwrap_err();
    assert!(matches!(error, VaultError::Corrupt(_)), "{error}");
}
