//! What runners do with their own tokens, and how those are replaced.

use jeton_forge_sim::{AccessLevel, GitLabRunnerKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::World;
use super::token_of;
use crate::common::send;

const RESET_OWN: &str = "/runners/reset_authentication_token";

#[tokio::test]
async fn a_runner_verifies_its_token() {
    let w = World::new().await;
    let made = w.sim.add_runner_of(GitLabRunnerKind::Project(w.tools), "one").unwrap();
    let answer = w.with_runner("POST", "/runners/verify", &made.token).await;
    answer.says(
        200,
        &json!({ "id": made.id, "token": made.token, "token_expires_at": null }),
    );
    assert_eq!(w.sim.runners()[0].contacted_at, Some(w.sim.clock().now()));
    let dead = w.with_runner("POST", "/runners/verify", "glrt-nothing").await;
    dead.refuses(403, "403 Forbidden");
    let bare = send(w.request("POST", "/runners/verify")).await;
    bare.says(400, &json!({ "error": "token is missing" }));
    // A person's credential beside it makes no difference, not even a bad one.
    let request = w.request("POST", "/runners/verify").header("PRIVATE-TOKEN", "nothing");
    assert_eq!(send(request.json(&json!({ "token": made.token }))).await.status, 200);
}

#[tokio::test]
async fn a_runner_replaces_its_token_and_the_old_one_is_dead_at_once() {
    let w = World::new().await;
    let made = w.sim.add_runner_of(GitLabRunnerKind::Project(w.tools), "one").unwrap();
    let answer = w.with_runner("POST", RESET_OWN, &made.token).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let new = answer.json();
    assert_eq!((&new["token_expires_at"], new.get("id")), (&Value::Null, None));
    assert_eq!(w.sim.runner_of_token(token_of(&new)), Some(made.id));
    assert_eq!(
        (w.verify(&made.token).await, w.verify(token_of(&new)).await),
        (403, 200)
    );
    let again = w.with_runner("POST", RESET_OWN, &made.token).await;
    again.refuses(403, "403 Forbidden");
    assert_eq!(
        w.verify(token_of(&new)).await,
        200,
        "the family of access tokens is another matter"
    );
}

#[tokio::test]
async fn a_person_replaces_it_with_either_scope() {
    let w = World::new().await;
    let made = w.sim.add_runner_of(GitLabRunnerKind::Project(w.tools), "one").unwrap();
    let path = format!("/runners/{}/reset_authentication_token", made.id);
    let mut last = made.token;
    for scope in ["api", "manage_runner"] {
        let answer = w.call(&w.personal(&[scope]).token, "POST", &path).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(w.verify(&last).await, 403);
        token_of(&answer.json()).clone_into(&mut last);
    }
    let create = w.personal(&["create_runner"]).token;
    assert_eq!(
        w.call(&create, "POST", &path).await.json()["error"],
        "insufficient_scope"
    );
    let developer = w.member(AccessLevel::Developer);
    w.call(&developer, "POST", &path)
        .await
        .refuses(403, "403 Forbidden - No access granted");
    let ada = w.personal(&["api"]).token;
    w.call(&ada, "POST", "/runners/7/reset_authentication_token")
        .await
        .refuses(404, "404 Runner Not Found");
    assert_eq!(w.verify(&last).await, 200);
}

#[tokio::test]
async fn a_runner_takes_itself_away() {
    let w = World::new().await;
    let kind = GitLabRunnerKind::Project(w.tools);
    let (one, two) = (
        w.sim.add_runner_of(kind, "one").unwrap(),
        w.sim.add_runner_of(kind, "two").unwrap(),
    );
    assert_eq!(w.with_runner("DELETE", "/runners", &one.token).await.status, 204);
    w.with_runner("DELETE", "/runners", &one.token)
        .await
        .refuses(403, "403 Forbidden");
    let in_query = format!("/runners?token={}", two.token);
    assert_eq!(send(w.request("DELETE", &in_query)).await.status, 204);
    assert_eq!(w.sim.runners(), []);
}

#[tokio::test]
async fn an_expired_token_is_none() {
    let w = World::new().await;
    w.sim
        .set_runner_token_lifetime(None, Some(SignedDuration::from_hours(2)))
        .unwrap();
    let made = w.sim.add_runner_of(GitLabRunnerKind::Project(w.tools), "one").unwrap();
    w.sim.clock().advance(SignedDuration::from_secs(7_199));
    assert_eq!(w.verify(&made.token).await, 200);
    w.sim.clock().advance(SignedDuration::from_secs(1));
    for (method, path) in [("POST", "/runners/verify"), ("POST", RESET_OWN), ("DELETE", "/runners")] {
        let answer = w.with_runner(method, path, &made.token).await;
        answer.refuses(403, "403 Forbidden");
    }
    assert_eq!(w.sim.runner_of_token(&made.token), None);
    // Its people still can.
    let path = format!("/runners/{}/reset_authentication_token", made.id);
    let new = w.call(&w.personal(&["api"]).token, "POST", &path).await.json();
    assert_eq!(new["token_expires_at"], "2026-06-01T16:00:00.000Z");
    assert_eq!(w.verify(token_of(&new)).await, 200);
}
