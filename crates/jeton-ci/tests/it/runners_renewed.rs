//! Whose renewal of a kept runner's token it was, and what becomes of those that went wrong.

use std::sync::atomic::{AtomicU32, Ordering};

use jeton_ci::{CiError, RunnerAsk, RunnerGrant, RunnerState, RunnerWish};
use jeton_domain::{Blame, Code, Coded as _};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule};
use jeton_vault::RunnerRecord;
use jiff::SignedDuration;

use crate::{
    both_databases,
    world::{DatabaseKind, GitLab, World, ask, operator, post_form, tools},
};

const MAKE: &str = "POST /api/v4/user/runners";
const VERIFY: &str = "POST /api/v4/runners/verify";
const RENEW: &str = "POST /api/v4/runners/reset_authentication_token";
const RENEW_AS: &str = "POST /api/v4/runners/{id}/reset_authentication_token";
const REMOVE: &str = "DELETE /api/v4/runners";

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A GitLab on which tokens of runners live for three hours, and the first one.
async fn three_hours(w: &World) -> (GitLab, RunnerGrant) {
    let g = w.gitlab().await;
    g.sim.set_runner_token_lifetime(None, Some(minutes(180))).unwrap();
    let first = get(w, &g, |_| {}).await.unwrap();
    (g, first)
}

async fn get(w: &World, g: &GitLab, change: impl FnOnce(&mut RunnerAsk)) -> Result<RunnerGrant, CiError> {
    let mut ask = ask(&g.host, tools());
    change(&mut ask);
    w.ci.registration_token(&operator(), ask).await
}

async fn row(w: &World) -> RunnerRecord {
    let mut tx = w.vault.read().await.unwrap();
    tx.runners().list(None, None, 100).await.unwrap().remove(0)
}

/// What GitLab's runner does when three quarters of its token's life are over.
async fn renew_as_the_runner(g: &GitLab, grant: &RunnerGrant) {
    let form = [("token", grant.token.expose())].map(|(key, value)| format!("{key}={value}"));
    post_form(&g.sim.api_url(), "/runners/reset_authentication_token", &form.concat()).await;
}

