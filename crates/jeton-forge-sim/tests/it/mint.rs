//! Making tokens.

use jeton_forge_sim::{InstallSpec, SimConfig, TokenFormat};
use jiff::SignedDuration;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::{World, send};

const NO_REPOSITORY: &str = "There is at least one repository that does not exist or is not \
                             accessible to the parent installation.";
const NOT_GRANTED: &str = "The permissions requested are not granted to this installation.";

#[tokio::test]
async fn a_token_without_a_body_may_do_all_that_the_installation_may() {
    let w = World::new().await;
    let answer = send(w.request("POST", &w.mint_path()).bearer_auth(w.assertion())).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let minted = answer.json();
    assert_eq!(minted["expires_at"], "2026-06-01T13:00:00Z");
    assert_eq!(minted["repository_selection"], "all");
    assert!(minted.get("repositories").is_none());
    assert_eq!(
        minted["permissions"],
        json!({"actions": "read", "administration": "write", "contents": "write",
               "metadata": "read", "pull_requests": "write"})
    );
    assert_eq!(w.sim.calls().mints(), 1);
}

#[tokio::test]
async fn a_token_is_narrowed_by_name_id_and_permission() {
    let w = World::new().await;
    let tools = w.as_app("GET", "/repos/acme/tools/installation").await;
    assert_eq!(tools.status, 200);
    let by_name = json!({"repositories": ["Tools"], "permissions": {"contents": "read"}});
    let minted = w.mint(&by_name).await.json();
    assert_eq!(minted["repository_selection"], "selected");
    assert_eq!(minted["repositories"][0]["full_name"], "acme/tools");
    assert_eq!(minted["permissions"], json!({"contents": "read", "metadata": "read"}));
    let id = minted["repositories"][0]["id"].clone();
    let by_id = w.mint(&json!({"repository_ids": [id]})).await.json();
    assert_eq!(by_id["repositories"].as_array().unwrap().len(), 1);
    let live = w.sim.github().live_tokens();
    assert_eq!(live.len(), 2);
    assert!(live.iter().all(|token| token.repositories == ["acme/tools"]));
}

#[tokio::test]
async fn what_is_not_granted_is_unprocessable() {
    let w = World::new().await;
    let other = w.sim.github().add_repository("acme", "gone", true).unwrap();
    w.sim.github().remove_repository("acme", "gone");
    for (body, message) in [
        (json!({"repositories": ["absent"]}), NO_REPOSITORY),
        (json!({"repositories": ["acme/tools"]}), NO_REPOSITORY),
        (json!({"repositories": ["tools", "secret"]}), NO_REPOSITORY),
        (json!({"repository_ids": [other]}), NO_REPOSITORY),
        (json!({"permissions": {"issues": "read"}}), NOT_GRANTED),
        (json!({"permissions": {"actions": "write"}}), NOT_GRANTED),
    ] {
        w.mint(&body).await.is(422, message);
    }
    for body in [
        json!({"permissions": {"content": "read"}}),
        json!({"permissions": {"contents": "admin"}}),
        json!({"permissions": {"contents": 1}}),
        json!({"permissions": []}),
        json!({"repositories": "tools"}),
        json!({"repositories": [1]}),
        json!({"repository_ids": ["1"]}),
        json!({"repositories": vec!["tools"; 501]}),
    ] {
        let answer = w.mint(&body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.message().starts_with("Invalid request."), "{body}");
    }
    assert_eq!(w.sim.calls().mints(), 0);
    assert!(w.sim.github().live_tokens().is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_bad_request() {
    let w = World::new().await;
    for (body, message) in [("{", "Problems parsing JSON"), ("[]", "Body should be a JSON object")] {
        let request = w.request("POST", &w.mint_path()).bearer_auth(w.assertion());
        send(request.body(body)).await.is(400, message);
    }
    let huge = vec![b' '; 2 * 1024 * 1024];
    let request = w.request("POST", &w.mint_path()).bearer_auth(w.assertion());
    assert_eq!(send(request.body(huge)).await.status, 413);
}

#[tokio::test]
async fn an_installation_never_gives_more_than_its_owner_granted() {
    let mut w = World::new().await;
    let spec = InstallSpec::selected(["tools"]).permissions([("contents", "read")]);
    w.sim.github().uninstall(w.installation);
    w.installation = w.sim.github().install(w.app.id, "acme", spec);
    w.mint(&json!({"permissions": {"contents": "write"}}))
        .await
        .is(422, NOT_GRANTED);
    w.mint(&json!({"repositories": ["docs"]})).await.is(422, NO_REPOSITORY);
    let metadata = json!({"permissions": {"metadata": "read"}});
    assert_eq!(w.mint(&metadata).await.status, 201);
    let minted = w.mint(&json!({})).await.json();
    assert_eq!(minted["repository_selection"], "selected");
    assert_eq!(minted["permissions"], json!({"contents": "read", "metadata": "read"}));
}

async fn token_with_header(w: &World, value: &str) -> String {
    let request = w.request("POST", &w.mint_path()).bearer_auth(w.assertion());
    let answer = send(request.header("x-github-stateless-s2s-token", value)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_header_chooses_the_format_and_other_values_do_not() {
    for (format, default_length) in [(TokenFormat::Classic, 40), (TokenFormat::Stateless, 516)] {
        let config = SimConfig {
            token_format: format,
            ..SimConfig::default()
        };
        let w = World::with(config).await;
        assert_eq!(token_with_header(&w, "disabled").await.len(), 40);
        let long = token_with_header(&w, "enabled").await;
        assert!(long.starts_with(&format!("ghs_{}_ey", w.app.id)));
        assert_eq!(long.matches('.').count(), 2);
        let default = token_with_header(&w, "Enabled").await;
        assert!(default.len().abs_diff(default_length) < 30, "{}", default.len());
        for token in [long, default] {
            let answer = w.as_token(&token, "GET", "/installation/repositories").await;
            assert_eq!(answer.status, 200);
        }
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tokens() {
    let first = World::new().await.token(&json!({})).await;
    let again = World::new().await.token(&json!({})).await;
    assert!(first == again, "two simulators with one seed differ");
}

#[tokio::test]
async fn tokens_coexist_until_each_expires() {
    let w = World::new().await;
    let old = w.token(&json!({})).await;
    w.sim.clock().advance(SignedDuration::from_mins(59));
    let new = w.token(&json!({})).await;
    assert!(w.sim.github().is_live(&old) && w.sim.github().is_live(&new));
    w.sim.clock().advance(SignedDuration::from_mins(1));
    assert!(!w.sim.github().is_live(&old) && w.sim.github().is_live(&new));
    let answer = w.as_token(&old, "GET", "/installation/repositories").await;
    answer.is(401, "Bad credentials");
    let listed: Value = w.sim.github().live_tokens().len().into();
    assert_eq!(listed, 1);
}
