use jeton_domain::{Fingerprint, Permissions};
use jeton_forge::{ForgeError, Probe, Revoked};
use jeton_forge_sim::{FaultKind, FaultRule, TokenLag};
use jiff::SignedDuration;

use crate::world::{World, names, read};

const MINT: &str = "POST /app/installations/{id}/access_tokens";

#[tokio::test]
async fn a_token_is_exactly_what_was_asked_for() {
    let w = World::new().await;
    let minted = w.app.mint(w.installation, &names(&["Tools"]), &read()).await.unwrap();
    assert_eq!(minted.permissions, read().with_implied_metadata());
    assert_eq!(minted.repositories, Some(names(&["tools"])));
    assert!(!minted.all_repositories);
    let live = w.sim.github().live_tokens();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].fingerprint, Fingerprint::of(&minted.token).as_str());
    assert_eq!(live[0].expires_at, minted.expires_at.timestamp());
    assert_eq!(live[0].repositories, ["acme/tools"]);
    assert!(!format!("{minted:?}").contains(minted.token.expose()));
}

#[tokio::test]
async fn a_token_lives_until_it_is_revoked() {
    let w = World::new().await;
    let token = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap()
        .token;
    assert!(matches!(w.app.probe(&token).await, Probe::Live(_)));
    assert_eq!(w.app.revoke(&token).await, Ok(Revoked::Now));
    assert_eq!(refused(&w.app.probe(&token).await), Some(401));
    assert_eq!(w.app.revoke(&token).await, Ok(Revoked::AlreadyDead));
}

#[tokio::test]
async fn a_token_lives_for_an_hour() {
    let w = World::new().await;
    let token = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap()
        .token;
    w.clock.advance(SignedDuration::from_mins(59));
    assert!(matches!(w.app.probe(&token).await, Probe::Live(_)));
    w.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(refused(&w.app.probe(&token).await), Some(401));
}

#[tokio::test]
async fn a_fresh_token_may_be_refused_for_a_while() {
    let w = World::new().await;
    w.sim.github().set_token_lag(TokenLag::Uses(1));
    let token = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap()
        .token;
    assert_eq!(refused(&w.app.probe(&token).await), Some(401));
    assert!(matches!(w.app.probe(&token).await, Probe::Live(_)));
}

#[tokio::test]
async fn a_suspension_stops_its_tokens() {
    let w = World::new().await;
    let token = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap()
        .token;
    w.sim.github().suspend(w.installation.0);
    assert_eq!(refused(&w.app.probe(&token).await), Some(403));
}

#[tokio::test]
async fn a_limit_or_a_failure_says_nothing_of_the_token() {
    let w = World::new().await;
    let token = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap()
        .token;
    for kind in [
        FaultKind::SecondaryLimit { retry_after: 5 },
        FaultKind::PrimaryLimit {
            reset_in: SignedDuration::from_secs(5),
        },
        FaultKind::BadGateway,
        FaultKind::Garbage,
        FaultKind::CutBeforeAnswer,
    ] {
        w.sim.faults().add(FaultRule::new(kind.clone()).times(1));
        let probe = w.app.probe(&token).await;
        assert!(matches!(probe, Probe::Unknown(_)), "{kind:?}: {probe:?}");
    }
    assert!(matches!(w.app.probe(&token).await, Probe::Live(_)));
}

#[tokio::test]
async fn nothing_is_never_asked_for() {
    let w = World::new().await;
    for outcome in [
        w.app.mint(w.installation, &[], &read()).await,
        w.app
            .mint(w.installation, &names(&["tools"]), &Permissions::default())
            .await,
    ] {
        assert!(matches!(outcome, Err(ForgeError::Request(_))), "{outcome:?}");
    }
    assert_eq!(w.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_token_that_is_too_wide_is_revoked_and_not_shown() {
    let w = World::new().await;
    w.sim.faults().add(FaultRule::new(FaultKind::WiderToken).on(MINT));
    let error = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::TooWide { .. }), "{error:?}");
    assert_eq!(w.sim.calls().mints(), 1);
    assert!(w.sim.github().live_tokens().is_empty());
}

#[tokio::test]
async fn a_token_that_ended_before_it_came_is_not_taken() {
    let w = World::new().await;
    w.sim.faults().add(FaultRule::new(FaultKind::AlreadyExpired).on(MINT));
    let error = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::Garbled { status: 201, .. }), "{error:?}");
}

fn refused(probe: &Probe) -> Option<u16> {
    match probe {
        Probe::Refused(error) => error.said().map(|said| said.status),
        _ => None,
    }
}
