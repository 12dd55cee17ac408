//! Databases of earlier releases, opened by this one.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::borrow::Cow;

use jeton_domain::{
    AccountId, CiScope, Fingerprint, ForgeKind, GrantId, KeyId, OldTokenId, Permissions, RotationId, Sealed, Secret,
    SecretName, TargetId, TokenId,
};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{
    GrantFilter, GrantOf, GrantRecord, OldTokenRecord, OldTokenState, SealedPlace, TargetRecord, TargetState,
    TokenState, Vault as _, VaultError,
};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, migrate::Migrator};

/// A new database with the migrations of an earlier release.
async fn release(url: &str, version: i64) -> PgConnection {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let mut migrator: Migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name("jeton_migrations");
    let steps = migrator.iter().filter(|step| step.version <= version);
    migrator.migrations = Cow::Owned(steps.cloned().collect());
    assert_eq!(migrator.iter().map(|step| step.version).max(), Some(version));
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
    let mut conn = release(&url, 1).await;
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
    assert_eq!(grant.of, GrantOf::Token(live.id));
    assert_eq!(grant.source, "app:main");
    assert_eq!(grant.holder, "anonymous (loopback)");
    assert_eq!(
        (grant.holder_key.as_str(), grant.rule.as_str()),
        ("anonymous (loopback)", "")
    );
    assert_eq!(
        (grant.address.as_ref(), grant.request_id.as_deref()),
        (None, Some("request-1"))
    );
    let filter = GrantFilter {
        only_live: true,
        holder_key: Some("anonymous (loopback)".to_owned()),
        ..GrantFilter::default()
    };
    assert_eq!(tx.grants().list(&filter, None, time(0), 10).await.unwrap(), [grant]);
    assert_eq!(tx.settings().find("salt").await.unwrap(), Some(vec![0, 255]));
    assert_eq!(tx.data_keys().list().await.unwrap().len(), 1);
    assert_eq!(tx.jobs().count().await.unwrap(), (1, 0));
    assert_eq!(tx.ledger().head().await.unwrap(), None);
}

/// Two grants of one token, as the second release kept them.
const SECOND_RELEASES_GRANTS: &str = "INSERT INTO tokens (id, key_digest, app, installation, owner, repositories, \
         permissions, token, fingerprint, minted_at, expires_at, forge_expires_at, state) VALUES ('00000000-0000-7000-8000-000000000001', decode(repeat('00', 32), 'hex'), \
         '00000000-0000-7000-8000-00000000000a', 7, 'Acme', '[]', '{}', NULL, '0123456789ab', 1000, 5000, 6000, \
         'revoked'); \
         INSERT INTO grants (id, token, forge, app, repositories, permissions, fingerprint, holder, holder_key, rule, address, \
         request_id, issued_at, expires_at, released_at) VALUES \
         ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'github.com', 'main', \
         '[\"Acme/Tools\"]', '{\"contents\":\"write\"}', '0123456789ab', 'client:ci', 'client:an id', 'file:ci', \
         '203.0.113.9', 'request-1', 2000, 5000, 3000), \
         ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', 'ghe.example.com', 'other', \
         '[]', '{}', '0123456789ab', 'anonymous', 'anonymous', '', NULL, NULL, 2500, 5000, NULL)";

