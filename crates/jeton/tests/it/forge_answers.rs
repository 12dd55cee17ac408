//! What the forge says, and whose fault it is then.

use jeton_forge_sim::{FaultKind, FaultRule, InstallSpec};
use jeton_testkit::{Answer, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::json;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

async fn both_routes(t: &TestJeton) -> (Answer, Answer) {
    let native = t.try_issue(json!({"repositories": ["acme/demo"]})).await;
    (t.get_anonymously("/api/acme/demo").await, native)
}

fn status(status: u16, message: &str) -> FaultKind {
    FaultKind::Status {
        status,
        message: message.to_owned(),
    }
}

both_databases! {
    async fn each_failure_has_its_status_code_and_remedy(t: TestJeton) {
        t.install("acme", &["demo"]);
        let cases = [
            (status(401, "A JSON web token could not be decoded"), 502, "app.key_rejected"),
            (status(403, "Resource not accessible by integration"), 403, "forge.forbidden"),
            (status(422, "Something odd"), 422, "forge.unprocessable"),
            (status(500, "Server Error"), 503, "forge.unavailable"),
            (FaultKind::BadGateway, 503, "forge.unavailable"),
            (FaultKind::Garbage, 502, "forge.garbled"),
            (FaultKind::EmptyBody, 502, "forge.garbled"),
            (FaultKind::CutBeforeAnswer, 503, "forge.unavailable"),
            (FaultKind::CutInBody, 503, "forge.unavailable"),
            (FaultKind::SecondaryLimit { retry_after: 120 }, 503, "forge.rate_limited"),
            (FaultKind::AlreadyExpired, 502, "forge.garbled"),
        ];
        for (fault, expected, code) in cases {
            let name = format!("{fault:?}");
            let rule = t.sim.faults().add(FaultRule::new(fault).on(MINT));
            let (compatible, native) = both_routes(&t).await;
            t.sim.faults().remove(rule);
            assert_eq!((native.status, native.code().as_str()), (expected, code), "{name}: {}", native.text);
            assert!(native.json()["remedy"].as_str().is_some_and(|remedy| remedy.len() > 20), "{name}: {}", native.text);
            assert_eq!(compatible.status / 100, expected / 100, "{name}: {}", compatible.text);
            assert_ne!(compatible.status, 400, "{name}");
            assert!(compatible.json()["error"].is_string(), "{name}");
            if expected >= 502 {
                assert!(!native.header("retry-after").is_empty() && !compatible.header("retry-after").is_empty(), "{name}");
            }
            // A limit holds back all calls of the App until it ends.
            t.clock.advance(SignedDuration::from_mins(3));
        }
        assert_eq!(both_routes(&t).await.1.status, 201, "and then all is well");
    }

    async fn an_unanswering_forge_is_a_gateway_timeout(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.issue("acme/demo").await;
        t.sim.faults().add(FaultRule::new(FaultKind::NoAnswer).on(MINT));
        t.clock.advance(SignedDuration::from_mins(61));
        let answer = t.try_issue(json!({"repositories": ["acme/demo"]})).await;
        assert_eq!((answer.status, answer.code().as_str()), (504, "forge.timeout"), "{}", answer.text);
    }

    async fn a_suspended_installation_is_told(t: TestJeton) {
        let id = t.install("acme", &["demo"]);
        t.sim.github().suspend(id);
        let (compatible, native) = both_routes(&t).await;
        assert_eq!(compatible.status, 403, "{}", compatible.text);
        assert_eq!((native.status, native.code().as_str()), (403, "forge.installation_suspended"));
    }

    async fn a_missing_permission_is_named(t: TestJeton) {
        t.sim.github().add_repository("acme", "demo", true).unwrap();
        let spec = InstallSpec::all().permissions([("contents", "read"), ("metadata", "read")]);
        t.sim.github().install(t.app.id, "acme", spec);
        let answer = t.try_issue(json!({"repositories": ["acme/demo"], "permissions": {"contents": "write", "issues": "read"}})).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, "forge.permission_not_granted"), "{}", answer.text);
        assert!(answer.text.contains("contents=write,issues=read"), "{}", answer.text);
    }

    async fn the_repository_that_is_missing_is_named(t: TestJeton) {
        t.install("acme", &["here"]);
        let answer = t.try_issue(json!({"repositories": ["acme/here", "acme/gone"]})).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "forge.app_not_installed"), "{}", answer.text);
        assert!(answer.json()["detail"].as_str().unwrap().contains("acme/gone"), "{}", answer.text);
    }

    async fn the_primary_limit_is_told_with_its_end(t: TestJeton) {
        t.install("acme", &["demo"]);
        let reset_in = SignedDuration::from_mins(20);
        let rule = t.sim.faults().add(FaultRule::new(FaultKind::PrimaryLimit { reset_in }).on(MINT));
        let (compatible, native) = both_routes(&t).await;
        assert_eq!((native.status, native.code().as_str()), (503, "forge.rate_limited"));
        let wait: i64 = compatible.header("retry-after").parse().unwrap();
        assert!((1100..=1210).contains(&wait), "{wait}");
        t.sim.faults().remove(rule);
        let calls = t.sim.calls().total();
        assert_eq!(both_routes(&t).await.1.status, 503, "nobody calls while the limit holds");
        assert_eq!(t.sim.calls().total(), calls);
        t.clock.advance(SignedDuration::from_mins(21));
        assert_eq!(both_routes(&t).await.1.status, 201);
    }

    async fn a_forge_with_a_short_hiccup_is_tried_again(t: TestJeton) {
        t.install("acme", &["demo"]);
        let rule = t.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(MINT).times(2));
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        assert_eq!(t.sim.faults().fired(rule), 2);
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn a_short_limit_is_waited_out(t: TestJeton) {
        t.install("acme", &["demo"]);
        let before = jeton_domain::Clock::now(&t.clock);
        t.sim.faults().add(FaultRule::new(FaultKind::SecondaryLimit { retry_after: 3 }).on(MINT).times(1));
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        let waited = jeton_domain::Clock::now(&t.clock).duration_since(before);
        assert!(waited >= SignedDuration::from_secs(3), "{waited:?}");
        assert_eq!(t.sim.calls().count(MINT), 2);
    }

    async fn what_the_forge_says_is_passed_on_without_secrets(t: TestJeton) {
        t.install("acme", &["demo"]);
        let planted = format!("ghs_{}", "q7Z".repeat(12));
        t.sim.faults().add(FaultRule::new(status(403, &format!("no access with {planted}, sorry"))).on(MINT));
        let (compatible, native) = both_routes(&t).await;
        assert!(native.json()["forge_message"].as_str().unwrap().contains("no access with"), "{}", native.text);
        assert!(native.json()["forge_request_id"].is_string());
        assert!(!native.text.contains(&planted) && !compatible.text.contains(&planted));
    }
}
