//! One mint, however many ask; never a storm.

use std::time::Duration;

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{TestJeton, both_databases};
use jiff::SignedDuration;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

async fn ask_many(t: &TestJeton, path: &str, callers: usize) -> Vec<(u16, String)> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let request = http.get(format!("{}{path}", t.url));
        running.spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        });
    }
    running.join_all().await
}

/// What a server counted of an App's tokens: minted for a request, without a mint of their own, and mints in all.
fn handed_out(t: &TestJeton) -> (u64, u64, u64) {
    let hours = t.broker.traffic().hours;
    let add = |sum: (u64, u64, u64), hour: &jeton_broker::HourTraffic| {
        (sum.0 + hour.minted, sum.1 + hour.from_cache, sum.2 + hour.mints)
    };
    hours.iter().fold((0, 0, 0), add)
}

both_databases! {
    async fn a_token_from_the_vault_is_counted_as_one_that_was_there(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.issue("acme/demo").await;
        let t = t.restart().await;
        t.issue("acme/demo").await;
        assert_eq!(handed_out(&t), (0, 1, 0));
    }

    async fn many_callers_of_one_cold_key_cause_one_mint(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.sim.faults().add(FaultRule::new(FaultKind::Latency(Duration::from_millis(50))).on(MINT));
        let answers = ask_many(&t, "/api/acme/demo", 256).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "all get the same");
        assert_eq!(answers[0].0, 200);
        assert_eq!(t.sim.calls().mints(), 1);
        assert_eq!(t.sim.calls().installation_lookups(), 1);
        assert_eq!(handed_out(&t), (1, 255, 1), "each is counted, and once");
    }

    async fn many_callers_share_one_failure_too(t: TestJeton) {
        t.sim.faults().add(FaultRule::new(FaultKind::Latency(Duration::from_millis(50))));
        let answers = ask_many(&t, "/api/nobody/nothing", 64).await;
        assert!(answers.iter().all(|answer| answer.0 == 400));
        assert!(t.sim.calls().installation_lookups() <= 2, "{}", t.sim.calls().installation_lookups());
    }

    async fn an_expiry_under_load_is_renewed_once_and_nobody_waits(t: TestJeton) {
        t.install("acme", &["demo"]);
        let old = t.get_anonymously("/api/acme/demo").await.text;
        t.clock.advance(SignedDuration::from_mins(56));
        // The forge takes its time with the successor; callers get the old token at once meanwhile.
        let hold = t.sim.faults().add(FaultRule::new(FaultKind::NoAnswer).on(MINT));
        let answers = ask_many(&t, "/api/acme/demo", 64).await;
        assert!(answers.iter().all(|(status, text)| *status == 200 && *text == old), "the old one is still good");
        t.sim.faults().remove(hold);
        t.broker.drain().await;
        t.clock.advance(SignedDuration::from_mins(1));
        t.broker.renew_due().await;
        let renewed = t.get_anonymously("/api/acme/demo").await.text;
        assert_ne!(renewed, old);
        assert_eq!(t.sim.calls().mints(), 2);
        assert_eq!(handed_out(&t), (1, 65, 2), "a renewal ahead goes out to nobody");
    }

    async fn a_caller_who_hangs_up_does_not_take_the_mint_along(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.sim.faults().add(FaultRule::new(FaultKind::Latency(Duration::from_millis(150))).on(MINT));
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(50)).build().unwrap();
        assert!(http.get(format!("{}/api/acme/demo", t.url)).send().await.is_err(), "the caller gave up");
        t.broker.drain().await;
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn an_unused_key_is_not_renewed_for_ever(t: TestJeton) {
        t.install("acme", &["demo"]);
        t.get_anonymously("/api/acme/demo").await;
        t.clock.advance(SignedDuration::from_mins(56));
        assert_eq!(t.broker.renew_due().await, 1, "it was used in its hour");
        t.clock.advance(SignedDuration::from_mins(56));
        assert_eq!(t.broker.renew_due().await, 0, "nobody asked since");
        assert_eq!(t.sim.calls().mints(), 2);
    }
}
