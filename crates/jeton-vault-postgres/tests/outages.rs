//! What a vault does when its server goes and comes back.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use futures_util::future::join_all;
use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{Vault as _, VaultError, VaultTx};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};

async fn vault_on(server: &TempPostgres) -> PostgresVault {
    let url = Secret::new(server.database().unwrap());
    let vault = PostgresVault::connect(&url, PostgresOptions { max_connections: 4 })
        .await
        .unwrap();
    // Every connection that the pool may have is open, and then idle.
    let all: Vec<Box<dyn VaultTx>> = join_all((0..4).map(|_| vault.begin()))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    drop(all);
    vault
}

#[tokio::test]
async fn a_restart_between_two_requests_is_not_noticed() {
    let server = TempPostgres::start().unwrap();
    let vault = vault_on(&server).await;
    for round in 0..2 {
        if round == 0 {
            server.restart().unwrap();
        } else {
            server.kill().unwrap();
            server.resume().unwrap();
        }
        let requests = (0..8).map(|number| {
            let vault = &vault;
            async move {
                let mut tx = vault.begin().await?;
                tx.settings().add(&format!("{round}-{number}"), b"x").await?;
                tx.commit().await
            }
        });
        for answer in join_all(requests).await {
            answer.unwrap();
        }
        vault.check().await.unwrap();
    }
    let found = vault.read().await.unwrap().settings().find("0-7").await.unwrap();
    assert_eq!(found.as_deref(), Some(b"x".as_slice()));
}

#[tokio::test]
async fn work_under_way_fails_as_unavailable_and_is_not_half_done() {
    let server = TempPostgres::start().unwrap();
    let vault = vault_on(&server).await;
    let mut tx = vault.begin().await.unwrap();
    assert!(tx.settings().add("half", b"x").await.unwrap());
    server.kill().unwrap();
    let error = tx.settings().add("other-half", b"x").await.unwrap_err();
    assert!(matches!(error, VaultError::Unavailable { .. }), "{error}");
    drop(tx);
    let error = vault.check().await.unwrap_err();
    assert!(matches!(error, VaultError::Unavailable { .. }), "{error}");
    server.resume().unwrap();
    let found = vault.read().await.unwrap().settings().find("half").await.unwrap();
    assert_eq!(found, None);
}

#[tokio::test]
async fn a_replica_that_stops_in_the_middle_stops_no_other() {
    let server = TempPostgres::shared().unwrap();
    let url = Secret::new(server.database().unwrap());
    let vault = PostgresVault::connect(&url, PostgresOptions::default()).await.unwrap();
    let mut stopped = vault.begin().await.unwrap();
    assert!(stopped.settings().add("salt", b"x").await.unwrap());
    let mut other = vault.begin().await.unwrap();
    // Waits for the row of the first, and gives up in time.
    let error = other.settings().add("salt", b"y").await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Unavailable { reason } if reason.contains("lock timeout")),
        "{error}"
    );
}
