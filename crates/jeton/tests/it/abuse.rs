//! Callers who ask too much, and strangers who try.

use std::num::NonZeroU32;

use jeton_access::AccessSettings;
use jeton_domain::{ApiKey, Clock as _};
use jeton_testkit::{Answer, Database, DatabaseKind, NodeOptions, TestEntropy, TestJeton, both_databases};
use jeton_web::TrustedProxies;
use jiff::SignedDuration;
use serde_json::{Value, json};

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

async fn start(kind: DatabaseKind, change: impl FnOnce(&mut AccessSettings)) -> TestJeton {
    let mut options = NodeOptions {
        trusted_proxies: TrustedProxies {
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            unix: false,
        },
        ..NodeOptions::default()
    };
    change(&mut options.access);
    let t = TestJeton::start_with(Database::new(kind), options).await;
    t.install("acme", &["a"]);
    t
}

async fn from(t: &TestJeton, address: &str, key: &str, path: &str) -> Answer {
    t.send(|http, url| {
        http.get(format!("{url}{path}"))
            .bearer_auth(key)
            .header("x-forwarded-for", address)
    })
    .await
}

async fn entries(t: &TestJeton, event: &str) -> Vec<Value> {
    let export = t.get(&format!("/v1/record/export?event={event}")).await;
    export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn wrong_key() -> String {
    ApiKey::generate(&TestEntropy::default()).secret().expose().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let t = start(kind, |access| {
            access.per_caller_per_second = number(1);
            access.per_caller_burst = number(10);
        })
        .await;
        let (key, other) = (
            t.client_who_reads("ci", "acme/*").await,
            t.client_who_reads("other", "acme/*").await,
        );
        for path in ["/v1/whoami", "/api/acme/a"] {
            t.clock.advance(SignedDuration::from_secs(60));
            let mut statuses = Vec::new();
            for _ in 0..13 {
                statuses.push(t.get_as(&key, path).await.status);
            }
            assert_eq!(statuses[..10], [200; 10], "{path}");
            assert_eq!(statuses[10..], [429; 3], "{path}");
            let limited = t.get_as(&key, path).await;
            let wait: i64 = limited.header("retry-after").parse().unwrap();
            assert!((1..=2).contains(&wait), "{path}: {wait}");
            if path.starts_with("/v1") {
                assert_eq!(limited.code(), "auth.rate_limited", "{}", limited.text);
            }
            assert!(
                limited.text.contains("too often") || limited.text.contains("Retry-After"),
                "{}",
                limited.text
            );
            assert_eq!(t.get_as(&other, path).await.status, 200, "{path}: nobody else is");
            for _ in 0..30 {
                assert_eq!(t.get(path).await.status, 200, "{path}: nor the operator");
            }
            t.clock.advance(SignedDuration::from_secs(wait));
            assert_eq!(t.get_as(&key, path).await.status, 200, "{path}: as it was told");
        }
    }
}

