//! A disk without space, made real by a limit on the file's pages.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use jeton_vault::{Vault as _, VaultError};
use jeton_vault_sqlite::{SqliteOptions, SqliteVault};

/// Adds values of 4 KiB under new names until one does not go; how many went.
async fn fill(vault: &SqliteVault, from: usize) -> (usize, VaultError) {
    let mut count = 0;
    loop {
        let mut tx = vault.begin().await.unwrap();
        let name = format!("filler-{}", from + count);
        let added = tx.settings().add(&name, &[7; 4096]).await;
        if let Err(error) = added {
            return (count, error);
        }
        if let Err(error) = tx.commit().await {
            return (count, error);
        }
        count += 1;
    }
}

#[tokio::test]
async fn a_full_disk_says_so_loses_nothing_and_serves_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.db");
    let small = SqliteOptions { max_pages: Some(200) };
    let vault = SqliteVault::open_with(&path, small).await.unwrap();
    let (count, error) = fill(&vault, 0).await;
    assert!(count > 10, "{count}");
    assert!(matches!(error, VaultError::Full), "{error}");
    // Reading goes on, and everything that was committed is there.
    let mut tx = vault.read().await.unwrap();
    for number in 0..count {
        let found = tx.settings().find(&format!("filler-{number}")).await.unwrap();
        assert_eq!(found.unwrap().len(), 4096);
    }
    drop(tx);
    // The writer is not spoilt: it fails in the same way, and not in another.
    let (again, error) = fill(&vault, count).await;
    assert_eq!(again, 0);
    assert!(matches!(error, VaultError::Full), "{error}");
    vault.close().await;
    drop(vault);
    let larger = SqliteOptions { max_pages: Some(300) };
    let vault = SqliteVault::open_with(&path, larger).await.unwrap();
    let (more, _) = fill(&vault, count).await;
    assert!(more > 10, "{more}");
}

#[tokio::test]
async fn a_disk_too_small_for_the_schema_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let tiny = SqliteOptions { max_pages: Some(3) };
    let error = SqliteVault::open_with(&directory.path().join("jeton.db"), tiny)
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::Full), "{error}");
}
