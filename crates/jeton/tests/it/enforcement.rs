//! What a caller gets is what a policy gives: by default nothing, and never more.

use jeton_domain::Clock as _;
use jeton_forge_sim::{AppSpec, InstallSpec};
use jeton_testkit::{Answer, TestJeton, both_databases};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) async fn ask(t: &TestJeton, key: &str, body: Value) -> Answer {
    t.post_as(key, "/v1/tokens", body).await
}

async fn put(t: &TestJeton, name: &str, spec: Value) {
    let key = t.key.secret().expose();
    let answer = t
        .send(|http, url| {
            http.put(format!("{url}/v1/policies/{name}"))
                .bearer_auth(key)
                .json(&spec)
        })
        .await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
}

pub(crate) fn spec(name: &str, client: &str, repositories: &[&str], permissions: &Value) -> Value {
    json!({"name": name, "callers": {"client": client}, "actions": ["token.mint"], "repositories": repositories,
        "permissions": permissions})
}

fn with(mut spec: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        spec[name] = value.clone();
    }
    spec
}

pub(crate) fn denied(answer: &Answer) -> bool {
    (answer.status, answer.code().as_str()) == (403, "policy.denied")
}

/// How long it lives from now on, in seconds.
pub(crate) fn life(t: &TestJeton, body: &Value) -> i64 {
    let end: Timestamp = body["expires_at"].as_str().unwrap().parse().unwrap();
    end.duration_since(t.clock.now()).as_secs()
}

