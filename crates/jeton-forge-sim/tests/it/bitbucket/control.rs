//! Steering over HTTP.

use serde_json::{Value, json};

use super::World;
use crate::common::{Answer, client, send};

impl World {
    async fn control(&self, path: &str, body: &Value) -> Answer {
        send(client().post(format!("{}/_sim/{path}", self.sim.web_url())).json(body)).await
    }
}

#[tokio::test]
async fn a_world_is_made_over_http() {
    let w = World::new().await;
    let index = send(client().get(format!("{}/_sim/", w.sim.web_url()))).await.text;
    assert!(index.contains("POST   /_sim/accounts") && index.contains("GET    /_sim/calls"));
    for (path, body, status) in [
        (
            "accounts",
            json!({ "username": "bob", "email": "bob@example.com" }),
            201,
        ),
        (
            "accounts",
            json!({ "username": "bob", "email": "other@example.com" }),
            409,
        ),
        ("accounts", json!({ "username": "carl", "email": "carl" }), 400),
        ("workspaces", json!({ "slug": "beta" }), 204),
        ("workspaces", json!({ "slug": "beta" }), 409),
        ("members", json!({ "workspace": "beta", "username": "bob" }), 204),
        ("members", json!({ "workspace": "nothing", "username": "bob" }), 404),
        (
            "repositories",
            json!({ "workspace": "beta", "slug": "thing", "project": "X" }),
            201,
        ),
        ("repositories", json!({ "workspace": "beta", "slug": "../thing" }), 400),
        ("repositories", json!({ "workspace": "nothing", "slug": "thing" }), 404),
        (
            "roles",
            json!({ "workspace": "beta", "repository": "thing", "username": "bob", "role": "write" }),
            204,
        ),
        (
            "roles",
            json!({ "workspace": "beta", "repository": "thing", "username": "bob", "role": "odd" }),
            400,
        ),
        (
            "files",
            json!({ "workspace": "beta", "repository": "thing", "file": "a", "content": "b" }),
            201,
        ),
        ("tokens", json!({ "kind": "odd" }), 400),
        ("tokens", json!({ "kind": "api" }), 400),
        ("tokens", json!({ "kind": "workspace", "workspace": "nothing" }), 404),
        ("settings", json!({ "calls_per_hour": 100 }), 204),
        ("tokens/1/revoke", json!({}), 404),
        ("nothing", json!({}), 404),
    ] {
        assert_eq!(w.control(path, &body).await.status, status, "{path} {body}");
    }
    for (body, user) in [
        (json!({ "kind": "api", "username": "bob" }), Some("bob@example.com")),
        (json!({ "kind": "oauth", "username": "bob" }), None),
        (
            json!({ "kind": "repository", "workspace": "beta", "repository": "thing" }),
            None,
        ),
        (json!({ "kind": "project", "workspace": "beta", "project": "X" }), None),
        (
            json!({ "kind": "workspace", "workspace": "beta", "scopes": ["repository:write"] }),
            None,
        ),
    ] {
        let made = w.control("tokens", &body).await.json();
        let token = made["token"].as_str().unwrap();
        let get = async || match user {
            Some(user) => w.basic(user, token, "/repositories/beta/thing").await,
            None => w.bearer(token, "/repositories/beta/thing").await,
        };
        assert_eq!(get().await.status, 200, "{body}");
        let step = if user.is_some() { "expire" } else { "revoke" };
        assert_eq!(
            w.control(&format!("tokens/{}/{step}", made["id"]), &json!({}))
                .await
                .status,
            204
        );
        assert_eq!(get().await.status, 401, "{body}");
    }
    let all = send(client().get(format!("{}/_sim/tokens", w.sim.web_url())))
        .await
        .json();
    assert_eq!(
        all.as_array()
            .unwrap()
            .iter()
            .filter(|one| one["active"] == false)
            .count(),
        5
    );
    assert!(!all.to_string().contains("ATATT"));
}

#[tokio::test]
async fn a_repository_is_filled_over_http() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let empty = json!({ "workspace": "acme", "slug": "empty", "private": false, "empty": true });
    assert_eq!(w.control("repositories", &empty).await.status, 201);
    let put = async |what: &str, body: Value| {
        let mut body = body;
        (body["workspace"], body["repository"]) = ("acme".into(), "empty".into());
        w.control(what, &body).await.status.as_u16()
    };
    let lfs = format!("{}/_sim/lfs?workspace=acme&repository=empty", w.sim.web_url());
    let pointer = send(client().post(lfs).body("the large file")).await.json()["pointer"].clone();
    let files = json!([{ "path": "a/b", "content": "text" }, { "path": "c", "content": pointer }]);
    assert_eq!(put("commits", json!({ "message": "More", "files": files })).await, 201);
    assert_eq!(put("commits", json!({ "message": "Less", "remove": ["a"] })).await, 201);
    assert_eq!(put("tags", json!({ "tag": "v1", "target": "main" })).await, 204);
    let source = "/repositories/acme/empty/src";
    let listed = w.bearer(&token, &format!("{source}/v1/")).await;
    assert_eq!(listed.values("path"), ["c"]);
    assert_eq!(listed.values("attributes"), [json!(["lfs"])]);
    assert_eq!(w.control("settings", &json!({ "walk_limit": 0 })).await.status, 204);
    let walk = w.bearer(&token, &format!("{source}/v1/?max_depth=2")).await;
    assert_eq!(walk.status, 555);
}