#[tokio::test]
async fn the_second_releases_grants_are_all_there_afterwards() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let mut conn = release(&url, 2).await;
    sqlx::raw_sql(SECOND_RELEASES_GRANTS).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let vault = connect(&url).await;
    let time = |millis| Timestamp::from_millisecond(millis).unwrap();
    let id = |last: &str| format!("00000000-0000-7000-8000-00000000000{last}").parse().unwrap();
    let full = GrantRecord {
        id: GrantId::from_uuid(id("2")),
        of: GrantOf::Token(TokenId::from_uuid(id("1"))),
        forge: "github.com".to_owned(),
        source: "app:main".to_owned(),
        repositories: vec!["Acme/Tools".to_owned()],
        permissions: Some(Permissions::parse_list("contents=write").unwrap()),
        fingerprint: Fingerprint::parse("0123456789ab").unwrap(),
        holder: "client:ci".to_owned(),
        holder_key: "client:an id".to_owned(),
        rule: "file:ci".to_owned(),
        address: Some("203.0.113.9".to_owned()),
        request_id: Some("request-1".to_owned()),
        issued_at: time(2000),
        expires_at: time(5000),
        released_at: Some(time(3000)),
    };
    let plain = GrantRecord {
        id: GrantId::from_uuid(id("3")),
        forge: "ghe.example.com".to_owned(),
        source: "app:other".to_owned(),
        repositories: Vec::new(),
        permissions: Some(Permissions::default()),
        holder: "anonymous".to_owned(),
        holder_key: "anonymous".to_owned(),
        rule: String::new(),
        address: None,
        request_id: None,
        issued_at: time(2500),
        released_at: None,
        ..full.clone()
    };
    let mut tx = vault.read().await.unwrap();
    let all = tx
        .grants()
        .list(&GrantFilter::default(), None, time(0), 10)
        .await
        .unwrap();
    assert_eq!(all, [plain.clone(), full]);
    let token = TokenId::from_uuid(id("1"));
    assert_eq!(tx.grants().count_held(token).await.unwrap(), 1);
    let filter = GrantFilter {
        only_live: true,
        holder_key: Some("anonymous".to_owned()),
        ..GrantFilter::default()
    };
    assert_eq!(tx.grants().list(&filter, None, time(0), 10).await.unwrap(), [plain]);
}

#[tokio::test]
async fn the_second_releases_table_of_grants_keeps_its_rules() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let mut conn = release(&url, 2).await;
    sqlx::raw_sql(SECOND_RELEASES_GRANTS).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    connect(&url).await.close().await;
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT indexname::text FROM pg_indexes WHERE tablename = 'grants' AND indexname <> 'grants_pkey' ORDER BY 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert_eq!(
        indexes,
        [
            "grants_by_end",
            "grants_by_fingerprint",
            "grants_by_holder",
            "grants_by_source",
            "grants_by_token",
            "grants_held_by_end",
            "grants_held_by_holder",
            "grants_held_of_account",
        ]
    );
    // A grant is of one thing: a token that is there, or an account.
    let id = |last: &str| format!("'00000000-0000-7000-8000-0000000000{last}'::uuid");
    let grant = |token: String, account: String| {
        AssertSqlSafe(format!(
            "INSERT INTO grants (id, token, account, forge, source, repositories, fingerprint, holder, holder_key, rule, \
             issued_at, expires_at) SELECT {}, {token}, {account}, forge, source, '[]', fingerprint, holder, holder_key, \
             rule, issued_at, expires_at FROM grants LIMIT 1",
            id("04")
        ))
    };
    let nothing = || "NULL".to_owned();
    for refused in [
        grant(nothing(), nothing()),
        grant(id("01"), id("0a")),
        grant(id("ff"), nothing()),
    ] {
        sqlx::raw_sql(refused).execute(&mut conn).await.unwrap_err();
    }
    let allowed = grant(nothing(), id("0a"));
    sqlx::raw_sql(allowed).execute(&mut conn).await.unwrap();
}

/// Accounts and what hangs on them, as the seventh release kept them: the values are of two data keys.
const SEVENTH_RELEASES_ACCOUNTS: &str = "INSERT INTO data_keys (id, wrapped, wrapped_by, created_at, activated_at) VALUES \
         ('000000000001', '\\x01', 'ba9876543210', 1, 1), ('000000000002', '\\x01', 'ba9876543210', 2, 2); \
         INSERT INTO accounts (id, label, note, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, kind, token, \
         fingerprint, serves, is_default, active, auto_rotate, end_is_known, validity, next_check_at, token_since, \
         created_at, updated_at) VALUES ('00000000-0000-7000-8000-000000000001', 'work', 'größer', '', 'operator', \
         'gitlab', 'https://gitlab.com/api/v4', 'https://gitlab.com', 'gitlab.com', 'gitlab_group', \
         decode('01000000000001' || repeat('00', 73), 'hex'), '0123456789ab', '[\"acme\"]', TRUE, TRUE, TRUE, FALSE, 'valid', 10, \
         20, 30, 40); \
         INSERT INTO account_rotations (id, account, state, old_fingerprint, new_token, attempts, asked_by, created_at, \
         changed_at) VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', \
         'received', '0123456789ab', decode('01000000000002' || repeat('00', 73), 'hex'), 1, 'watch', 50, 60); \
         INSERT INTO grants (id, account, forge, source, repositories, fingerprint, holder, holder_key, rule, issued_at, \
         expires_at) VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001', \
         'gitlab.com', 'account:work', '[]', '0123456789ab', 'client:ci', 'client:an id', '', 70, 80)";

