//! The tests that every database must pass: one function per rule, each on a fresh database of its own. A database's
//! crate runs them all with [`vault_suite!`](crate::vault_suite).
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "these functions are tests: a panic is how they say that a rule is broken"
)]

mod accounts;
mod accounts_changes;
mod accounts_choose;
mod accounts_due;
mod accounts_fixtures;
mod accounts_lists;
mod accounts_races;
mod accounts_search;
mod apps;
mod caller_races;
mod ci_fixtures;
mod ci_races;
mod clients;
mod data_keys;
mod fixtures;
mod grants;
mod grants_accounts;
mod grants_search;
mod jobs;
mod leases;
mod ledger;
mod ledger_lists;
mod old_tokens;
mod policies;
mod races;
mod rotations;
mod runners;
mod sealed_rows;
mod targets;
mod tokens;
mod transactions;
mod users;
mod web_sessions;

pub use accounts::*;
pub use accounts_changes::*;
pub use accounts_choose::*;
pub use accounts_due::*;
pub use accounts_lists::*;
pub use accounts_races::*;
pub use accounts_search::*;
pub use apps::*;
pub use caller_races::*;
pub use ci_races::*;
pub use clients::*;
pub use data_keys::*;
pub use grants::*;
pub use grants_accounts::*;
pub use grants_search::*;
pub use jobs::*;
pub use leases::*;
pub use ledger::*;
pub use ledger_lists::*;
pub use old_tokens::*;
pub use policies::*;
pub use races::*;
pub use rotations::*;
pub use runners::*;
pub use sealed_rows::*;
pub use targets::*;
pub use tokens::*;
pub use transactions::*;
pub use users::*;
pub use web_sessions::*;

