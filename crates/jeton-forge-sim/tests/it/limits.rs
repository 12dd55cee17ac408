//! Rate limits and counters.

use jiff::SignedDuration;
use serde_json::json;

use crate::common::{MINT, World, send};

const REPOSITORIES: &str = "/installation/repositories";

#[tokio::test]
async fn all_tokens_of_an_installation_share_its_limit_and_the_app_has_its_own() {
    let w = World::new().await;
    let (first, second) = (w.token(&json!({})).await, w.token(&json!({})).await);
    let answer = w.as_token(&first, "GET", REPOSITORIES).await;
    assert_eq!(answer.header("x-ratelimit-limit"), "5000");
    assert_eq!(answer.header("x-ratelimit-remaining"), "4999");
    assert_eq!(answer.header("x-ratelimit-resource"), "core");
    let answer = w.as_token(&second, "GET", REPOSITORIES).await;
    assert_eq!(answer.header("x-ratelimit-used"), "2");
    let reset = (w.now() + 3600).to_string();
    assert_eq!(answer.header("x-ratelimit-reset"), reset);
    let app = w.as_app("GET", "/app").await;
    assert_eq!(app.header("x-ratelimit-used"), "3");
    let nobody = send(w.request("GET", "/app")).await;
    assert_eq!(nobody.header("x-ratelimit-limit"), "60");
}

#[tokio::test]
async fn an_exhausted_limit_is_403_until_the_hour_ends() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    w.sim.github().set_rate_limit(1);
    assert_eq!(w.as_token(&token, "GET", REPOSITORIES).await.status, 200);
    let refused = w.as_token(&token, "GET", REPOSITORIES).await;
    let message = format!("API rate limit exceeded for installation ID {}.", w.installation);
    refused.is(403, &message);
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let asked = w.as_token(&token, "GET", "/rate_limit").await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.json()["rate"]["remaining"], 0);
    w.mint(&json!({}))
        .await
        .is(403, &format!("API rate limit exceeded for app ID {}.", w.app.id));
    w.sim.clock().advance(SignedDuration::from_hours(1));
    assert_eq!(w.mint(&json!({})).await.status, 201);
}

#[tokio::test]
async fn the_newer_version_of_the_limits_lacks_the_old_key() {
    let w = World::new().await;
    let request = w.request("GET", "/rate_limit");
    let answer = send(request.header("x-github-api-version", "2026-03-10")).await;
    assert!(answer.json().get("rate").is_none());
    assert_eq!(answer.json()["resources"]["core"]["limit"], 60);
}

#[tokio::test]
async fn strangers_have_sixty_calls_an_hour() {
    let w = World::new().await;
    for _ in 0..60 {
        assert_eq!(send(w.request("GET", "/repos/acme/site")).await.status, 200);
    }
    let refused = send(w.request("GET", "/repos/acme/site")).await;
    refused.is(403, "API rate limit exceeded for 127.0.0.1.");
}

#[tokio::test]
async fn every_call_is_counted_by_route() {
    let w = World::new().await;
    w.token(&json!({})).await;
    w.mint(&json!({"repositories": ["absent"]})).await;
    w.as_app("GET", "/repos/acme/tools/installation").await;
    w.as_app("GET", "/nowhere").await;
    let calls = w.sim.calls();
    assert_eq!(calls.count(MINT), 2);
    assert_eq!(calls.mints(), 1);
    assert_eq!(calls.installation_lookups(), 1);
    assert_eq!(calls.count("unknown"), 1);
    assert_eq!(calls.total(), 4);
    assert_eq!(calls.all().len(), 3);
    calls.reset();
    assert_eq!((calls.total(), calls.mints()), (0, 0));
}

#[tokio::test]
#[should_panic(expected = "there is no route")]
async fn a_misspelt_route_is_not_counted_as_zero() {
    let w = World::new().await;
    w.sim.calls().count("POST /app/installations/{id}/tokens");
}
