//! Several servers on one database.

use std::time::Duration;

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{Database, DatabaseKind, Node, NodeOptions, TestJeton};
use jiff::SignedDuration;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

async fn four(t: &TestJeton) -> Vec<Node> {
    vec![t.replica().await, t.replica().await, t.replica().await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_replicas_mint_once() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let others = four(&t).await;
    t.install("acme", &["demo"]);
    t.sim
        .faults()
        .add(FaultRule::new(FaultKind::Latency(Duration::from_millis(100))).on(MINT));
    let urls: Vec<String> = others
        .iter()
        .map(|node| node.url.clone())
        .chain([t.url.clone()])
        .collect();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..100 {
        let request = http.get(format!("{}/api/acme/demo", urls[number % 4]));
        running.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    let answers = running.join_all().await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "all replicas hand out the same token"
    );
    assert_eq!(t.sim.calls().mints(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_replicas_renew_once() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let others = four(&t).await;
    t.install("acme", &["demo"]);
    t.get_anonymously("/api/acme/demo").await;
    for node in &others {
        node.get_anonymously("/api/acme/demo").await;
    }
    t.clock.advance(SignedDuration::from_mins(56));
    tokio::join!(
        t.broker.renew_due(),
        others[0].broker.renew_due(),
        others[1].broker.renew_due(),
        others[2].broker.renew_due()
    );
    assert_eq!(t.sim.calls().mints(), 2);
    let renewed = t.get_anonymously("/api/acme/demo").await.text;
    assert_eq!(others[2].get_anonymously("/api/acme/demo").await.text, renewed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_drops_what_another_revoked_before_the_forge_kills_it() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let other = t.replica().await;
    t.install("acme", &["demo"]);
    let grant = t.issue("acme/demo").await;
    let warm = other.get_anonymously("/api/acme/demo").await.json();
    assert_eq!(warm["access_token"], grant["token"]);
    t.delete(&format!(
        "/v1/tokens/{}?force=true",
        grant["grant_id"].as_str().unwrap()
    ))
    .await;
    t.worker.run_due().await.unwrap();
    assert!(
        t.sim.github().is_live(grant["token"].as_str().unwrap()),
        "not before the replicas could drop it"
    );
    other.broker.drop_revoked().await.unwrap();
    let after = other.get_anonymously("/api/acme/demo").await.json();
    assert_ne!(after["access_token"], grant["token"]);
    t.clock.advance(SignedDuration::from_secs(4));
    t.worker.run_due().await.unwrap();
    assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_added_on_one_is_there_on_all() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let other = t.replica().await;
    let app = t.sim.github().add_app(jeton_forge_sim::AppSpec::new("second"));
    assert_eq!(t.add_app("second", &app).await.status, 201);
    let check = other.post("/v1/apps/second/check", serde_json::json!({})).await;
    assert_eq!(check.status, 200, "{}", check.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_holders_lease_is_taken_over() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    t.install("acme", &["demo"]);
    // The lease of a process that was killed in the middle of a mint: nobody extends it, nobody gives it back.
    let other = t.replica().await;
    let hold = t.sim.faults().add(FaultRule::new(FaultKind::NoAnswer).on(MINT));
    let url = format!("{}/api/acme/demo", other.url);
    let dying = tokio::spawn(async move { reqwest::get(url).await.map(|answer| answer.status()) });
    while t.sim.faults().fired(hold) == 0 {
        tokio::task::yield_now().await;
    }
    t.sim.faults().remove(hold);
    dying.abort();
    drop(other);
    // Ends no lease, which is measured by the database's clock: the answer comes when its six seconds are over.
    t.clock.advance(SignedDuration::from_secs(7));
    assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
    assert!(t.sim.calls().mints() <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_one_sqlite_file_are_told() {
    let database = Database::new(DatabaseKind::Sqlite);
    let path = database.file();
    let t = TestJeton::start_with(database, NodeOptions::default()).await;
    let error = jeton_vault_sqlite::SqliteVault::open(&path).await.unwrap_err();
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "names the holder: {error}"
    );
    t.install("acme", &["demo"]);
    assert_eq!(
        t.get_anonymously("/api/acme/demo").await.status,
        200,
        "and the first goes on"
    );
}
