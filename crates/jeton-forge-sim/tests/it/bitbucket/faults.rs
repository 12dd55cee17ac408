//! Faults strike any route, and every call is counted.

use std::time::Duration;

use jeton_forge_sim::{BitbucketSim, BitbucketTokenSpec, FaultKind, FaultRule};
use jiff::SignedDuration;
use serde_json::Value;

use super::{EMAIL, World};

const USER: &str = "GET /2.0/user";

#[tokio::test]
async fn a_refusal_can_be_made_up() {
    let w = World::new().await;
    let token = w.token(&BitbucketTokenSpec::api_token(w.ada));
    let fault = |kind: FaultKind| w.sim.faults().add(FaultRule::new(kind).on(USER).times(1));
    fault(FaultKind::Status {
        status: 555,
        message: "too deep".to_owned(),
    });
    w.get(&token, "/user").await.errs(555, "too deep");
    let limited = "Rate limit for this resource has been exceeded.";
    fault(FaultKind::PrimaryLimit {
        reset_in: SignedDuration::from_secs(30),
    });
    let answer = w.get(&token, "/user").await;
    answer.errs(429, limited);
    assert!(!answer.headers.contains_key("retry-after"));
    fault(FaultKind::SecondaryLimit { retry_after: 60 });
    let answer = w.get(&token, "/user").await;
    answer.errs(429, limited);
    assert_eq!(answer.header("retry-after"), "60");
    fault(FaultKind::BadGateway);
    assert_eq!(w.get(&token, "/user").await.status, 502);
    assert_eq!(w.get(&token, "/user").await.status, 200);
    assert_eq!(w.sim.calls().count(USER), 5);
}

#[tokio::test]
async fn an_answer_can_come_broken_late_or_not_at_all() {
    let w = World::new().await;
    let token = w.token(&BitbucketTokenSpec::api_token(w.ada));
    let fault = |kind: FaultKind| w.sim.faults().add(FaultRule::new(kind).on(USER).times(1));
    let try_once = || w.request("GET", "/user").basic_auth(EMAIL, Some(&token)).send();
    for kind in [FaultKind::CutBeforeHandling, FaultKind::CutBeforeAnswer] {
        fault(kind);
        assert!(try_once().await.is_err());
    }
    fault(FaultKind::Garbage);
    assert!(serde_json::from_str::<Value>(&w.get(&token, "/user").await.text).is_err());
    fault(FaultKind::NoAnswer);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), try_once())
            .await
            .is_err()
    );
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).owner("acme"));
    assert_eq!(w.get(&token, "/workspaces/acme").await.status, 502);
    assert_eq!(w.get(&token, "/user").await.status, 200);
}

#[tokio::test]
async fn every_route_can_be_named() {
    for name in BitbucketSim::routes() {
        let _ = FaultRule::new(FaultKind::Garbage).on(name);
    }
    let w = World::new().await;
    w.get("nothing", "/nowhere").await.errs(404, "Resource not found");
    assert_eq!(w.sim.calls().count("unknown"), 1);
    let (address, other) = (w.sim.address(), w.sim.clone());
    drop(w);
    other.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
