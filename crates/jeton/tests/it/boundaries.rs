//! Small doors that must stay shut, and walls that must not fall on the wrong people.

use std::num::NonZeroU32;

use jeton_access::AccessSettings;
use jeton_domain::Clock as _;
use jeton_forge_sim::{OidcFault, OidcRoute};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::SignedDuration;
use serde_json::json;

use crate::jwt_callers::{LaterClock, config, for_us, issuer, with_issuers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_a_browser_remembers_is_no_consent() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    let key = t.key.secret().expose().to_owned();
    let add = |site: &'static str| {
        let key = key.clone();
        t.send(move |http, url| {
            http.post(format!("{url}/v1/clients"))
                .basic_auth("x", Some(key))
                .header("sec-fetch-site", site)
                .json(&json!({"name": format!("from-{site}")}))
        })
    };
    let refused = add("cross-site").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "auth.csrf"),
        "{}",
        refused.text
    );
    assert_eq!(add("same-origin").await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_policy_takes_the_name_of_a_route() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    for name in ["check", "explain", "replay"] {
        let spec = json!({"name": name, "callers": {"client": "ci"}, "actions": ["app.read"]});
        let answer = t.post("/v1/policies", spec).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "policy.invalid"),
            "{}",
            answer.text
        );
    }
}

fn two_at_once(access: AccessSettings) -> NodeOptions {
    let number = |n| NonZeroU32::new(n).unwrap();
    NodeOptions {
        access: AccessSettings {
            per_address_per_second: number(1),
            per_address_burst: number(20),
            ..access
        },
        ..NodeOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_shuts_nobody_out_and_health_is_always_told() {
    let options = two_at_once(AccessSettings::default());
    let t = TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await;
    t.clock.advance(SignedDuration::from_mins(1));
    let mut last = t.get("/v1/whoami").await.status;
    for _ in 0..30 {
        last = t.get("/v1/whoami").await.status;
    }
    assert_eq!(last, 429, "the limit is there");
    for path in ["/healthz", "/readyz", "/api/health"] {
        assert_eq!(t.get_anonymously(path).await.status, 200, "{path}");
    }
    t.clock.advance(SignedDuration::from_hours(-1));
    assert_eq!(t.get("/v1/whoami").await.status, 429);
    t.clock.advance(SignedDuration::from_secs(5));
    let answer = t.get("/v1/whoami").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_is_down_is_no_fault_of_its_callers() {
    let clock = LaterClock::default();
    let oidc = issuer(&clock).await;
    let t = with_issuers(DatabaseKind::Sqlite, vec![config("corp", &oidc)]).await;
    *clock.lock().unwrap() = t.clock.clone();
    let token = oidc.sign(&for_us(json!({"sub": "job"})));
    oidc.set_fault(OidcRoute::Discovery, Some(OidcFault::Cut));
    let before = t.clock.now();
    for _ in 0..20 {
        let answer = t.get_as(&token, "/v1/whoami").await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "auth.issuer_unavailable"),
            "{}",
            answer.text
        );
    }
    assert_eq!(t.clock.now(), before, "nobody was made to wait");
    let refused = t.get("/v1/record?event=auth.refused").await.json();
    assert_eq!(refused["entries"].as_array().map(Vec::len), Some(0), "{refused}");
}
