//! What survives a restart, and what a wrong key or a changed database does.

use jeton_domain::Sealed;
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::both_databases;
use jeton_vault::AppRecord;
use jiff::SignedDuration;

both_databases! {
    async fn a_restart_mints_nothing(t: TestJeton) {
        t.install("acme", &["demo"]);
        let before = t.get_anonymously("/api/acme/demo").await.text;
        let t = t.restart().await;
        assert_eq!(t.get_anonymously("/api/acme/demo").await.text, before);
        assert_eq!((t.sim.calls().mints(), t.sim.calls().installation_lookups()), (1, 1));
    }

    async fn a_revocation_that_was_queued_is_done_after_a_restart(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await;
        let t = t.restart().await;
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
    }

    async fn ended_rows_are_swept_and_live_ones_stay(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        t.issue("acme/a").await;
        t.clock.advance(SignedDuration::from_hours(24 * 31));
        t.issue("acme/b").await;
        t.broker.sweep().await.unwrap();
        t.broker.sweep().await.unwrap();
        let grants = t.get("/v1/grants").await.json();
        assert_eq!(grants["grants"].as_array().unwrap().len(), 1);
        assert_eq!(grants["grants"][0]["repositories"][0], "acme/b");
    }

    async fn a_row_that_was_moved_or_changed_is_told_apart_and_left_alone(t: TestJeton) {
        let other = t.sim.github().add_app(jeton_forge_sim::AppSpec::new("other"));
        assert_eq!(t.add_app("other", &other).await.status, 201);
        // Somebody with access to the database copies one App's key over the other's, and damages a third.
        let mut tx = t.vault.begin().await.unwrap();
        let apps = tx.apps().list().await.unwrap();
        let (mut ci, other) = (apps[0].clone(), apps[1].clone());
        ci.private_key = other.private_key.clone();
        let mut bytes = other.private_key.as_bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = AppRecord { private_key: Sealed::from_bytes(bytes), ..other };
        for app in [&ci, &damaged] {
            tx.apps().remove(app.id).await.unwrap();
            tx.apps().add(app).await.unwrap();
        }
        tx.commit().await.unwrap();
        let t = t.restart().await;
        for (name, code) in [("ci", "seal.swapped"), ("other", "seal.tampered")] {
            let answer = t.try_issue(serde_json::json!({"repositories": ["acme/demo"], "app": name})).await;
            assert_eq!((answer.status, answer.code().as_str()), (500, code), "{}", answer.text);
        }
        let kept = t.vault.read().await.unwrap().apps().list().await.unwrap();
        assert_eq!(kept.iter().map(|app| app.private_key.clone()).collect::<Vec<_>>(), [ci.private_key, damaged.private_key]);
    }

    async fn a_request_in_flight_is_finished_at_shutdown(t: TestJeton) {
        t.install("acme", &["demo"]);
        let mint = "POST /app/installations/{id}/access_tokens";
        let slow = t.sim.faults().add(FaultRule::new(FaultKind::Latency(std::time::Duration::from_millis(400))).on(mint));
        let asking = tokio::spawn(reqwest::get(format!("{}/api/acme/demo", t.url)));
        while t.sim.faults().fired(slow) == 0 {
            tokio::task::yield_now().await;
        }
        let t = t.restart().await;
        assert_eq!(asking.await.unwrap().unwrap().status(), 200);
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        assert_eq!(t.sim.calls().mints(), 1, "and what it got is in the vault");
    }
}
