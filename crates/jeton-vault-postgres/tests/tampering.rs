//! What becomes of rows that no jeton would have written, and of hands in the record.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use jeton_domain::{AccountId, ForgeKind, RunnerId, Secret, TargetId, UserId};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{AccountFilter, AccountView, LedgerEntry, LedgerFilter, LedgerMark, Vault as _, VaultError};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

async fn database() -> (TempPostgres, String, PostgresVault) {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    (server, url, vault)
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

fn entry(seq: u64) -> LedgerEntry {
    LedgerEntry {
        seq,
        at: Timestamp::UNIX_EPOCH,
        event: "token.granted".to_owned(),
        actor: "operator".to_owned(),
        actor_name: "operator".to_owned(),
        fingerprint: None,
        request_id: None,
        body: "{}".to_owned(),
        hash: [1; 32],
    }
}

fn mark(seq: u64) -> LedgerMark {
    LedgerMark {
        seq,
        hash: [1; 32],
        mac: [2; 32],
    }
}

#[tokio::test]
async fn the_record_is_append_only() {
    let (_keep, place, vault) = database().await;
    let entries = [1, 2, 3, 4].map(entry);
    let mut tx = vault.begin().await.unwrap();
    tx.ledger().append(&entries, &mark(4)).await.unwrap();
    tx.ledger().remove_archived(&mark(2)).await.unwrap();
    tx.commit().await.unwrap();
    let mut conn = connect(&place).await;
    for statement in [
        "UPDATE ledger SET body = '{\"edited\": true}' WHERE seq = 3",
        "UPDATE ledger SET seq = 9 WHERE seq = 4",
        "DELETE FROM ledger WHERE seq = 4",
        "DELETE FROM ledger",
        "UPDATE ledger_marks SET seq = 3 WHERE name = 'head'",
        "UPDATE ledger_marks SET seq = 1 WHERE name = 'base'",
        "DELETE FROM ledger_marks",
        "TRUNCATE ledger",
        "TRUNCATE ledger_marks",
        "UPDATE ledger_marks SET name = 'x' WHERE name = 'head'",
    ] {
        let error = sqlx::raw_sql(statement).execute(&mut conn).await.unwrap_err();
        assert!(
            error.to_string().contains("the record is append-only"),
            "{statement}: {error}"
        );
    }
    // What the triggers allow: nothing is left of what was archived, and forward is a way.
    for statement in [
        "DELETE FROM ledger WHERE seq <= 2",
        "UPDATE ledger_marks SET seq = 3 WHERE name = 'base'",
        "DELETE FROM ledger WHERE seq <= 3",
    ] {
        sqlx::raw_sql(statement).execute(&mut conn).await.unwrap();
    }
    let mut tx = vault.read().await.unwrap();
    assert_eq!(tx.ledger().scan(0, 10).await.unwrap(), entries[3..]);
    assert_eq!(tx.ledger().head().await.unwrap().unwrap().seq, 4);
}

#[tokio::test]
async fn one_poisoned_client_or_key_shuts_out_no_other() {
    let (_keep, place, vault) = database().await;
    let mut conn = connect(&place).await;
    sqlx::raw_sql(
        "INSERT INTO clients (id, name, networks, created_at) VALUES \
         ('00000000-0000-7000-8000-000000000001', 'good', '[]', 0), \
         ('00000000-0000-7000-8000-000000000002', 'Bad Name', '[]', 0), \
         ('00000000-0000-7000-8000-000000000003', 'networks', 'planted-content', 0), \
         ('00000000-0000-7000-8000-000000000004', 'time', '[]', -9223372036854775808); \
         INSERT INTO client_keys (id, client, digest, fingerprint, created_at) VALUES \
         ('00000000-0000-7000-8000-0000000000f1', '00000000-0000-7000-8000-000000000001', decode(repeat('00', 32), 'hex'), \
         'planted-content', 0), \
         ('00000000-0000-7000-8000-0000000000f2', '00000000-0000-7000-8000-000000000001', decode(repeat('01', 32), 'hex'), \
         '0123456789ab', 0)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let mut tx = vault.read().await.unwrap();
    let loaded = tx.clients().load(Timestamp::UNIX_EPOCH).await.unwrap();
    let names: Vec<_> = loaded
        .iter()
        .map(|(client, keys)| (client.name.as_str(), keys.len()))
        .collect();
    assert_eq!(names, [("good", 1)]);
    let error = tx.clients().list(None, true, 10).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Corrupt(what) if what.contains("in table clients") && !what.contains("planted")),
        "{error}"
    );
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_named_and_not_shown() {
    let (_keep, place, vault) = database().await;
    let id = "00000000-0000-7000-8000-000000000001";
    let mut conn = connect(&place).await;
    sqlx::raw_sql(
        "INSERT INTO users (id, name, role, created_at) VALUES \
         ('00000000-0000-7000-8000-000000000001', 'ada', 'planted', 0); \
         INSERT INTO policies (name, spec, created_at, updated_at) VALUES ('Planted Name', '{}', 0, 0); \
         INSERT INTO ledger (seq, at, latest, event, actor, actor_name, body, hash) VALUES \
         (7, -9223372036854775808, -9223372036854775808, 'planted', 'a', 'a', '{}', decode(repeat('00', 32), 'hex'))",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let mut tx = vault.read().await.unwrap();
    let user = UserId::from_uuid(id.parse().unwrap());
    let unread = tx.users().find(user).await.unwrap_err();
    let mut errors = vec![unread];
    errors.push(tx.policies().list().await.unwrap_err());
    errors.push(tx.ledger().scan(0, 10).await.unwrap_err());
    let all = LedgerFilter::default();
    errors.push(tx.ledger().list(&all, None, 10).await.unwrap_err());
    let places = [
        format!("column role of row {id} in table users"),
        "column name of row Planted Name in table policies".to_owned(),
        "column at of row 7 in table ledger".to_owned(),
        "column at of row 7 in table ledger".to_owned(),
    ];
    for (error, place) in errors.iter().zip(&places) {
        assert!(matches!(error, VaultError::Corrupt(what) if what == place), "{error}");
    }
}

#[tokio::test]
async fn one_poisoned_account_stops_neither_the_watch_nor_the_others() {
    let (_keep, place, vault) = database().await;
    let mut conn = connect(&place).await;
    sqlx::raw_sql(
        "WITH planted (id, label, url, kind, serves) AS (VALUES \
         ('1', 'planted Label', 'https://api.github.com', 'github_classic', '[]'), \
         ('2', 'kind', 'https://api.github.com', 'planted', '[]'), \
         ('3', 'url', 'planted', 'github_classic', '[]'), \
         ('4', 'serves', 'https://api.github.com', 'github_classic', '[\"planted content\"]'), \
         ('5', 'good', 'https://api.github.com', 'github_classic', '[]')) \
         INSERT INTO accounts (id, label, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, kind, token, \
         fingerprint, serves, is_default, active, auto_rotate, end_is_known, validity, next_check_at, next_warning_at, \
         token_since, created_at, updated_at) \
         SELECT ('00000000-0000-7000-8000-00000000000' || id)::uuid, label, '', 'operator', 'github', url, \
         'https://github.com', 'github.com', kind, decode('00', 'hex'), '0123456789ab', serves, FALSE, TRUE, FALSE, FALSE, 'unknown', 0, 0, \
         0, 0, 0 FROM planted",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let mut tx = vault.begin().await.unwrap();
    let view = AccountView::All;
    let now = Timestamp::UNIX_EPOCH;
    let fit = tx
        .accounts()
        .choose(&view, ForgeKind::GitHub, None, &[], 9)
        .await
        .unwrap();
    let due = tx.accounts().due_warnings(now, 9).await.unwrap();
    let until = Timestamp::from_second(9).unwrap();
    let claimed = tx.accounts().claim_due_checks(now, until, &[], 9).await.unwrap();
    for found in [fit, due, claimed] {
        let labels: Vec<_> = found.iter().map(|account| account.label.as_str()).collect();
        assert_eq!(labels, ["good"]);
    }
    // None of them is in the way the next time.
    assert_eq!(tx.accounts().claim_due_checks(now, until, &[], 9).await.unwrap(), []);
    tx.commit().await.unwrap();
    let mut tx = vault.read().await.unwrap();
    let error = tx
        .accounts()
        .list(&view, &AccountFilter::default(), None, 10)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, VaultError::Corrupt(what) if what.contains("in table accounts") && !what.contains("planted")),
        "{error}"
    );
}

#[tokio::test]
async fn rows_of_ci_that_cannot_be_read_are_named_and_not_shown() {
    let (_keep, place, vault) = database().await;
    let id = "00000000-0000-7000-8000-000000000001";
    let mut conn = connect(&place).await;
    sqlx::raw_sql(
        "INSERT INTO accounts (id, label, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, kind, token, \
         fingerprint, serves, is_default, active, auto_rotate, end_is_known, validity, next_check_at, token_since, \
         created_at, updated_at) VALUES ('00000000-0000-7000-8000-000000000001', 'a', '', 'operator', 'github', \
         'https://api.github.com', 'https://github.com', 'github.com', 'github_classic', '\\x00', '0123456789ab', '[]', \
         FALSE, FALSE, FALSE, FALSE, 'valid', 0, 0, 0, 0); \
         INSERT INTO runners (id, forge_kind, forge_api_url, forge_web_url, host, scope_kind, scope_path, name, place, wish, \
         state, source, made_by, created_at, changed_at) VALUES ('00000000-0000-7000-8000-000000000001', 'gitlab', \
         'https://gitlab.com', 'https://gitlab.com', 'gitlab.com', 'owner', 'planted/../content', 'n', sha256('7'), '{}', \
         'live', 'app:main', 'operator', 0, 0); \
         INSERT INTO account_targets (id, account, forge_kind, forge_api_url, forge_web_url, host, scope_kind, scope_path, \
         name, place, options, source, state, attempts, waited, added_by, rule, created_at, changed_at) VALUES \
         ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001', 'github', \
         'https://api.github.com', 'https://github.com', 'github.com', 'owner', 'acme', 'planted-content', sha256('7'), \
         '{}', 'app:main', 'pending', 0, 0, 'operator', '', 0, 0); \
         INSERT INTO old_tokens (id, account, forge_kind, forge_api_url, forge_web_url, host, kind, token, fingerprint, state, \
         ends_by, created_at, changed_at) VALUES ('00000000-0000-7000-8000-000000000001', \
         '00000000-0000-7000-8000-000000000001', 'github', 'https://api.github.com', 'https://github.com', 'github.com', \
         'planted', '\\x00', '0123456789ab', 'waiting', 0, 0, 0)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let uuid = id.parse().unwrap();
    let account = AccountId::from_uuid(uuid);
    let mut tx = vault.read().await.unwrap();
    let runner_found = tx.runners().find(RunnerId::from_uuid(uuid)).await.unwrap_err();
    let runners_listed = tx.runners().list(None, None, 9).await.unwrap_err();
    let target_found = tx.targets().find(TargetId::from_uuid(uuid)).await.unwrap_err();
    let targets_listed = tx.targets().list(account, 9).await.unwrap_err();
    let tokens_listed = tx.old_tokens().list(account, 9).await.unwrap_err();
    for (error, column, table) in [
        (runner_found, "scope_path", "runners"),
        (runners_listed, "scope_path", "runners"),
        (target_found, "name", "account_targets"),
        (targets_listed, "name", "account_targets"),
        (tokens_listed, "kind", "old_tokens"),
    ] {
        let place = format!("column {column} of row {id} in table {table}");
        assert!(matches!(&error, VaultError::Corrupt(what) if *what == place), "{error}");
    }
    // States and scopes that nobody knows do not even get in.
    for table in ["runners", "account_targets", "old_tokens"] {
        let statement = format!("UPDATE {table} SET state = 'planted'");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut conn)
            .await
            .unwrap_err();
    }
    for table in ["runners", "account_targets"] {
        let statement = format!("UPDATE {table} SET scope_kind = 'planted'");
        sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&mut conn)
            .await
            .unwrap_err();
    }
}
