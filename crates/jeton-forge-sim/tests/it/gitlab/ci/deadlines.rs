//! The end of a runner's token, by its maker's wish and by the settings.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::World;
use super::{CREATE, token_of};

#[tokio::test]
async fn a_maker_chooses_an_end_between_five_minutes_and_fifteen_days() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let near = "400 Bad request - token_expires_at must be at least 5 minutes in the future";
    let far = "400 Bad request - token_expires_at is too far in the future";
    for (end, words) in [
        ("2026-06-01T12:04:59Z", near),
        ("2026-06-01T11:00:00Z", near),
        ("2026-06-16T12:00:01Z", far),
    ] {
        let mut body = w.wanted();
        body["token_expires_at"] = end.into();
        w.post(&ada, CREATE, &body).await.refuses(400, words);
    }
    let mut body = w.wanted();
    body["token_expires_at"] = "tomorrow".into();
    let words = json!({ "error": "token_expires_at is invalid" });
    w.post(&ada, CREATE, &body).await.says(400, &words);
    assert_eq!(w.sim.runners(), []);
    for end in ["2026-06-01T12:05:00Z", "2026-06-16T14:00:00+02:00"] {
        let made = w.runner(&ada, &json!({ "token_expires_at": end })).await;
        assert!(made["token_expires_at"].as_str().unwrap().ends_with(":00.000Z"));
    }
    let first = w.sim.runners()[0].clone();
    assert_eq!(first.token_expires_at, Some("2026-06-01T12:05:00Z".parse().unwrap()));
}

#[tokio::test]
async fn the_shortest_setting_that_covers_a_runner_counts() {
    let w = World::new().await;
    let ada = w.owner(&["api"]);
    let end = async |body: &Value| w.post(&ada, CREATE, body).await.json()["token_expires_at"].clone();
    let group = json!({ "runner_type": "group_type", "group_id": w.group() });
    let hours = |hours: i64| Some(SignedDuration::from_hours(hours));
    w.sim.set_runner_token_lifetime(None, hours(48)).unwrap();
    assert_eq!(end(&w.wanted()).await, "2026-06-03T12:00:00.000Z");
    w.sim.set_runner_token_lifetime(Some(w.group()), hours(24)).unwrap();
    assert_eq!(end(&w.wanted()).await, "2026-06-02T12:00:00.000Z");
    assert_eq!(end(&group).await, "2026-06-02T12:00:00.000Z");
    w.sim.set_runner_token_lifetime(Some(w.tools), hours(2)).unwrap();
    assert_eq!(end(&w.wanted()).await, "2026-06-01T14:00:00.000Z");
    assert_eq!(end(&group).await, "2026-06-02T12:00:00.000Z");
    let mut later = w.wanted();
    later["token_expires_at"] = "2026-06-01T14:00:01Z".into();
    let words = "400 Bad request - token_expires_at is too far in the future";
    w.post(&ada, CREATE, &later).await.refuses(400, words);
    for space in [None, Some(w.group()), Some(w.tools)] {
        w.sim.set_runner_token_lifetime(space, None).unwrap();
    }
    assert_eq!(end(&w.wanted()).await, Value::Null);
    assert!(w.sim.set_runner_token_lifetime(Some(7), hours(1)).is_err());
}

#[tokio::test]
async fn a_replaced_token_ends_by_the_settings_alone() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let made = w
        .runner(&ada, &json!({ "token_expires_at": "2026-06-01T13:00:00Z" }))
        .await;
    let path = "/runners/reset_authentication_token";
    let new = w.with_runner("POST", path, token_of(&made)).await.json();
    assert_eq!(new["token_expires_at"], Value::Null);
    let lifetime = SignedDuration::from_hours(3);
    w.sim.set_runner_token_lifetime(Some(w.tools), Some(lifetime)).unwrap();
    let newer = w.with_runner("POST", path, token_of(&new)).await.json();
    assert_eq!(newer["token_expires_at"], "2026-06-01T15:00:00.000Z");
}

#[tokio::test]
async fn a_deadline_stops_rotation() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let both = |end: &str, deadline: &str| json!({ "token_expires_at": end, "token_rotation_deadline": deadline });
    let end = "2026-06-03T12:00:00Z";
    for (deadline, words) in [
        (
            "2026-06-03T12:00:01Z",
            "token_rotation_deadline must be less than or equal to token_expires_at",
        ),
        ("2026-06-01T11:59:00Z", "token_rotation_deadline cannot be in the past"),
    ] {
        let mut body = w.wanted();
        body["token_expires_at"] = end.into();
        body["token_rotation_deadline"] = deadline.into();
        let answer = w.post(&ada, CREATE, &body).await;
        answer.refuses(400, &format!("400 Bad request - {words}"));
    }
    let mut alone = w.wanted();
    alone["token_rotation_deadline"] = end.into();
    let answer = w.post(&ada, CREATE, &alone).await;
    assert!(answer.status == 400 && answer.message().contains("token_expires_at is required"));

    let path = "/runners/reset_authentication_token";
    let never = w.runner(&ada, &both(end, end)).await;
    assert_eq!(w.with_runner("POST", path, token_of(&never)).await.status, 403);
    assert_eq!(w.verify(token_of(&never)).await, 200);
    let early = w.runner(&ada, &both(end, "2026-06-02T12:00:00Z")).await;
    let new = w.with_runner("POST", path, token_of(&early)).await;
    assert_eq!(new.status, 201);
    w.sim.clock().advance(SignedDuration::from_hours(25));
    assert_eq!(w.with_runner("POST", path, token_of(&new.json())).await.status, 403);
    assert_eq!(w.verify(token_of(&new.json())).await, 200);
}
