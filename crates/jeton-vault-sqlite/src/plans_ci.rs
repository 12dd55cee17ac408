//! What SQLite will do for runners, targets and old tokens: each account may have some, and of accounts there may be a million.

use crate::{
    old_tokens,
    plans::{database, plan},
    runners, targets,
};

#[tokio::test]
async fn runners_targets_and_old_tokens_are_index_look_ups() {
    let (_directory, _vault, pool) = database().await;
    let cases = [
        (runners::FIND_NAMED, "runners USING INDEX runners_places (place=?)"),
        (runners::LIST, "runners USING INDEX sqlite_autoindex_runners_1 (id>?)"),
        (
            runners::LIST_ON_HOST,
            "runners USING INDEX runners_by_host (host=? AND id>?)",
        ),
        (runners::CHANGE, "runners USING INDEX sqlite_autoindex_runners_1 (id=?)"),
        (
            targets::LIST,
            "account_targets USING INDEX account_targets_by_account (account=?)",
        ),
        (
            targets::AWAIT_PUSH,
            "account_targets USING INDEX account_targets_by_account (account=?)",
        ),
        (
            targets::CHANGE,
            "account_targets USING INDEX sqlite_autoindex_account_targets_1 (id=?)",
        ),
        // As the removal of an account does, which has no plan of its own to look at.
        (
            "DELETE FROM account_targets WHERE account = ?1",
            "account_targets USING COVERING INDEX account_targets_by_account (account=?)",
        ),
        (
            old_tokens::LIST,
            "old_tokens USING INDEX old_tokens_by_account (account=?)",
        ),
        (
            old_tokens::WAITING_WITH,
            "old_tokens USING INDEX old_tokens_waiting (fingerprint=?)",
        ),
        (
            old_tokens::PURGE,
            "old_tokens USING INDEX old_tokens_closed (changed_at<?)",
        ),
        (
            old_tokens::CHANGE,
            "old_tokens USING INDEX sqlite_autoindex_old_tokens_1 (id=?)",
        ),
    ];
    for (sql, step) in cases {
        let plan = plan(&pool, sql).await;
        let step = format!("SEARCH {step}");
        assert!(plan.contains(&step), "{sql}\n{plan:#?}");
        assert!(!plan.iter().any(|found| found.starts_with("SCAN")), "{sql}\n{plan:#?}");
        assert!(
            !plan.iter().any(|found| found.contains("TEMP B-TREE")),
            "{sql}\n{plan:#?}"
        );
    }
}
