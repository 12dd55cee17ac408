//! The end of tokens that were replaced.

use std::time::Duration;

use jeton_accounts::{EndOld, NewAccount, Replacement};
use jeton_ci::{OldTokenState, TargetState};
use jeton_domain::{Code, Coded as _, Sealed, Secret};
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_vault::OldTokenRecord;
use jiff::SignedDuration;

use crate::{
    both_databases,
    targets::{at_github, monas_token, target, with_robot},
    targets_pushing::{list, replacement, until},
    world::{DatabaseKind, GitLab, World, capture_log, operator, tools},
};

const REVOKE: &str = "POST /credentials/revoke";

/// Puts a new token of mona's into `robot` and has the old one ended; the new one.
async fn replace(w: &World, grace: Option<SignedDuration>) -> String {
    let new = monas_token(w);
    put_in(w, &new, grace).await;
    new
}

pub(crate) async fn put_in(w: &World, token: &str, grace: Option<SignedDuration>) {
    let new = Replacement {
        end_old: Some(EndOld { grace }),
        ..replacement(token)
    };
    let accounts = w.broker.accounts();
    accounts
        .replace_token(&operator().caller, None, "robot", new)
        .await
        .unwrap();
}

/// `robot` has a target at GitHub and one at GitLab.
async fn with_two_targets(w: &World) -> (String, GitLab) {
    let token = with_robot(w).await;
    let gitlab = w.gitlab().await;
    for ask in [target("", tools(), "ROBOT"), target(&gitlab.host, tools(), "ROBOT")] {
        w.ci.add_target(&operator(), "robot", ask).await.unwrap();
    }
    (token, gitlab)
}

async fn state(w: &World) -> OldTokenState {
    list(w, "robot").await.old_tokens[0].state
}

fn is_live(w: &World, token: &str) -> bool {
    w.sim.github().is_live(token)
}

