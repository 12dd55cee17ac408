//! What the operator's settings say holds for everybody: the policy file with its ceiling, and where clients ask from.

use jeton_access::AccessSettings;
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use jeton_web::TrustedProxies;
use serde_json::json;

use crate::enforcement::{ask, life, spec};

async fn with_file(kind: DatabaseKind, text: &str) -> (TestJeton, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let access = AccessSettings {
        policy_file: Some(file.path().to_owned()),
        ..AccessSettings::default()
    };
    let options = NodeOptions {
        access,
        ..NodeOptions::default()
    };
    (TestJeton::start_with(Database::new(kind), options).await, file)
}

const CEILING: &str = r#"
[ceiling]
permissions = { contents = "read", pull_requests = "write" }
repositories = ["acme/*"]
longest_lifetime_seconds = 900

[[policy]]
name = "wide"
callers.client = "ci"
actions = ["token.mint"]
repositories = ["*/*"]
permissions = { contents = "write", administration = "write", pull_requests = "write" }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_exceeds_the_ceiling() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let (t, _file) = with_file(kind, CEILING).await;
        t.install("acme", &["a"]);
        t.install("other", &["a"]);
        let client = t.client("ci").await;
        let operator = t.key.secret().expose().to_owned();
        for key in [&client, &operator] {
            for body in [
                json!({"repositories": ["acme/a"], "permissions": {"contents": "write"}}),
                json!({"repositories": ["acme/a"], "permissions": {"administration": "read"}}),
                json!({"repositories": ["other/a"]}),
                json!({"repositories": ["acme/a"], "min_validity_seconds": 1_000}),
            ] {
                let answer = ask(&t, key, body.clone()).await;
                assert_eq!(
                    (answer.status, answer.code().as_str()),
                    (403, "policy.ceiling"),
                    "{body}: {}",
                    answer.text
                );
                assert!(!answer.text.contains("wide"), "{}", answer.text);
            }
            assert_eq!(t.get_as(key, "/api/other/a").await.status, 403);
        }
        assert_eq!(
            t.get_anonymously("/api/other/a").await.status,
            403,
            "nobody in particular either"
        );
        assert_eq!(t.sim.calls().total(), 0, "the forge was not asked");
        let unnamed = ask(&t, &client, json!({"repositories": ["acme/a"]})).await.json();
        assert_eq!(
            unnamed["permissions"],
            json!({"contents": "read", "pull_requests": "write", "metadata": "read"})
        );
        let theirs = ask(&t, &operator, json!({"repositories": ["acme/a"]})).await.json();
        assert_eq!(theirs["permissions"], json!({"contents": "read", "metadata": "read"}));
        for body in [
            unnamed,
            theirs,
            t.get_anonymously("/api/acme/a").await.json(),
            t.get("/api/acme/a").await.json(),
        ] {
            assert!((1..=900).contains(&life(&t, &body)), "{}", body["expires_at"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_wins_and_a_bad_one_changes_nothing() {
    let (t, file) = with_file(DatabaseKind::Sqlite, CEILING).await;
    t.install("acme", &["a", "b"]);
    let key = t.client("ci").await;
    let reload = |text: String| {
        std::fs::write(file.path(), text).unwrap();
        t.broker.access().follow_policy_file()
    };
    let taken = t
        .post(
            "/v1/policies",
            spec("wide", "ci", &["acme/*"], &json!({"contents": "read"})),
        )
        .await;
    assert_eq!(
        (taken.status, taken.code().as_str()),
        (409, "policy.configured"),
        "{}",
        taken.text
    );
    assert_eq!(t.delete("/v1/policies/wide").await.code(), "policy.configured");
    for _ in 0..2 {
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200);
    }
    for bad in [
        CEILING.replace("callers", "clalers"),
        CEILING.replace("\"*/*\"", "\"**\""),
        "[[policy".to_owned(),
    ] {
        reload(bad).await.unwrap();
        let listed = t.get("/v1/policies").await.json();
        assert!(listed["file"]["error"].is_string(), "said loudly: {listed}");
        assert_eq!(
            t.get_as(&key, "/api/acme/a").await.status,
            200,
            "the old one is still in force"
        );
    }
    t.broker.access().ledger().flush().await.unwrap();
    assert_eq!(
        t.get("/v1/record?event=policy.file_refused").await.json()["entries"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    reload(CEILING.replace("\"*/*\"", "\"acme/b\"")).await.unwrap();
    assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403, "also what is warm");
    assert_eq!(t.get_as(&key, "/api/acme/b").await.status, 200);
    assert!(t.get("/v1/policies").await.json()["file"]["error"].is_null());
    t.broker.access().ledger().flush().await.unwrap();
    assert_eq!(
        t.get("/v1/record?event=policy.file_loaded").await.json()["entries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_asks_from_its_networks_alone() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let trusted_proxies = TrustedProxies {
            networks: vec!["127.0.0.0/8".parse().unwrap()],
            unix: false,
        };
        let options = NodeOptions {
            trusted_proxies,
            ..NodeOptions::default()
        };
        let t = TestJeton::start_with(Database::new(kind), options).await;
        t.install("acme", &["a"]);
        let added = t
            .post(
                "/v1/clients",
                json!({"name": "ci", "networks": ["10.1.0.0/16", "2001:db8::/32"]}),
            )
            .await
            .json();
        let key = added["key"].as_str().unwrap();
        t.policy(spec("reads", "ci", &["acme/*"], &json!({"contents": "read"})))
            .await;
        let from = async |path: &str, forwarded: &str| {
            t.send(|http, url| {
                let request = http.get(format!("{url}{path}")).bearer_auth(key);
                if forwarded.is_empty() {
                    request
                } else {
                    request.header("x-forwarded-for", forwarded)
                }
            })
            .await
        };
        for inside in ["10.1.2.3", "2001:db8::7", "8.8.8.8, 10.1.2.3", "10.1.2.3, 127.0.0.9"] {
            for _ in 0..2 {
                assert_eq!(from("/api/acme/a", inside).await.status, 200, "{inside}");
            }
            assert_eq!(from("/v1/whoami", inside).await.status, 200, "{inside}");
        }
        // What a caller writes before the proxy's own word counts for nothing.
        for outside in [
            "10.2.0.1",
            "10.1.2.3, 10.2.0.1",
            "2001:db9::7",
            "",
            "nonsense",
            "10.1.2.3, nonsense",
            "10.1.2.3,",
        ] {
            let answer = from("/v1/whoami", outside).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (403, "auth.address_not_allowed"),
                "{outside:?}: {}",
                answer.text
            );
            assert_eq!(
                from("/api/acme/a", outside).await.status,
                403,
                "{outside:?}: also what is warm"
            );
        }
        t.broker.access().ledger().flush().await.unwrap();
        let noted = t.get("/v1/record?event=auth.refused").await.json();
        let addresses: Vec<_> = noted["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["address"].as_str().unwrap_or(""))
            .collect();
        assert!(addresses.contains(&"10.2.0.1"), "a stolen key is seen: {addresses:?}");
        let grants = t.get_as(t.key.secret().expose(), "/v1/grants").await.json();
        assert!(
            grants["grants"]
                .as_array()
                .unwrap()
                .iter()
                .any(|grant| grant["address"] == "10.1.2.3"),
            "{grants}"
        );
    }
}
