//! Rotation, and what happens to those who rotate twice.

use jeton_forge_sim::{FaultKind, FaultRule, GitLabTokenSpec};
use jiff::{SignedDuration, ToSpan as _};
use serde_json::json;

use super::{World, today};
use crate::common::send;

const ROTATE: &str = "/personal_access_tokens/self/rotate";
const USER: &str = "/user";

#[tokio::test]
async fn the_new_token_lives_a_week_and_the_old_one_is_dead_at_once() {
    let w = World::new().await;
    let old = w.personal(&["api"]);
    let answer = w.post(&old.token, ROTATE, &json!({})).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(
        (&body["expires_at"], &body["scopes"]),
        (&json!("2026-06-08"), &json!(["api"]))
    );
    assert_eq!((&body["active"], &body["last_used_at"]), (&json!(true), &json!(null)));
    assert_ne!(body["id"], old.id);
    let new = body["token"].as_str().unwrap();
    assert_eq!(w.get(new, USER).await.status, 200);
    assert!(w.get(&old.token, USER).await.text.contains("Token was revoked."));
    assert_eq!(w.info(body["id"].as_u64().unwrap()).family, old.id);
}

#[tokio::test]
async fn the_end_can_be_chosen_up_to_a_year_ahead() {
    let w = World::new().await;
    let mut token = w.personal(&["self_rotate"]).token;
    let last = today() + 365.days();
    for day in [today() + 1.day(), last] {
        let answer = w.post(&token, ROTATE, &json!({ "expires_at": day })).await.json();
        assert_eq!(answer["expires_at"], day.to_string());
        answer["token"].as_str().unwrap().clone_into(&mut token);
    }
    for (day, status) in [
        (json!(last + 1.day()), 400),
        (json!(today()), 400),
        (json!("soon"), 400),
        (json!(7), 400),
    ] {
        let answer = w.post(&token, ROTATE, &json!({ "expires_at": day })).await;
        assert_eq!(answer.status, status, "{day}");
        assert!(w.sim.is_live(&token), "{day}");
    }
    w.post(&token, ROTATE, &json!({ "expires_at": "soon" }))
        .await
        .says(400, &json!({ "error": "expires_at is invalid" }));
    w.sim.set_max_lifetime_days(3);
    let answer = w.post(&token, ROTATE, &json!({})).await.json();
    assert_eq!(answer["expires_at"], "2026-06-04");
    let form = w
        .request("POST", ROTATE)
        .header("PRIVATE-TOKEN", answer["token"].as_str().unwrap());
    let form = form
        .header("content-type", "application/x-www-form-urlencoded")
        .body("expires_at=2026-06-03");
    assert_eq!(send(form).await.json()["expires_at"], "2026-06-03");
}

#[tokio::test]
async fn a_rotation_with_a_rotated_token_kills_the_family() {
    let w = World::new().await;
    let (old, bystander) = (w.personal(&["api"]), w.personal(&["api"]));
    let second = w.post(&old.token, ROTATE, &json!({})).await.json();
    let second = second["token"].as_str().unwrap();
    let third = w.post(second, ROTATE, &json!({})).await.json();
    let third = third["token"].as_str().unwrap();
    // Using it is only refused …
    assert_eq!(w.get(&old.token, USER).await.status, 401);
    assert!(w.sim.is_live(third));
    // … rotating it betrays that two hold the family.
    let answer = w.post(&old.token, ROTATE, &json!({})).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("Token was revoked."));
    assert!(!w.sim.is_live(third));
    assert!(w.get(third, USER).await.text.contains("Token was revoked."));
    assert!(w.sim.is_live(&bystander.token));
}

#[tokio::test]
async fn a_rotation_for_a_rotated_token_kills_the_family_too() {
    let w = World::new().await;
    let (old, manager) = (w.personal(&["api"]), w.personal(&["api"]));
    let path = format!("/personal_access_tokens/{}/rotate", old.id);
    let new = w.post(&manager.token, &path, &json!({})).await.json();
    let new = new["token"].as_str().unwrap();
    assert!(w.sim.is_live(new) && !w.sim.is_live(&old.token));
    let answer = w.post(&manager.token, &path, &json!({})).await;
    answer.refuses(400, "400 Bad request - token already revoked");
    assert!(!w.sim.is_live(new));
    assert!(w.sim.is_live(&manager.token));
}

#[tokio::test]
async fn only_the_right_credential_rotates() {
    let w = World::new().await;
    let by_id = |id: u64| format!("/personal_access_tokens/{id}/rotate");
    let narrow = w.personal(&["self_rotate"]);
    assert_eq!(w.post(&narrow.token, &by_id(narrow.id), &json!({})).await.status, 403);
    assert_eq!(
        w.post(&w.personal(&["read_api"]).token, ROTATE, &json!({}))
            .await
            .status,
        403
    );
    let of_eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap();
    let token = w.personal(&["api"]).token;
    w.post(&token, &by_id(of_eve.id), &json!({}))
        .await
        .refuses(401, "401 Unauthorized");
    let oauth = w.sim.add_oauth_token(w.ada, &["api"]).unwrap();
    send(w.request("POST", ROTATE).bearer_auth(&oauth))
        .await
        .refuses(405, "405 Method Not Allowed");
    send(w.request("POST", ROTATE)).await.refuses(401, "401 Unauthorized");
    w.sim.clock().advance(SignedDuration::from_hours(24 * 30));
    assert!(
        w.post(&token, ROTATE, &json!({}))
            .await
            .text
            .contains("Token is expired.")
    );
    assert_eq!(w.sim.tokens().len(), 4, "nothing was made");
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_work_was_done() {
    let w = World::new().await;
    let old = w.personal(&["api"]);
    let lost = FaultRule::new(FaultKind::CutBeforeAnswer).on("POST /api/v4/personal_access_tokens/self/rotate");
    let fault = w.sim.faults().add(lost.times(1));
    let request = w.request("POST", ROTATE).header("PRIVATE-TOKEN", &old.token);
    assert!(request.send().await.is_err());
    assert_eq!(w.sim.faults().fired(fault), 1);
    let made = w
        .sim
        .tokens()
        .into_iter()
        .find(|token| token.family == old.id && token.active)
        .unwrap();
    assert_ne!(made.id, old.id);
    // The blind repetition is what kills the new one.
    assert_eq!(w.post(&old.token, ROTATE, &json!({})).await.status, 401);
    assert!(!w.info(made.id).active);
    assert_eq!(
        w.sim.calls().count("POST /api/v4/personal_access_tokens/self/rotate"),
        2
    );
}
