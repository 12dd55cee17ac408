//! Each outside call of a request fails in turn; after each, the forge and the vault must agree.

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{TestJeton, both_databases};
use serde_json::json;

both_databases! {
    async fn whichever_call_fails_the_next_request_succeeds_and_nothing_is_lost(t: TestJeton) {
        // BadGateway answers before the forge does anything; CutBeforeAnswer after it did.
        for (kind, name) in [(FaultKind::BadGateway, "gateway"), (FaultKind::CutBeforeAnswer, "cut"), (FaultKind::Garbage, "garbage")] {
            for step in 0..8 {
                let repository = format!("{name}{step}");
                t.install(&format!("owner-{repository}"), &[&repository]);
                // All tries from this call on fail, so that the retries of one request do not hide it.
                let rule = t.sim.faults().add(FaultRule::new(kind.clone()).after(step));
                let ask = json!({"repositories": [format!("owner-{repository}/{repository}")]});
                let outcome = t.try_issue(ask.clone()).await;
                let fired = t.sim.faults().fired(rule);
                t.sim.faults().clear();
                if outcome.status != 201 {
                    assert!(matches!(outcome.status, 502..=504), "{name} {step}: {}", outcome.text);
                    assert!(fired > 0);
                }
                let after = t.try_issue(ask).await;
                assert_eq!(after.status, 201, "{name} {step}: {}", after.text);
                assert!(t.sim.github().is_live(after.json()["token"].as_str().unwrap()), "{name} {step}");
                if fired == 0 {
                    break;
                }
            }
        }
        let listed = t.get("/v1/grants?limit=500").await.json();
        let live: Vec<String> = t.sim.github().live_tokens().into_iter().map(|token| token.fingerprint).collect();
        for grant in listed["grants"].as_array().unwrap() {
            assert!(live.contains(&grant["fingerprint"].as_str().unwrap().to_owned()), "every grant is a live token");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_costs_no_second_mint() {
    use jeton_testkit::{Database, NodeOptions};
    let t = TestJeton::start_with(Database::sqlite_with_pages(160), NodeOptions::default()).await;
    t.install("acme", &["demo"]);
    let first = t.issue("acme/demo").await;
    // Grants fill the disk.
    let mut refused = None;
    for _ in 0..2_000 {
        let answer = t.try_issue(json!({"repositories": ["acme/demo"]})).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the disk fills up");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "vault.full"),
        "{}",
        refused.text
    );
    let listed = t.get("/v1/grants?limit=500").await;
    assert_eq!(listed.status, 200, "what is there can still be read");
    assert_eq!(t.sim.calls().mints(), 1, "a disk that is full is no reason to mint");
    assert!(t.sim.github().is_live(first["token"].as_str().unwrap()));
}
