use std::time::Duration;

use jeton_forge::{ForgeError, HttpOptions};
use jeton_forge_sim::{FaultKind, FaultRule, ForgeSim, SimConfig};
use jiff::SignedDuration;

use crate::world::{World, name, names, patience, read};

/// What `GET /app` comes to when this goes wrong once, after it was well.
async fn suffer(w: &World, kind: FaultKind) -> ForgeError {
    w.app.get_app().await.unwrap();
    let before = w.sim.calls().total();
    let id = w.sim.faults().add(FaultRule::new(kind.clone()));
    let outcome = w.app.get_app().await;
    assert_eq!(w.sim.faults().fired(id), 1, "{kind:?}: one call is one request");
    w.sim.faults().clear();
    assert!(w.sim.calls().total() <= before + 1);
    w.app
        .get_app()
        .await
        .unwrap_or_else(|error| panic!("after {kind:?}: {error}"));
    outcome.expect_err("a fault is an error")
}

#[tokio::test]
async fn a_cut_connection_is_told_from_a_refusal() {
    let w = World::new().await;
    for kind in [
        FaultKind::CutBeforeHandling,
        FaultKind::CutBeforeAnswer,
        FaultKind::CutInBody,
    ] {
        let error = suffer(&w, kind.clone()).await;
        assert!(matches!(error, ForgeError::Cut { .. }), "{kind:?}: {error:?}");
    }
}

#[tokio::test]
async fn silence_and_dripping_end_in_time() {
    let w = World::with(patience(1_000)).await;
    let drip = FaultKind::SlowBody {
        chunk: 1,
        pause: Duration::from_millis(100),
    };
    for kind in [FaultKind::NoAnswer, drip, FaultKind::Latency(Duration::from_mins(1))] {
        let error = suffer(&w, kind.clone()).await;
        assert_eq!(error, ForgeError::Timeout, "{kind:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_that_comes_in_time_is_taken() {
    let w = World::new().await;
    let slow = FaultKind::SlowBody {
        chunk: 64,
        pause: Duration::from_millis(1),
    };
    w.sim.faults().add(FaultRule::new(slow));
    w.app.get_app().await.unwrap();
}

#[tokio::test]
async fn nonsense_is_garbled() {
    let w = World::new().await;
    for kind in [
        FaultKind::Garbage,
        FaultKind::EmptyBody,
        FaultKind::HugeBody(100),
        FaultKind::HugeBody(64 << 20),
    ] {
        let error = suffer(&w, kind.clone()).await;
        assert!(
            matches!(error, ForgeError::Garbled { status: 200, .. }),
            "{kind:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit() {
    let options = HttpOptions {
        max_body_bytes: 100,
        ..HttpOptions::default()
    };
    let w = World::with(options).await;
    let error = w.app.get_app().await.unwrap_err();
    assert!(error.to_string().contains("larger than 100 bytes"), "{error}");
}

#[tokio::test]
async fn a_failure_of_the_forge_is_its_own() {
    let w = World::new().await;
    match suffer(&w, FaultKind::BadGateway).await {
        ForgeError::ServerError { status: 502, said, .. } => assert_eq!(said.message, None),
        other => panic!("{other:?}"),
    }
    let kind = FaultKind::Status {
        status: 500,
        message: "Server Error".to_owned(),
    };
    match suffer(&w, kind).await {
        ForgeError::ServerError { status: 500, said, .. } => {
            assert_eq!(said.message.as_deref(), Some("Server Error"));
            assert!(said.request_id.is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn limits_say_how_long() {
    let w = World::new().await;
    let limit = |error: ForgeError| match error {
        ForgeError::RateLimited {
            primary, retry_after, ..
        } => (primary, retry_after.as_secs()),
        other => panic!("{other:?}"),
    };
    let primary = FaultKind::PrimaryLimit {
        reset_in: SignedDuration::from_secs(90),
    };
    assert_eq!(limit(suffer(&w, primary).await), (true, 90));
    assert_eq!(
        limit(suffer(&w, FaultKind::SecondaryLimit { retry_after: 30 }).await),
        (false, 30)
    );
    assert_eq!(
        limit(suffer(&w, FaultKind::SecondaryLimit429 { retry_after: 31 }).await),
        (false, 31)
    );
}

#[tokio::test]
async fn the_budget_that_is_really_spent_is_a_primary_limit() {
    let w = World::new().await;
    w.sim.github().set_rate_limit(1);
    w.app.get_app().await.unwrap();
    match w.app.get_app().await.unwrap_err() {
        ForgeError::RateLimited {
            primary: true,
            retry_after,
            ..
        } => assert!(retry_after <= Duration::from_hours(1)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_redirect_carries_no_credential_away() {
    let w = World::new().await;
    let elsewhere = ForgeSim::start(SimConfig::default()).await.unwrap();
    let location = format!("{}/app", elsewhere.api_url());
    let redirect = FaultKind::Redirect { location };
    let error = suffer(&w, redirect.clone()).await;
    assert!(matches!(error, ForgeError::Garbled { status: 307, .. }), "{error:?}");
    w.sim.faults().add(FaultRule::new(redirect));
    let lookup = w.app.find_installation_by_repository("acme", &name("tools")).await;
    assert!(
        matches!(lookup, Err(ForgeError::Garbled { status: 307, .. })),
        "{lookup:?}"
    );
    assert_eq!(elsewhere.calls().total(), 0);
}

#[tokio::test]
async fn a_redirect_is_followed_once() {
    let w = World::new().await;
    let location = format!("{}/repos/acme/tools/installation", w.sim.api_url());
    let id = w.sim.faults().add(FaultRule::new(FaultKind::Redirect { location }));
    let lookup = w.app.find_installation_by_repository("acme", &name("tools")).await;
    assert!(matches!(lookup, Err(ForgeError::Garbled { .. })), "{lookup:?}");
    assert_eq!(w.sim.faults().fired(id), 2);
}

#[tokio::test]
async fn a_mint_that_fails_is_not_repeated() {
    let w = World::new().await;
    w.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer));
    let error = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::Cut { .. }), "{error:?}");
    assert_eq!(w.sim.calls().mints(), 1);
}

#[tokio::test]
async fn a_forge_that_is_gone_is_unreachable() {
    let w = World::new().await;
    w.sim.shutdown().await;
    let error = w.app.get_app().await.unwrap_err();
    assert!(matches!(error, ForgeError::Unreachable { .. }), "{error:?}");
    assert!(error.is_transient());
}
