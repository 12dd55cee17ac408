//! A secret is nowhere but where it belongs.

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::json;

both_databases! {
    async fn no_answer_but_the_right_one_holds_a_token_or_a_key(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        let token = grant["token"].as_str().unwrap();
        let key_line = t.app.private_key_pkcs1_pem.lines().nth(3).unwrap();
        let mut seen = Vec::new();
        for path in ["/v1/grants", "/v1/apps", "/v1/keys", "/readyz", "/healthz", "/docs", "/openapi.json", "/"] {
            seen.push((path, t.get(path).await.text));
        }
        seen.push(("check", t.post("/v1/apps/ci/check", json!({})).await.text));
        let report = json!({"fingerprint": grant["fingerprint"]});
        seen.push(("rejected", t.post("/v1/tokens/rejected", report).await.text));
        t.sim.faults().add(FaultRule::new(FaultKind::Garbage));
        t.clock.advance(SignedDuration::from_secs(1));
        let fresh = t.try_issue(json!({"repositories": ["acme/demo"], "fresh": true})).await;
        assert_eq!(fresh.status, 502);
        seen.push(("garbage", fresh.text));
        seen.push(("revoked", t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await.text));
        seen.push(("debug", format!("{:?} {:?} {:?}", t.broker, t.worker, t.web)));
        for (place, text) in seen {
            for secret in [token, key_line, t.key.secret().expose()] {
                assert!(!text.contains(secret), "{place}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_file_holds_nothing_in_the_clear() {
    let t = jeton_testkit::TestJeton::start(jeton_testkit::DatabaseKind::Sqlite).await;
    t.install("acme", &["demo"]);
    let token = t.issue("acme/demo").await["token"].as_str().unwrap().to_owned();
    let key_line = t.app.private_key_pkcs1_pem.lines().nth(3).unwrap().to_owned();
    let file = t.database.file();
    for path in [file.clone(), file.with_extension("db-wal")] {
        let bytes = std::fs::read(&path).unwrap_or_default();
        for secret in [token.as_str(), &key_line, t.key.secret().expose()] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{}",
                path.display()
            );
        }
        if path.exists() {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(
                std::fs::metadata(&path).unwrap().mode() & 0o077,
                0,
                "{} is for its owner only",
                path.display()
            );
        }
    }
}
