//! Faults strike any route, and every call is counted.

use std::time::Duration;

use jeton_forge_sim::{FaultKind, FaultRule, GitLabSim};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::World;

const USER: &str = "GET /api/v4/user";

impl World {
    fn fault(&self, kind: FaultKind) {
        self.sim.faults().add(FaultRule::new(kind).on(USER).times(1));
    }
}

#[tokio::test]
async fn a_refusal_can_be_made_up() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let status = 503;
    w.fault(FaultKind::Status {
        status,
        message: "503 Service Unavailable".to_owned(),
    });
    w.get(&token, "/user").await.refuses(503, "503 Service Unavailable");
    w.fault(FaultKind::BadGateway);
    let answer = w.get(&token, "/user").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (502, "text/html")
    );
    w.fault(FaultKind::PrimaryLimit {
        reset_in: SignedDuration::from_secs(30),
    });
    let answer = w.get(&token, "/user").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (429, "Retry later\n"));
    assert_eq!(
        (answer.header("retry-after"), answer.header("ratelimit-remaining")),
        ("30", "0")
    );
    w.fault(FaultKind::SecondaryLimit { retry_after: 60 });
    let answer = w.get(&token, "/user").await;
    let text = "This endpoint has been requested too many times. Try again later.";
    answer.says(429, &json!({ "message": { "error": text } }));
    assert!(
        !answer.headers.contains_key("ratelimit-remaining"),
        "it is another throttle"
    );
    w.fault(FaultKind::Redirect {
        location: "http://other.invalid/".to_owned(),
    });
    assert_eq!(w.get(&token, "/user").await.header("location"), "http://other.invalid/");
    assert_eq!(w.sim.calls().count(USER), 5);
}

#[tokio::test]
async fn an_answer_can_come_broken_late_or_not_at_all() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let try_once = || w.request("GET", "/user").header("PRIVATE-TOKEN", &token).send();
    for kind in [FaultKind::CutBeforeHandling, FaultKind::CutBeforeAnswer] {
        w.fault(kind);
        assert!(try_once().await.is_err());
    }
    w.fault(FaultKind::CutInBody);
    assert!(try_once().await.unwrap().text().await.is_err());
    w.fault(FaultKind::Garbage);
    assert!(serde_json::from_str::<Value>(&w.get(&token, "/user").await.text).is_err());
    w.fault(FaultKind::EmptyBody);
    assert_eq!(w.get(&token, "/user").await.text, "");
    w.fault(FaultKind::HugeBody(100_000));
    assert!(w.get(&token, "/user").await.text.len() >= 100_000);
    w.fault(FaultKind::SlowBody {
        chunk: 100,
        pause: Duration::from_millis(1),
    });
    assert_eq!(w.get(&token, "/user").await.json()["username"], "ada");
    w.fault(FaultKind::NoAnswer);
    assert!(
        tokio::time::timeout(Duration::from_millis(50), try_once())
            .await
            .is_err()
    );
    w.fault(FaultKind::SkewedDate(SignedDuration::from_mins(-5)));
    assert_eq!(
        w.get(&token, "/user").await.header("date"),
        "Mon, 01 Jun 2026 11:55:00 GMT"
    );
}

#[tokio::test]
async fn a_fault_strikes_one_group_or_what_is_unknown() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).owner("Acme"));
    for path in [
        "/projects/acme%2Ftools",
        "/groups/acme",
        "/projects/acme%2Ftools/repository/tree",
    ] {
        assert_eq!(w.get(&token, path).await.status, 502, "{path}");
    }
    assert_eq!(w.get(&token, "/user").await.status, 200);
    w.sim.faults().clear();
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on("unknown"));
    assert_eq!(w.get(&token, "/nowhere").await.status, 502);
    assert_eq!(w.sim.calls().count("unknown"), 1);
    assert_eq!(w.sim.calls().count("GET /api/v4/groups/{id}"), 1);
}

#[tokio::test]
async fn every_route_can_be_named() {
    let names = GitLabSim::routes();
    for name in &names {
        let _ = FaultRule::new(FaultKind::Garbage).on(name);
    }
    assert!(names.contains(&"POST /api/v4/projects/{id}/access_tokens/self/rotate"));
}

#[tokio::test]
async fn it_listens_until_shutdown_or_until_the_last_handle_is_dropped() {
    let w = World::new().await;
    let address = w.sim.address();
    let other = w.sim.clone();
    drop(w);
    TcpStream::connect(address).await.unwrap();
    other.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    let w = World::new().await;
    let address = w.sim.address();
    drop(w);
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), refused).await.unwrap();
}
