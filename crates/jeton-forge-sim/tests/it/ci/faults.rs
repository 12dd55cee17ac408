//! Every route of runners and secrets is counted and can fail.

use jeton_forge_sim::{FaultKind, FaultRule, ROUTES, SecretScope};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{REPO_RUNNERS, SECRETS, seal};
use crate::common::{Answer, World, send};
use crate::personal::OCTOCAT;

/// Whether a route is of this part of the API.
fn is_ours(route: &str) -> bool {
    ["/runner", "/secrets", "/environments"]
        .iter()
        .any(|part| route.contains(part))
        && route.contains('{')
}

fn filled(route: &str) -> (&str, String) {
    let (method, path) = route.split_once(' ').unwrap();
    let path = path
        .replace("{owner}", "acme")
        .replace("{repo}", "tools")
        .replace("{org}", "acme")
        .replace("{enterprise}", "acme-corp")
        .replace("{env}", "production")
        .replace("{name}", "A");
    (method, path)
}

/// A good call of a route.
async fn call(w: &World, token: &str, route: &str, number: usize) -> Answer {
    let (method, path) = filled(route);
    let mut request = w.request(method, &path).bearer_auth(token);
    let body = if path.ends_with("/generate-jitconfig") {
        json!({ "name": format!("runner-{number}"), "runner_group_id": 1, "labels": ["x"] })
    } else if method == "PUT" && path.ends_with("/A") {
        let key_path = path.replace("/secrets/A", "/secrets/public-key");
        let key = w.as_token(token, "GET", &key_path).await.json();
        let visibility = path.starts_with("/orgs/").then_some("all");
        let mut body = json!({ "encrypted_value": seal(&key, b"value"), "key_id": key["key_id"] });
        if let Some(visibility) = visibility {
            body["visibility"] = json!(visibility);
        }
        body
    } else {
        Value::Null
    };
    if !body.is_null() {
        request = request.json(&body);
    }
    send(request).await
}

#[tokio::test]
async fn every_route_works_is_counted_and_can_fail() {
    let w = World::with_owner().await;
    let github = w.sim.github();
    github.add_enterprise("acme-corp", [OCTOCAT]);
    github.add_environment("acme", "tools", "production").unwrap();
    let token = w.classic(["repo", "admin:org", "manage_runners:enterprise"]).token;
    let ours: Vec<&str> = ROUTES.iter().copied().filter(|route| is_ours(route)).collect();
    assert_eq!(ours.len(), 50);
    // What is there must be made before it can be read, and is removed last.
    let order = ["PUT", "POST", "GET", "DELETE"];
    let mut number = 0;
    for method in order {
        for route in ours.iter().filter(|route| route.starts_with(method)) {
            number += 1;
            let before = w.sim.calls().count(route);
            let down = FaultKind::Status {
                status: 503,
                message: "down".into(),
            };
            w.sim
                .faults()
                .add(FaultRule::new(down).on(route).owner("acme").times(1));
            let enterprise = route.contains("enterprise");
            let refused = call(&w, &token, route, number).await;
            if enterprise {
                assert!(refused.status.is_success(), "{route}: {}", refused.text);
                w.sim.faults().clear();
            } else {
                refused.is(503, "down");
                let answer = call(&w, &token, route, number).await;
                assert!(answer.status.is_success(), "{route}: {}", answer.text);
            }
            let expected = if enterprise { 1 } else { 2 };
            assert_eq!(w.sim.calls().count(route) - before, expected, "{route}");
        }
    }
}

#[tokio::test]
async fn a_cut_after_the_work_leaves_the_work_done() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let registration = "POST /repos/{owner}/{repo}/actions/runners/registration-token";
    let put = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";
    let cut = |kind: FaultKind, route: &str| w.sim.faults().add(FaultRule::new(kind).on(route).times(1));
    let path = format!("{REPO_RUNNERS}/registration-token");
    let attempt = async |method: &str, path: &str, body: &Value| {
        let request = w.request(method, path).bearer_auth(&token).json(body);
        request.send().await.map(|response| response.status().as_u16())
    };
    cut(FaultKind::CutBeforeHandling, registration);
    assert!(attempt("POST", &path, &json!({})).await.is_err());
    assert_eq!(w.sim.github().runner_tokens().len(), 0);
    cut(FaultKind::CutBeforeAnswer, registration);
    assert!(attempt("POST", &path, &json!({})).await.is_err());
    assert_eq!(w.sim.github().runner_tokens().len(), 1);
    let key = w.as_token(&token, "GET", &format!("{SECRETS}/public-key")).await.json();
    let body = json!({ "encrypted_value": seal(&key, b"value"), "key_id": key["key_id"] });
    let secret = format!("{SECRETS}/A");
    let value = || {
        let scope = SecretScope::repository("acme", "tools");
        w.sim.github().secret_value(&scope, "A")
    };
    cut(FaultKind::CutBeforeHandling, put);
    assert!(attempt("PUT", &secret, &body).await.is_err());
    assert_eq!(value(), None);
    cut(FaultKind::CutBeforeAnswer, put);
    assert!(attempt("PUT", &secret, &body).await.is_err());
    assert_eq!(value().unwrap(), b"value");
    assert_eq!(attempt("PUT", &secret, &body).await.unwrap(), 204);
}

#[tokio::test]
async fn a_limit_that_a_fault_makes_names_the_right_bucket() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    let reset_in = SignedDuration::from_mins(5);
    let limited = FaultRule::new(FaultKind::PrimaryLimit { reset_in }).times(2);
    w.sim.faults().add(limited);
    let path = format!("{REPO_RUNNERS}/registration-token");
    let refused = w.call(&token, "POST", &path).await;
    assert_eq!(refused.header("x-ratelimit-resource"), "actions_runner_registration");
    assert_eq!(refused.header("x-ratelimit-reset"), (w.now() + 300).to_string());
    let refused = w.get(&token, SECRETS).await;
    assert_eq!(refused.header("x-ratelimit-resource"), "core");
    let garbage = FaultRule::new(FaultKind::Garbage).times(1);
    w.sim.faults().add(garbage);
    let answer = w.call(&token, "POST", &path).await;
    assert_eq!(answer.status, 201);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
}
