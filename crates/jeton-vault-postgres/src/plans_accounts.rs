//! What PostgreSQL will do for accounts, of which there may be a million, on tables that are large enough for it to choose as
//! it does there.

use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::Vault as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{PostgresOptions, PostgresVault, account_lists, account_search, accounts, grants, rotations};

/// Of all accounts the first half in the order of the labels is one user's on github.com, the second half shared or of
/// many: nothing that counts how frequent a value is may take a walk past the other half. Few are due.
const ROWS: &str = "INSERT INTO accounts (id, label, scope, added_by, forge_kind, forge_api_url, forge_web_url, host, \
    kind, token, fingerprint, serves, is_default, active, auto_rotate, end_is_known, validity, expires_at, next_check_at, \
    next_warning_at, rotate_at, quota_left, quota_resets_at, token_since, created_at, updated_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'n' || lpad(n::text, 6, '0'), \
    CASE WHEN n < 10000 THEN 'user:old' WHEN n % 2 = 0 THEN '' ELSE 'user:' || n % 500 END, 'operator', 'github', \
    'https://api.github.com', 'https://github.com', \
    CASE WHEN n < 10000 OR n % 3 = 0 THEN 'github.com' ELSE 'git' || n % 20 || '.example.com' END, 'github_classic', \
    decode(repeat('00', 80), 'hex'), 'f' || n, CASE WHEN n % 4 = 0 THEN '[]' ELSE '[\"acme\"]' END, FALSE, n % 10 > 0, \
    FALSE, TRUE, CASE WHEN n % 50 = 0 THEN 'invalid' ELSE 'valid' END, 1000 + n, 1000 + n, CASE WHEN n % 2 = 0 THEN 1000 + n END, CASE WHEN n % 2 = 0 THEN 1000 + n END, \
    n % 1000, 1000 + n, 0, 0, 0 FROM generate_series(1, 20000) AS n; \
    INSERT INTO account_rotations (id, account, state, old_fingerprint, attempts, asked_by, created_at, changed_at) \
    SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, \
    ('00000000-0000-7000-8000-' || lpad((n % 500 + 1)::text, 12, '0'))::uuid, CASE WHEN n < 400 THEN 'asked' ELSE 'done' END, \
    'f' || n, 1, 'watch', n, n FROM generate_series(1, 10000) AS n; \
    INSERT INTO grants (id, account, forge, source, repositories, fingerprint, holder, holder_key, rule, issued_at, \
    expires_at, released_at) SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, \
    ('00000000-0000-7000-8000-' || lpad((CASE WHEN n < 10000 THEN 1 ELSE n % 100 END)::text, 12, '0'))::uuid, 'f', 'a', \
    '[]', 'f', 'h', 'h', '', n, n, CASE WHEN n % 10 = 0 THEN n END FROM generate_series(1, 20000) AS n; ANALYZE";

