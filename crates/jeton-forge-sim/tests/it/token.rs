//! What a token opens.

use jeton_forge_sim::TokenLag;
use jiff::SignedDuration;
use serde_json::json;

use crate::common::{World, send};

const REPOSITORIES: &str = "/installation/repositories";

#[tokio::test]
async fn a_token_lists_its_own_repositories_in_pages() {
    let w = World::new().await;
    let all = w.token(&json!({})).await;
    let answer = w.as_token(&all, "GET", "/installation/repositories?per_page=2").await;
    assert_eq!(answer.json()["total_count"], 3);
    assert_eq!(answer.json()["repositories"].as_array().unwrap().len(), 2);
    assert!(answer.header("link").contains("rel=\"next\""));
    let one = w.token(&json!({"repositories": ["docs"]})).await;
    let listed = w.as_token(&one, "GET", REPOSITORIES).await.json();
    assert_eq!(listed["total_count"], 1);
    assert_eq!(listed["repositories"][0]["name"], "docs");
    assert_eq!(listed["repository_selection"], "selected");
}

#[tokio::test]
async fn bearer_token_and_basic_are_accepted() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    let get = || w.request("GET", REPOSITORIES);
    let scheme = format!("token {token}");
    for request in [
        get().bearer_auth(&token),
        get().header("authorization", scheme),
        get().basic_auth("x-access-token", Some(&token)),
    ] {
        assert_eq!(send(request).await.status, 200);
    }
    send(get()).await.is(401, "Requires authentication");
    let unknown = get().bearer_auth("ghs_unknown");
    send(unknown).await.is(401, "Bad credentials");
    let assertion = get().bearer_auth(w.assertion());
    send(assertion).await.is(401, "Bad credentials");
    let odd = get().header("authorization", "Digest x");
    send(odd).await.is(401, "Bad credentials");
}

#[tokio::test]
async fn a_revoked_token_is_dead() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    assert_eq!(w.as_token(&token, "DELETE", "/installation/token").await.status, 204);
    let again = w.as_token(&token, "DELETE", "/installation/token").await;
    again.is(401, "Bad credentials");
    assert!(w.sim.github().live_tokens().is_empty());
}

#[tokio::test]
async fn tokens_can_be_ended_from_outside() {
    let w = World::new().await;
    let (first, second) = (w.token(&json!({})).await, w.token(&json!({})).await);
    let live = w.sim.github().live_tokens();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, first.as_bytes());
    let fingerprint = hex::encode(&digest.as_ref()[..6]);
    assert!(live.iter().any(|token| token.fingerprint == fingerprint));
    assert!(w.sim.github().revoke_by_fingerprint(&fingerprint));
    assert!(!w.sim.github().revoke_by_fingerprint(&fingerprint));
    assert!(!w.sim.github().is_live(&first) && w.sim.github().is_live(&second));
    w.sim.github().expire_all_tokens();
    w.as_token(&second, "GET", REPOSITORIES)
        .await
        .is(401, "Bad credentials");
}

#[tokio::test]
async fn a_repository_shows_only_to_tokens_that_cover_it() {
    let w = World::new().await;
    let docs = w.token(&json!({"repositories": ["docs"]})).await;
    let found = w.as_token(&docs, "GET", "/repos/acme/docs").await;
    assert_eq!(found.json()["default_branch"], "main");
    w.as_token(&docs, "GET", "/repos/acme/tools").await.is(404, "Not Found");
    w.as_token(&docs, "GET", "/repos/other/secret")
        .await
        .is(404, "Not Found");
    let public = w.as_token(&docs, "GET", "/repos/other/open").await;
    assert_eq!(public.status, 200);
    assert_eq!(send(w.request("GET", "/repos/acme/site")).await.status, 200);
    send(w.request("GET", "/repos/acme/docs")).await.is(404, "Not Found");
    let bad = w.request("GET", "/repos/acme/site").bearer_auth("ghs_bad");
    send(bad).await.is(401, "Bad credentials");
    w.sim.github().rename_repository("acme", "tools", "gear").unwrap();
    w.as_token(&docs, "GET", "/repos/acme/tools").await.is(404, "Not Found");
    let all = w.token(&json!({})).await;
    let moved = w.as_token(&all, "GET", "/repos/acme/tools").await;
    assert_eq!(moved.status, 301);
    assert_eq!(moved.message(), "Moved Permanently");
}

#[tokio::test]
async fn a_token_is_no_user_and_no_app() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    let user = w.as_token(&token, "GET", "/user").await;
    user.is(403, "Resource not accessible by integration");
    send(w.request("GET", "/user")).await.is(401, "Requires authentication");
    let app = w.as_token(&token, "GET", "/app").await;
    app.is(401, "A JSON web token could not be decoded");
    let unknown = w.as_token(&token, "POST", "/repos/acme/tools/nothing").await;
    unknown.is(404, "Not Found");
}

#[tokio::test]
async fn a_fresh_token_lags_by_uses() {
    let w = World::new().await;
    w.sim.github().set_token_lag(TokenLag::Uses(2));
    let token = w.token(&json!({})).await;
    assert!(w.sim.github().is_live(&token));
    for _ in 0..2 {
        w.as_token(&token, "GET", REPOSITORIES).await.is(401, "Bad credentials");
    }
    assert_eq!(w.as_token(&token, "GET", REPOSITORIES).await.status, 200);
}

#[tokio::test]
async fn a_fresh_token_lags_by_time() {
    let w = World::new().await;
    w.sim
        .github()
        .set_token_lag(TokenLag::Time(SignedDuration::from_secs(3)));
    let token = w.token(&json!({})).await;
    w.sim.clock().advance(SignedDuration::from_secs(2));
    w.as_token(&token, "GET", REPOSITORIES).await.is(401, "Bad credentials");
    w.sim.clock().advance(SignedDuration::from_secs(1));
    assert_eq!(w.as_token(&token, "GET", REPOSITORIES).await.status, 200);
}
