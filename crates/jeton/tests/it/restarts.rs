//! What survives a restart, and what a wrong key or a changed database does.

use jeton_testkit::both_databases;
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
}
