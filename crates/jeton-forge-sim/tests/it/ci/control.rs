//! Steering runners and secrets over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{ENTERPRISE_RUNNERS, REPO_RUNNERS, SECRETS, token_in};
use crate::common::World;
use crate::personal::OCTOCAT;

impl World {
    async fn set(&self, path: &str, body: Value) -> Value {
        let answer = self.control("POST", path, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        serde_json::from_str(&answer.text).unwrap_or_default()
    }
}

#[tokio::test]
async fn runners_can_be_steered_over_http() {
    let w = World::with_owner().await;
    let token = w.classic(["repo", "manage_runners:enterprise"]);
    let rules = w.set("/ci-rules", json!({ "runner_token_lifetime_seconds": 3 })).await;
    assert_eq!(
        (&rules["runner_token_lifetime_seconds"], &rules["secret_bytes"]),
        (&json!(3), &json!(49152))
    );
    let path = format!("{REPO_RUNNERS}/registration-token");
    let registration = token_in(&w.call(&token, "POST", &path).await);
    w.register(&registration, "register", "acme/tools").await;
    let listed = w.control("GET", "/runner-tokens", None).await;
    assert!(!listed.text.contains(&registration));
    let listed = &listed.json()[0];
    assert_eq!(
        (&listed["purpose"], &listed["uses"], &listed["live"]),
        (&json!("registration"), &json!(1), &json!(true))
    );
    let runners = w.control("GET", "/runners", None).await;
    assert_eq!(runners.json(), json!(["repos/acme/tools/builder"]));
    w.set(
        "/repository-runners",
        json!({ "owner": "acme", "name": "tools", "forbidden": true }),
    )
    .await;
    assert_eq!(w.call(&token, "POST", &path).await.status, 403);
    w.set(
        "/repository-runners",
        json!({ "owner": "acme", "name": "tools", "forbidden": false }),
    )
    .await;
    let policy = w
        .set("/orgs/acme/policy", json!({ "forbid_repository_runners": true }))
        .await;
    assert_eq!(policy["forbid_repository_runners"], true);
    assert_eq!(w.call(&token, "POST", &path).await.status, 403);
    w.set("/enterprises", json!({ "slug": "acme-corp", "admins": [OCTOCAT] }))
        .await;
    assert_eq!(w.get(&token, ENTERPRISE_RUNNERS).await.status, 200);
    let made = json!({ "owner": "acme", "name": "tools", "permissions": { "contents": "read" } });
    let workflow = w.set("/workflow-tokens", made).await;
    let answer = w
        .as_token(workflow["token"].as_str().unwrap(), "GET", "/repos/acme/tools")
        .await;
    assert_eq!(answer.status, 200);
    let made = json!({ "owner": "acme", "name": "tools", "permissions": { "administration": "write" } });
    assert_eq!(w.control("POST", "/workflow-tokens", Some(made)).await.status, 400);
}

#[tokio::test]
async fn secrets_can_be_steered_and_read_over_http() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let environment = json!({ "owner": "acme", "name": "tools", "environment": "prod/eu" });
    w.set("/environments", environment.clone()).await;
    let of_environment = "/repos/acme/tools/environments/prod%2Feu/secrets";
    assert_eq!(w.push_secret(&token, of_environment, "A", b"\xff\0").await.status, 201);
    let value = w
        .set("/secret-value", json!({ "scope": environment, "secret": "A" }))
        .await;
    assert_eq!(STANDARD.decode(value["base64"].as_str().unwrap()).unwrap(), b"\xff\0");
    assert_eq!(w.set("/secret-names", environment).await, json!(["A"]));
    let scope = json!({ "owner": "acme", "name": "tools" });
    let read = json!({ "scope": scope, "secret": "A" });
    assert_eq!(w.control("POST", "/secret-value", Some(read)).await.status, 404);
    let key = async || w.as_token(&token, "GET", &format!("{SECRETS}/public-key")).await.json()["key_id"].clone();
    let first = key().await;
    w.set("/secret-key/rotate", json!({ "scope": scope })).await;
    let second = key().await;
    assert_ne!(second, first);
    w.set("/secret-key/rotate", json!({ "scope": scope, "at_next_put": true }))
        .await;
    assert_eq!(key().await, second);
    assert_eq!(w.push_secret(&token, SECRETS, "A", b"x").await.status, 422);
    let nowhere = [
        json!({ "owner": "acme" }),
        json!({ "org": "acme", "family": "agents" }),
        json!({ "org": "acme", "owner": "acme", "name": "tools" }),
    ];
    for scope in nowhere {
        let refused = w.control("POST", "/secret-names", Some(scope)).await;
        assert_eq!(refused.status, 400);
    }
    let absent = json!({ "scope": { "org": "none" } });
    assert_eq!(w.control("POST", "/secret-key/rotate", Some(absent)).await.status, 404);
}
