//! Several servers on one database agree on who may ask, for what, and on what happened.

use jeton_testkit::{Answer, DatabaseKind, Node, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};

async fn two() -> (TestJeton, Node) {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let other = t.replica().await;
    t.install("acme", &["a", "b"]);
    (t, other)
}

async fn ask(node: &Node, key: &str) -> Answer {
    node.post_as(key, "/v1/tokens", json!({"repositories": ["acme/a"]}))
        .await
}

async fn warm(node: &Node, key: &str) -> u16 {
    node.get_as(key, "/api/acme/a").await.status
}

async fn follow(node: &Node) {
    node.broker.access().follow().await.unwrap();
}

async fn put(node: &Node, repositories: &str) {
    let spec = json!({"name": "ci-reads", "callers": {"client": "ci"}, "actions": ["token.mint"], "repositories": [repositories],
        "permissions": {"contents": "read"}});
    let key = node.key.secret().expose();
    let answer = node
        .send(|http, url| {
            http.put(format!("{url}/v1/policies/ci-reads"))
                .bearer_auth(key)
                .json(&spec)
        })
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_added_elsewhere_is_found_at_once() {
    let (t, other) = two().await;
    let key = t.client("ci").await;
    let me = other.get_as(&key, "/v1/whoami").await;
    assert_eq!(
        (me.status, &me.json()["name"]),
        (200, &json!("client:ci")),
        "an unknown key is looked for again: {}",
        me.text
    );
    // So is one that came a moment later, whatever was looked for before.
    t.clock.advance(SignedDuration::from_secs(1));
    let next = t.client("next").await;
    assert_eq!(other.get_as(&next, "/v1/whoami").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_on_one_is_in_force_on_the_other() {
    let (t, other) = two().await;
    let key = t.client_who_reads("ci", "acme/*").await;
    follow(&other).await;
    assert_eq!(ask(&other, &key).await.status, 201);
    assert_eq!((warm(&other, &key).await, warm(&other, &key).await), (200, 200));
    put(&t, "acme/b").await;
    follow(&other).await;
    assert_eq!((warm(&other, &key).await, ask(&other, &key).await.status), (403, 403));
    put(&t, "acme/*").await;
    follow(&other).await;
    assert_eq!((warm(&other, &key).await, warm(&other, &key).await), (200, 200));
    let rotated = other
        .post("/v1/clients/ci/rotate", json!({"overlap_seconds": 600}))
        .await
        .json();
    let new = rotated["key"].as_str().unwrap().to_owned();
    follow(&t).await;
    assert_eq!((warm(&t, &key).await, warm(&t, &new).await), (200, 200));
    t.clock.advance(SignedDuration::from_secs(600));
    for node in [&*t, &other] {
        assert_eq!((warm(node, &key).await, warm(node, &new).await), (401, 200));
    }
    assert_eq!(other.delete("/v1/policies/ci-reads").await.status, 200);
    follow(&t).await;
    assert_eq!((warm(&t, &new).await, ask(&t, &new).await.status), (403, 403));
    assert_eq!(other.delete("/v1/clients/ci").await.status, 200);
    follow(&t).await;
    assert_eq!(ask(&t, &new).await.code(), "auth.unknown_key");
    assert_eq!(warm(&t, &new).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_add_the_same_name_one_wins() {
    let (t, other) = two().await;
    let body = || json!({"name": "ci"});
    let (one, two) = tokio::join!(t.post("/v1/clients", body()), other.post("/v1/clients", body()));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text, two.text);
    let winner = if one.status == 201 { one } else { two }.json();
    for node in [&*t, &other] {
        follow(node).await;
        assert_eq!(
            node.get_as(winner["key"].as_str().unwrap(), "/v1/whoami").await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_write_one_record_without_a_gap() {
    const EACH: usize = 50;
    let (t, other) = two().await;
    let key = t.client_who_reads("ci", "acme/*").await;
    follow(&other).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..2 * EACH {
        let url = if number % 2 == 0 { &t.url } else { &other.url };
        // Every third is refused: entries that nobody waits for go between those that somebody does.
        let repository = if number % 3 == 0 {
            format!("other/{number}")
        } else {
            "acme/a".to_owned()
        };
        let request = http
            .post(format!("{url}/v1/tokens"))
            .bearer_auth(&key)
            .json(&json!({"repositories": [repository]}));
        running.spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        });
    }
    let answers = running.join_all().await;
    let granted: Vec<&Value> = answers
        .iter()
        .filter(|(status, _)| *status == 201)
        .map(|(_, body)| body)
        .collect();
    let refused = answers.iter().filter(|(status, _)| *status == 403).count();
    assert_eq!((granted.len(), granted.len() + refused), (66, 2 * EACH));
    assert_eq!(t.sim.calls().mints(), 1);
    for node in [&*t, &other] {
        node.broker.access().ledger().flush().await.unwrap();
    }
    for node in [&*t, &other] {
        let verdict = node.post("/v1/record/verify", json!({})).await.json();
        assert_eq!(
            (&verdict["ok"], &verdict["findings"]),
            (&json!(true), &json!([])),
            "{verdict}"
        );
        let export = node.get("/v1/record/export").await.text;
        let entries: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let numbers: Vec<u64> = entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(
            numbers,
            (1..=numbers.len() as u64).collect::<Vec<_>>(),
            "no gap and none twice"
        );
        for grant in &granted {
            let noted = entries
                .iter()
                .filter(|entry| entry["details"]["grant"] == grant["grant_id"])
                .count();
            assert_eq!(noted, 1, "each grant is on record once");
        }
        let refusals = entries.iter().filter(|entry| entry["event"] == "token.refused").count();
        assert_eq!(refusals, refused, "each was about another repository");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_of_one_is_given_back_on_the_other_by_its_holder_alone() {
    let (t, other) = two().await;
    let key = t.client_who_reads("ci", "acme/*").await;
    let stranger = t.client_who_reads("eve", "acme/*").await;
    follow(&other).await;
    let grant = ask(&t, &key).await.json();
    let path = format!("/v1/tokens/{}", grant["grant_id"].as_str().unwrap());
    let report = json!({"fingerprint": grant["fingerprint"]});
    assert_eq!(
        other
            .post_as(&stranger, "/v1/tokens/rejected", report.clone())
            .await
            .code(),
        "grant.fingerprint_unknown"
    );
    assert_eq!(
        other.post_as(&key, "/v1/tokens/rejected", report).await.json()["verdict"],
        "live"
    );
    assert_eq!(other.delete_as(&stranger, &path).await.code(), "grant.not_found");
    assert_eq!(other.delete_as(&key, &path).await.json()["state"], "revoking");
    t.clock.advance(SignedDuration::from_secs(10));
    other.worker.run_due().await.unwrap();
    assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
}
