//! The broker's promises: verified release, renewal ahead, a good token served while the forge is down, re-discovery.

use jeton_forge_sim::{FaultKind, FaultRule, TokenLag};
use jeton_testkit::both_databases;
use jiff::SignedDuration;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

both_databases! {
    async fn a_fresh_token_is_held_back_until_the_forge_accepts_it(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.sim.github().set_token_lag(TokenLag::Time(SignedDuration::from_secs(3)));
        let token = t.issue("acme/demo").await["token"].as_str().unwrap().to_owned();
        let http = reqwest::Client::builder().no_proxy().user_agent("test").build().unwrap();
        let url = format!("{}/installation/repositories", t.sim.api_url());
        assert_eq!(http.get(url).bearer_auth(token).send().await.unwrap().status(), 200, "live when handed out");
    }

    async fn a_token_that_never_comes_to_life_is_not_handed_out(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.sim.github().set_token_lag(TokenLag::Time(SignedDuration::from_mins(1)));
        let answer = t.get_anonymously("/api/acme/demo").await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(!answer.header("retry-after").is_empty());
        // Each try of a client would otherwise leave one more live token at the forge.
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 503);
        assert_eq!(t.sim.calls().mints(), 1, "the same token is looked at again");
        t.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn a_policy_against_this_machine_is_no_evidence_against_the_token(t: TestJeton) {
        t.install("acme", &["demo"]);
        let message = "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.".to_owned();
        t.sim.faults().add(FaultRule::new(FaultKind::Status { status: 403, message }).on("GET /installation/repositories"));
        let grant = t.issue("acme/demo").await;
        let report = serde_json::json!({"fingerprint": grant["fingerprint"]});
        assert_eq!(t.post("/v1/tokens/rejected", report).await.json()["verdict"], "unknown");
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn an_app_that_is_down_does_not_stand_in_the_way_of_a_warm_one(t: TestJeton) {
        let other = t.sim.github().add_app(jeton_forge_sim::AppSpec::new("other"));
        assert_eq!(t.add_app("aaa-first-by-name", &other).await.status, 201);
        t.install("acme", &["demo"]);
        let warm = t.issue("acme/demo").await;
        t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let calls = t.sim.calls().total();
        assert_eq!(t.issue("acme/demo").await["fingerprint"], warm["fingerprint"]);
        assert_eq!(t.sim.calls().total(), calls, "nobody was asked");
    }

    async fn nonsense_after_a_mint_is_not_minted_again(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.sim.faults().add(FaultRule::new(FaultKind::Garbage).on(MINT));
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 502);
        assert_eq!(t.sim.calls().count(MINT), 1);
        t.sim.faults().clear();
        t.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(MINT));
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 503);
        assert_eq!(t.sim.calls().count(MINT), 3, "a cut is tried once more");
    }

    async fn the_old_token_is_served_while_the_forge_is_down_and_not_a_second_longer(t: TestJeton) {
        t.install("acme", &["demo"]);
        let old = t.get_anonymously("/api/acme/demo").await.text;
        t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        for minute in [56, 57, 58, 59] {
            t.clock.advance(SignedDuration::from_mins(if minute == 56 { 56 } else { 1 }));
            // Renewals run meanwhile, and fail; their pauses are on this clock.
            let answer = t.get_anonymously("/api/acme/demo").await;
            if answer.status != 200 {
                break;
            }
            assert_eq!(answer.text, old, "minute {minute}");
        }
        t.clock.advance(SignedDuration::from_mins(5));
        let answer = t.get_anonymously("/api/acme/demo").await;
        assert!(matches!(answer.status, 502..=504), "{} {}", answer.status, answer.text);
        t.sim.faults().clear();
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
    }

    async fn a_reinstalled_app_is_found_again(t: TestJeton) {
        let id = t.install("acme", &["demo"]);
        t.issue("acme/demo").await;
        t.sim.github().reinstall(id);
        t.clock.advance(SignedDuration::from_mins(61));
        let answer = t.get_anonymously("/api/acme/demo").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    async fn a_rejected_token_is_dropped_only_when_the_forge_says_so(t: TestJeton) {
        t.install("acme", &["demo"]);
        let first = t.issue("acme/demo").await;
        let report = serde_json::json!({"fingerprint": first["fingerprint"]});
        let answer = t.post("/v1/tokens/rejected", report.clone()).await.json();
        assert_eq!(answer["verdict"], "live", "the caller's word alone does not drop it");
        assert_eq!(t.issue("acme/demo").await["fingerprint"], first["fingerprint"]);
        let down = t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        assert_eq!(t.post("/v1/tokens/rejected", report.clone()).await.json()["verdict"], "unknown");
        t.sim.faults().remove(down);
        assert!(t.sim.github().revoke_by_fingerprint(first["fingerprint"].as_str().unwrap()));
        assert_eq!(t.post("/v1/tokens/rejected", report.clone()).await.json()["verdict"], "dropped");
        let second = t.issue("acme/demo").await;
        assert_ne!(second["fingerprint"], first["fingerprint"]);
        let again = t.post("/v1/tokens/rejected", report).await;
        assert_eq!((again.status, again.code().as_str()), (404, "grant.fingerprint_unknown"));
    }

    async fn a_reinstalled_app_is_noticed_by_a_report_too(t: TestJeton) {
        let id = t.install("acme", &["demo"]);
        let first = t.issue("acme/demo").await;
        t.sim.github().reinstall(id);
        let report = serde_json::json!({"fingerprint": first["fingerprint"]});
        assert_eq!(t.post("/v1/tokens/rejected", report).await.json()["verdict"], "dropped");
        let second = t.issue("acme/demo").await;
        assert!(t.sim.github().is_live(second["token"].as_str().unwrap()));
    }

    async fn renewal_stops_when_access_is_taken_away(t: TestJeton) {
        let id = t.install("acme", &["demo"]);
        t.get_anonymously("/api/acme/demo").await;
        t.sim.github().uninstall(id);
        t.clock.advance(SignedDuration::from_mins(56));
        t.broker.renew_due().await;
        let answer = t.get_anonymously("/api/acme/demo").await;
        assert_eq!(answer.status, 400, "a token of the past is not handed out: {}", answer.text);
    }

    async fn a_token_wider_than_asked_is_thrown_away(t: TestJeton) {
        t.install("acme", &["demo", "other"]);
        t.sim.faults().add(FaultRule::new(FaultKind::WiderToken).on(MINT));
        let answer = t.try_issue(serde_json::json!({"repositories": ["acme/demo"]})).await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "forge.token_too_wide"), "{}", answer.text);
        assert!(t.sim.github().live_tokens().is_empty(), "it was revoked");
    }

    async fn both_directions_of_clock_skew_are_survived(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        t.sim.clock().set_skew(SignedDuration::from_mins(-30));
        let behind = t.issue("acme/a").await;
        assert!(t.sim.github().is_live(behind["token"].as_str().unwrap()));
        t.sim.clock().set_skew(SignedDuration::from_mins(30));
        let ahead = t.issue("acme/b").await;
        assert!(t.sim.github().is_live(ahead["token"].as_str().unwrap()));
        // Half an hour of skew does not make a token live longer: by the forge's clock it ends after an hour.
        t.clock.advance(SignedDuration::from_secs(3599));
        for token in [t.issue("acme/a").await, t.issue("acme/b").await] {
            assert!(t.sim.github().is_live(token["token"].as_str().unwrap()));
        }
    }
}
