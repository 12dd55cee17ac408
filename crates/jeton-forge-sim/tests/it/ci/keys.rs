//! Keys that secrets are sealed for, and their changes.

use jeton_forge_sim::SecretScope;
use serde_json::json;

use super::{SECRETS, seal};
use crate::common::World;

#[tokio::test]
async fn each_place_has_a_key_that_stays_until_it_is_rotated() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let key = async |path: &str| w.as_token(&token, "GET", &format!("{path}/public-key")).await.json();
    let first = key(SECRETS).await;
    assert_eq!(key(SECRETS).await, first);
    let id = first["key_id"].as_str().unwrap();
    assert!(id.len() == 18 && id.bytes().all(|b| b.is_ascii_digit()), "{id}");
    let others = [
        "/repos/acme/docs/actions/secrets",
        "/repos/acme/tools/dependabot/secrets",
    ];
    for other in others {
        let other = key(other).await;
        assert_ne!(other["key_id"], first["key_id"]);
        assert_ne!(other["key"], first["key"]);
    }
    let scope = SecretScope::repository("acme", "tools");
    w.sim.github().rotate_secret_key(&scope).unwrap();
    let second = key(SECRETS).await;
    assert_ne!(second["key_id"], first["key_id"]);
    assert_ne!(second["key"], first["key"]);
    assert!(
        w.sim
            .github()
            .rotate_secret_key(&SecretScope::organization("none"))
            .is_err()
    );
    let absent = SecretScope::environment("acme", "tools", "none");
    assert!(w.sim.github().rotate_secret_key(&absent).is_err());
}

#[tokio::test]
async fn what_is_sealed_for_an_old_key_is_refused() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let github = w.sim.github();
    let scope = SecretScope::repository("acme", "tools");
    let key = w.as_token(&token, "GET", &format!("{SECRETS}/public-key")).await.json();
    let body = json!({ "encrypted_value": seal(&key, b"value"), "key_id": key["key_id"] });
    let path = format!("{SECRETS}/A");
    github.rotate_secret_key(&scope).unwrap();
    w.put(&token, &path, &body)
        .await
        .is(422, "The key_id is not the current one.");
    github.change_ci_rules(|rules| rules.stale_key = "Old key.".to_owned());
    w.put(&token, &path, &body).await.is(422, "Old key.");
    // The right number does not help what was sealed for the old key.
    let new = w.as_token(&token, "GET", &format!("{SECRETS}/public-key")).await.json();
    let mixed = json!({ "encrypted_value": body["encrypted_value"], "key_id": new["key_id"] });
    assert_eq!(w.put(&token, &path, &mixed).await.status, 422);
    assert_eq!(w.push_secret(&token, SECRETS, "A", b"value").await.status, 201);
}

#[tokio::test]
async fn a_key_can_change_once_between_a_clients_two_calls() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let scope = SecretScope::repository("acme", "tools");
    w.sim.github().rotate_secret_key_at_next_put(&scope).unwrap();
    w.push_secret(&token, SECRETS, "A", b"value")
        .await
        .is(422, "The key_id is not the current one.");
    assert_eq!(w.push_secret(&token, SECRETS, "A", b"value").await.status, 201);
    assert_eq!(w.sim.github().secret_value(&scope, "a").unwrap(), b"value");
}
