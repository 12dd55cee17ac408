//! What SQLite will do for the queries that must stay fast at a million rows.

use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
use tempfile::TempDir;

use crate::{SqliteVault, grants, jobs, tokens};

async fn database() -> (TempDir, SqliteVault, SqlitePool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jeton.db");
    let vault = SqliteVault::open(&path).await.unwrap();
    let readers = crate::open::readers(&path, "test").await.unwrap();
    (directory, vault, readers)
}

async fn plan(pool: &SqlitePool, sql: &str) -> Vec<String> {
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
        (grants::LIST_ALL, "SEARCH grants USING PRIMARY KEY (id<?)"),
        (grants::LIST_LIVE_AMONG_NEWEST, "SEARCH grants USING PRIMARY KEY (id<?)"),
        (
            grants::LIST_LIVE_BY_END,
            "SEARCH grants USING INDEX grants_held_by_end (expires_at>?)",
        ),
        (jobs::CLAIM, "SEARCH jobs USING INDEX jobs_to_wake (wake_at<?)"),
        (tokens::PURGE, "SEARCH ended USING INDEX tokens_by_end (expires_at<?)"),
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
            "SEARCH tokens USING INDEX tokens_sealed_by_end (expires_at<?)",
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
async fn pages_are_not_sorted_but_walked() {
    let (_directory, _vault, pool) = database().await;
    for sql in [tokens::FIND_LIVE, grants::LIST_ALL] {
        let plan = plan(&pool, sql).await;
        assert!(
            !plan.iter().any(|step| step.contains("TEMP B-TREE")),
            "{sql}\n{plan:#?}"
        );
    }
}
