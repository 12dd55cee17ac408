//! What PostgreSQL will do for runners, targets and old tokens, on tables that are large enough for it to choose as it does
//! with a million accounts.

use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{SealedPlace, Vault as _};
use sqlx::{Connection as _, PgConnection};

use crate::{
    PostgresOptions, PostgresVault, data_keys, old_tokens,
    plans::plan,
    plans_accounts::settled_plan,
    runners,
    sealed_rows::{Statements, statements},
    targets,
};

/// Half of all is of one host or one account, and old: nothing that counts how frequent it is may take a walk past the other
/// half. Half of the accounts have no target.
const ROWS: &str = "INSERT INTO accounts (id, label, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, \
    kind, token, fingerprint, serves, is_default, active, auto_rotate, end_is_known, validity, next_check_at, \
    token_since, created_at, updated_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'n' || n, '', 'operator', 'github', \
    'https://api.github.com', 'https://github.com', 'github.com', 'github_classic', '\\x00', 'f' || n, '[]', FALSE, FALSE, \
    FALSE, FALSE, 'valid', 0, 0, 0, 0 FROM generate_series(1, 1000) AS n; \
    INSERT INTO runners (id, forge_kind, forge_api_url, forge_web_url, host, scope_kind, scope_path, name, place, wish, \
    state, token, source, made_by, created_at, changed_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'gitlab', 'u', 'u', \
    CASE WHEN n < 10000 THEN 'git.example.com' ELSE 'git' || n % 20 || '.example.com' END, 'instance', '', 'n' || n, \
    sha256(n::text::bytea), '{}', 'live', decode('010000000000' || lpad(to_hex(n % 10), 2, '0') || repeat('00', 120), 'hex'), \
    'app:main', 'operator', n, n FROM generate_series(1, 20000) AS n; \
    INSERT INTO account_targets (id, account, forge_kind, forge_api_url, forge_web_url, host, scope_kind, scope_path, name, \
    place, options, source, state, attempts, waited, added_by, rule, created_at, changed_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, \
    ('00000000-0000-7000-8000-' || lpad((CASE WHEN n < 10000 THEN 1 ELSE n % 500 + 1 END)::text, 12, '0'))::uuid, 'github', \
    'u', 'u', 'github.com', 'owner', 'acme', 'N' || n, sha256(n::text::bytea), '{}', 'app:main', 'current', 0, 0, 'operator', \
    '', n, n FROM generate_series(1, 20000) AS n; \
    INSERT INTO old_tokens (id, account, forge_kind, forge_api_url, forge_web_url, host, kind, token, fingerprint, state, \
    ends_by, created_at, changed_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, \
    ('00000000-0000-7000-8000-' || lpad((CASE WHEN n < 10000 THEN 1 ELSE n % 500 + 1 END)::text, 12, '0'))::uuid, 'gitlab', \
    'u', 'u', 'gitlab.com', 'gitlab_personal', CASE WHEN n < 5000 THEN \
    decode('010000000000' || lpad(to_hex(n % 10), 2, '0') || repeat('00', 120), 'hex') END, 'f' || n % 700, \
    CASE WHEN n < 5000 THEN 'waiting' WHEN n % 2 = 0 THEN 'kept' ELSE 'ended' END, n, n, n \
    FROM generate_series(1, 20000) AS n; ANALYZE";

async fn filled() -> (TempPostgres, PostgresVault, PgConnection) {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut conn).await.unwrap();
    (server, vault, conn)
}

#[tokio::test]
async fn runners_targets_and_old_tokens_are_index_look_ups() {
    let (_server, vault, mut conn) = filled().await;
    let id = |n: u32| format!("'00000000-0000-7000-8000-{n:012}'");
    let mut cases = vec![
        (runners::FIND_NAMED, "sha256('7')".to_owned(), "runners_places"),
        (runners::LIST, format!("{}, 50", id(7000)), "runners_pkey"),
        (runners::LIST, format!("{}, 50", id(0)), "runners_pkey"),
        (old_tokens::WAITING_WITH, "'f7'".to_owned(), "old_tokens_waiting"),
        (old_tokens::PURGE, "5100, 50".to_owned(), "old_tokens_closed"),
    ];
    for host in ["git.example.com", "git7.example.com", "absent.example.com"] {
        for after in [0, 7000, 15000] {
            let values = format!("{}, 50, '{host}'", id(after));
            cases.push((runners::LIST_ON_HOST, values, "runners_by_host"));
        }
    }
    // Of an account with some, of one without any, and of one that is not there.
    for account in [7, 700, 99_999] {
        let (list, account) = (format!("{}, 100", id(account)), id(account));
        cases.push((targets::LIST, list.clone(), "account_targets_"));
        cases.push((targets::AWAIT_PUSH, format!("{account}, 5"), "account_targets_"));
        // As the removal of an account does, which has no plan of its own to look at.
        cases.push((
            "DELETE FROM account_targets WHERE account = $1",
            account,
            "account_targets_",
        ));
        cases.push((old_tokens::LIST, list, "old_tokens_by_account"));
    }
    // Of one with very many, in their order.
    cases.push((targets::LIST, format!("{}, 100", id(1)), "account_targets_by_account"));
    cases.push((old_tokens::LIST, format!("{}, 5", id(1)), "old_tokens_by_account"));
    for (sql, values, index) in &cases {
        let plan = settled_plan(&mut conn, sql, values).await;
        assert!(plan.contains(index), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
    vault.close().await;
}

#[tokio::test]
async fn values_of_a_key_are_found_and_counted_along_an_index() {
    let (_server, vault, mut conn) = filled().await;
    for place in [SealedPlace::RunnerToken, SealedPlace::OldToken] {
        let table = place.table();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("VACUUM ANALYZE {table}")))
            .execute(&mut conn)
            .await
            .unwrap();
        let Statements { list, count, .. } = statements(place);
        let key = "decode('000000000007', 'hex')";
        let of_list = plan(
            &mut conn,
            list,
            &format!("{key}, '00000000-0000-7000-8000-000000000100', 100"),
        )
        .await;
        assert!(
            of_list.contains(&format!("Index Scan using {table}_by_data_key ")),
            "{of_list}"
        );
        assert!(!of_list.contains("Sort"), "{of_list}");
        let of_count = plan(&mut conn, count, "").await;
        assert!(
            of_count.contains(&format!("Index Only Scan using {table}_by_data_key ")),
            "{of_count}"
        );
        let of_removal = plan(&mut conn, data_keys::REMOVE, &format!("'000000000007', {key}")).await;
        assert!(of_removal.contains(&format!("{table}_by_data_key ")), "{of_removal}");
        assert!(!of_removal.contains(&format!("Seq Scan on {table}")), "{of_removal}");
    }
    vault.close().await;
}
