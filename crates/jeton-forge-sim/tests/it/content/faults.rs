//! What goes wrong while content is read.

use std::time::Duration;

use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule};
use jiff::SignedDuration;
use serde_json::Value;

use super::Desk;

const BLOB: &str = "GET /repos/{owner}/{repo}/git/blobs/{sha}";
const TREE: &str = "GET /repos/{owner}/{repo}/git/trees/{tree_sha}";

#[tokio::test]
async fn a_large_file_is_cut_in_the_middle_or_comes_slowly() {
    let d = Desk::new().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(3 * 1024 * 1024).collect();
    d.commit(&CommitSpec::new("x").file("x", &bytes));
    let tree = d.get("/git/trees/main").await.json();
    let blob = format!("/git/blobs/{}", tree["tree"][1]["sha"].as_str().unwrap());
    let faults = d.w.sim.faults();
    faults.add(FaultRule::new(FaultKind::CutInBody).on(BLOB).times(2));
    for _ in 0..2 {
        let answer = d.raw(&blob).await;
        assert_eq!(answer.headers()["content-length"], bytes.len().to_string());
        assert!(answer.bytes().await.is_err());
    }
    let slow = FaultKind::SlowBody {
        chunk: 1024 * 1024,
        pause: Duration::from_millis(1),
    };
    faults.add(FaultRule::new(slow).on(BLOB).times(1));
    assert!(d.raw(&blob).await.bytes().await.unwrap() == bytes);
    faults.add(FaultRule::new(FaultKind::EmptyBody).on(BLOB).times(1));
    assert!(!d.raw(&blob).await.bytes().await.is_ok_and(|body| body == bytes));
    assert!(d.raw(&blob).await.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn every_route_can_fail_in_every_way() {
    let d = Desk::new().await;
    let reset_in = SignedDuration::from_mins(5);
    for (fault, status) in [
        (FaultKind::BadGateway, 502),
        (
            FaultKind::Status {
                status: 503,
                message: "Unicorn".to_owned(),
            },
            503,
        ),
        (FaultKind::PrimaryLimit { reset_in }, 403),
        (FaultKind::SecondaryLimit { retry_after: 60 }, 403),
        (FaultKind::SecondaryLimit429 { retry_after: 60 }, 429),
    ] {
        d.w.sim
            .faults()
            .add(FaultRule::new(fault).on(TREE).owner("acme").times(1));
        assert_eq!(d.get("/git/trees/main").await.status, status);
    }
    d.w.sim
        .faults()
        .add(FaultRule::new(FaultKind::Garbage).on(TREE).times(1));
    let garbage = d.get("/git/trees/main").await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_str::<Value>(&garbage.text).is_err());
    d.w.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(TREE).times(1));
    assert!(d.ask("/git/trees/main").send().await.is_err());
    let calls = d.w.sim.calls();
    assert_eq!(calls.count(TREE), 7);
    assert_eq!(d.get("/git/trees/main").await.status, 200);
    // Faults that happened instead of the call cost nothing.
    assert_eq!(d.w.sim.github().quota_charged(), 3);
}
