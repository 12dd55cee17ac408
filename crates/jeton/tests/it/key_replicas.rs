//! Keys that change where several servers share a vault.

use jeton_domain::Clock as _;
use jeton_testkit::{DatabaseKind, TestJeton};
use jeton_vault::SealedPlace;
use jiff::SignedDuration;

use crate::key_world::{GRACE, data_keys, finish, rotate, sealed, status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_seals_when_all_replicas_know_it() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let other = t.replica().await;
    t.install("acme", &["a", "b", "c", "d"]);
    let old = data_keys(&status(&t).await)[0].clone();
    t.clock.advance(SignedDuration::from_secs(1));
    let answer = t.post("/v1/keys/rotate", serde_json::json!({})).await.json();
    let new = answer["data_key"].as_str().unwrap().to_owned();
    let seals_from: jiff::Timestamp = answer["seals_from"].as_str().unwrap().parse().unwrap();
    assert!(seals_from > t.clock.now());
    t.worker.run_due().await.unwrap();
    t.issue("acme/a").await;
    let during = status(&t).await;
    assert_eq!(during["data_keys"][1]["state"], "coming");
    assert!(sealed(&during, &new).is_empty() && sealed(&during, &old)["tokens"] == 1);

    // The other one has read the keys meanwhile, as it does every few seconds.
    other.broker.reload_keys().await.unwrap();
    t.clock.advance(GRACE);
    t.worker.run_due().await.unwrap();
    let during = status(&t).await;
    assert_eq!(sealed(&during, &new)["tokens"], 1);
    assert_eq!(
        data_keys(&during).len(),
        2,
        "the old one stays until no server seals with it"
    );
    let b = t.get_anonymously("/api/acme/b").await.text;
    assert_eq!(
        other.get_anonymously("/api/acme/b").await.text,
        b,
        "what is sealed with it opens there"
    );
    // It does not know yet that the new one seals; what it seals is found and sealed anew.
    other.get_anonymously("/api/acme/c").await;
    assert_eq!(sealed(&status(&t).await, &old)["tokens"], 1);
    finish(&t).await;
    assert_eq!(data_keys(&status(&t).await), std::slice::from_ref(&new));
    assert_eq!(sealed(&status(&t).await, &new)["tokens"], 3);
    assert_eq!(t.sim.calls().mints(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_slept_through_a_rotation_wakes_up_with_nothing_lost() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let asleep = t.replica().await;
    t.install("acme", &["a", "b"]);
    let new = rotate(&t).await;
    t.clock.advance(GRACE);
    finish(&t).await;
    let a = t.get_anonymously("/api/acme/a").await.text;
    // It reads the keys when it meets one that it does not know,
    assert_eq!(asleep.get_anonymously("/api/acme/a").await.text, a);
    assert_eq!(t.sim.calls().mints(), 1);
    drop(asleep);

    // and when the database refuses what it sealed with a key that is gone.
    let asleep = t.replica().await;
    let newer = rotate(&t).await;
    t.clock.advance(GRACE);
    finish(&t).await;
    assert_eq!(
        data_keys(&status(&t).await),
        std::slice::from_ref(&newer),
        "and {new} is retired"
    );
    let answer = asleep.get_anonymously("/api/acme/b").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(t.sim.calls().mints(), 2);
    let key = jeton_domain::KeyId::parse(&newer).unwrap();
    let mut tx = t.vault.read().await.unwrap();
    let rows = tx.sealed_rows().list(SealedPlace::Token, &key, None, 10).await.unwrap();
    assert_eq!(rows.len(), 2, "it is stored, with the key that is there");
}
