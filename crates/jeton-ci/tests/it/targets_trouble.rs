//! Pushes that something gets in the way of: other servers, forges that hang, rows that do not read, callers who hang up.

use std::time::Duration;

use jeton_accounts::AccountChange;
use jeton_ci::{Target, TargetState};
use jeton_domain::{Blame, Code};
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_vault::TargetRecord;
use jiff::SignedDuration;

use crate::{
    both_databases,
    targets::{at_github, by_account, monas_token, target, with_robot},
    targets_pushing::{list, replace, until},
    world::{DatabaseKind, World, operator, tools},
};

const PUT: &str = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";
const MINT: &str = "POST /app/installations/{id}/access_tokens";

async fn add(w: &World, name: &str) -> Target {
    let ask = target("", tools(), name);
    w.ci.add_target(&operator(), "robot", ask).await.unwrap()
}

async fn targets(w: &World) -> Vec<Target> {
    list(w, "robot").await.targets
}

/// Another call of this takes so long that a test can do something meanwhile.
fn slow(w: &World, call: &str) {
    let kind = FaultKind::Latency(Duration::from_millis(1_500));
    w.sim.faults().add(FaultRule::new(kind).on(call).times(1));
}

async fn switch(w: &World, active: bool) {
    let change = AccountChange {
        active: Some(active),
        ..AccountChange::default()
    };
    let accounts = w.broker.accounts();
    accounts
        .update(&operator().caller, None, "robot", change)
        .await
        .unwrap();
}