both_databases! {
    async fn nothing_is_allowed_that_no_policy_allows(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        for body in [json!({"repositories": ["acme/a"]}), json!({"repositories": ["acme/a"], "permissions": {"metadata": "read"}})] {
            assert!(denied(&ask(&t, &key, body).await));
        }
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403);
        // A policy about other things, or for somebody else, is none about this.
        t.policy(json!({"name": "looks", "callers": {"client": "ci"}, "actions": ["app.read"]})).await;
        t.policy(spec("others", "ci2", &["acme/*"], &json!({"contents": "read"}))).await;
        t.policy(spec("elsewhere", "ci", &["acme2/*", "acm/*", "acme/b"], &json!({"contents": "read"}))).await;
        assert!(denied(&ask(&t, &key, json!({"repositories": ["acme/a"]})).await));
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403);
        assert_eq!(t.sim.calls().total(), 0, "the forge was not asked");
        assert_eq!(t.get_as(&key, "/v1/apps").await.status, 200);
        assert!(denied(&t.get_as(&key, "/v1/clients").await));
    }

    async fn what_is_asked_is_granted_whole_or_refused(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client("ci").await;
        t.policy(spec("reads", "ci", &["acme/a"], &json!({"contents": "read", "pull_requests": "write"}))).await;
        t.policy(spec("acts", "ci", &["acme/a"], &json!({"actions": "read"}))).await;
        t.policy(spec("reads-b", "ci", &["acme/b"], &json!({"contents": "read"}))).await;
        for permissions in [
            json!({"contents": "write"}), json!({"contents": "read", "administration": "read"}), json!({"pull_requests": "admin"}),
            // Each is in one of two policies, both are in none: policies do not add up.
            json!({"contents": "read", "actions": "read"}),
        ] {
            let answer = ask(&t, &key, json!({"repositories": ["acme/a"], "permissions": permissions})).await;
            assert_eq!(answer.status, 403, "{permissions}: {}", answer.text);
            assert!(answer.json().get("token").is_none());
        }
        for repositories in [json!(["acme/a", "acme/c"]), json!(["acme/a", "acme/b"])] {
            assert!(denied(&ask(&t, &key, json!({"repositories": repositories})).await), "{repositories}");
        }
        assert_eq!(t.sim.calls().total(), 0, "the forge was not asked");
        for (permissions, expected) in [
            (json!({"contents": "read"}), json!({"contents": "read", "metadata": "read"})),
            (json!({"pull_requests": "read"}), json!({"pull_requests": "read", "metadata": "read"})),
            (json!({"actions": "read"}), json!({"actions": "read", "metadata": "read"})),
            // What is not named is the policy's, exactly.
            (Value::Null, json!({"contents": "read", "pull_requests": "write", "metadata": "read"})),
        ] {
            let mut body = json!({"repositories": ["acme/a"]});
            if !permissions.is_null() {
                body["permissions"] = permissions.clone();
            }
            let answer = ask(&t, &key, body).await;
            assert_eq!(answer.status, 201, "{permissions}: {}", answer.text);
            assert_eq!(answer.json()["permissions"], expected, "{permissions}");
            assert_eq!(answer.json()["repositories"], json!(["acme/a"]));
        }
    }

    async fn a_policy_can_be_kept_to_one_app_and_one_forge(t: TestJeton) {
        t.install("acme", &["a"]);
        let other = t.sim.github().add_app(AppSpec::new("other"));
        t.sim.github().install(other.id, "acme", InstallSpec::all());
        assert_eq!(t.add_app("aaa", &other).await.status, 201);
        let key = t.client("ci").await;
        let reads = json!({"contents": "read"});
        t.policy(with(spec("reads", "ci", &["acme/*"], &reads), &json!({"sources": ["app:ci"]}))).await;
        let granted = ask(&t, &key, json!({"repositories": ["acme/a"]})).await;
        assert_eq!(granted.status, 201, "{}", granted.text);
        assert_eq!(granted.json()["source"], "app:ci", "the other one comes first by name, and may not be used");
        let named = ask(&t, &key, json!({"repositories": ["acme/a"], "app": "aaa"})).await;
        assert!(denied(&named), "{}", named.text);
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200);
        let grants = t.get("/v1/grants").await.json();
        assert!(grants["grants"].as_array().unwrap().iter().all(|grant| grant["source"] == "app:ci"), "{grants}");
        let host = granted.json()["forge"].as_str().unwrap().to_owned();
        put(&t, "reads", with(spec("reads", "ci", &["acme/*"], &reads), &json!({"forges": ["github.com"]}))).await;
        assert!(denied(&ask(&t, &key, json!({"repositories": ["acme/a"]})).await));
        assert!(denied(&ask(&t, &key, json!({"repositories": ["acme/a"], "forge": host})).await));
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403);
        put(&t, "reads", with(spec("reads", "ci", &["acme/*"], &reads), &json!({"forges": [host]}))).await;
        assert_eq!(ask(&t, &key, json!({"repositories": ["acme/a"], "forge": host})).await.status, 201);
        assert!(denied(&ask(&t, &key, json!({"repositories": ["acme/a"], "forge": "github.com"})).await));
    }

    async fn a_short_life_is_kept_also_at_the_forge(t: TestJeton) {
        t.install("acme", &["a"]);
        let (limited, free) = (t.client("limited").await, t.client_who_reads("free", "acme/*").await);
        let short = with(spec("short", "limited", &["acme/*"], &json!({"contents": "read"})), &json!({"longest_lifetime_seconds": 600}));
        t.policy(short).await;
        let body = json!({"repositories": ["acme/a"]});
        let long = ask(&t, &free, body.clone()).await.json();
        let cut = ask(&t, &limited, body.clone()).await.json();
        assert!((1..=600).contains(&life(&t, &cut)), "{cut}");
        assert!(life(&t, &long) > 3_000, "{long}");
        assert_ne!(cut["token"], long["token"], "a token that lives on is not handed to who may not have it so long");
        let warm = t.get_as(&limited, "/api/acme/a").await.json();
        assert!((1..=600).contains(&life(&t, &warm)), "{warm}");
        let listed = t.get_as(&limited, "/v1/grants").await.json();
        assert!(listed["grants"].as_array().unwrap().iter().all(|grant| life(&t, grant) <= 600), "{listed}");
        let asked = ask(&t, &limited, json!({"repositories": ["acme/a"], "min_validity_seconds": 900})).await;
        assert!(denied(&asked), "{}", asked.text);
        assert_eq!(ask(&t, &free, json!({"repositories": ["acme/a"], "min_validity_seconds": 900})).await.json()["token"], long["token"]);
        let is_live = |body: &Value, field: &str| t.sim.github().is_live(body[field].as_str().unwrap());
        t.worker.run_due().await.unwrap();
        assert!(is_live(&cut, "token"));
        t.clock.advance(SignedDuration::from_secs(605));
        t.worker.run_due().await.unwrap();
        assert!(!is_live(&cut, "token") && !is_live(&warm, "access_token"), "the forge was told to end it");
        assert!(is_live(&long, "token"), "and only that one");
        let next = ask(&t, &limited, body).await.json();
        assert!(is_live(&next, "token") && life(&t, &next) <= 600);
        assert!(is_live(&t.get_as(&limited, "/api/acme/a").await.json(), "access_token"));
    }

    async fn a_life_made_shorter_holds_from_the_next_request_on(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        for _ in 0..2 {
            assert!(life(&t, &t.get_as(&key, "/api/acme/a").await.json()) > 3_000);
        }
        let reads = spec("ci-reads", "ci", &["acme/*"], &json!({"contents": "read"}));
        put(&t, "ci-reads", with(reads, &json!({"longest_lifetime_seconds": 300}))).await;
        let cut = t.get_as(&key, "/api/acme/a").await.json();
        assert!(life(&t, &cut) <= 300, "{cut}");
    }

    async fn a_change_takes_effect_with_the_next_request(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        let warm = async || t.get_as(&key, "/api/acme/a").await.status;
        for round in 0..3 {
            assert_eq!((warm().await, ask(&t, &key, json!({"repositories": ["acme/a"]})).await.status), (403, 403), "{round}");
            t.policy(spec("reads", "ci", &["acme/*"], &json!({"contents": "read"}))).await;
            assert_eq!((warm().await, warm().await), (200, 200), "{round}");
            if round == 1 {
                put(&t, "reads", spec("reads", "ci", &["acme/b"], &json!({"contents": "read"}))).await;
                assert_eq!(warm().await, 403);
            }
            assert_eq!(t.delete("/v1/policies/reads").await.status, 200);
        }
        t.policy(spec("reads", "ci", &["acme/*"], &json!({"contents": "read"}))).await;
        assert_eq!((warm().await, warm().await), (200, 200));
        assert_eq!(t.delete("/v1/clients/ci").await.status, 200);
        assert_eq!(warm().await, 401, "a revoked client's answers are not kept");
        assert_eq!(ask(&t, &key, json!({"repositories": ["acme/a"]})).await.code(), "auth.unknown_key");
        // Of two clients of one name, the later one is somebody else.
        let later = t.client("ci").await;
        assert_eq!(t.get_as(&later, "/v1/grants").await.json()["grants"], json!([]));
        assert_eq!(warm().await, 401);
    }

    async fn both_keys_open_during_a_rotation_and_the_old_one_ends(t: TestJeton) {
        t.install("acme", &["a"]);
        let old = t.client_who_reads("ci", "acme/*").await;
        let warm = async |key: &str| t.get_as(key, "/api/acme/a").await.status;
        assert_eq!((warm(&old).await, warm(&old).await), (200, 200));
        let rotated = t.post("/v1/clients/ci/rotate", json!({"overlap_seconds": 600})).await.json();
        let new = rotated["key"].as_str().unwrap().to_owned();
        assert_eq!((warm(&old).await, warm(&new).await), (200, 200));
        t.clock.advance(SignedDuration::from_secs(599));
        assert_eq!((warm(&old).await, warm(&new).await), (200, 200));
        t.clock.advance(SignedDuration::from_secs(1));
        assert_eq!((warm(&old).await, warm(&new).await), (401, 200));
        assert_eq!(t.get_as(&old, "/v1/whoami").await.code(), "auth.key_expired");
        assert_eq!(t.get_as(&new, "/v1/grants").await.json()["grants"].as_array().unwrap().len(), 1, "it is one client");
        let end = (t.clock.now() + SignedDuration::from_secs(60)).to_string();
        let added = t.post("/v1/clients", json!({"name": "brief", "expires_at": end})).await.json();
        let brief = added["key"].as_str().unwrap();
        t.policy(spec("brief", "brief", &["acme/*"], &json!({"contents": "read"}))).await;
        assert_eq!((warm(brief).await, warm(brief).await), (200, 200));
        t.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(warm(brief).await, 401);
    }

    async fn a_condition_on_the_time_flips_with_the_clock(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        let end = (t.clock.now() + SignedDuration::from_secs(120)).to_string();
        let reads = spec("reads", "ci", &["acme/*"], &json!({"contents": "read"}));
        let condition = json!({"condition": format!("request.time < timestamp(\"{end}\")")});
        t.policy(with(reads.clone(), &condition)).await;
        for _ in 0..3 {
            assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200);
            assert_eq!(ask(&t, &key, json!({"repositories": ["acme/a"]})).await.status, 201);
        }
        t.clock.advance(SignedDuration::from_secs(120));
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403, "also what is warm");
        assert!(denied(&ask(&t, &key, json!({"repositories": ["acme/a"]})).await));
        // A second policy that would cover it all, behind one whose condition did not hold: its answer is not for ever.
        let later = json!({"condition": format!("request.time >= timestamp(\"{end}\")")});
        t.policy(with(spec("later", "ci", &["acme/*"], &json!({"contents": "read"})), &later)).await;
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200);
        // A condition that cannot be evaluated allows nothing.
        put(&t, "later", with(spec("later", "ci", &["acme/*"], &json!({"contents": "read"})), &json!({"condition": "1 / 0 == 1"}))).await;
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 403);
    }

    async fn the_smallest_wish_never_becomes_the_greatest(t: TestJeton) {
        // A mint without permissions means all of them, to GitHub: no wish may end up as none.
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        t.policy(spec("reads", "ci", &["acme/*"], &json!({"contents": "read"}))).await;
        t.policy(spec("names", "looks", &["acme/*"], &json!({"metadata": "read"}))).await;
        let looks = t.client("looks").await;
        for (key, permissions) in [(&key, json!({"metadata": "read"})), (&looks, json!({"metadata": "read"})), (&looks, Value::Null)] {
            let mut body = json!({"repositories": ["acme/a"]});
            if !permissions.is_null() {
                body["permissions"] = permissions.clone();
            }
            let answer = ask(&t, key, body).await;
            assert_eq!(answer.status, 201, "{permissions}: {}", answer.text);
            assert_eq!(answer.json()["permissions"], json!({"metadata": "read"}), "{permissions}");
        }
        assert_eq!(t.get_as(&looks, "/api/acme/a").await.status, 200);
        let narrow = t.sim.github().live_tokens();
        assert!(narrow.iter().all(|token| token.permissions.len() == 1), "{narrow:?}");
        for key in [&key, &looks, &t.key.secret().expose().to_owned()] {
            for permissions in [json!({}), json!({"": "read"}), json!({"contents": ""}), json!({"contents": "all"}), json!({"contents": null}), json!([])] {
                let answer = ask(&t, key, json!({"repositories": ["acme/a"], "permissions": permissions})).await;
                assert!(matches!(answer.status, 400 | 422), "{permissions}: {} {}", answer.status, answer.text);
            }
            let none = ask(&t, key, json!({"repositories": []})).await;
            assert!(matches!(none.status, 400 | 422), "{}", none.text);
        }
    }
}
