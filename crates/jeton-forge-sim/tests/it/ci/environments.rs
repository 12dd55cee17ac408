//! Environments and their secrets.

use jeton_forge_sim::{RepoRole, SecretScope};
use serde_json::json;

use super::{BY_TOKEN, NO_ADMIN};
use crate::common::{World, send};
use crate::personal::OCTOCAT;

const ENVIRONMENTS: &str = "/repos/acme/tools/environments";

#[tokio::test]
async fn an_environment_is_made_and_found_whatever_its_name() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    let path = format!("{ENVIRONMENTS}/prod%2Feu%20west%20%C3%BC");
    w.get(&token, &path).await.is(404, "Not Found");
    let made = w.put(&token.token, &path, &json!({})).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["name"]),
        (200, &json!("prod/eu west ü"))
    );
    let url = made.json()["url"].as_str().unwrap().to_owned();
    let again = w.get(&token, url.strip_prefix(&w.sim.web_url()).unwrap()).await;
    assert_eq!(again.json(), made.json());
    w.sim.github().add_environment("acme", "tools", "Staging").unwrap();
    assert_eq!(
        w.get(&token, &format!("{ENVIRONMENTS}/staging")).await.json()["name"],
        "Staging"
    );
    let listed = w.get(&token, ENVIRONMENTS).await.json();
    assert_eq!(listed["total_count"], 2);
    assert_eq!(listed["environments"][0]["name"], "prod/eu west ü");
    let secrets = format!("{path}/secrets");
    assert_eq!(w.push_secret(&token.token, &secrets, "A", b"value").await.status, 201);
    let scope = SecretScope::environment("acme", "tools", "PROD/eu west ü");
    assert_eq!(w.sim.github().secret_value(&scope, "A").unwrap(), b"value");
    assert_eq!(w.get(&token, &format!("{secrets}/A")).await.json()["name"], "A");
    let of_repository = SecretScope::repository("acme", "tools");
    assert_eq!(w.sim.github().secret_value(&of_repository, "A"), None);
}

#[tokio::test]
async fn secrets_of_an_environment_that_does_not_exist_are_not_found() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let secrets = format!("{ENVIRONMENTS}/production/secrets");
    for (method, tail) in [("GET", ""), ("GET", "/public-key"), ("GET", "/A"), ("DELETE", "/A")] {
        let answer = w.as_token(&token, method, &format!("{secrets}{tail}")).await;
        answer.is(404, "Not Found");
    }
    let body = json!({ "encrypted_value": "YQ==", "key_id": "1" });
    w.put(&token, &format!("{secrets}/A"), &body).await.is(404, "Not Found");
    w.sim.github().add_environment("acme", "docs", "production").unwrap();
    w.as_token(&token, "GET", &secrets).await.is(404, "Not Found");
    assert!(w.sim.github().add_environment("acme", "none", "production").is_err());
    assert!(w.sim.github().add_environment("acme", "tools", "a\nb").is_err());
}

#[tokio::test]
async fn an_environment_has_its_own_limit_of_secrets() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    w.sim.github().add_environment("acme", "tools", "production").unwrap();
    w.sim
        .github()
        .change_ci_rules(|rules| rules.secrets_per_environment = 1);
    let secrets = format!("{ENVIRONMENTS}/production/secrets");
    assert_eq!(w.push_secret(&token, &secrets, "A", b"value").await.status, 201);
    assert_eq!(w.push_secret(&token, &secrets, "B", b"value").await.status, 422);
}

#[tokio::test]
async fn only_administrators_make_environments() {
    let w = World::with_octocat().await;
    let path = format!("{ENVIRONMENTS}/production");
    let (classic, fine) = (w.classic(["repo"]), w.fine([("administration", "write")]));
    w.put(&classic.token, &path, &json!({})).await.is(403, NO_ADMIN);
    w.put(&fine.token, &path, &json!({})).await.is(403, BY_TOKEN);
    let github = w.sim.github();
    github
        .add_collaborator("acme", "tools", OCTOCAT, RepoRole::Admin)
        .unwrap();
    assert_eq!(w.put(&fine.token, &path, &json!({})).await.status, 200);
    w.get(&fine, &path).await.is(403, BY_TOKEN);
    assert_eq!(w.get(&w.fine([("actions", "read")]), &path).await.status, 200);
    let open = send(w.request("GET", "/repos/acme/site/environments")).await;
    assert_eq!(open.json()["total_count"], 0);
    send(w.request("GET", ENVIRONMENTS)).await.is(404, "Not Found");
}
