//! What a copy of the database is worth: everything with its key, nothing without.

use std::sync::Arc;

use jeton_broker::open_key_ring;
use jeton_domain::Coded as _;
use jeton_seal::{SealingKey, SealingKeys};
use jeton_testkit::{Database, DatabaseKind, Node, TestEntropy, TestJeton};

use crate::key_world::{finish, rotate};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_works_with_its_key_and_tells_nothing_without() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["demo"]);
    let token = t.issue("acme/demo").await["token"].as_str().unwrap().to_owned();
    rotate(&t).await;
    finish(&t).await;
    let TestJeton {
        sim,
        app,
        clock,
        database,
        node,
        sealing_key,
        options,
        ..
    } = t;
    let key = node.key.clone();
    node.stop().await;

    let bytes = std::fs::read(database.file()).unwrap();
    let line = app.private_key_pkcs1_pem.lines().nth(3).unwrap();
    let text = sealing_key.to_text();
    for secret in [token.as_str(), line, key.secret().expose(), text.expose()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    assert!(
        bytes.windows(4).any(|window| window == b"demo"),
        "the scan finds what stands there in the clear"
    );

    let restored = Database::new(DatabaseKind::Sqlite);
    std::fs::copy(database.file(), restored.file()).unwrap();
    let other = SealingKeys::new(SealingKey::generate(&TestEntropy::default()), "the test");
    let vault = restored.open().await;
    let shut = open_key_ring(&*vault, &other, &clock, &TestEntropy::default())
        .await
        .unwrap_err();
    assert_eq!(shut.code().as_str(), "seal.wrong_key");
    vault.close().await;
    drop(vault);

    let mints = sim.calls().mints();
    let node = Node::start(&restored, &sealing_key, key, Arc::new(clock.clone()), options).await;
    let answer = node
        .post("/v1/tokens", serde_json::json!({"repositories": ["acme/demo"]}))
        .await;
    assert_eq!(
        (answer.status, answer.json()["token"].as_str()),
        (201, Some(token.as_str()))
    );
    assert_eq!(sim.calls().mints(), mints, "it was in the backup");
    let fresh = serde_json::json!({"repositories": ["acme/demo"], "fresh": true});
    assert_eq!(
        node.post("/v1/tokens", fresh).await.status,
        201,
        "and so was the App's key"
    );
    let verdict = node.post("/v1/record/verify", serde_json::json!({})).await;
    assert_eq!(verdict.json()["ok"], true, "{}", verdict.text);
}