both_databases! {
    async fn the_old_token_lives_until_all_targets_have_the_new_one(w: World) {
        let (old, gitlab) = with_two_targets(&w).await;
        gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let new = replace(&w, None).await;
        w.work().await;
        assert_eq!(at_github(&w, "ROBOT"), Some(new.clone()));
        assert!(is_live(&w, &old), "GitLab's copy is the old one");
        assert_eq!(state(&w).await, OldTokenState::Waiting);
        w.clock.advance(SignedDuration::from_hours(1));
        w.work().await;
        assert!(is_live(&w, &old));
        gitlab.sim.faults().clear();
        w.clock.advance(SignedDuration::from_hours(1));
        w.work().await;
        assert_eq!(gitlab.sim.variable_value(gitlab.project, "ROBOT", "*"), Some(new.clone()));
        assert_eq!(state(&w).await, OldTokenState::Ended);
        assert!(!is_live(&w, &old) && is_live(&w, &new));
        assert_eq!(w.sim.calls().count(REVOKE), 1);
        assert_eq!(w.count("account.old_token_ended").await, 1);
        let body = w.newest("account.old_token_ended").await;
        assert_eq!((&body["account"], &body["targets_without_the_new_one"]), (&"robot".into(), &0.into()));
        // Nothing is kept of it.
        let id = list(&w, "robot").await.old_tokens[0].id;
        let row = w.vault.read().await.unwrap().old_tokens().find(id).await.unwrap().unwrap();
        assert_eq!(row.token, None);
        assert!(w.broker.accounts().open_old(&row).unwrap().is_none());
        assert!(!w.database.holds(&old) && !w.database.holds(&new));
        // The look that was to come is the last.
        w.clock.advance(SignedDuration::from_hours(48));
        w.work().await;
        w.clock.advance(SignedDuration::from_hours(48));
        assert_eq!((w.work().await, w.sim.calls().count(REVOKE)), (0, 1));
    }

    async fn the_old_token_ends_when_its_time_is_over(w: World) {
        let (old, gitlab) = with_two_targets(&w).await;
        gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        replace(&w, Some(SignedDuration::from_hours(2))).await;
        w.work().await;
        w.clock.advance(SignedDuration::from_mins(119));
        w.work().await;
        assert!(is_live(&w, &old));
        w.clock.advance(SignedDuration::from_mins(6));
        w.work().await;
        assert_eq!(state(&w).await, OldTokenState::Ended);
        assert!(!is_live(&w, &old));
        assert_eq!(w.newest("account.old_token_ended").await["targets_without_the_new_one"], 1);
        assert_eq!(list(&w, "robot").await.targets[1].state, TargetState::Pending, "it is tried on");
    }

    async fn each_of_several_changes_ends_its_own(w: World) {
        let (first, _gitlab) = with_two_targets(&w).await;
        let second = replace(&w, None).await;
        let third = replace(&w, None).await;
        w.work().await;
        w.clock.advance(SignedDuration::from_mins(6));
        w.work().await;
        assert!(!is_live(&w, &first) && !is_live(&w, &second) && is_live(&w, &third));
        assert_eq!(at_github(&w, "ROBOT"), Some(third));
        assert!(list(&w, "robot").await.old_tokens.iter().all(|one| one.state == OldTokenState::Ended));
    }

    async fn a_token_that_is_in_the_account_again_is_not_ended(w: World) {
        let (first, gitlab) = with_two_targets(&w).await;
        gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        replace(&w, Some(SignedDuration::from_mins(10))).await;
        w.work().await;
        let accounts = w.broker.accounts();
        accounts.replace_token(&operator().caller, None, "robot", replacement(&first)).await.unwrap();
        w.clock.advance(SignedDuration::from_mins(11));
        w.work().await;
        assert!(is_live(&w, &first));
        assert_eq!(state(&w).await, OldTokenState::Kept);
        let error = list(&w, "robot").await.old_tokens[0].error.clone().unwrap();
        assert_eq!(error.code, Code::AccountInUse);
        assert!(error.cause.contains("`robot`"), "{error:?}");
        assert_eq!(w.count("account.old_token_kept").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_is_down_is_asked_again_for_a_week() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let old = with_robot(&w).await;
    let fault = w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REVOKE));
    replace(&w, Some(SignedDuration::ZERO)).await;
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Waiting);
    assert!(list(&w, "robot").await.old_tokens[0].error.is_some());
    w.clock.advance(SignedDuration::from_hours(24 * 6));
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Waiting);
    w.sim.faults().remove(fault);
    w.clock.advance(SignedDuration::from_hours(2));
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Ended);
    assert!(!is_live(&w, &old));

    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REVOKE));
    replace(&w, Some(SignedDuration::ZERO)).await;
    w.work().await;
    w.clock.advance(SignedDuration::from_hours(24 * 8));
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Kept);
    assert_eq!(w.count("account.old_token_kept").await, 1);
    w.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(w.work().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_token_of_an_account_that_is_gone_ends_when_its_time_is_over() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let (old, gitlab) = with_two_targets(&w).await;
    gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    replace(&w, None).await;
    w.work().await;
    let accounts = w.broker.accounts();
    let removed = accounts.remove(&operator().caller, None, "robot", true).await.unwrap();
    assert_eq!(removed.copies, 2);
    let warning = removed.warning().unwrap();
    assert!(warning.contains("lives on until 2026-11-03T09:00:00Z"), "{warning}");
    w.clock.advance(SignedDuration::from_mins(6));
    w.work().await;
    assert!(is_live(&w, &old), "copies of it may be in use");
    w.clock.advance(SignedDuration::from_hours(24));
    w.work().await;
    assert!(!is_live(&w, &old));
    assert_eq!(w.count("account.old_token_ended").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_targets_it_ends_at_once_and_once_only() {
    let w = World::start(DatabaseKind::Postgres).await;
    let old = with_robot(&w).await;
    replace(&w, None).await;
    let replica = w.replica().await;
    let (here, there) = tokio::join!(w.worker.run_due(), replica.worker.run_due());
    assert_eq!(here.unwrap() + there.unwrap(), 1);
    assert!(!is_live(&w, &old));
    assert_eq!(w.count("account.old_token_ended").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_stands_in_the_log() {
    let log = capture_log();
    let w = World::start(DatabaseKind::Sqlite).await;
    let (old, gitlab) = with_two_targets(&w).await;
    gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let new = replace(&w, Some(SignedDuration::from_mins(1))).await;
    w.work().await;
    w.clock.advance(SignedDuration::from_mins(6));
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Ended);
    let text = log.text();
    for told in ["an account's token was pushed", "it is tried again", "has ended"] {
        assert!(text.contains(told), "{told}");
    }
    for token in [&old, &new] {
        assert!(!text.contains(token.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_being_ended_comes_into_no_account() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let w = World::start(kind).await;
        let old = with_robot(&w).await;
        replace(&w, None).await;
        let slow = FaultKind::Latency(Duration::from_secs(2));
        w.sim.faults().add(FaultRule::new(slow).on(REVOKE));
        let (worker, accounts) = (w.worker.clone(), w.broker.accounts());
        let working = tokio::spawn(async move { worker.run_due().await });
        until(|| w.sim.calls().count(REVOKE) == 1).await;
        let back = accounts
            .replace_token(&operator().caller, None, "robot", replacement(&old))
            .await;
        let error = back.unwrap_err();
        assert_eq!(error.code(), Code::AccountInvalid, "{error}");
        assert!(error.to_string().contains("is being ended"), "{error}");
        let new = NewAccount {
            label: Some("twin".to_owned()),
            forge: Some("github".to_owned()),
            base_url: Some(w.sim.web_url()),
            ..NewAccount::of(Secret::new(old.clone()))
        };
        let error = accounts.add(&operator().caller, None, new).await.unwrap_err();
        assert!(error.to_string().contains("is being ended"), "{error}");
        working.await.unwrap().unwrap();
        assert_eq!(state(&w).await, OldTokenState::Ended);
        assert!(!is_live(&w, &old));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_died_while_it_ended_a_token_leaves_that_to_the_next() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let old = with_robot(&w).await;
    replace(&w, None).await;
    let id = list(&w, "robot").await.old_tokens[0].id;
    let mut tx = w.vault.begin().await.unwrap();
    let row = tx.old_tokens().find(id).await.unwrap().unwrap();
    let marked = OldTokenRecord {
        ending_since: Some(w.now()),
        ..row.clone()
    };
    assert!(tx.old_tokens().change(&marked, row.changed_at).await.unwrap());
    tx.commit().await.unwrap();
    w.work().await;
    assert_eq!(state(&w).await, OldTokenState::Ended);
    assert!(!is_live(&w, &old));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_nobody_can_open_is_given_up() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let old = with_robot(&w).await;
    replace(&w, None).await;
    let id = list(&w, "robot").await.old_tokens[0].id;
    let mut tx = w.vault.begin().await.unwrap();
    let row = tx.old_tokens().find(id).await.unwrap().unwrap();
    let mut bytes = row.token.as_ref().unwrap().as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = OldTokenRecord {
        token: Some(Sealed::from_bytes(bytes)),
        ..row.clone()
    };
    assert!(tx.old_tokens().change(&damaged, row.changed_at).await.unwrap());
    tx.commit().await.unwrap();
    w.work().await;
    let now = list(&w, "robot").await.old_tokens.remove(0);
    assert_eq!(now.state, OldTokenState::Kept);
    let error = now.error.unwrap();
    assert!(error.cause.contains("cannot be opened"), "{error:?}");
    assert!(error.remedy.contains(row.fingerprint.as_str()), "{error:?}");
    assert!(is_live(&w, &old));
    assert_eq!(w.count("account.old_token_kept").await, 1);
    w.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(w.work().await, 0);
}
