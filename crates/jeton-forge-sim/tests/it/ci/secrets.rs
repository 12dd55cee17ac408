//! Secrets of repositories: what goes in, what is refused, and what can be seen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_forge_sim::{SecretFamily, SecretScope};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{SECRETS, seal};
use crate::common::{Answer, World};

fn tools() -> SecretScope {
    SecretScope::repository("acme", "tools")
}

#[tokio::test]
async fn a_secret_goes_in_and_never_comes_out() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    let made = w.push_secret(&token.token, SECRETS, "deploy_key", b"first").await;
    assert_eq!((made.status.as_u16(), made.json()), (201, json!({})));
    let path = format!("{SECRETS}/DEPLOY_KEY");
    let shown = w.get(&token, &path).await;
    assert_eq!(
        shown.json(),
        json!({
            "name": "DEPLOY_KEY", "created_at": "2026-06-01T12:00:00Z", "updated_at": "2026-06-01T12:00:00Z"
        })
    );
    w.sim.clock().advance(SignedDuration::from_mins(1));
    let value: Vec<u8> = (0..=255).collect();
    let updated = w.push_secret(&token.token, SECRETS, "Deploy_Key", &value).await;
    assert_eq!((updated.status.as_u16(), updated.text.as_str()), (204, ""));
    let shown = w.get(&token, &format!("{SECRETS}/deploy_key")).await.json();
    assert_eq!(shown["created_at"], "2026-06-01T12:00:00Z");
    assert_eq!(shown["updated_at"], "2026-06-01T12:01:00Z");
    assert_eq!(w.sim.github().secret_value(&tools(), "deploy_key").unwrap(), value);
    let listed = w.get(&token, SECRETS).await.json();
    assert_eq!((&listed["total_count"], &listed["secrets"][0]), (&json!(1), &shown));
    let removed = w.call(&token, "DELETE", &path).await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    w.call(&token, "DELETE", &path).await.is(404, "Not Found");
    w.get(&token, &path).await.is(404, "Not Found");
    assert_eq!(w.sim.github().secret_value(&tools(), "DEPLOY_KEY"), None);
}

#[tokio::test]
async fn families_and_repositories_are_kept_apart() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    for (path, value) in [
        ("/repos/acme/tools/actions/secrets", "actions"),
        ("/repos/acme/tools/dependabot/secrets", "dependabot"),
        ("/repos/acme/tools/codespaces/secrets", "codespaces"),
        ("/repos/acme/docs/actions/secrets", "docs"),
    ] {
        assert_eq!(
            w.push_secret(&token, path, "A", value.as_bytes()).await.status,
            201,
            "{path}"
        );
    }
    let value = |scope: SecretScope| w.sim.github().secret_value(&scope, "A").unwrap();
    assert_eq!(value(tools()), b"actions");
    assert_eq!(value(tools().family(SecretFamily::Dependabot)), b"dependabot");
    assert_eq!(value(tools().family(SecretFamily::Codespaces)), b"codespaces");
    assert_eq!(value(SecretScope::repository("acme", "docs")), b"docs");
}

/// Puts a value that is sealed for the current key, with changes to the body.
async fn put(w: &World, name: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let token = w.classic(["repo"]).token;
    let key = w.as_token(&token, "GET", &format!("{SECRETS}/public-key")).await.json();
    let mut body = json!({ "encrypted_value": seal(&key, b"value"), "key_id": key["key_id"] });
    change(&mut body);
    w.put(&token, &format!("{SECRETS}/{name}"), &body).await
}

#[tokio::test]
async fn a_wrong_body_is_refused() {
    let w = World::with_owner().await;
    let invalid = |detail: &str| format!("Invalid request.\n\n{detail}");
    let missing = put(&w, "A", |body| *body = json!({})).await;
    missing.is(422, &invalid("\"encrypted_value\", \"key_id\" weren't supplied."));
    let missing = put(&w, "A", |body| {
        body.as_object_mut().unwrap().remove("key_id");
    });
    missing.await.is(422, &invalid("\"key_id\" wasn't supplied."));
    for text in ["", "not base64!", "YQ", "YQ=", "_-_-", "YQ==\n"] {
        let refused = put(&w, "A", |body| body["encrypted_value"] = json!(text)).await;
        assert_eq!(refused.status, 422, "{text:?}");
        let words = format!("Invalid request.\n\n{text} does not match /^(?:");
        assert!(refused.message().starts_with(&words), "{}", refused.text);
    }
    let number = put(&w, "A", |body| body["encrypted_value"] = json!(424_242)).await;
    number.is(
        422,
        &invalid("For 'properties/encrypted_value', the value is not a string."),
    );
    let unsealed = STANDARD.encode("a value that nobody sealed, sent as it is by mistake, all of it");
    let words = "Bad request - validation failed due to an improperly encrypted secret";
    put(&w, "A", |body| body["encrypted_value"] = json!(unsealed))
        .await
        .is(422, words);
    put(&w, "A", |body| body["encrypted_value"] = json!("YQ=="))
        .await
        .is(422, words);
    assert!(w.sim.github().secret_names(&tools()).is_empty());
}

#[tokio::test]
async fn a_name_with_a_dash_and_others_are_refused() {
    let w = World::with_owner().await;
    for name in ["A-B", "1A", "A%20B", "GITHUB_TOKEN", "github_x", "A%2FB", "%C3%84"] {
        let answer = put(&w, name, |_| ()).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.message().starts_with("Secret names "), "{name}");
    }
    for name in ["A_1", "_x", "MY_GITHUB_TOKEN"] {
        assert_eq!(put(&w, name, |_| ()).await.status, 201, "{name}");
    }
    let kept = w.sim.github().secret_names(&tools());
    assert_eq!(kept, ["A_1", "MY_GITHUB_TOKEN", "_X"]);
}

#[tokio::test]
async fn a_value_of_48_kib_fits_and_one_more_byte_does_not() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let push = async |name: &str, size: usize| {
        w.push_secret(&token, SECRETS, name, &vec![b'x'; size])
            .await
            .status
            .as_u16()
    };
    assert_eq!(push("FULL", 48 * 1024).await, 201);
    assert_eq!(push("MORE", 48 * 1024 + 1).await, 422);
    assert_eq!(push("MUCH", 49 * 1024).await, 422);
    assert_eq!(push("NONE", 0).await, 201);
    assert_eq!(w.sim.github().secret_names(&tools()), ["FULL", "NONE"]);
    w.sim.github().change_ci_rules(|rules| rules.secret_bytes = 2);
    assert_eq!(push("NONE", 3).await, 422);
    assert_eq!(w.sim.github().secret_value(&tools(), "NONE").unwrap(), b"");
}

#[tokio::test]
async fn there_can_be_too_many_secrets_but_the_old_ones_can_change() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    for number in 0..100 {
        w.sim
            .github()
            .add_secret("acme", "tools", &format!("N{number}"))
            .unwrap();
    }
    let refused = w.push_secret(&token.token, SECRETS, "N100", b"x").await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(w.push_secret(&token.token, SECRETS, "N99", b"x").await.status, 204);
    let listed = w.get(&token, &format!("{SECRETS}?per_page=60&page=2")).await.json();
    assert_eq!(listed["secrets"].as_array().unwrap().len(), 40);
    w.call(&token, "DELETE", &format!("{SECRETS}/N0")).await;
    assert_eq!(w.push_secret(&token.token, SECRETS, "N100", b"x").await.status, 201);
    assert!(w.sim.github().add_secret("acme", "tools", "A-B").is_err());
}
