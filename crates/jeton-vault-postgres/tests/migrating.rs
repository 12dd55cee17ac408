//! A database of the first release, opened by this one.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::borrow::Cow;

use jeton_domain::{GrantId, Secret, TokenId};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{TokenState, Vault as _};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection, migrate::Migrator};

/// A new database with the first migration alone.
async fn first_release(url: &str) -> PgConnection {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let mut migrator: Migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name("jeton_migrations");
    migrator.migrations = Cow::Owned(migrator.iter().filter(|step| step.version == 1).cloned().collect());
    assert_eq!(migrator.iter().count(), 1);
    migrator.run(&mut conn).await.unwrap();
    conn
}

async fn connect(url: &str) -> PostgresVault {
    PostgresVault::connect(&Secret::new(url), PostgresOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_first_releases_rows_are_all_there_afterwards() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let mut conn = first_release(&url).await;
    sqlx::raw_sql(
        "INSERT INTO data_keys VALUES ('0123456789ab', '\\x01', 'ba9876543210', 1); \
         INSERT INTO settings VALUES ('salt', '\\x00ff'); \
         INSERT INTO installations VALUES ('00000000-0000-7000-8000-00000000000a', 'acme', 7, 1); \
         INSERT INTO tokens VALUES ('00000000-0000-7000-8000-000000000001', decode(repeat('00', 32), 'hex'), \
         '00000000-0000-7000-8000-00000000000a', 7, 'Acme', '[\"Tools\"]', '{\"contents\":\"write\"}', '\\x0102', \
         '0123456789ab', 1000, 5000, 'live'), \
         ('00000000-0000-7000-8000-000000000002', decode(repeat('00', 32), 'hex'), \
         '00000000-0000-7000-8000-00000000000a', 7, 'Acme', '[]', '{}', NULL, \
         '0123456789ab', 1000, 4000, 'revoked'); \
         INSERT INTO grants VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', \
         'github.com', 'main', '[\"Acme/Tools\"]', '{\"contents\":\"write\"}', '0123456789ab', \
         'anonymous (loopback)', 'request-1', 2000, 5000, NULL); \
         INSERT INTO jobs VALUES ('00000000-0000-7000-8000-000000000004', 'revoke', '{}', NULL, 'queued', 1, 1, 0, \
         NULL, NULL)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    // Twice: what was migrated opens as it is.
    connect(&url).await.close().await;
    let vault = connect(&url).await;
    let mut tx = vault.read().await.unwrap();
    let time = |millis| Timestamp::from_millisecond(millis).unwrap();
    let id = |last: &str| format!("00000000-0000-7000-8000-00000000000{last}").parse().unwrap();
    let live = tx.tokens().find(TokenId::from_uuid(id("1"))).await.unwrap().unwrap();
    assert_eq!((live.expires_at, live.forge_expires_at), (time(5000), time(5000)));
    assert_eq!(live.repositories, ["Tools"]);
    assert_eq!(live.token.unwrap().as_bytes(), [1, 2]);
    let revoked = tx.tokens().find(TokenId::from_uuid(id("2"))).await.unwrap().unwrap();
    assert_eq!(
        (revoked.state, revoked.forge_expires_at),
        (TokenState::Revoked, time(4000))
    );
    let grant = tx.grants().find(GrantId::from_uuid(id("3"))).await.unwrap().unwrap();
    assert_eq!(grant.holder, "anonymous (loopback)");
    assert_eq!(
        (grant.holder_key.as_str(), grant.rule.as_str()),
        ("anonymous (loopback)", "")
    );
    assert_eq!(
        (grant.address.as_ref(), grant.request_id.as_deref()),
        (None, Some("request-1"))
    );
    let holder = Some("anonymous (loopback)");
    assert_eq!(
        tx.grants().list(None, true, holder, time(0), 10).await.unwrap(),
        [grant]
    );
    assert_eq!(tx.settings().find("salt").await.unwrap(), Some(vec![0, 255]));
    assert_eq!(tx.data_keys().list().await.unwrap().len(), 1);
    assert_eq!(tx.jobs().count().await.unwrap(), (1, 0));
    assert_eq!(tx.ledger().head().await.unwrap(), None);
}
