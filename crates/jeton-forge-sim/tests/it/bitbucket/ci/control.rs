//! Steering Pipelines over HTTP.

use serde_json::{Value, json};

use super::super::World;
use crate::common::{Answer, client, send};

async fn control(w: &World, path: &str, body: &Value) -> Answer {
    send(client().post(format!("{}/_sim/{path}", w.sim.web_url())).json(body)).await
}

#[tokio::test]
async fn pipelines_are_steered_over_http() {
    let w = World::new().await;
    let environment = json!({ "workspace": "acme", "repository": "tools", "name": "Live", "kind": "Production" });
    let environment = control(&w, "environments", &environment).await;
    assert_eq!(environment.status, 201);
    let uuid = &environment.json()["uuid"];
    for (path, body, status) in [
        (
            "runners",
            json!({ "workspace": "acme", "repository": "tools", "name": "a" }),
            201,
        ),
        ("runners", json!({ "workspace": "acme", "name": "a" }), 201),
        ("runners", json!({ "workspace": "nothing", "name": "a" }), 404),
        (
            "environments",
            json!({ "workspace": "acme", "repository": "tools", "name": "x", "kind": "odd" }),
            400,
        ),
        (
            "environments",
            json!({ "workspace": "acme", "repository": "tools", "name": "Live" }),
            409,
        ),
        (
            "variables",
            json!({ "workspace": "acme", "environment": uuid, "key": "K", "value": "v" }),
            400,
        ),
        (
            "variables",
            json!({ "workspace": "acme", "repository": "tools", "environment": "{x}", "key": "K", "value": "v" }),
            404,
        ),
        ("variables/value", json!({ "workspace": "acme", "key": "K" }), 404),
        (
            "variables/value",
            json!({ "workspace": "acme", "key": "K", "env": uuid }),
            400,
        ),
        ("settings", json!({ "runner_limit": 3 }), 204),
    ] {
        assert_eq!(control(&w, path, &body).await.status, status, "{path} {body}");
    }
    for mut scope in [
        json!({ "workspace": "acme" }),
        json!({ "workspace": "acme", "repository": "tools" }),
        json!({ "workspace": "acme", "repository": "tools", "environment": uuid }),
    ] {
        scope["key"] = "K".into();
        let mut body = scope.clone();
        (body["value"], body["secured"]) = (scope.to_string().into(), true.into());
        assert_eq!(control(&w, "variables", &body).await.status, 201);
        let value = control(&w, "variables/value", &scope).await.json();
        assert_eq!(value, json!({ "value": scope.to_string() }));
    }
    let all = send(client().get(format!("{}/_sim/runners", w.sim.web_url()))).await;
    assert_eq!(all.json().as_array().unwrap().len(), 2);
    assert!(!all.text.contains("secret"));
}
