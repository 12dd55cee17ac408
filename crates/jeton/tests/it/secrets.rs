//! A secret is nowhere but where it belongs.

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{TestJeton, both_databases};
use serde_json::json;

both_databases! {
    async fn no_answer_but_the_right_one_holds_a_token_or_a_key(t: TestJeton) {
        t.install("acme", &["demo"]);
        let grant = t.issue("acme/demo").await;
        let token = grant["token"].as_str().unwrap();
        let key_line = t.app.private_key_pkcs1_pem.lines().nth(3).unwrap();
        let mut seen = String::new();
        for path in ["/v1/grants", "/v1/apps", "/v1/keys", "/readyz", "/healthz", "/docs", "/openapi.json", "/"] {
            seen += &t.get(path).await.text;
        }
        seen += &t.post("/v1/apps/ci/check", json!({})).await.text;
        seen += &t.post("/v1/tokens/rejected", json!({"fingerprint": grant["fingerprint"]})).await.text;
        t.sim.faults().add(FaultRule::new(FaultKind::Garbage));
        seen += &t.try_issue(json!({"repositories": ["acme/demo"], "fresh": true})).await.text;
        seen += &t.delete(&format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap())).await.text;
        seen += &format!("{:?} {:?} {:?}", t.broker, t.worker, t.web);
        for secret in [token, key_line, t.key.secret().expose()] {
            assert!(!seen.contains(secret));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_file_holds_nothing_in_the_clear() {
    let t = TestJeton::start(jeton_testkit::DatabaseKind::Sqlite).await;
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