/// The plan that a prepared statement ends up with. From the sixth time on PostgreSQL may use one that fits any values.
pub(crate) async fn settled_plan(conn: &mut PgConnection, sql: &str, values: &str) -> String {
    let mut statements = vec![format!("PREPARE settled AS {sql}")];
    statements.extend(vec![format!("EXPLAIN EXECUTE settled ({values})"); 7]);
    let mut plan = String::new();
    for statement in statements {
        let rows = sqlx::raw_sql(AssertSqlSafe(statement))
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        plan = lines.join("\n");
    }
    sqlx::raw_sql("DEALLOCATE settled").execute(conn).await.unwrap();
    plan
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of statements with the plan of each")]
async fn accounts_are_index_look_ups() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut conn).await.unwrap();
    let page = "'n000100', '00000000-0000-7000-8000-000000000100', 'o', 50, NULL, NULL, NULL, NULL, NULL, NULL, NULL";
    let of = |scope: &str| format!("{page}, '{scope}'");
    let id = "'00000000-0000-7000-8000-000000000001'";
    let holder = "'00000000-0000-7000-8000-000000000007'";
    let keys = "ARRAY['acme/tools', 'acme', '']";
    let fit = |rest: &str| format!("'github', {keys}, 5{rest}");
    let cases = [
        (account_lists::LIST, page.to_owned(), &["accounts_by_label"][..]),
        (account_lists::LIST_ON_HOST, of("github.com"), &["accounts_by_host"]),
        (
            account_lists::LIST_ON_HOST,
            of("git7.example.com"),
            &["accounts_by_host"],
        ),
        (account_lists::LIST_OF, of("user:old"), &["accounts_labels"]),
        (account_lists::LIST_OF, of("user:7"), &["accounts_labels"]),
        (
            account_lists::LIST_OF_ON_HOST,
            of("user:old', 'github.com"),
            &["accounts_of_scope_by_host"],
        ),
        (
            account_lists::LIST_OF_ON_HOST,
            of("user:7', 'git7.example.com"),
            &["accounts_of_scope_by_host"],
        ),
        (
            account_lists::LIST_INVALID,
            format!("{page}, NULL"),
            &["accounts_invalid"],
        ),
        (account_lists::LIST_OFF, of("git7.example.com"), &["accounts_off"]),
        (
            account_lists::LIST_OF_INVALID,
            format!("{}, NULL", of("user:7")),
            &["accounts_invalid_of_scope"],
        ),
        (
            account_lists::LIST_OF_OFF,
            of("user:old', 'github.com"),
            &["accounts_off_of_scope"],
        ),
        (
            account_search::COUNT_ENDING_IN,
            "1100, 1150".to_owned(),
            &["accounts_by_end"],
        ),
        (
            account_search::ENDING,
            "1100, 1150, 12".to_owned(),
            &["accounts_by_end", "accounts_pkey"],
        ),
        (
            account_search::ENDING_OF,
            "1100, 1150, 12, 'user:7'".to_owned(),
            &["accounts_by_end", "accounts_pkey"],
        ),
        (
            account_search::ENDED_OF,
            "1100, 1150, 4, 'user:7'".to_owned(),
            &["accounts_by_end", "accounts_pkey"],
        ),
        (
            account_search::BROWSE_OWN,
            format!("{}, NULL", of("user:old")),
            &["accounts_labels"],
        ),
        (
            account_search::FIND_OWN,
            format!("{}, NULL", of("user:7")),
            &["accounts_labels", "accounts_pkey"],
        ),
        (
            account_search::COUNT_OWN,
            format!("{}, NULL", of("user:7")),
            &["accounts_labels"],
        ),
        (
            accounts::FIND_MANY,
            format!("ARRAY[{id}, {holder}]::uuid[]"),
            &["accounts_pkey"],
        ),
        (
            account_search::LEAST_QUOTA,
            "20900, 8, NULL".to_owned(),
            &["accounts_by_quota", "accounts_pkey"],
        ),
        (
            account_search::LEAST_QUOTA_OF,
            "20900, 8, true, 'user:7'".to_owned(),
            &["accounts_by_quota", "accounts_pkey"],
        ),
        (
            account_lists::SERVING,
            fit(""),
            &["account_serves_anybody", "accounts_pkey"],
        ),
        (
            account_lists::SERVING_ON_HOST,
            fit(", 'github.com'"),
            &["account_serves_anybody_on_host", "accounts_pkey"],
        ),
        (
            account_lists::SERVING_SCOPE,
            fit(", 'user:old'"),
            &["account_serves_scope", "accounts_pkey"],
        ),
        (
            account_lists::SERVING_SCOPE,
            fit(", 'user:7'"),
            &["account_serves_scope", "accounts_pkey"],
        ),
        (
            account_lists::SERVING_SCOPE_ON_HOST,
            fit(", 'user:7', 'git7.example.com'"),
            &["account_serves_scope_on_host", "accounts_pkey"],
        ),
        (
            accounts::CLAIM_CHECKS,
            "20000, ARRAY['github.com'], 50, 90000".to_owned(),
            &["accounts_to_check", "accounts_pkey"],
        ),
        (
            accounts::RECALL_FAR_CHECKS,
            "20900, 0, 50".to_owned(),
            &["accounts_to_check"],
        ),
        (accounts::COUNT_IN, "'user:7', 101".to_owned(), &[]),
        (accounts::SWITCH_OFF_IN, "'user:7', 9".to_owned(), &[]),
        (accounts::DUE_WARNINGS, "20000, 50".to_owned(), &["accounts_to_warn"]),
        (
            accounts::DUE_ROTATIONS,
            "20000, 50".to_owned(),
            &["accounts_to_rotate", "account_rotations_open"],
        ),
        (accounts::COUNT_ENDING, "1100, 1150".to_owned(), &["accounts_by_end"]),
        (rotations::FIND_OPEN, id.to_owned(), &["account_rotations_open"]),
        (rotations::LIST, format!("{id}, 20"), &["account_rotations_by_account"]),
        (rotations::PURGE, "100, 50".to_owned(), &["account_rotations_closed"]),
        (
            grants::HELD_OF_ACCOUNT,
            format!("{holder}, 15000, 50"),
            &["grants_held_of_account"],
        ),
        (
            grants::RELEASE_ACCOUNT,
            format!("{holder}, 15000, NULL"),
            &["grants_held_of_account"],
        ),
    ];
    for (sql, values, indexes) in &cases {
        let plan = settled_plan(&mut conn, sql, values).await;
        for index in *indexes {
            assert!(plan.contains(&format!("{index} ")), "{sql}\n{plan}");
        }
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
    vault.close().await;
}

/// A walk along an index in the order that is asked for; with many rows, and once the table was vacuumed, past the rows.
#[tokio::test]
async fn accounts_are_searched_and_counted_along_an_index() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut conn).await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE accounts")
        .execute(&mut conn)
        .await
        .unwrap();
    let rare = "'', '00000000-0000-0000-0000-000000000000', '~', 50, NULL, NULL, NULL, 'n0199', NULL, NULL, NULL";
    let of = |rest: &str| format!("{rare}, {rest}");
    let cases = [
        (account_search::BROWSE, of("NULL"), "accounts_browse"),
        (account_search::FIND, of("NULL"), "accounts_browse"),
        (account_search::FIND, of("'github.com'"), "accounts_browse"),
        (account_search::TALLY, "2000".to_owned(), "accounts_by_standing"),
        (
            account_search::TALLY_OF,
            "2000, 'user:7'".to_owned(),
            "accounts_standing_of_scope",
        ),
    ];
    for (sql, values, index) in &cases {
        let plan = settled_plan(&mut conn, sql, values).await;
        // Among few rows the plain order is as cheap.
        let found = [*index, "accounts_by_label ", "accounts_labels "];
        assert!(found.iter().any(|index| plan.contains(index)), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
    // Of one owner and the shared ones: by scope or by label, whatever is less.
    let plan = settled_plan(&mut conn, account_search::FIND_OF, &of("'user:7', NULL")).await;
    assert!(
        plan.contains("accounts_browse ") || plan.contains("accounts_labels "),
        "{plan}"
    );
    assert!(!plan.contains("Seq Scan"), "{plan}");
    vault.close().await;
}
