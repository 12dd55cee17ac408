//! Giving tokens back.

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::both_databases;
use jiff::SignedDuration;

const REVOKE: &str = "DELETE /installation/token";

both_databases! {
    async fn a_token_that_nobody_else_holds_dies_at_the_forge(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        let token = grant["token"].as_str().unwrap();
        let answer = t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        assert_eq!(answer.json()["state"], "revoking", "{}", answer.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(token));
        assert_ne!(t.issue("acme/demo").await["token"], grant["token"], "a dead token is never handed out");
        let again = t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        assert_eq!(again.json()["state"], "over");
    }

    async fn a_token_that_others_hold_lives_on(t: TestJeton) {
        t.install("acme", &["demo"]);
        let (first, second) = (t.issue("acme/demo").await, t.issue("acme/demo").await);
        let token = first["token"].as_str().unwrap();
        let give_back = |grant: serde_json::Value, query: &'static str| {
            let path = format!("/v1/tokens/{}{query}", grant["grant_id"].as_str().unwrap());
            async { let path = path; t.delete(&path).await.json() }
        };
        let answer = give_back(first.clone(), "").await;
        assert_eq!((answer["state"].as_str(), answer["shared_with"].as_u64()), (Some("released"), Some(1)));
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(t.sim.github().is_live(token), "the other holder's token does not die under it");
        assert_eq!(give_back(second, "").await["state"], "revoking");
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(token));
    }

    async fn force_kills_a_shared_token(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.get_anonymously("/api/acme/demo").await;
        let grant = t.issue("acme/demo").await;
        let path = format!("/v1/tokens/{}?force=true", grant["grant_id"].as_str().unwrap());
        assert_eq!(t.delete(&path).await.json()["state"], "revoking");
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
        let after = t.get_anonymously("/api/acme/demo").await;
        assert!(t.sim.github().is_live(after.json()["access_token"].as_str().unwrap()), "the warm answer is gone too");
    }

    async fn the_forge_is_asked_until_it_confirms(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        let down = t.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REVOKE));
        t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        for _ in 0..4 {
            t.clock.advance(SignedDuration::from_mins(1));
            t.worker.run_due().await.unwrap();
        }
        assert!(t.sim.github().is_live(grant["token"].as_str().unwrap()));
        assert!(t.sim.faults().fired(down) >= 3);
        t.sim.faults().clear();
        t.clock.advance(SignedDuration::from_mins(6));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
        let (waiting, dead) = t.vault.read().await.unwrap().jobs().count().await.unwrap();
        assert_eq!((waiting, dead), (0, 0));
    }

    async fn an_ended_token_counts_as_done(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        t.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REVOKE));
        t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        t.clock.advance(SignedDuration::from_mins(61));
        t.worker.run_due().await.unwrap();
        let (waiting, dead) = t.vault.read().await.unwrap().jobs().count().await.unwrap();
        assert_eq!((waiting, dead), (0, 0), "no job is left over a token that is dead anyway");
        let late = t.issue("acme/demo").await;
        t.clock.advance(SignedDuration::from_mins(61));
        let answer = t.delete(&format!("/v1/tokens/{}", late["grant_id"].as_str().unwrap())).await;
        assert_eq!(answer.json()["state"], "over");
    }

    async fn a_token_that_the_forge_killed_already_counts_as_done(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        t.sim.github().revoke_by_fingerprint(grant["fingerprint"].as_str().unwrap());
        t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        // A 401 for a token this young may be a replica that lags: it is asked again later.
        for _ in 0..2 {
            t.clock.advance(SignedDuration::from_secs(40));
            t.worker.run_due().await.unwrap();
        }
        let (waiting, dead) = t.vault.read().await.unwrap().jobs().count().await.unwrap();
        assert_eq!((waiting, dead), (0, 0));
    }

    async fn an_unknown_grant_is_told(t: TestJeton) {
        for id in ["00000000-0000-7000-8000-000000000000", "nonsense", "..", "%00"] {
            let answer = t.delete(&format!("/v1/tokens/{id}")).await;
            assert_eq!(answer.status, 404, "{id}: {}", answer.text);
        }
    }

    async fn a_token_is_revoked_even_when_its_app_is_gone(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        assert_eq!(t.delete("/v1/apps/ci").await.status, 200);
        let answer = t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        assert_eq!(answer.json()["state"], "revoking", "{}", answer.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
    }

    async fn a_removed_apps_tokens_are_not_handed_out_any_more(t: TestJeton) {
        t.install("acme", &["demo"]);
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200, "warm by now");
        assert_eq!(t.delete("/v1/apps/ci").await.status, 200);
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 503);
    }

    async fn a_token_of_lost_access_is_ended_at_the_forge_too(t: TestJeton) {
        // It opens two repositories; one of them leaves. What is left of it must not live on unnoticed.
        t.install("acme", &["stays", "leaves"]);
        let grant = t.try_issue(serde_json::json!({"repositories": ["acme/stays", "acme/leaves"]})).await.json();
        let token = grant["token"].as_str().unwrap();
        t.sim.github().remove_repository("acme", "leaves");
        assert!(t.sim.github().is_live(token));
        t.clock.advance(SignedDuration::from_mins(56));
        t.broker.renew_due().await;
        t.clock.advance(SignedDuration::from_secs(5));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(token));
    }
}