both_databases! {
    async fn a_token_that_was_replaced_before_it_was_sent_stays_here(w: World) {
        with_robot(&w).await;
        add(&w, "ROBOT").await;
        // So long after that the App needs another token first.
        w.clock.advance(SignedDuration::from_hours(3));
        replace(&w, "robot", &monas_token(&w)).await;
        w.sim.calls().reset();
        slow(&w, MINT);
        let worker = w.worker.clone();
        let working = tokio::spawn(async move { worker.run_due().await });
        until(|| w.sim.calls().count(MINT) == 1).await;
        let third = monas_token(&w);
        replace(&w, "robot", &third).await;
        working.await.unwrap().unwrap();
        w.clock.advance(SignedDuration::from_secs(6));
        w.work().await;
        assert_eq!(at_github(&w, "ROBOT"), Some(third));
        assert_eq!(w.sim.calls().count(PUT), 1, "the second token was never sent");
    }

    async fn a_turn_that_was_lost_has_the_target_pushed_again(w: World) {
        with_robot(&w).await;
        add(&w, "ONE").await;
        add(&w, "TWO").await;
        let new = monas_token(&w);
        replace(&w, "robot", &new).await;
        w.sim.calls().reset();
        slow(&w, PUT);
        let worker = w.worker.clone();
        let working = tokio::spawn(async move { worker.run_due().await });
        until(|| w.sim.calls().count(PUT) == 1).await;
        // As if this machine had slept: another server may have worked meanwhile.
        w.clock.advance(SignedDuration::from_secs(30));
        working.await.unwrap().unwrap();
        w.clock.advance(SignedDuration::from_secs(30));
        w.work().await;
        assert!(targets(&w).await.iter().all(|one| one.is_current));
        assert_eq!((at_github(&w, "ONE"), at_github(&w, "TWO")), (Some(new.clone()), Some(new)));
        assert_eq!(w.sim.calls().count(PUT), 3, "the first one twice");
    }

    async fn an_account_that_is_switched_on_again_is_pushed(w: World) {
        with_robot(&w).await;
        add(&w, "ROBOT").await;
        let new = monas_token(&w);
        replace(&w, "robot", &new).await;
        switch(&w, false).await;
        w.work().await;
        assert_eq!(targets(&w).await[0].state, TargetState::Failed);
        switch(&w, true).await;
        assert_eq!(w.newest("account.changed").await["targets"], 1);
        w.work().await;
        assert_eq!(at_github(&w, "ROBOT"), Some(new));
        assert!(targets(&w).await[0].is_current);
        // Nothing is pushed that is there.
        w.sim.calls().reset();
        switch(&w, false).await;
        switch(&w, true).await;
        w.work().await;
        assert_eq!(w.sim.calls().count(PUT), 0);
    }

    async fn by_hand_it_is_pushed_at_once_however_often(w: World) {
        with_robot(&w).await;
        add(&w, "ROBOT").await;
        let fault = w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(PUT));
        let new = monas_token(&w);
        replace(&w, "robot", &new).await;
        w.work().await;
        w.sim.calls().reset();
        for round in 1..=5 {
            w.ci.push_targets(&operator(), "robot").await.unwrap();
            w.work().await;
            // What a gateway says may mean that the forge took it, so that each try is two.
            assert_eq!(w.sim.calls().count(PUT), 2 * round);
        }
        // One job goes on; the others have left it to that.
        let waiting = w.vault.read().await.unwrap().jobs().count().await.unwrap();
        assert_eq!(waiting, (1, 0));
        w.sim.faults().remove(fault);
        w.ci.push_targets(&operator(), "robot").await.unwrap();
        w.work().await;
        assert_eq!(at_github(&w, "ROBOT"), Some(new));
        w.clock.advance(SignedDuration::from_hours(2));
        w.work().await;
        assert_eq!(w.vault.read().await.unwrap().jobs().count().await.unwrap(), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_does_not_answer_is_asked_once_in_a_round() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let gitlab = w.gitlab().await;
    for name in ["ONE", "TWO", "THREE"] {
        let ask = by_account(target(&gitlab.host, tools(), name), "bot");
        w.ci.add_target(&operator(), "robot", ask).await.unwrap();
    }
    add(&w, "LAST").await;
    drop(gitlab.sim);
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    w.work().await;
    let attempts = async || targets(&w).await.iter().map(|one| one.attempts).collect::<Vec<_>>();
    assert_eq!(at_github(&w, "LAST"), Some(new));
    assert_eq!(attempts().await, [1, 0, 0, 1]);
    let now = targets(&w).await;
    for silent in &now[..3] {
        let error = silent.error.as_ref().unwrap();
        assert_eq!(
            (silent.state, error.code.blame()),
            (TargetState::Pending, Blame::Forge),
            "{error:?}"
        );
    }
    assert!(now[1].error.as_ref().unwrap().cause.contains("was not asked"));
    // The next to be asked is one that was not; none is before its time.
    assert_eq!(w.work().await, 0);
    w.clock.advance(SignedDuration::from_secs(16));
    w.work().await;
    assert_eq!(attempts().await, [1, 1, 0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_does_not_read_holds_up_no_other() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let bad = add(&w, "BAD").await;
    add(&w, "GOOD").await;
    let mut tx = w.vault.begin().await.unwrap();
    let row = tx.targets().find(bad.id).await.unwrap().unwrap();
    let unread = TargetRecord {
        options: serde_json::json!({ "family": "of_tomorrow" }),
        ..row.clone()
    };
    assert!(tx.targets().change(&unread, row.changed_at).await.unwrap());
    tx.commit().await.unwrap();
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    w.work().await;
    assert_eq!(at_github(&w, "GOOD"), Some(new));
    let now = targets(&w).await;
    assert_eq!((now[0].state, now[0].attempts), (TargetState::Pending, 1));
    assert_eq!(now[0].error.as_ref().unwrap().code, Code::Internal);
    for _ in 0..110 {
        w.clock.advance(SignedDuration::from_mins(16));
        w.work().await;
    }
    assert_eq!(targets(&w).await[0].state, TargetState::Failed);
    assert_eq!(w.work().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_trying_is_a_day_where_a_forge_wants_peace_too() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    add(&w, "ROBOT").await;
    let limit = FaultKind::SecondaryLimit { retry_after: 3_600 };
    w.sim.faults().add(FaultRule::new(limit).on(PUT));
    replace(&w, "robot", &monas_token(&w)).await;
    w.work().await;
    for _ in 0..22 {
        w.clock.advance(SignedDuration::from_mins(61));
        w.work().await;
    }
    let now = targets(&w).await.remove(0);
    assert_eq!((now.state, now.attempts), (TargetState::Pending, 23));
    for _ in 0..3 {
        w.clock.advance(SignedDuration::from_mins(61));
        w.work().await;
    }
    assert_eq!(targets(&w).await[0].state, TargetState::Failed);
    assert_eq!(w.count("secret.push_failed").await, 25 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_up_leaves_no_secret_without_its_target() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let token = with_robot(&w).await;
    slow(&w, PUT);
    {
        let who = operator();
        let adding = w.ci.add_target(&who, "robot", target("", tools(), "ROBOT"));
        tokio::pin!(adding);
        tokio::select! {
            added = &mut adding => panic!("it was to hang: {added:?}"),
            () = until(|| w.sim.calls().count(PUT) == 1) => {}
        }
    }
    w.ci.drain().await;
    assert_eq!(at_github(&w, "ROBOT"), Some(token));
    assert!(targets(&w).await[0].is_current);
    assert_eq!(w.count("target.added").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_finishes_one_target_and_begins_no_other() {
    let w = World::start(DatabaseKind::Postgres).await;
    let old = with_robot(&w).await;
    add(&w, "ONE").await;
    add(&w, "TWO").await;
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    w.sim.calls().reset();
    slow(&w, PUT);
    let worker = w.worker.clone();
    let working = tokio::spawn(async move { worker.run_due().await });
    until(|| w.sim.calls().count(PUT) == 1).await;
    w.ci.begin_to_end();
    // Its worker is not waited for; what it began is.
    working.abort();
    w.ci.drain().await;
    assert_eq!(
        (at_github(&w, "ONE"), at_github(&w, "TWO")),
        (Some(new.clone()), Some(old))
    );
    let now: Vec<bool> = targets(&w).await.iter().map(|one| one.is_current).collect();
    assert_eq!(now, [true, false]);
    w.clock.advance(SignedDuration::from_mins(2));
    w.work().await;
    assert_eq!(w.sim.calls().count(PUT), 1, "it begins nothing any more");
    // The next one goes on.
    let next = w.replica().await;
    w.clock.advance(SignedDuration::from_mins(2));
    next.worker.run_due().await.unwrap();
    assert_eq!(at_github(&w, "TWO"), Some(new));
}