both_databases! {
    async fn odd_authorization_headers_are_refused_in_words(t: TestJeton) {
        let key = t.key.secret().expose().to_owned();
        let key = &key;
        let long = |n: usize| format!("Bearer {}", "a".repeat(n));
        for value in [
            "Bearer", "Bearer ", "bearer", "Basic", "Basic !!!", "Basic eA==", "Basic 4pyT", "Digest username=\"x\"", "", " ", "jtn_",
            "Bearer jtn_", "Bearer null", "Bearer a b", "Basic Og==", "Bearer \u{7f}x", "Token x", ",", "Bearer ,", "Bearer a,Bearer b",
        ].into_iter().map(str::to_owned).chain([long(1_000), long(40_000), long(200_000), format!("Basic {}", "QUFB".repeat(12_000)), format!("Bearer {key} {key}"), key.to_owned(), format!("Bearer {}", key.to_uppercase())]) {
            let Ok(header) = reqwest::header::HeaderValue::from_bytes(value.as_bytes()) else { continue };
            let shown: String = value.chars().take(20).collect();
            for path in ["/v1/whoami", "/api/acme/a"] {
                let answer = t.send(|http, url| http.get(format!("{url}{path}")).header("authorization", header.clone())).await;
                assert!(matches!(answer.status, 401 | 431), "{shown:?} {path}: {} {}", answer.status, answer.text);
                if answer.status == 401 {
                    assert!(!answer.header("www-authenticate").is_empty(), "{shown:?}");
                }
                assert!(!answer.text.contains(key.as_str()), "{shown:?}: a key is not repeated");
            }
        }
        // Bytes beyond ASCII, and a second header after a good one.
        let bytes = reqwest::header::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
        assert_eq!(t.send(|http, url| http.get(format!("{url}/v1/whoami")).header("authorization", bytes)).await.status, 401);
        let twice = t.send(|http, url| http.get(format!("{url}/v1/whoami")).bearer_auth(key).header("authorization", "Bearer x")).await;
        assert_eq!((twice.status, twice.code().as_str()), (401, "auth.malformed_key"));
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let value = format!("{scheme}  {key}");
            let answer = t.send(|http, url| http.get(format!("{url}/v1/whoami")).header("authorization", value)).await;
            assert_eq!(answer.status, 200, "{scheme}: {}", answer.text);
        }
    }

    async fn wrong_keys_wait_and_right_ones_do_not(t: TestJeton) {
        let right = t.client("ci").await;
        let mut waits = Vec::new();
        for _ in 0..20 {
            let before = t.clock.now();
            let answer = t.get_as(&wrong_key(), "/v1/whoami").await;
            assert_eq!((answer.status, answer.code().as_str()), (401, "auth.unknown_key"));
            waits.push(t.clock.now().duration_since(before).as_millis());
        }
        assert_eq!(waits[0], 0, "{waits:?}");
        assert!(waits.is_sorted() && *waits.last().unwrap() >= 1_000, "longer and longer: {waits:?}");
        assert!(*waits.last().unwrap() <= 10_000, "and bounded: {waits:?}");
        let before = t.clock.now();
        for _ in 0..3 {
            assert_eq!(t.get_as(&right, "/v1/whoami").await.status, 200);
        }
        assert_eq!(t.clock.now(), before, "from the same address, and at once");
        // A while without tries, and it begins anew.
        t.clock.advance(SignedDuration::from_hours(2));
        let before = t.clock.now();
        t.get_as(&wrong_key(), "/v1/whoami").await;
        assert_eq!(t.clock.now(), before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let t = start(kind, |access| {
            access.per_address_per_second = number(1);
            access.per_address_burst = number(10);
        })
        .await;
        t.clock.advance(SignedDuration::from_secs(60));
        let key = t.client("ci").await;
        for (address, neighbour, other) in [
            ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
            // Of IPv6 a household has as many as it likes.
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
        ] {
            for path in ["/v1/whoami", "/docs", "/nowhere"] {
                let mut last = from(&t, address, &key, path).await;
                for _ in 0..12 {
                    last = from(&t, address, &key, path).await;
                }
                assert_eq!(
                    (last.status, last.code().as_str()),
                    (429, "auth.rate_limited"),
                    "{address} {path}"
                );
                let wait: i64 = last.header("retry-after").parse().unwrap();
                assert!((1..=2).contains(&wait), "{wait}");
                assert_eq!(from(&t, neighbour, &key, "/v1/whoami").await.status, 429, "{neighbour}");
                assert_eq!(from(&t, other, &key, "/v1/whoami").await.status, 200, "{other}");
                t.clock.advance(SignedDuration::from_secs(wait));
                assert_ne!(
                    from(&t, address, &key, path).await.status,
                    429,
                    "{address}: as it was told"
                );
                t.clock.advance(SignedDuration::from_secs(60));
            }
        }
        let body = from(&t, "198.51.100.1", &wrong_key(), "/api/acme/a").await;
        assert_eq!(body.status, 401, "{}", body.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_wrong_keys_are_few_entries() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let right = t.client("ci").await;
    let before = entries(&t, "auth.").await.len();
    let keys: Vec<String> = {
        let entropy = TestEntropy::default();
        (0..10_000)
            .map(|_| ApiKey::generate(&entropy).secret().expose().to_owned())
            .collect()
    };
    let began = t.clock.now();
    let mut running = tokio::task::JoinSet::new();
    for chunk in keys.chunks(1_250) {
        let (http, url, keys) = (http.clone(), format!("{}/v1/whoami", t.url), chunk.to_vec());
        running.spawn(async move {
            for key in keys {
                let status = http.get(&url).bearer_auth(key).send().await.unwrap().status().as_u16();
                assert!(matches!(status, 401 | 429), "{status}");
            }
        });
    }
    running.join_all().await;
    assert_eq!(t.get_as(&right, "/v1/whoami").await.status, 200);
    let minutes = t.clock.now().duration_since(began).as_secs() / 60 + 2;
    t.clock.advance(SignedDuration::from_mins(2));
    t.broker.access().ledger().tick().await.unwrap();
    let noted = entries(&t, "auth.").await;
    let new = noted.len() - before;
    // One entry a minute, and one with the count; the test's clock runs on by what wrong keys wait.
    assert!(
        (1..=usize::try_from(2 * minutes).unwrap()).contains(&new) && new < 1_000,
        "{new} in {minutes} minutes"
    );
    let counted: u64 = noted
        .iter()
        .map(|entry| entry["details"]["times"].as_u64().unwrap_or(1))
        .sum();
    assert!(counted >= 9_000, "none is forgotten: {counted}");
    assert_eq!(t.post("/v1/record/verify", json!({})).await.json()["ok"], true);
}
