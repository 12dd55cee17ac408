//! The record over HTTP: read, exported, verified.

use jeton_testkit::{TestJeton, both_databases};
use serde_json::{Value, json};

async fn entries(t: &TestJeton, query: &str) -> Vec<Value> {
    t.broker.access().ledger().flush().await.unwrap();
    let answer = t.get(&format!("/v1/record?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()["entries"].as_array().unwrap().clone()
}

both_databases! {
    async fn grants_and_refusals_are_on_record(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        let granted = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["other/b"]})).await.status, 403);
        let got = entries(&t, "event=token.granted&actor=client:ci").await;
        assert_eq!(got.len(), 1, "{got:?}");
        assert_eq!(got[0]["fingerprint"], granted.json()["fingerprint"]);
        assert_eq!(got[0]["request_id"], granted.header("x-request-id"));
        assert_eq!(got[0]["address"], "127.0.0.1");
        assert_eq!(got[0]["details"]["rule"], "ci-reads");
        let by_key = entries(&t, &format!("actor={}", got[0]["actor_key"].as_str().unwrap())).await;
        assert!(by_key.len() >= 2);
        assert_eq!(entries(&t, "event=token.refused").await.len(), 1);
        assert_eq!(entries(&t, "event=token.").await.len(), 2);
        let id = got[0]["request_id"].as_str().unwrap();
        assert_eq!(entries(&t, &format!("request_id={id}")).await.len(), 1);
        let fingerprint = got[0]["fingerprint"].as_str().unwrap().to_ascii_uppercase();
        assert!(!entries(&t, &format!("fingerprint={fingerprint}")).await.is_empty());
        assert!(entries(&t, "until=2026-01-01T00:00:00Z").await.is_empty());
        assert!(entries(&t, "since=2027-01-01T00:00:00%2B01:00").await.is_empty());
        let all = t.get("/v1/record").await;
        assert!(!all.text.contains(granted.json()["token"].as_str().unwrap()) && !all.text.contains(&key));
    }

    async fn the_record_is_paged_newest_first(t: TestJeton) {
        for name in ["a", "b", "c", "d"] {
            t.client(name).await;
        }
        let mut seen = Vec::new();
        let mut query = "event=client.added&limit=3".to_owned();
        loop {
            t.broker.access().ledger().flush().await.unwrap();
            let page = t.get(&format!("/v1/record?{query}")).await.json();
            seen.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_u64().unwrap()));
            let Some(next) = page["next"].as_u64() else { break };
            query = format!("event=client.added&limit=3&before={next}");
        }
        assert_eq!(seen.len(), 4);
        assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
        assert!(entries(&t, "before=18446744073709551615").await.len() >= 4);
        for bad in ["limit=0", "limit=501", "before=-1", "since=yesterday", "fingerprint=xyz", "evnt=a"] {
            let answer = t.get(&format!("/v1/record?{bad}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"), "{bad}");
        }
    }

    async fn an_export_is_whole_and_in_order(t: TestJeton) {
        for n in 0..3 {
            t.client(&format!("c{n}")).await;
        }
        let access = t.broker.access();
        let caller = jeton_domain::Caller::anonymous(None);
        for n in 0..1_200 {
            access.ledger().note(jeton_ledger::Event::new(jeton_ledger::events::ACCESS_REFUSED, &caller).with("n", n));
        }
        let answer = t.get("/v1/record/export").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let lines: Vec<Value> = answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert!(lines.len() > 1_200, "what waited was written first: {}", lines.len());
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        let some = t.get("/v1/record/export?event=client.added").await;
        assert_eq!(some.text.lines().count(), 3);
        assert_eq!(t.get("/v1/record/export?event=nothing.of_it").await.text, "");
        for bad in ["limit=5", "before=7", "since=x"] {
            assert_eq!(t.get(&format!("/v1/record/export?{bad}")).await.status, 400, "{bad}");
        }
    }

    async fn a_verification_says_whether_it_is_whole(t: TestJeton) {
        t.client("ci").await;
        let good = t.post("/v1/record/verify", json!({})).await;
        assert_eq!(good.status, 200, "{}", good.text);
        let good = good.json();
        assert_eq!((&good["ok"], &good["findings"]), (&json!(true), &json!([])));
        let (last, head) = (good["last"].as_u64().unwrap(), good["head"].as_str().unwrap().to_owned());
        t.client("another").await;
        let same = t.post("/v1/record/verify", json!({"expect": format!("{last}:{head}")})).await.json();
        assert_eq!(same["ok"], true, "{same}");
        for expect in [format!("{last}:{}", "0".repeat(64)), format!("999999:{head}")] {
            let other = t.post("/v1/record/verify", json!({"expect": expect})).await.json();
            assert_eq!((&other["ok"], &other["findings"][0]["kind"]), (&json!(false), &json!("not_as_expected")), "{other}");
        }
        for bad in [json!({"expect": "x"}), json!({"expect": format!("0:{head}")}), json!({"archives": true}), json!({"all": 1})] {
            let answer = t.post("/v1/record/verify", bad.clone()).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"), "{bad}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_breaks_off_shows_that_it_is_not_whole() {
    let t = TestJeton::start(jeton_testkit::DatabaseKind::Sqlite).await;
    let ledger = t.broker.access().ledger();
    let caller = jeton_domain::Caller::anonymous(None);
    let pad = "x".repeat(4_000);
    // More than the buffers on the way hold, so that the server still has to read when the database goes.
    for n in 0..6_000 {
        let event = jeton_ledger::Event::new(jeton_ledger::events::ACCESS_REFUSED, &caller);
        ledger.note(event.with("n", n).with("pad", pad.as_str()));
    }
    ledger.flush().await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .get(format!("{}/v1/record/export", t.url))
        .bearer_auth(t.key.secret().expose());
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut bytes = answer.chunk().await.unwrap().unwrap().len();
    t.vault.close().await;
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "the answer ended as if it were whole, after {bytes} bytes");
    assert!(bytes < 6_000 * 4_000, "{bytes}");
}
