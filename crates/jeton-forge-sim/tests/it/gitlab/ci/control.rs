//! Steering runners and variables over HTTP.

use serde_json::{Value, json};

use super::super::World;
use super::CREATE;
use crate::common::{client, send};

#[tokio::test]
async fn runners_and_variables_are_steered_over_http() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    for (path, body, status) in [
        ("runners", json!({ "path": "acme/tools", "description": "one" }), 201),
        ("runners", json!({ "path": "acme/nothing" }), 404),
        ("runners", json!({ "description": "of the server" }), 201),
        (
            "runner-token-lifetime",
            json!({ "path": "acme", "seconds": 7_200 }),
            204,
        ),
        (
            "runner-token-lifetime",
            json!({ "path": "nothing", "seconds": 7_200 }),
            404,
        ),
        ("runner-token-lifetime", json!({ "seconds": null }), 204),
        ("runner-creation", json!({ "runner_type": "odd", "message": "no" }), 400),
        ("runner-creation", json!({ "message": "no" }), 400),
        ("runner-creation", json!({ "maintainers": true }), 204),
        (
            "variables",
            json!({ "path": "acme/tools", "key": "K", "value": "seen", "hidden": true }),
            204,
        ),
        ("variables", json!({ "path": "nothing", "key": "K", "value": "v" }), 404),
        ("variables/value", json!({ "path": "acme/tools", "key": "K" }), 200),
        (
            "variables/value",
            json!({ "path": "acme/tools", "key": "K", "environment_scope": "x" }),
            404,
        ),
        ("runners/7/expire", json!({}), 404),
    ] {
        assert_eq!(control(&w, path, &body).await.0, status, "{path} {body}");
    }
    let value = control(&w, "variables/value", &json!({ "path": "acme/tools", "key": "K" })).await;
    assert_eq!(value.1, json!({ "value": "seen" }));
    let made = w.runner(&ada, &json!({})).await;
    assert_eq!(made["token_expires_at"], "2026-06-01T14:00:00.000Z");
    let expire = format!("runners/{}/expire", made["id"]);
    assert_eq!(control(&w, &expire, &json!({})).await.0, 204);
    assert_eq!(w.verify(made["token"].as_str().unwrap()).await, 403);
    let refuse = json!({ "runner_type": "project_type", "message": "403 Forbidden - closed" });
    assert_eq!(control(&w, "runner-creation", &refuse).await.0, 204);
    w.post(&ada, CREATE, &w.wanted())
        .await
        .refuses(403, "403 Forbidden - closed");
    let open = json!({ "runner_type": "project_type" });
    assert_eq!(control(&w, "runner-creation", &open).await.0, 204);
    w.runner(&ada, &json!({})).await;
    let all = send(client().get(format!("{}/_sim/runners", w.sim.web_url()))).await;
    assert_eq!(all.json().as_array().unwrap().len(), 4);
    assert!(!all.text.contains("glrt-"));
    let first = format!("{}/_sim/runners/{}", w.sim.web_url(), all.json()[0]["id"]);
    assert_eq!(send(client().delete(&first)).await.status, 204);
    assert_eq!(send(client().delete(&first)).await.status, 404);
}

async fn control(w: &World, path: &str, body: &Value) -> (u16, Value) {
    let answer = send(client().post(format!("{}/_sim/{path}", w.sim.web_url())).json(body)).await;
    let json = serde_json::from_str(&answer.text).unwrap_or_default();
    (answer.status.as_u16(), json)
}
