//! The record as who runs the server knows it: everything is on it, nothing secret is, and an edit shows.

use jeton_domain::Clock as _;
use jeton_testkit::{Answer, DatabaseKind, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, person},
    jwt_callers::{World, for_us, job},
    raw_sql::sql,
};

const PASSWORD: &str = "correct horse battery";

pub(crate) async fn entries(t: &TestJeton, query: &str) -> Vec<Value> {
    t.broker.access().ledger().flush().await.unwrap();
    let export = t.get(&format!("/v1/record/export?{query}")).await;
    assert_eq!(export.status, 200, "{}", export.text);
    export
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) async fn by_operator(t: &TestJeton, method: &str, path: &str, body: Option<Value>) -> Answer {
    let key = t.key.secret().expose();
    t.send(|http, url| {
        let request = http
            .request(method.parse().unwrap(), format!("{url}{path}"))
            .bearer_auth(key);
        if let Some(body) = body {
            request.json(&body)
        } else {
            request
        }
    })
    .await
}

pub(crate) async fn verdict(t: &TestJeton) -> Value {
    let answer = t.post("/v1/record/verify", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn one<'a>(entries: &'a [Value], event: &str) -> &'a Value {
    let found: Vec<_> = entries.iter().filter(|entry| entry["event"] == event).collect();
    assert_eq!(found.len(), 1, "{event}: {found:?}");
    found[0]
}

