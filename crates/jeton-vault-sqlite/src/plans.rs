//! What SQLite will do for the queries that must stay fast at a million rows.

use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
use tempfile::TempDir;

use crate::{SqliteVault, clients, grants, jobs, ledger_list, tokens, users, web_sessions};

pub(crate) async fn database() -> (TempDir, SqliteVault, SqlitePool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.db");
    let vault = SqliteVault::open(&path).await.unwrap();
    let readers = crate::open::readers(&path, "test").await.unwrap();
    (directory, vault, readers)
}

pub(crate) async fn plan(pool: &SqlitePool, sql: &str) -> Vec<String> {
    sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(pool)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get("detail"))
        .collect()
}

#[tokio::test]
async fn hot_queries_are_index_look_ups() {
    let (_directory, _vault, pool) = database().await;
    let cases = [
        (
            tokens::FIND_LIVE,
            "SEARCH tokens USING INDEX tokens_live (key_digest=? AND expires_at>?)",
        ),
        (grants::OF_ANYBODY.all, "SEARCH grants USING PRIMARY KEY (id<?)"),
        (
            grants::OF_ANYBODY.live_among_newest,
            "SEARCH grants USING PRIMARY KEY (id<?)",
        ),
        (
            grants::OF_ANYBODY.live_by_end,
            "SEARCH grants USING INDEX grants_held_by_end (expires_at>?)",
        ),
        (jobs::CLAIM, "SEARCH jobs USING INDEX jobs_to_wake (wake_at<?)"),
        (
            tokens::PURGE,
            "SEARCH ended USING INDEX tokens_by_end (forge_expires_at<?)",
        ),
        (
            tokens::PURGE,
            "SEARCH grants USING COVERING INDEX grants_by_token (token=?)",
        ),
        (
            tokens::LIST_ENDED_EARLY,
            "SEARCH tokens USING INDEX tokens_ended_early (expires_at>?)",
        ),
        (
            tokens::WIPE,
            "SEARCH tokens USING INDEX tokens_sealed_by_end (forge_expires_at<?)",
        ),
    ];
    for (sql, step) in cases {
        let plan = plan(&pool, sql).await;
        assert!(plan.iter().any(|found| found.starts_with(step)), "{sql}\n{plan:#?}");
        // The list of kinds is the one thing that is walked through.
        let scans: Vec<_> = plan
            .iter()
            .filter(|step| step.starts_with("SCAN") && !step.contains("json_each") && !step.contains("(subquery"))
            .collect();
        assert!(scans.is_empty(), "{sql}\n{plan:#?}");
    }
}

#[tokio::test]
async fn lists_of_callers_and_of_the_record_are_index_look_ups() {
    let (_directory, _vault, pool) = database().await;
    let cases = [
        (
            grants::OF_HOLDER.all,
            &["SEARCH grants USING INDEX grants_by_holder (holder_key=? AND id<?)"][..],
        ),
        (
            grants::OF_HOLDER.live_among_newest,
            &["SEARCH grants USING INDEX grants_by_holder (holder_key=? AND id<?)"],
        ),
        (
            grants::OF_HOLDER.live_by_end,
            &["SEARCH grants USING INDEX grants_held_by_holder (holder_key=? AND expires_at>?)"],
        ),
        (
            clients::LIST_ALL,
            &["SEARCH clients USING INDEX clients_by_name ((name,id)>(?,?))"],
        ),
        (
            clients::LIST_LIVE,
            &["SEARCH clients USING INDEX clients_live ((name,id)>(?,?))"],
        ),
        (users::COUNT_OPERATORS, &["SCAN users USING INDEX users_operators"]),
        (
            web_sessions::FIND,
            &[
                "SEARCH web_sessions USING INDEX sqlite_autoindex_web_sessions_1 (digest=?)",
                "SEARCH users USING INDEX sqlite_autoindex_users_1 (id=?)",
            ],
        ),
        (
            web_sessions::LIST,
            &["SEARCH web_sessions USING INDEX web_sessions_by_user (user_id=?)"],
        ),
        (
            ledger_list::BY_NUMBER,
            &["SEARCH ledger USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"],
        ),
        (
            ledger_list::BY_FINGERPRINT,
            &["SEARCH ledger USING INDEX ledger_by_fingerprint (fingerprint=? AND seq>? AND seq<?)"],
        ),
        (
            ledger_list::BY_REQUEST,
            &["SEARCH ledger USING INDEX ledger_by_request (request_id=? AND seq>? AND seq<?)"],
        ),
        (
            ledger_list::BY_EVENT,
            &["SEARCH ledger USING INDEX ledger_by_event (event=? AND seq>? AND seq<?)"],
        ),
        (
            ledger_list::BY_FAMILY,
            &["SEARCH ledger USING INDEX ledger_by_family (<expr>=? AND seq>? AND seq<?)"],
        ),
        (
            ledger_list::BY_ACTOR,
            &[
                "SEARCH ledger USING INDEX ledger_by_actor (actor=? AND seq>? AND seq<?)",
                "SEARCH ledger USING INDEX ledger_by_actor_name (actor_name=? AND seq>? AND seq<?)",
                "SEARCH ledger USING INTEGER PRIMARY KEY (rowid=?)",
            ],
        ),
        (
            ledger_list::FIRST_SINCE,
            &["SEARCH ledger USING COVERING INDEX ledger_by_time (latest>?)"],
        ),
        (
            ledger_list::LAST_BEFORE,
            &["SEARCH ledger USING COVERING INDEX ledger_by_time (latest<?)"],
        ),
        (
            ledger_list::LAST_ENTRY_BEFORE,
            &["SEARCH ledger USING INTEGER PRIMARY KEY (rowid<?)"],
        ),
        (ledger_list::LONGEST_DELAY, &["SCAN ledger USING INDEX ledger_by_delay"]),
    ];
    for (sql, steps) in cases {
        let plan = plan(&pool, sql).await;
        for step in steps {
            assert!(plan.iter().any(|found| found.starts_with(step)), "{sql}\n{plan:#?}");
        }
        // What is walked through is what a walk has found, or an index from its end.
        let scans: Vec<_> = plan
            .iter()
            .filter(|step| step.starts_with("SCAN"))
            .filter(|step| {
                !["ledger_by_delay", "users_operators", "by_key", "by_name", "(subquery"]
                    .iter()
                    .any(|known| step.contains(known))
            })
            .collect();
        assert!(scans.is_empty(), "{sql}\n{plan:#?}");
    }
}

#[tokio::test]
async fn pages_are_not_sorted_but_walked() {
    let (_directory, _vault, pool) = database().await;
    for sql in [
        tokens::FIND_LIVE,
        grants::OF_ANYBODY.all,
        grants::OF_ANYBODY.live_among_newest,
        grants::OF_HOLDER.all,
        grants::OF_HOLDER.live_among_newest,
        clients::LIST_ALL,
        clients::LIST_LIVE,
        ledger_list::BY_NUMBER,
        ledger_list::BY_FINGERPRINT,
        ledger_list::BY_REQUEST,
        ledger_list::BY_EVENT,
        ledger_list::BY_FAMILY,
        ledger_list::FIRST_SINCE,
        ledger_list::LAST_BEFORE,
        ledger_list::LAST_ENTRY_BEFORE,
        ledger_list::LONGEST_DELAY,
    ] {
        let plan = plan(&pool, sql).await;
        assert!(
            !plan.iter().any(|step| step.contains("TEMP B-TREE")),
            "{sql}\n{plan:#?}"
        );
    }
}
