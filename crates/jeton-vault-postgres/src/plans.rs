//! What PostgreSQL will do for the lists that must stay fast at a million rows, on tables that are large enough for it to
//! choose as it does there.

use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::Vault as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{PostgresOptions, PostgresVault, grant_search, grants, ledger_list};

/// Half of all is of one kind and old: nothing that counts how frequent it is may take a walk past the other half.
const ROWS: &str = "INSERT INTO tokens (id, key_digest, app, installation, owner, repositories, permissions, fingerprint, \
    minted_at, expires_at, forge_expires_at, state) VALUES ('00000000-0000-7000-8000-000000000001', \
    decode(repeat('00', 32), 'hex'), '00000000-0000-7000-8000-000000000001', 1, 'acme', '[]', '{}', 'f', 0, 0, 0, 'live'); \
    INSERT INTO grants (id, token, forge, source, repositories, permissions, fingerprint, holder, holder_key, rule, \
    issued_at, expires_at, released_at) SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, \
    '00000000-0000-7000-8000-000000000001', 'f', CASE WHEN n < 20000 THEN 'old' ELSE 'app:' || n % 1000 END, \
    '[\"acme/r' || n % 1000 || '\"]', '{}', 'f' || n % 5000, 'h', 'client:' || CASE WHEN n < 20000 THEN 'old' ELSE (n % 1000)::text END, '', n, n, \
    CASE WHEN n % 10 > 0 THEN n END FROM generate_series(1, 40000) AS n; \
    INSERT INTO ledger (seq, at, latest, event, actor, actor_name, fingerprint, request_id, body, hash) \
    SELECT n, n - n % 50, n, CASE WHEN n < 20000 THEN 'old.e' ELSE 'new.e' || n % 20 END, 'client:' || n % 500, \
    'client:n' || n % 500, 'f' || n % 5000, 'r' || n, '{}', decode(repeat('00', 32), 'hex') \
    FROM generate_series(1, 40000) AS n; ANALYZE";

pub(crate) async fn plan(conn: &mut PgConnection, sql: &str, values: &str) -> String {
    sqlx::raw_sql(AssertSqlSafe(format!("PREPARE statement AS {sql}")))
        .execute(&mut *conn)
        .await
        .unwrap();
    let arguments = if values.is_empty() {
        String::new()
    } else {
        format!("({values})")
    };
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE statement {arguments}")))
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    sqlx::raw_sql("DEALLOCATE statement").execute(conn).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

#[expect(clippy::too_many_lines, reason = "one filled database for a table of statements")]
#[tokio::test]
async fn lists_of_grants_and_of_the_record_are_index_look_ups() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
        .await
        .unwrap();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(ROWS).execute(&mut conn).await.unwrap();
    let list = |event: &str, begins: &str, fingerprint: &str, request: &str, actor: &str, family: &str| {
        format!("0, 30000, 50, {event}, {begins}, {fingerprint}, {request}, NULL, NULL, {actor}, {family}")
    };
    let id = "'00000000-0000-7000-8000-000000030000'";
    let cases = [
        (
            grants::OF_HOLDER.all,
            format!("{id}, 50, 'client:7'"),
            "grants_by_holder",
        ),
        (
            grants::OF_HOLDER.live_among_newest,
            format!("{id}, 50, 100, 200, 'client:7'"),
            "grants_by_holder",
        ),
        (
            grants::OF_HOLDER.live_by_end,
            format!("{id}, 50, 100, 'client:7'"),
            "grants_held_by_holder",
        ),
        (
            grant_search::BY_SOURCE.live_among_newest,
            format!("{id}, 50, 100, NULL, 'app:7', NULL, NULL, 200"),
            "grants_by_source",
        ),
        (
            grant_search::BY_SOURCE.all,
            format!("{id}, 50, NULL, NULL, 'old', NULL, NULL"),
            "grants_by_source",
        ),
        (
            grant_search::BY_FINGERPRINT.live_among_newest,
            format!("{id}, 50, 100, NULL, NULL, NULL, 'f7', 200"),
            "grants_by_fingerprint",
        ),
        (
            grant_search::BY_HOLDER.all,
            format!("{id}, 50, NULL, 'client:7', NULL, NULL, NULL"),
            "grants_by_holder",
        ),
        (
            grant_search::BY_HOLDER.live_by_end,
            format!("{id}, 50, 39900, 'client:7', 'old', NULL, NULL"),
            "grants_held_by_holder",
        ),
        (
            grant_search::BY_REPOSITORY.live_among_newest,
            format!("{id}, 50, 100, NULL, NULL, 'acme/r7', NULL, 200"),
            "grant_repositories_by_name",
        ),
        (
            grant_search::BY_REPOSITORY.all,
            format!("{id}, 50, NULL, NULL, NULL, 'acme/', NULL"),
            "grant_repositories_by_name",
        ),
        (
            grant_search::BY_REPOSITORY.live_by_end,
            format!("{id}, 50, 39900, NULL, NULL, 'acme/', NULL"),
            "grants_held_by_end",
        ),
        (grant_search::COUNT_BY_HOUR, "20000, 20100".to_owned(), "grants_pkey"),
        (
            grant_search::COUNT_OF_HOLDER,
            "20000, 20100, 'client:7'".to_owned(),
            "grants_by_holder",
        ),
        (
            ledger_list::BY_NUMBER,
            list("NULL", "NULL", "NULL", "NULL", "NULL", "NULL"),
            "ledger_pkey",
        ),
        (
            ledger_list::BY_FINGERPRINT,
            list("NULL", "NULL", "'f7'", "NULL", "NULL", "NULL"),
            "ledger_by_fingerprint",
        ),
        (
            ledger_list::BY_REQUEST,
            list("NULL", "NULL", "NULL", "'r7'", "NULL", "NULL"),
            "ledger_by_request",
        ),
        (
            ledger_list::BY_EVENT,
            list("'old.e'", "NULL", "NULL", "NULL", "NULL", "NULL"),
            "ledger_by_event",
        ),
        (
            ledger_list::BY_FAMILY,
            list("NULL", "'old.'", "NULL", "NULL", "NULL", "'old.'"),
            "ledger_by_family",
        ),
        (
            ledger_list::BY_ACTOR,
            list("NULL", "NULL", "NULL", "NULL", "'client:7'", "NULL"),
            "ledger_by_actor",
        ),
        (
            ledger_list::BY_ACTOR,
            list("NULL", "NULL", "NULL", "NULL", "'client:7'", "NULL"),
            "ledger_by_actor_name",
        ),
        (ledger_list::FIRST_SINCE, "20000".to_owned(), "ledger_by_time"),
        (ledger_list::LAST_BEFORE, "20000".to_owned(), "ledger_by_time"),
        (ledger_list::LONGEST_DELAY, String::new(), "ledger_by_delay"),
        (ledger_list::LAST_ENTRY_BEFORE, "20000, 19000".to_owned(), "ledger_pkey"),
    ];
    for (sql, values, index) in cases {
        let plan = plan(&mut conn, sql, &values).await;
        assert!(plan.contains(&format!("{index} ")), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
    vault.close().await;
}