both_databases! {
    async fn a_zero_in_a_text_is_a_mistake_of_the_callers_in_every_database(t: TestJeton) {
        let key = t.client("ci").await;
        t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        for query in ["event=%00", "event=token.%00", "actor=%00", "actor=client:ci%00", "request_id=%00", "fingerprint=%00"] {
            for path in ["/v1/record", "/v1/record/export"] {
                let answer = t.get(&format!("{path}?{query}")).await;
                let fine = if query.starts_with("fingerprint") { 400 } else { 200 };
                assert_eq!(answer.status, fine, "{path} {query}: {}", answer.text);
            }
        }
        for path in [
            "/v1/grants?holder=%00", "/v1/grants?holder=user:%00", "/v1/grants?source=%00", "/v1/grants?repository=%00", "/v1/grants?fingerprint=%00",
            "/v1/accounts?search=%00", "/v1/accounts?forge=%00", "/v1/accounts?after=%00", "/v1/accounts/%00", "/v1/accounts/own%2F%00",
            "/v1/apps/%00", "/v1/clients/%00", "/v1/clients?after=%00", "/v1/users/%00", "/v1/users?after=%00", "/v1/policies?after=%00",
            "/api/%00/a", "/api/acme/%00",
        ] {
            let answer = t.get(path).await;
            assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
        }
        for (path, body) in [
            ("/v1/clients", json!({"name": "x", "description": "a\0b"})),
            ("/v1/clients", json!({"name": "x", "description": "a\nb"})),
            ("/v1/clients", json!({"name": "x\0"})),
            ("/v1/clients", json!({"name": "x", "networks": ["\0"]})),
            ("/v1/users", json!({"name": "x\0", "role": "member"})),
            ("/v1/policies", json!({"name": "x\0", "callers": {"client": "ci"}, "actions": "app.read"})),
            ("/v1/apps", json!({"name": "x\0", "app_id": "1", "private_key": "x"})),
            ("/v1/accounts", json!({"label": "x\0", "forge": "github", "token": "x"})),
            ("/v1/tokens", json!({"repositories": ["acme/\0"]})),
            ("/v1/tokens", json!({"repositories": ["acme/a"], "source": "app:\0"})),
            ("/v1/policies/explain", json!({"caller": {"client": "\0"}, "action": "token.mint"})),
        ] {
            let answer = t.post(path, body.clone()).await;
            assert!((400..500).contains(&answer.status), "{path} {body}: {} {}", answer.status, answer.text);
        }
        // Of such a forge nothing is there, or no database can be asked: neither is damage.
        let odd = t.post("/v1/tokens", json!({"repositories": ["acme/a"], "forge": "\0"})).await;
        assert!(["app.none", "request.invalid"].contains(&odd.code().as_str()), "{}", odd.text);
        // What is kept as JSON keeps it.
        let policy = json!({"name": "odd", "description": "a\0b", "callers": {"issuer": "x", "claims": {"sub": "a\0"}}, "actions": "app.read"});
        let added = t.post("/v1/policies", policy).await;
        assert!(added.status < 500, "{}", added.text);
        let mut browser = crate::browser::Browser::default();
        let refused = browser.sign_in(&t, "a\0b", "correct horse battery").await;
        assert!(refused.status < 500, "{}", refused.text);
    }

    async fn every_change_leaves_an_entry_of_who_and_what(t: TestJeton) {
        let policy = json!({"name": "reads", "callers": {"client": "ci"}, "actions": ["token.mint"], "repositories": ["acme/*"], "permissions": {"contents": "read"}});
        let mut wider = policy.clone();
        wider["permissions"] = json!({"contents": "write"});
        let other = t.sim.github().add_app(jeton_forge_sim::AppSpec::new("other"));
        let app = json!({"name": "other", "app_id": other.id, "private_key": other.private_key_pkcs8_pem, "api_url": t.sim.api_url()});
        let before = entries(&t, "").await.len();
        let steps = [
            ("client.added", "POST", "/v1/clients", Some(json!({"name": "ci"})), "ci"),
            ("client.rotated", "POST", "/v1/clients/ci/rotate", Some(json!({})), "ci"),
            ("policy.put", "POST", "/v1/policies", Some(policy), "reads"),
            ("policy.put", "PUT", "/v1/policies/reads", Some(wider), "reads"),
            ("policy.removed", "DELETE", "/v1/policies/reads", None, "reads"),
            ("client.revoked", "DELETE", "/v1/clients/ci", None, "ci"),
            ("app.added", "POST", "/v1/apps", Some(app), "other"),
            ("app.removed", "DELETE", "/v1/apps/other", None, "other"),
            ("user.added", "POST", "/v1/users", Some(json!({"name": "ada", "role": "member"})), "ada"),
            ("user.changed", "PATCH", "/v1/users/ada", Some(json!({"role": "auditor"})), "ada"),
            ("user.invited", "POST", "/v1/users/ada/invite", Some(json!({})), "ada"),
            ("user.removed", "DELETE", "/v1/users/ada", None, "ada"),
        ];
        let mut seen = before;
        for (event, method, path, body, about) in steps {
            let answer = by_operator(&t, method, path, body).await;
            assert!(answer.status < 300, "{event}: {} {}", answer.status, answer.text);
            let all = entries(&t, "").await;
            let new: Vec<_> = all[seen..].iter().filter(|entry| entry["event"] == event).collect();
            assert_eq!(new.len(), 1, "{event}: {:?}", &all[seen..]);
            let entry = new[0];
            assert_eq!((&entry["actor"], &entry["actor_key"], &entry["address"]), (&json!("operator"), &json!("operator"), &json!("127.0.0.1")), "{entry}");
            assert_eq!(entry["request_id"], answer.header("x-request-id"), "{event}");
            assert_eq!(entry["at"], t.clock.now().to_string(), "{event}");
            assert!(entry["details"].to_string().contains(&format!("\"{about}\"")), "{event}: {entry}");
            seen = all.len();
        }
        let put = entries(&t, "event=policy.put").await;
        assert_eq!(put[1]["details"]["before"]["permissions"], json!({"contents": "read"}));
        assert_eq!(put[1]["details"]["after"]["permissions"], json!({"contents": "write"}), "what it was and what it is");
        assert_eq!(verdict(&t).await["ok"], true);
    }

    async fn grants_refusals_and_sign_ins_are_on_it(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        let granted = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        let refused = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"], "permissions": {"contents": "write"}})).await;
        assert_eq!((granted.status, refused.status), (201, 403));
        let forbidden = t.get_as(&key, "/v1/clients").await;
        let anonymous = t.get_anonymously("/v1/clients").await;
        assert_eq!((forbidden.status, anonymous.status), (403, 401));
        let compatible = t.get_as(&key, "/api/acme/a").await;
        assert_eq!(compatible.status, 200);
        let path = format!("/v1/tokens/{}", granted.json()["grant_id"].as_str().unwrap());
        assert_eq!(t.delete_as(&key, &path).await.status, 200);
        t.sim.github().revoke_by_fingerprint(granted.json()["fingerprint"].as_str().unwrap());
        let rejected = t.post_as(&key, "/v1/tokens/rejected", json!({"fingerprint": granted.json()["fingerprint"]})).await;
        assert_eq!(rejected.json()["verdict"], "dropped", "{}", rejected.text);
        t.clock.advance(SignedDuration::from_mins(1));
        t.worker.run_due().await.unwrap();
        person(&t, "ada", "member", PASSWORD).await;
        let mut browser = Browser::default();
        browser.sign_in(&t, "ada", "not it at all").await;
        assert_eq!(browser.sign_in(&t, "ada", PASSWORD).await.status, 303);
        t.broker.access().ledger().tick().await.ok();
        let all = entries(&t, "").await;
        let grants: Vec<_> = all.iter().filter(|entry| entry["event"] == "token.granted").collect();
        assert_eq!(grants.len(), 2, "{grants:?}");
        for (entry, answer) in grants.iter().zip([&granted, &compatible]) {
            assert_eq!((&entry["actor"], &entry["address"]), (&json!("client:ci"), &json!("127.0.0.1")));
            assert_eq!(entry["request_id"], answer.header("x-request-id"));
            assert_eq!(entry["fingerprint"], granted.json()["fingerprint"]);
            let details = &entry["details"];
            assert_eq!((&details["rule"], &details["source"]), (&json!("ci-reads"), &json!("app:ci")), "{details}");
            assert_eq!(details["repositories"], json!(["acme/a"]));
            assert_eq!(details["permissions"]["contents"], "read");
            assert_eq!(details["expires_at"], granted.json()["expires_at"]);
        }
        let entry = one(&all, "token.refused");
        assert_eq!((&entry["actor"], &entry["request_id"]), (&json!("client:ci"), &json!(refused.header("x-request-id"))));
        assert_eq!(entry["details"]["permissions_asked"], json!({"contents": "write"}), "{entry}");
        let entry = one(&all, "access.refused");
        assert_eq!((&entry["actor"], &entry["details"]["action"]), (&json!("client:ci"), &json!("client.read")));
        assert_eq!(entry["request_id"], forbidden.header("x-request-id"));
        let entry = one(&all, "auth.refused");
        assert_eq!((&entry["details"]["code"], &entry["address"]), (&json!("auth.missing"), &json!("127.0.0.1")));
        for event in ["token.released", "token.rejected"] {
            assert_eq!(one(&all, event)["actor"], "client:ci");
        }
        assert_eq!(one(&all, "token.revoked")["fingerprint"], granted.json()["fingerprint"]);
        assert_eq!(one(&all, "user.password_set")["actor"], "user:ada");
        let refused = one(&all, "user.sign_in_refused");
        assert!(refused.to_string().contains("ada") && !refused.to_string().contains("not it at all"), "{refused}");
        assert!(all.iter().any(|entry| entry["event"] == "user.signed_in" && entry["actor"] == "user:ada"));
        assert_eq!(verdict(&t).await["ok"], true);
    }

    async fn what_cannot_be_recorded_is_not_handed_out(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200);
        if sql(&t.database, "ALTER TABLE ledger RENAME TO hidden;").is_none() {
            return;
        }
        for _ in 0..2 {
            let answer = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/b"]})).await;
            assert!(matches!(answer.status, 500 | 503), "{}", answer.text);
            assert!(answer.json().get("token").is_none() && answer.json()["code"].is_string(), "{}", answer.text);
            let answer = t.get_as(&key, "/api/acme/b").await;
            assert!(matches!(answer.status, 500 | 503), "{}", answer.text);
            assert!(answer.json().get("access_token").is_none(), "{}", answer.text);
        }
        assert_eq!(t.get_as(&key, "/api/acme/a").await.status, 200, "that they hold this one is on record already");
        let added = t.post("/v1/clients", json!({"name": "unseen"})).await;
        assert!(matches!(added.status, 500 | 503), "{}", added.text);
        let spec = json!({"name": "unseen", "callers": {"client": "ci"}, "actions": ["client.read"]});
        let put = t.post("/v1/policies", spec).await;
        assert!(matches!(put.status, 500 | 503), "{}", put.text);
        sql(&t.database, "ALTER TABLE hidden RENAME TO ledger;").unwrap();
        assert_eq!(t.get("/v1/clients/unseen").await.status, 404, "what was not recorded did not happen");
        assert_eq!(t.get_as(&key, "/v1/clients").await.code(), "policy.denied");
        let listed = t.get_as(&key, "/v1/grants").await.json();
        assert_eq!(listed["grants"].as_array().unwrap().len(), 1, "{listed}");
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/b"]})).await.status, 201);
        assert_eq!(verdict(&t).await["ok"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_tokens_claimed_is_tried_against_another_file() {
    let World { t, oidc } = World::start(DatabaseKind::Sqlite).await;
    let policy = |claims: Value| {
        json!({"name": "jobs", "callers": {"issuer": "corp", "claims": claims}, "actions": ["token.mint"],
        "repositories": ["acme/*"], "permissions": {"contents": "read"}})
    };
    t.policy(policy(json!({"repository": "acme/*"}))).await;
    let mut claims = for_us(job().claims());
    let body = json!({"repositories": ["acme/tools"]});
    assert_eq!(
        t.post_as(&oidc.sign(&claims), "/v1/tokens", body.clone()).await.status,
        201
    );
    claims["environment"] = json!("production");
    assert_eq!(
        t.post_as(&oidc.sign(&claims), "/v1/tokens", body.clone()).await.status,
        201
    );
    claims["repository"] = json!("acme2/tools");
    assert_eq!(t.post_as(&oidc.sign(&claims), "/v1/tokens", body).await.status, 403);
    let document = "[[policy]]\nname = \"jobs\"\ncallers.issuer = \"corp\"\ncallers.claims = { environment = \"production\" }\n\
                    actions = [\"token.mint\"]\nrepositories = [\"acme/*\"]\npermissions = { contents = \"read\" }\n";
    t.broker.access().ledger().flush().await.unwrap();
    let replay = t
        .post("/v1/policies/replay", json!({"document": document}))
        .await
        .json();
    let changes = replay["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "{replay}");
    let pairs: Vec<_> = changes
        .iter()
        .map(|change| (change["before"].as_str().unwrap(), change["after"].as_str().unwrap()))
        .collect();
    assert!(
        pairs.contains(&("allow", "deny")) && pairs.contains(&("deny", "allow")),
        "{pairs:?}"
    );
}