both_databases! {
    async fn a_runner_that_renewed_its_token_itself_is_left_alone(w: World) {
        let (g, first) = three_hours(&w).await;
        w.clock.advance(minutes(136));
        renew_as_the_runner(&g, &first).await;
        g.sim.calls().reset();
        w.clock.advance(minutes(27));
        assert_eq!(w.work().await, 1);
        let lost = row(&w).await;
        assert_eq!(lost.state, RunnerState::Lost);
        assert!(lost.error.unwrap().starts_with("the runner renewed its token itself"));
        let reason = w.newest("runner.lost").await["reason"].clone();
        assert!(reason.as_str().unwrap().ends_with("whoever asks for the name again gets another runner"), "{reason}");
        assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS)), (0, 0));
        // The next one gets another, and the first works on.
        let second = get(&w, &g, |_| {}).await.unwrap();
        assert_ne!(second.runner.unwrap().forge_id, lost.forge_id);
        assert_eq!(g.sim.runners().len(), 2);
        assert_eq!((g.sim.calls().count(RENEW_AS), g.sim.calls().count(REMOVE)), (0, 0));
        assert_eq!(w.work().await, 0);
    }

    async fn who_asks_for_a_runner_that_renewed_itself_gets_another(w: World) {
        let (g, first) = three_hours(&w).await;
        w.clock.advance(minutes(136));
        renew_as_the_runner(&g, &first).await;
        g.sim.calls().reset();
        let second = get(&w, &g, |_| {}).await.unwrap();
        assert_ne!(second.fingerprint, first.fingerprint);
        assert_eq!((g.sim.runners().len(), w.count("runner.made").await), (2, 2));
        assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS), g.sim.calls().count(REMOVE)), (0, 0, 0));
    }

    async fn a_renewed_token_outlives_a_database_that_is_long_away(w: World) {
        let (g, first) = three_hours(&w).await;
        let (sim, failed) = (g.sim.clone(), AtomicU32::new(0));
        // From when the forge has renewed it on; longer than the six tries that a new runner gets.
        w.gate.away_while(move || sim.calls().count(RENEW) == 1 && failed.fetch_add(1, Ordering::SeqCst) < 25);
        w.clock.advance(minutes(163));
        w.work().await;
        let kept = row(&w).await;
        assert_eq!(kept.state, RunnerState::Live);
        let second = get(&w, &g, |_| {}).await.unwrap();
        assert_ne!(second.fingerprint, first.fingerprint);
        assert!(g.sim.runner_of_token(second.token.expose()).is_some());
        assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS)), (1, 0));
        assert_eq!(w.count("runner.renewed").await, 1);
    }

    async fn a_token_that_does_not_open_is_given_up(w: World) {
        let (g, _) = three_hours(&w).await;
        get(&w, &g, |ask| ask.runner.name = Some("other".to_owned())).await.unwrap();
        let mut tx = w.vault.begin().await.unwrap();
        let mut both = tx.runners().list(None, None, 10).await.unwrap();
        let (other, one) = (both.pop().unwrap(), both.pop().unwrap());
        // As if somebody had moved it there.
        let moved = RunnerRecord {
            token: other.token.clone(),
            changed_at: one.changed_at + SignedDuration::from_millis(1),
            ..one.clone()
        };
        assert!(tx.runners().change(&moved, one.changed_at).await.unwrap());
        tx.commit().await.unwrap();
        w.clock.advance(minutes(163));
        assert_eq!(w.work().await, 2);
        let found = {
            let mut tx = w.vault.read().await.unwrap();
            tx.runners().find(one.id).await.unwrap().unwrap()
        };
        assert_eq!(found.state, RunnerState::Lost);
        w.clock.advance(minutes(100));
        assert_eq!(w.work().await, 0);
        // Its row can be removed; and whoever asks gets another, while the one that may be at work stays.
        let removed = w.ci.remove_runner(&operator(), &one.id.to_string()).await.unwrap();
        assert!(removed.error.unwrap().contains("may be there still"));
    }

    async fn an_orphan_is_removed_when_another_takes_its_place(w: World) {
        let (g, _) = three_hours(&w).await;
        let orphan = g.sim.runners()[0].id;
        g.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(RENEW).times(1));
        w.clock.advance(minutes(163));
        w.work().await;
        // Nobody may replace it.
        g.sim.remove_member(g.group, g.user).unwrap();
        g.sim.add_member(g.project, g.user, AccessLevel::Developer).unwrap();
        w.clock.advance(minutes(11));
        w.work().await;
        let lost = row(&w).await;
        assert_eq!((lost.state, g.sim.runners().len()), (RunnerState::Lost, 1));
        // Another cannot be made: what is known of it stays.
        let error = get(&w, &g, |_| {}).await.unwrap_err();
        assert_eq!(error.code().blame(), Blame::Access, "{error:?}");
        let still = row(&w).await;
        assert_eq!((still.state, &still.forge_id, &still.error), (RunnerState::Lost, &lost.forge_id, &lost.error));
        g.sim.remove_member(g.project, g.user).unwrap();
        g.sim.add_member(g.project, g.user, AccessLevel::Maintainer).unwrap();
        let second = get(&w, &g, |_| {}).await.unwrap();
        assert!(g.sim.runner_of_token(second.token.expose()).is_some());
        assert!(g.sim.runners().iter().all(|one| one.id != orphan) && g.sim.runners().len() == 1);
    }
}

