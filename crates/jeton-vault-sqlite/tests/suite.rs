//! What every database must do, on SQLite.

use jeton_vault_sqlite::SqliteVault;
use tempfile::TempDir;

async fn fresh() -> (SqliteVault, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let vault = SqliteVault::open(&directory.path().join("jeton.db"))
        .await
        .expect("a new database");
    (vault, directory)
}

jeton_vault::vault_suite!(fresh);
