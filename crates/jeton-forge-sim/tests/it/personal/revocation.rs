//! `POST /credentials/revoke`.

use jeton_forge_sim::PersonalTokenSpec;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::common::{Answer, World, send};

const PATH: &str = "/credentials/revoke";

async fn revoke(w: &World, body: &Value) -> Answer {
    send(w.request("POST", PATH).json(body)).await
}

#[tokio::test]
async fn anybody_who_holds_a_token_can_end_it() {
    let w = World::with_octocat().await;
    let tokens = [
        w.classic(["repo"]),
        w.fine([]),
        w.make(PersonalTokenSpec::oauth(["repo"])),
        w.make(PersonalTokenSpec::app_user(w.app.id)),
    ];
    let kept = w.classic([]);
    let mut named: Vec<&str> = tokens.iter().map(|made| made.token.as_str()).collect();
    named.push("ghp_unknown");
    let answer = revoke(&w, &json!({ "credentials": named })).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, "{}"));
    for token in &tokens {
        w.get(token, "/user").await.is(401, "Bad credentials");
    }
    assert_eq!(w.get(&kept, "/user").await.status, 200);
    let again = revoke(&w, &json!({ "credentials": named })).await;
    assert_eq!(again.status, 202);
    assert_eq!(w.sim.calls().count("POST /credentials/revoke"), 2);
}

#[tokio::test]
async fn an_authenticated_call_is_refused_and_revokes_nothing() {
    let w = World::with_octocat().await;
    let token = w.classic([]);
    let body = json!({ "credentials": [token.token] });
    for authorization in [format!("Bearer {}", token.token), "Bearer ghp_wrong".to_owned()] {
        let request = w.request("POST", PATH).header("authorization", authorization);
        assert_eq!(send(request.json(&body)).await.status, 403);
    }
    assert_eq!(w.get(&token, "/user").await.status, 200);
}

#[tokio::test]
async fn a_revocation_can_take_its_time() {
    let w = World::with_octocat().await;
    let token = w.classic([]);
    w.sim.github().set_revocation_delay(SignedDuration::from_secs(30));
    let body = json!({ "credentials": [token.token] });
    assert_eq!(revoke(&w, &body).await.status, 202);
    w.sim.clock().advance(SignedDuration::from_secs(29));
    assert_eq!(w.get(&token, "/user").await.status, 200);
    assert_eq!(revoke(&w, &body).await.status, 202);
    w.sim.clock().advance(SignedDuration::from_secs(1));
    w.get(&token, "/user").await.is(401, "Bad credentials");
}

#[tokio::test]
async fn an_installation_token_is_not_ended_like_that() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    assert_eq!(revoke(&w, &json!({ "credentials": [token] })).await.status, 202);
    assert!(w.sim.github().is_live(&token));
}

#[tokio::test]
async fn a_body_of_the_wrong_form_is_refused() {
    let w = World::new().await;
    let many = vec!["ghp_x"; 1001];
    for body in [
        json!({}),
        json!({ "credentials": [] }),
        json!({ "credentials": many }),
        json!({ "credentials": "ghp_x" }),
        json!({ "credentials": [1] }),
    ] {
        assert_eq!(revoke(&w, &body).await.status, 422, "{body}");
    }
    assert_eq!(revoke(&w, &json!({ "credentials": many[1..] })).await.status, 202);
    let broken = send(w.request("POST", PATH).body("{")).await;
    broken.is(400, "Problems parsing JSON");
    revoke(&w, &json!([])).await.is(400, "Body should be a JSON object");
}

#[tokio::test]
async fn the_limit_is_that_of_strangers() {
    let w = World::new().await;
    let body = json!({ "credentials": ["ghp_x"] });
    for _ in 0..60 {
        assert_eq!(revoke(&w, &body).await.status, 202);
    }
    revoke(&w, &body)
        .await
        .is(403, "API rate limit exceeded for 127.0.0.1.");
}
