//! Secrets of organizations, and who may use them.

use jeton_forge_sim::SecretScope;
use serde_json::{Value, json};

use super::seal;
use crate::common::{Answer, World};

const ORG: &str = "/orgs/acme/actions/secrets";

/// Puts a secret with these fields besides the value.
async fn put(w: &World, name: &str, more: Value) -> Answer {
    let token = w.classic(["admin:org"]).token;
    let key = w.as_token(&token, "GET", &format!("{ORG}/public-key")).await.json();
    let mut body = json!({ "encrypted_value": seal(&key, b"value"), "key_id": key["key_id"] });
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    w.put(&token, &format!("{ORG}/{name}"), &body).await
}

#[tokio::test]
async fn a_secret_of_an_organization_says_who_may_use_it() {
    let w = World::with_owner().await;
    let token = w.classic(["admin:org", "repo"]);
    let repository = w.get(&token, "/repos/acme/tools").await.json()["id"].clone();
    for (name, more) in [
        ("EVERY", json!({ "visibility": "all" })),
        ("CLOSED", json!({ "visibility": "private" })),
        (
            "SOME",
            json!({ "visibility": "selected", "selected_repository_ids": [repository] }),
        ),
        ("NO_ONE", json!({ "visibility": "selected" })),
    ] {
        let made = put(&w, name, more.clone()).await;
        assert_eq!(made.status, 201, "{name}: {}", made.text);
        let shown = w.get(&token, &format!("{ORG}/{name}")).await.json();
        assert_eq!(shown["visibility"], more["visibility"]);
        let url = shown["selected_repositories_url"].as_str();
        let expected = format!("{}{ORG}/{name}/repositories", w.sim.api_url());
        assert_eq!(url, (more["visibility"] == "selected").then_some(expected.as_str()));
    }
    assert_eq!(put(&w, "SOME", json!({ "visibility": "all" })).await.status, 204);
    let shown = w.get(&token, &format!("{ORG}/some")).await.json();
    assert_eq!(shown["visibility"], "all");
    let scope = SecretScope::organization("acme");
    assert_eq!(w.sim.github().secret_value(&scope, "SOME").unwrap(), b"value");
    assert_eq!(w.sim.github().secret_names(&scope).len(), 4);
}

#[tokio::test]
async fn a_visibility_must_be_said_and_fit_the_selection() {
    let w = World::with_owner().await;
    let missing = put(&w, "A", json!({})).await;
    missing.is(422, "Invalid request.\n\n\"visibility\" wasn't supplied.");
    let token = w.classic(["repo"]);
    let foreign = w.get(&token, "/repos/other/open").await.json()["id"].clone();
    for more in [
        json!({ "visibility": "everybody" }),
        json!({ "visibility": 1 }),
        json!({ "visibility": "all", "selected_repository_ids": [] }),
        json!({ "visibility": "selected", "selected_repository_ids": "all" }),
        json!({ "visibility": "selected", "selected_repository_ids": [foreign] }),
    ] {
        let answer = put(&w, "A", more.clone()).await;
        assert_eq!(answer.status, 422, "{more}: {}", answer.text);
    }
    assert!(
        w.sim
            .github()
            .secret_names(&SecretScope::organization("acme"))
            .is_empty()
    );
}

#[tokio::test]
async fn an_organization_has_its_own_limit() {
    let w = World::with_owner().await;
    w.sim.github().change_ci_rules(|rules| {
        rules.secrets_per_organization = 1;
        rules.secrets_per_repository = 0;
    });
    let all = || json!({ "visibility": "all" });
    assert_eq!(put(&w, "A", all()).await.status, 201);
    assert_eq!(put(&w, "B", all()).await.status, 422);
    assert_eq!(put(&w, "A", all()).await.status, 204);
    let dependabot = "/orgs/acme/dependabot/secrets/public-key";
    assert_eq!(w.get(&w.classic(["admin:org"]), dependabot).await.status, 200);
}