#[tokio::test]
async fn the_seventh_releases_accounts_get_targets_and_old_tokens() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let mut conn = release(&url, 7).await;
    sqlx::raw_sql(SEVENTH_RELEASES_ACCOUNTS)
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    // Twice: what was migrated opens as it is.
    connect(&url).await.close().await;
    let vault = connect(&url).await;
    let id = |last: &str| format!("00000000-0000-7000-8000-0000000000{last}").parse().unwrap();
    let time = |millis| Timestamp::from_millisecond(millis).unwrap();
    let of = AccountId::from_uuid(id("01"));
    let mut tx = vault.begin().await.unwrap();
    let account = tx.accounts().find(of).await.unwrap().unwrap();
    assert_eq!(
        (account.label.as_str(), account.note.as_deref()),
        ("work", Some("größer"))
    );
    assert_eq!((account.token.as_bytes().len(), account.updated_at), (80, time(40)));
    let rotation = tx.rotations().find_open(of).await.unwrap().unwrap();
    assert_eq!(
        (rotation.id, rotation.changed_at),
        (RotationId::from_uuid(id("02")), time(60))
    );
    assert_eq!(tx.grants().held_of_account(of, time(75), 9).await.unwrap().len(), 1);
    assert_eq!(tx.sealed_rows().count().await.unwrap().len(), 2);
    // Nothing of the new is there, and all of it works.
    assert_eq!(tx.runners().list(None, None, 9).await.unwrap(), []);
    assert_eq!(tx.targets().list(of, 9).await.unwrap(), []);
    assert_eq!(tx.targets().await_push(of, time(90)).await.unwrap(), 0);
    assert_eq!(tx.old_tokens().list(of, 9).await.unwrap(), []);
    let target = TargetRecord {
        id: TargetId::from_uuid(id("04")),
        account: of,
        forge: account.forge.clone(),
        scope: CiScope::Instance,
        name: SecretName::parse(ForgeKind::GitLab, "TOKEN").unwrap(),
        environment: None,
        options: Value::Null,
        source: "account:work".to_owned(),
        state: TargetState::Pending,
        pushed: None,
        pushed_at: None,
        attempts: 0,
        due_at: None,
        waited_seconds: 0,
        error: None,
        added_by: "operator".to_owned(),
        rule: String::new(),
        created_at: time(90),
        changed_at: time(90),
    };
    assert!(tx.targets().add(&target).await.unwrap());
    let old_token = OldTokenRecord {
        id: OldTokenId::from_uuid(id("05")),
        account: of,
        forge: account.forge,
        kind: account.kind,
        username: None,
        email: None,
        token: Some(account.token),
        fingerprint: account.fingerprint,
        state: OldTokenState::Waiting,
        ends_by: time(100),
        ending_since: None,
        error: None,
        created_at: time(90),
        changed_at: time(90),
    };
    tx.old_tokens().add(&old_token).await.unwrap();
    assert!(tx.accounts().remove(of).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = vault.begin().await.unwrap();
    assert_eq!(tx.targets().find(target.id).await.unwrap(), None);
    assert_eq!(
        tx.old_tokens().find(old_token.id).await.unwrap().as_ref(),
        Some(&old_token)
    );
    // Its key stays for it, and no value of a key that is gone comes in.
    let key = |number: u8| KeyId::parse(&format!("{number:012x}")).unwrap();
    assert!(!tx.data_keys().remove(&key(1)).await.unwrap());
    let place = SealedPlace::OldToken;
    let found = tx.sealed_rows().list(place, &key(1), None, 9).await.unwrap();
    assert_eq!(found.len(), 1);
    let of_key = |number: u8| {
        let mut bytes = found[0].value.as_bytes().to_vec();
        bytes[6] = number;
        Sealed::from_bytes(bytes)
    };
    let replaced = tx
        .sealed_rows()
        .replace(place, &found[0].row, &found[0].value, &of_key(2))
        .await;
    assert!(replaced.unwrap());
    assert!(tx.data_keys().remove(&key(1)).await.unwrap());
    let replaced = tx
        .sealed_rows()
        .replace(place, &found[0].row, &of_key(2), &of_key(1))
        .await;
    assert!(matches!(replaced, Err(VaultError::DataKeyGone)), "{replaced:?}");
}
