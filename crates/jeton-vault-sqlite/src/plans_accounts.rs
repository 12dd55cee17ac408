//! What SQLite will do for accounts, of which there may be a million.

use crate::{
    account_lists, account_search, accounts, grant_search, grants,
    plans::{database, plan},
    rotations,
};

#[tokio::test]
async fn lists_of_accounts_are_walks_along_an_index() {
    let (_directory, _vault, pool) = database().await;
    let cases = [
        (
            account_lists::LIST,
            "SEARCH accounts USING INDEX accounts_by_label ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_ON_HOST,
            "SEARCH accounts USING INDEX accounts_by_host (host=? AND (label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_OF,
            "SEARCH accounts USING INDEX accounts_labels (scope=? AND label>? AND label<?)",
        ),
        (
            account_lists::LIST_OF_ON_HOST,
            "SEARCH accounts USING INDEX accounts_of_scope_by_host (scope=? AND host=? AND (label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_INVALID,
            "SEARCH accounts USING INDEX accounts_invalid ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_OFF,
            "SEARCH accounts USING INDEX accounts_off ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_OF_INVALID,
            "SEARCH accounts USING INDEX accounts_invalid_of_scope (scope=? AND (label,id)>(?,?) AND label<?)",
        ),
        (
            account_lists::LIST_OF_OFF,
            "SEARCH accounts USING INDEX accounts_off_of_scope (scope=? AND (label,id)>(?,?) AND label<?)",
        ),
    ];
    for (sql, step) in cases {
        let plan = plan(&pool, sql).await;
        let walks: Vec<_> = plan.iter().filter(|found| found.contains(" accounts ")).collect();
        assert!(walks.iter().all(|walk| *walk == step), "{sql}\n{plan:#?}");
        assert_eq!(walks.len(), sql.matches("FROM accounts").count(), "{sql}\n{plan:#?}");
        // Nothing is sorted before a limit has cut it: each walk is followed by the next step of its parent.
        for (walk, next) in plan.iter().zip(&plan[1..]) {
            assert!(walk != step || next.starts_with("SCAN (subquery"), "{sql}\n{plan:#?}");
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of statements with the plan of each")]
async fn accounts_that_fit_or_are_due_are_index_look_ups() {
    let (_directory, _vault, pool) = database().await;
    let by_id = "accounts USING INDEX sqlite_autoindex_accounts_1 (id=?)";
    let cases = [
        (
            account_lists::SERVING,
            "account_serves USING COVERING INDEX account_serves_anybody (forge_kind=? AND key=?)",
        ),
        (account_lists::SERVING, by_id),
        (
            account_lists::SERVING_ON_HOST,
            "account_serves USING COVERING INDEX account_serves_anybody_on_host (host=? AND forge_kind=? AND key=?)",
        ),
        (account_lists::SERVING_ON_HOST, by_id),
        (
            account_lists::SERVING_SCOPE,
            "account_serves USING INDEX account_serves_scope (forge_kind=? AND scope=? AND key=?)",
        ),
        (account_lists::SERVING_SCOPE, by_id),
        (
            account_lists::SERVING_SCOPE_ON_HOST,
            "account_serves USING INDEX account_serves_scope_on_host (host=? AND forge_kind=? AND scope=? AND key=?)",
        ),
        (account_lists::SERVING_SCOPE_ON_HOST, by_id),
        (
            account_search::FIND,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (account_search::FIND, by_id),
        (
            account_search::FIND_OF,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_search::BROWSE,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_search::BROWSE_OF,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_search::COUNT_MATCHING,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_search::COUNT_MATCHING_OF,
            "accounts USING COVERING INDEX accounts_browse ((label,id)>(?,?) AND label<?)",
        ),
        (
            account_search::ENDING,
            "accounts USING COVERING INDEX accounts_by_end (expires_at>? AND expires_at<?)",
        ),
        (
            account_search::ENDING_OF,
            "accounts USING COVERING INDEX accounts_by_end (expires_at>? AND expires_at<?)",
        ),
        (
            account_search::ENDED_OF,
            "accounts USING COVERING INDEX accounts_by_end (expires_at>? AND expires_at<?)",
        ),
        (
            account_search::BROWSE_OWN,
            "accounts USING INDEX accounts_labels (scope=? AND label>? AND label<?)",
        ),
        (
            account_search::FIND_OWN,
            "accounts USING INDEX accounts_labels (scope=? AND label>? AND label<?)",
        ),
        (
            account_search::COUNT_OWN,
            "accounts USING INDEX accounts_labels (scope=? AND label>? AND label<?)",
        ),
        (accounts::FIND_MANY, by_id),
        (
            account_search::COUNT_ENDING_IN_OF,
            "accounts USING COVERING INDEX accounts_by_end (expires_at>? AND expires_at<?)",
        ),
        (
            account_search::LEAST_QUOTA,
            "accounts USING COVERING INDEX accounts_by_quota (quota_resets_at>?)",
        ),
        (
            account_search::LEAST_QUOTA_OF,
            "accounts USING COVERING INDEX accounts_by_quota (quota_resets_at>?)",
        ),
        (
            grant_search::BY_FINGERPRINT.all,
            "walk USING COVERING INDEX grants_by_fingerprint (fingerprint=? AND id<?)",
        ),
        (
            grant_search::BY_FINGERPRINT.live_among_newest,
            "walk USING COVERING INDEX grants_by_fingerprint (fingerprint=? AND id<?)",
        ),
        (
            grant_search::BY_FINGERPRINT.live_by_end,
            "grants USING INDEX grants_held_by_end (expires_at>?)",
        ),
        (
            grant_search::BY_SOURCE.all,
            "walk USING COVERING INDEX grants_by_source (source=? AND id<?)",
        ),
        (
            grant_search::BY_SOURCE.live_among_newest,
            "walk USING COVERING INDEX grants_by_source (source=? AND id<?)",
        ),
        (
            grant_search::BY_SOURCE.live_by_end,
            "grants USING INDEX grants_held_by_end (expires_at>?)",
        ),
        (
            grant_search::BY_HOLDER.all,
            "walk USING COVERING INDEX grants_by_holder (holder_key=? AND id<?)",
        ),
        (
            grant_search::BY_HOLDER.live_among_newest,
            "walk USING COVERING INDEX grants_by_holder (holder_key=? AND id<?)",
        ),
        (
            grant_search::BY_HOLDER.live_by_end,
            "grants USING INDEX grants_held_by_holder (holder_key=? AND expires_at>?)",
        ),
        (
            grant_search::BY_REPOSITORY.all,
            "walk USING PRIMARY KEY (repository=? AND grant_id<?)",
        ),
        (
            grant_search::BY_REPOSITORY.live_among_newest,
            "walk USING PRIMARY KEY (repository=? AND grant_id<?)",
        ),
        (
            grant_search::BY_REPOSITORY.live_by_end,
            "grants USING INDEX grants_held_by_end (expires_at>?)",
        ),
        (grant_search::COUNT_BY_HOUR, "grants USING PRIMARY KEY (id>? AND id<?)"),
        (
            grant_search::COUNT_OF_HOLDER,
            "grants USING COVERING INDEX grants_by_holder (holder_key=? AND id>? AND id<?)",
        ),
        (
            accounts::DUE_CHECKS,
            "accounts USING COVERING INDEX accounts_to_check (next_check_at<?)",
        ),
        (
            accounts::CLAIM_CHECKS,
            "accounts USING COVERING INDEX accounts_to_check (next_check_at<?)",
        ),
        (
            accounts::RECALL_FAR_CHECKS,
            "accounts USING COVERING INDEX accounts_to_check (next_check_at>?)",
        ),
        (
            accounts::COUNT_IN,
            "accounts USING COVERING INDEX accounts_labels (scope=?)",
        ),
        (
            accounts::SWITCH_OFF_IN,
            "accounts USING COVERING INDEX accounts_standing_of_scope (scope=?)",
        ),
        (
            accounts::DUE_WARNINGS,
            "accounts USING INDEX accounts_to_warn (next_warning_at<?)",
        ),
        (
            accounts::DUE_ROTATIONS,
            "accounts USING INDEX accounts_to_rotate (rotate_at<?)",
        ),
        (
            accounts::DUE_ROTATIONS,
            "account_rotations USING INDEX account_rotations_open (account=?)",
        ),
        (
            accounts::COUNT_ENDING,
            "accounts USING COVERING INDEX accounts_by_end (expires_at>? AND expires_at<?)",
        ),
        (
            rotations::FIND_OPEN,
            "account_rotations USING INDEX account_rotations_open (account=?)",
        ),
        (
            rotations::LIST,
            "account_rotations USING INDEX account_rotations_by_account (account=?)",
        ),
        (
            rotations::PURGE,
            "account_rotations USING INDEX account_rotations_closed (changed_at<?)",
        ),
        (
            grants::HELD_OF_ACCOUNT,
            "grants USING INDEX grants_held_of_account (account=? AND expires_at>?)",
        ),
        (
            grants::RELEASE_ACCOUNT,
            "grants USING INDEX grants_held_of_account (account=? AND expires_at>?)",
        ),
    ];
    for (sql, step) in cases {
        let plan = plan(&pool, sql).await;
        assert!(
            plan.iter().any(|found| found.strip_prefix("SEARCH ") == Some(step)),
            "{sql}\n{plan:#?}"
        );
        // What is walked through is a list that was given, or what a look-up has found.
        let scans: Vec<_> = plan
            .iter()
            .filter(|step| step.starts_with("SCAN") && !step.contains("json_each"))
            .filter(|step| {
                *step != "SCAN best"
                    && *step != "SCAN hours"
                    && *step != "SCAN CONSTANT ROW"
                    && !step.starts_with("SCAN (subquery")
            })
            .collect();
        assert!(scans.is_empty(), "{sql}\n{plan:#?}");
    }
    // The best of a key are not sorted but walked to, in the inner statement.
    for sql in [
        account_lists::SERVING,
        account_lists::SERVING_ON_HOST,
        account_lists::SERVING_SCOPE,
        account_lists::SERVING_SCOPE_ON_HOST,
    ] {
        let plan = plan(&pool, sql).await;
        assert_eq!(plan[2], "SCAN best", "{sql}\n{plan:#?}");
    }
}

#[tokio::test]
async fn accounts_are_counted_without_a_look_at_their_rows() {
    let (_directory, _vault, pool) = database().await;
    let counted = plan(&pool, accounts::COUNT).await;
    assert_eq!(counted, ["SCAN accounts USING COVERING INDEX accounts_by_standing"]);
    for (sql, group) in [
        (
            account_search::TALLY,
            "SEARCH one USING COVERING INDEX accounts_by_standing (forge_kind=? AND validity=? AND active=?",
        ),
        (
            account_search::TALLY_OF,
            "SEARCH one USING COVERING INDEX accounts_standing_of_scope (scope=? AND forge_kind=? AND validity=? AND active=?",
        ),
    ] {
        let tally = plan(&pool, sql).await;
        let walks: Vec<_> = tally.iter().filter(|step| step.contains(" one ")).collect();
        assert!(
            walks.len() == 2 && walks.iter().all(|walk| walk.starts_with(group)),
            "{sql}\n{tally:#?}"
        );
    }
}