/// Makes a `#[tokio::test]` of each rule. `$fresh` is a function without arguments that gives a future of
/// `(vault, keep)`: a [`Vault`](crate::Vault) on an empty database, and whatever must live as long as it does.
#[macro_export]
macro_rules! vault_suite {
    ($fresh:path) => {
        $crate::vault_suite! {
            $fresh:
            accounts_are_found_as_they_were_added,
            accounts_labels_are_unique_in_their_scope,
            accounts_defaults_are_one_per_scope_and_host,
            accounts_are_found_by_fingerprint,
            accounts_are_updated_if_nobody_was_faster,
            accounts_updates_conflict_as_additions_do,
            accounts_checks_are_of_the_token_that_was_seen,
            accounts_tokens_are_replaced_if_nobody_was_faster,
            accounts_take_their_renewals_with_them,
            accounts_are_counted_by_forge_and_standing,
            accounts_are_chosen_in_their_order,
            accounts_without_keys_are_those_that_serve_everything,
            accounts_that_serve_twice_are_chosen_once,
            accounts_are_chosen_by_host,
            accounts_are_chosen_by_what_they_are_now,
            accounts_checks_are_claimed_by_their_time,
            accounts_checks_leave_out_hosts,
            accounts_checks_that_lie_too_far_ahead_are_recalled,
            accounts_of_a_scope_are_counted_and_switched_off,
            accounts_that_do_not_work_are_listed_in_order,
            accounts_warnings_are_due_by_their_time,
            accounts_renewals_are_due_when_none_is_under_way,
            accounts_are_paged_without_gap_or_repeat,
            accounts_pages_begin_behind_any_place,
            accounts_are_listed_by_every_filter_and_all_together,
            accounts_are_searched_by_what_is_written_of_them,
            accounts_lists_and_counts_agree,
            accounts_sketches_are_what_the_rows_say,
            accounts_are_tallied_by_how_they_stand,
            accounts_that_end_soon_are_listed_by_their_end,
            accounts_are_found_by_what_is_left_of_their_limit,
            accounts_labels_and_defaults_are_taken_by_one_of_many,
            accounts_are_updated_by_one_of_many,
            accounts_labels_are_changed_by_one_of_two,
            accounts_looks_never_pass_a_replacement,
            accounts_tokens_are_replaced_by_one_of_many,
            accounts_read_to_be_written_are_locked,
            accounts_checks_are_claimed_once_by_many,
            accounts_warnings_are_given_once_by_many,
            rotations_are_begun_by_one_of_many,
            rotations_step_is_taken_by_one_of_many,
            grants_of_accounts_are_found_as_they_were_added,
            grants_of_an_account_are_listed_while_held,
            grants_of_an_account_are_released_all_at_once,
            rotations_are_found_as_they_were_begun,
            rotations_are_open_one_at_a_time,
            rotations_of_one_token_are_open_one_at_a_time,
            rotations_of_no_account_are_refused,
            rotations_step_from_what_was_seen,
            rotations_are_listed_newest_first,
            rotations_are_purged_when_they_are_closed,
            runners_are_found_as_they_were_added,
            runners_are_one_per_scope_and_name,
            runners_change_from_what_was_seen,
            runners_changes_conflict_as_additions_do,
            runners_are_paged_without_gap_or_repeat,
            runners_are_removed_once,
            targets_are_found_as_they_were_added,
            targets_are_one_per_place,
            targets_of_no_account_are_refused,
            targets_change_from_what_was_seen,
            targets_changes_conflict_as_additions_do,
            targets_are_listed_in_the_order_of_their_addition,
            targets_of_an_account_await_a_new_token,
            targets_are_removed_once,
            targets_go_with_their_account,
            old_tokens_are_found_as_they_were_added,
            old_tokens_change_from_what_was_seen,
            old_tokens_that_do_not_wait_hold_no_token,
            old_tokens_that_wait_are_found_by_their_token,
            old_tokens_are_listed_newest_first,
            old_tokens_stay_when_their_account_goes,
            old_tokens_are_purged_when_they_do_not_wait,
            runners_are_added_by_one_of_many,
            runners_are_changed_by_one_of_many,
            targets_are_added_by_one_of_many,
            targets_never_miss_a_new_token,
            targets_never_outlive_their_account,
            old_tokens_are_changed_by_one_of_many,
            apps_are_listed_by_name_and_found_as_they_were_added,
            apps_names_are_unique,
            apps_take_their_installations_with_them,
            installations_are_put_over_what_was_known,
            data_keys_are_listed_oldest_first,
            data_keys_first_is_added_once,
            data_keys_become_active_one_after_the_other,
            data_keys_are_wrapped_anew_once,
            data_keys_in_use_stay,
            sealed_rows_are_listed_by_their_key,
            sealed_rows_are_replaced_if_they_are_as_they_were,
            sealed_rows_are_counted_by_place_and_key,
            sealed_rows_of_a_retired_key_are_refused,
            sealed_rows_and_retiring_never_pass_each_other,
            jobs_are_found_by_what_keeps_them_single,
            settings_are_set_once,
            grants_are_found_as_they_were_added,
            grants_of_a_token_in_revocation_are_refused,
            grants_are_paged_newest_first_without_gap_or_repeat,
            grants_listed_live_leave_out_the_ended_and_the_released,
            grants_listed_live_are_found_behind_many_dead_ones,
            grants_are_released_once,
            grants_are_released_all_at_once,
            grants_are_purged_by_their_end,
            jobs_wait_for_their_time_and_come_in_its_order,
            jobs_are_claimed_by_kind_and_up_to_a_limit,
            jobs_have_no_twin_until_they_are_done_or_dead,
            jobs_of_a_lost_worker_are_taken_over,
            jobs_of_another_worker_are_left_alone,
            jobs_are_retried_later_and_remember_why,
            jobs_that_are_dead_stay_for_people_to_see,
            jobs_tell_when_the_next_is_due,
            leases_are_taken_by_one,
            leases_are_extended_by_their_holder,
            leases_end_by_themselves,
            leases_are_released_by_their_holder_only,
            leases_that_ended_are_purged,
            leases_go_to_one_of_many_at_once,
            data_keys_first_is_one_of_many_at_once,
            apps_names_are_unique_among_many_at_once,
            jobs_are_claimed_once_by_many_at_once,
            jobs_have_no_twin_among_many_at_once,
            grants_and_revocation_never_pass_each_other,
            tokens_are_revoked_by_the_last_of_many_releases,
            tokens_are_found_as_they_were_added,
            tokens_find_live_gives_the_one_that_ends_last,
            tokens_find_live_gives_none_that_ended_or_is_revoked,
            tokens_are_found_by_fingerprint,
            tokens_are_revoked_in_two_steps,
            tokens_that_ended_early_are_listed,
            tokens_are_purged_when_no_grant_is_left,
            tokens_with_grants_lose_their_bytes_when_they_end,
            tokens_are_purged_up_to_a_limit,
            clients_are_found_as_they_were_added,
            clients_names_are_unique_among_those_not_revoked,
            clients_are_paged_by_name,
            clients_are_loaded_with_their_keys,
            clients_that_are_revoked_lose_their_keys,
            clients_other_keys_end_in_a_rotation,
            clients_last_use_never_moves_back,
            clients_keys_are_purged_by_their_end,
            users_are_found_as_they_were_added,
            users_names_and_subjects_are_unique,
            users_are_paged_by_name,
            users_are_changed_one_thing_at_a_time,
            users_take_their_sessions_with_them,
            users_operators_are_counted,
            web_sessions_are_found_with_their_user,
            web_sessions_of_nobody_are_refused,
            web_sessions_that_ended_or_are_shut_out_are_not_found,
            web_sessions_are_listed_newest_first,
            web_sessions_last_use_never_moves_back,
            web_sessions_are_removed_one_or_all,
            web_sessions_are_purged_by_their_end,
            policies_keep_their_place_when_they_change,
            policies_are_removed_and_begin_anew,
            ledger_entries_are_read_as_they_were_appended,
            ledger_is_scanned_in_its_order,
            ledger_numbers_are_taken_once,
            ledger_is_archived_in_steps,
            ledger_tells_the_last_entry_before_a_time,
            ledger_is_listed_by_every_filter_and_all_together,
            ledger_is_listed_by_time_whatever_the_clocks_say,
            ledger_pages_begin_below_any_number,
            ledger_is_appended_to_by_many_at_once,
            ledger_numbers_are_taken_by_one_of_many_at_once,
            users_the_last_operator_stays,
            clients_rotations_follow_each_other,
            clients_that_are_revoked_get_no_key_meanwhile,
            clients_names_are_unique_among_many_at_once,
            clients_are_touched_by_many_at_once,
            policies_are_new_to_one_of_many_at_once,
            grants_are_listed_by_their_holder,
            ledger_is_listed_by_several_events_at_once,
            grants_are_listed_by_every_filter_and_all_together,
            grants_that_are_purged_are_found_no_more,
            grants_are_counted_by_the_hour,
            tokens_cut_short_keep_their_bytes_until_the_forge_ends_them,
            settings_are_put_over_what_was_there,
            transactions_dropped_roll_back,
            transactions_committed_are_seen_by_the_next,
            transactions_that_read_see_one_state,
            transactions_that_read_cannot_write,
            transactions_dropped_leave_the_next_one_clean,
            checks_pass_again_and_again,
        }
    };
    ($fresh:path: $($rule:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let (vault, keep) = $fresh().await;
                $crate::suite::$rule(&vault).await;
                $crate::Vault::close(&vault).await;
                drop(vault);
                drop(keep);
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    /// A rule that is written and not listed would never run.
    #[test]
    fn every_rule_is_in_the_list() {
        let list = include_str!("mod.rs");
        let modules = [
            include_str!("accounts.rs"),
            include_str!("accounts_changes.rs"),
            include_str!("accounts_choose.rs"),
            include_str!("accounts_due.rs"),
            include_str!("accounts_lists.rs"),
            include_str!("accounts_races.rs"),
            include_str!("accounts_search.rs"),
            include_str!("apps.rs"),
            include_str!("caller_races.rs"),
            include_str!("ci_races.rs"),
            include_str!("clients.rs"),
            include_str!("data_keys.rs"),
            include_str!("grants.rs"),
            include_str!("grants_accounts.rs"),
            include_str!("grants_search.rs"),
            include_str!("jobs.rs"),
            include_str!("leases.rs"),
            include_str!("ledger.rs"),
            include_str!("ledger_lists.rs"),
            include_str!("old_tokens.rs"),
            include_str!("policies.rs"),
            include_str!("races.rs"),
            include_str!("rotations.rs"),
            include_str!("runners.rs"),
            include_str!("sealed_rows.rs"),
            include_str!("targets.rs"),
            include_str!("tokens.rs"),
            include_str!("transactions.rs"),
            include_str!("users.rs"),
            include_str!("web_sessions.rs"),
        ];
        let rules: Vec<&str> = modules
            .iter()
            .flat_map(|module| module.split("\npub async fn ").skip(1))
            .map(|rest| rest.split('(').next().unwrap())
            .collect();
        assert!(rules.len() > 130, "{rules:?}");
        for rule in rules {
            assert!(
                list.contains(&format!("            {rule},\n")),
                "{rule} is not in the list"
            );
        }
    }
}
