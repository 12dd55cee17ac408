//! What goes wrong on purpose.

use std::time::{Duration, Instant};

use jeton_forge_sim::{FaultKind, FaultRule};
use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpStream;

use crate::common::{MINT, World};

const REPOSITORIES: &str = "/installation/repositories";

impl World {
    fn fault(&self, kind: FaultKind) -> jeton_forge_sim::FaultId {
        self.sim.faults().add(FaultRule::new(kind).on(MINT).times(1))
    }

    /// Mints and reads the whole answer; the error is the transport's.
    async fn try_mint(&self) -> reqwest::Result<(u16, String)> {
        let request = self.request("POST", &self.mint_path());
        let response = request.bearer_auth(self.assertion()).send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }
}

#[tokio::test]
async fn a_status_stands_in_for_the_answer() {
    let w = World::new().await;
    let message = "Server Error".to_owned();
    w.fault(FaultKind::Status { status: 500, message });
    w.mint(&json!({})).await.is(500, "Server Error");
    assert_eq!(w.sim.calls().mints(), 0);
    assert_eq!(w.mint(&json!({})).await.status, 201);
    w.fault(FaultKind::BadGateway);
    let (status, page) = w.try_mint().await.unwrap();
    assert_eq!(status, 502);
    assert!(page.starts_with("<html>"));
}

#[tokio::test]
async fn limits_can_be_forced() {
    let w = World::new().await;
    let reset_in = SignedDuration::from_mins(20);
    w.fault(FaultKind::PrimaryLimit { reset_in });
    let primary = w.mint(&json!({})).await;
    primary.is(403, &format!("API rate limit exceeded for app ID {}.", w.app.id));
    assert_eq!(primary.header("x-ratelimit-remaining"), "0");
    assert_eq!(primary.header("x-ratelimit-reset"), (w.now() + 1200).to_string());
    for (kind, status) in [
        (FaultKind::SecondaryLimit { retry_after: 7 }, 403),
        (FaultKind::SecondaryLimit429 { retry_after: 7 }, 429),
    ] {
        w.fault(kind);
        let secondary = w.mint(&json!({})).await;
        assert_eq!(secondary.status, status);
        assert_eq!(secondary.header("retry-after"), "7");
        assert_ne!(secondary.header("x-ratelimit-remaining"), "0");
        let url = secondary.json()["documentation_url"].as_str().unwrap().to_owned();
        assert!(url.ends_with("secondary-rate-limits"));
    }
}

#[tokio::test]
async fn a_cut_before_the_work_loses_nothing_and_one_after_it_loses_a_token() {
    let w = World::new().await;
    w.fault(FaultKind::CutBeforeHandling);
    assert!(w.try_mint().await.is_err());
    assert_eq!(w.sim.github().live_tokens().len(), 0);
    let id = w.fault(FaultKind::CutBeforeAnswer);
    assert!(w.try_mint().await.is_err());
    assert_eq!(w.sim.github().live_tokens().len(), 1);
    assert_eq!(w.sim.faults().fired(id), 1);
    assert_eq!(w.sim.calls().mints(), 1);
}

#[tokio::test]
async fn a_cut_in_the_body_shows_the_status_but_never_the_end() {
    let w = World::new().await;
    w.fault(FaultKind::CutInBody);
    let request = w.request("POST", &w.mint_path());
    let response = request.bearer_auth(w.assertion()).send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn bodies_can_be_garbage_empty_huge_or_slow() {
    let w = World::new().await;
    w.fault(FaultKind::Garbage);
    let (status, body) = w.try_mint().await.unwrap();
    assert_eq!(status, 201);
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_err());
    w.fault(FaultKind::EmptyBody);
    assert_eq!(w.try_mint().await.unwrap(), (201, String::new()));
    w.fault(FaultKind::HugeBody(100_000));
    assert_eq!(w.try_mint().await.unwrap().1.len(), 100_000);
    let pause = Duration::from_millis(2);
    w.fault(FaultKind::SlowBody { chunk: 100, pause });
    let started = Instant::now();
    let (_, body) = w.try_mint().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
    let pieces = u32::try_from(body.len().div_ceil(100)).unwrap();
    assert!(started.elapsed() >= pause * (pieces - 1));
}

#[tokio::test]
async fn latency_is_real_and_can_be_aimed_at_an_owner() {
    let w = World::new().await;
    let wait = Duration::from_millis(30);
    let rule = FaultRule::new(FaultKind::Latency(wait)).owner("acme");
    let id = w.sim.faults().add(rule);
    w.as_app("GET", "/app").await;
    w.as_app("GET", "/orgs/other/installation").await;
    assert_eq!(w.sim.faults().fired(id), 0);
    let started = Instant::now();
    let token = w.token(&json!({})).await;
    assert!(started.elapsed() >= wait);
    w.as_app("GET", "/repos/acme/tools/installation").await;
    w.as_token(&token, "GET", REPOSITORIES).await;
    assert_eq!(w.sim.faults().fired(id), 3);
    w.sim.faults().remove(id);
    w.as_token(&token, "GET", REPOSITORIES).await;
    assert_eq!(w.sim.faults().fired(id), 3);
}

#[tokio::test]
async fn no_answer_lasts_until_the_simulator_stops() {
    let w = World::new().await;
    let id = w.fault(FaultKind::NoAnswer);
    let request = w.request("POST", &w.mint_path()).bearer_auth(w.assertion());
    let waiting = tokio::spawn(request.send());
    while w.sim.faults().fired(id) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    w.sim.shutdown().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_redirect_leads_elsewhere_and_a_date_can_lie() {
    let w = World::new().await;
    let location = "http://127.0.0.1:1/elsewhere".to_owned();
    w.fault(FaultKind::Redirect {
        location: location.clone(),
    });
    let answer = w.mint(&json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (307, &*location));
    w.fault(FaultKind::SkewedDate(SignedDuration::from_mins(-5)));
    let answer = w.mint(&json!({})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("date"), "Mon, 01 Jun 2026 11:55:00 GMT");
}

#[tokio::test]
async fn a_mint_can_give_too_much_or_come_too_late() {
    let w = World::new().await;
    let narrow = json!({"repositories": ["docs"], "permissions": {"contents": "read"}});
    w.fault(FaultKind::WiderToken);
    let minted = w.mint(&narrow).await.json();
    assert_eq!(minted["permissions"]["contents"], "write");
    assert_eq!(minted["repository_selection"], "all");
    w.fault(FaultKind::AlreadyExpired);
    let minted = w.mint(&narrow).await.json();
    assert_eq!(minted["expires_at"], "2026-06-01T11:59:00Z");
    let token = minted["token"].as_str().unwrap();
    w.as_token(token, "GET", REPOSITORIES).await.is(401, "Bad credentials");
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
