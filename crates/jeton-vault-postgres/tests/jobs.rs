//! What becomes of rows in the queue that are no jobs.

use jeton_domain::{JobId, LeaseHolder, Secret};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{NewJob, Vault as _};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};

#[tokio::test]
async fn rows_that_cannot_be_read_are_buried_and_the_others_go_on() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    let good = JobId::from_uuid("00000000-0000-7000-8000-00000000000f".parse().unwrap());
    let mut tx = vault.begin().await.unwrap();
    let job = NewJob {
        id: good,
        kind: "revoke".to_owned(),
        payload: serde_json::json!({}),
        dedup: None,
        run_at: Timestamp::UNIX_EPOCH,
    };
    assert!(tx.jobs().add(&job).await.unwrap());
    tx.commit().await.unwrap();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    // All of them due before the good one.
    sqlx::raw_sql(
        "INSERT INTO jobs (id, kind, payload, state, run_at, wake_at, attempts) VALUES \
         ('00000000-0000-7000-8000-000000000001', 'revoke', 'planted-content', 'queued', 0, -1, 0), \
         ('00000000-0000-7000-8000-000000000002', 'revoke', '{}', 'queued', -9223372036854775808, -1, 0), \
         ('00000000-0000-7000-8000-000000000003', 'revoke', '{}', 'queued', 0, -1, -7); \
         UPDATE jobs SET attempts = 2147483647 WHERE id = '00000000-0000-7000-8000-00000000000f'",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let next = vault.read().await.unwrap().jobs().next_due().await.unwrap();
    assert_eq!(next, Some(Timestamp::MIN), "a garbled time hides no other's");
    let holder = LeaseHolder::from_uuid("00000000-0000-7000-8000-0000000000ff".parse().unwrap());
    let (now, until) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
    let mut tx = vault.begin().await.unwrap();
    let claimed = tx.jobs().claim(&["revoke"], holder, now, until, 1).await.unwrap();
    assert_eq!(claimed.iter().map(|job| job.id).collect::<Vec<_>>(), [good]);
    assert_eq!(claimed[0].attempts, 2_147_483_647);
    assert_eq!(tx.jobs().count().await.unwrap(), (1, 3));
    tx.commit().await.unwrap();
    let reasons: Vec<String> = sqlx::query_scalar("SELECT last_error FROM jobs WHERE state = 'dead' ORDER BY id")
        .fetch_all(&mut conn)
        .await
        .unwrap();
    let row = "column payload of row 00000000-0000-7000-8000-000000000001 in table jobs";
    assert!(reasons[0].contains(row), "{reasons:?}");
    assert!(reasons.iter().all(|reason| !reason.contains("planted")), "{reasons:?}");
}