async fn sqlite() -> World {
    World::start(DatabaseKind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_that_others_may_have_is_ended_for_one_caller_before_its_time() {
    let w = sqlite().await;
    let (g, first) = three_hours(&w).await;
    let lives = |seconds| move |ask: &mut RunnerAsk| ask.min_validity_seconds = Some(seconds);
    w.clock.advance(minutes(50));
    let same = get(&w, &g, lives(7_000)).await.unwrap();
    assert_eq!(same.fingerprint, first.fingerprint);
    let error = get(&w, &g, lives(10_000)).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerDiffers);
    assert!(error.to_string().contains("in 7800 seconds"), "{error}");
    assert!(
        error
            .remedy()
            .unwrap()
            .contains("or with `fresh`, which ends the token that the others have")
    );
    assert_eq!(g.sim.calls().count(RENEW), 0);
    let fresh = |ask: &mut RunnerAsk| {
        ask.min_validity_seconds = Some(10_000);
        ask.fresh = true;
    };
    let second = get(&w, &g, fresh).await.unwrap();
    assert_ne!(second.fingerprint, first.fingerprint);
    assert_eq!(g.sim.calls().count(RENEW), 1);
    // No token of this forge lives for so long, and none is ended to find out.
    let too_long = |ask: &mut RunnerAsk| {
        ask.min_validity_seconds = Some(100_000);
        ask.fresh = true;
    };
    let error = get(&w, &g, too_long).await.unwrap_err();
    assert_eq!(error.code(), Code::RequestInvalid, "{error}");
    assert_eq!(g.sim.calls().count(RENEW), 1);
    assert_eq!(get(&w, &g, lives(-5)).await.unwrap_err().code(), Code::RequestInvalid);
    // Its time has come.
    w.clock.advance(minutes(163));
    let third = get(&w, &g, lives(10_000)).await.unwrap();
    assert_ne!(third.fingerprint, second.fingerprint);
    assert_eq!(g.sim.calls().count(RENEW), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_say_how_long_gets_what_there_is() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    g.sim.set_runner_token_lifetime(None, Some(minutes(60))).unwrap();
    let first = get(&w, &g, |_| {}).await.unwrap();
    // Nine minutes are left, which is less than usual, and its time has not come.
    g.sim.set_runner_token_lifetime(None, Some(minutes(5))).unwrap();
    w.clock.advance(minutes(51));
    assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, first.fingerprint);
    assert_eq!(g.sim.calls().count(RENEW), 0);
    // It has come, and the forge will not.
    let limit = FaultKind::SecondaryLimit429 { retry_after: 60 };
    g.sim.faults().add(FaultRule::new(limit).on(RENEW));
    w.clock.advance(minutes(4));
    assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, first.fingerprint);
    assert_eq!(
        (g.sim.calls().count(RENEW), row(&w).await.state),
        (1, RunnerState::Live)
    );
    g.sim.faults().clear();
    // The new one lives for five minutes alone; it is not renewed over and over for that.
    let second = get(&w, &g, |_| {}).await.unwrap();
    assert_ne!(second.fingerprint, first.fingerprint);
    for _ in 0..3 {
        assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, second.fingerprint);
    }
    assert_eq!(g.sim.calls().count(RENEW), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_whose_outcome_is_not_known_has_its_token_looked_at_before_anybody_gets_it() {
    let w = sqlite().await;
    let (g, first) = three_hours(&w).await;
    // The forge never did it, and did not say so.
    g.sim
        .faults()
        .add(FaultRule::new(FaultKind::BadGateway).on(RENEW).times(1));
    w.clock.advance(minutes(163));
    w.work().await;
    assert_eq!(row(&w).await.state, RunnerState::Renewing);
    let looks = g.sim.calls().count(VERIFY);
    assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, first.fingerprint);
    assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, first.fingerprint);
    assert_eq!(g.sim.calls().count(VERIFY), looks + 2);
    g.sim
        .faults()
        .add(FaultRule::new(FaultKind::BadGateway).on(VERIFY).times(1));
    assert_eq!(get(&w, &g, |_| {}).await.unwrap_err().code().blame(), Blame::Forge);
    // A clock that was set back does not make anybody wait for ever.
    w.clock.advance(minutes(-60));
    assert_eq!(get(&w, &g, |_| {}).await.unwrap().fingerprint, first.fingerprint);
    assert_eq!(row(&w).await.state, RunnerState::Live);
    assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ended_long_ago_is_given_up_when_its_forge_stays_away() {
    let w = sqlite().await;
    let (g, _) = three_hours(&w).await;
    g.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    w.clock.advance(minutes(163));
    assert_eq!(w.work().await, 1);
    w.clock.advance(minutes(60));
    assert_eq!(w.work().await, 1);
    assert_eq!(row(&w).await.state, RunnerState::Live);
    w.clock.advance(minutes(25 * 60));
    assert_eq!(w.work().await, 1);
    assert_eq!(row(&w).await.state, RunnerState::Lost);
    w.clock.advance(minutes(60));
    assert_eq!(w.work().await, 0);
    assert_eq!(w.count("runner.lost").await, 1);
    g.sim.faults().clear();
    // The runner may be at work with a token of its own.
    let other = get(&w, &g, |ask| ask.runner = RunnerWish::default()).await.unwrap();
    assert!(g.sim.runner_of_token(other.token.expose()).is_some());
    assert_eq!((g.sim.runners().len(), g.sim.calls().count(MAKE)), (2, 2));
}
