//! Steering over HTTP.

use serde_json::{Value, json};

use super::World;
use crate::common::{Answer, client, send};

impl World {
    async fn control(&self, path: &str, body: &Value) -> Answer {
        send(client().post(format!("{}/_sim/{path}", self.sim.web_url())).json(body)).await
    }

    async fn look(&self, path: &str) -> Answer {
        send(client().get(format!("{}/_sim/{path}", self.sim.web_url()))).await
    }
}

#[tokio::test]
async fn a_world_is_made_over_http() {
    let w = World::new().await;
    assert!(w.look("").await.text.contains("POST   /_sim/tokens"));
    for (path, body, status) in [
        ("users", json!({ "username": "bob" }), 201),
        ("users", json!({ "username": "bob" }), 409),
        ("users", json!({ "username": "../x" }), 400),
        ("users", json!({ "name": "bob" }), 400),
        ("groups", json!({ "path": "beta" }), 201),
        (
            "projects",
            json!({ "path": "beta/inner/thing", "visibility": "internal" }),
            201,
        ),
        ("projects", json!({ "path": "thing" }), 400),
        ("projects", json!({ "path": "beta/x", "visibility": "odd" }), 400),
        (
            "members",
            json!({ "path": "beta", "username": "bob", "access_level": 30 }),
            204,
        ),
        (
            "members",
            json!({ "path": "beta", "username": "bob", "access_level": 31 }),
            400,
        ),
        (
            "members",
            json!({ "path": "nothing", "username": "bob", "access_level": 30 }),
            404,
        ),
        (
            "files",
            json!({ "path": "beta/inner/thing", "file": "a", "content": "b" }),
            201,
        ),
        ("tokens", json!({ "username": "nobody" }), 404),
        ("tokens", json!({ "username": "bob", "path": "beta" }), 400),
        ("tokens", json!({ "username": "bob", "scopes": ["odd"] }), 404),
        ("tokens", json!({ "username": "bob", "form": "odd" }), 400),
        ("tokens", json!({ "username": "bob", "expires_at": "soon" }), 400),
        ("tokens/1/revoke", json!({}), 404),
        ("nothing", json!({}), 404),
    ] {
        assert_eq!(w.control(path, &body).await.status, status, "{path} {body}");
    }
    let made = w
        .control("tokens", &json!({ "path": "beta/inner/thing", "scopes": ["read_api"] }))
        .await
        .json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(w.get(token, "/projects/beta%2Finner%2Fthing").await.status, 200);
    let endless = json!({ "username": "bob", "expires_at": null, "form": "legacy", "name": "old", "prefix": "x-" });
    let endless = w.control("tokens", &endless).await.json();
    assert_eq!(endless["token"].as_str().unwrap().len(), 22);
    let all = w.look("tokens").await.json();
    let ends: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["expires_at"].clone())
        .collect();
    assert_eq!(ends, [json!("2026-07-01"), json!(null)]);
    assert!(!all.to_string().contains(token));
    assert_eq!(
        w.control(&format!("tokens/{}/expire", made["id"]), &json!({}))
            .await
            .status,
        204
    );
    assert!(w.get(token, "/user").await.text.contains("expired"));
    assert_eq!(
        w.control(&format!("tokens/{}/revoke", endless["id"]), &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(w.look("tokens").await.json()[1]["revoked"], true);
}

#[tokio::test]
async fn settings_faults_clock_and_counts_are_steered_over_http() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let settings =
        json!({ "impersonation": false, "require_dpop": true, "max_lifetime_days": 7, "calls_per_minute": 9 });
    assert_eq!(w.control("settings", &settings).await.status, 204);
    let answer = w.get(&token, "/user").await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-limit")), (401, "9"));
    assert_eq!(
        w.control("settings", &json!({ "require_dpop": false })).await.status,
        204
    );
    assert_eq!(w.control("users/ada/block", &json!({})).await.status, 204);
    assert_eq!(w.get(&token, "/user").await.status, 403);
    assert_eq!(w.control("users/ada/unblock", &json!({})).await.status, 204);
    let fault = json!({ "fault": { "kind": "cut_before_answer" }, "on": "GET /api/v4/user", "times": 1 });
    assert_eq!(w.control("faults", &fault).await.json(), json!({ "id": 1 }));
    let elsewhere = json!({ "fault": { "kind": "garbage" }, "on": "GET /app" });
    assert_eq!(
        w.control("faults", &elsewhere).await.status,
        400,
        "a route of another forge"
    );
    assert!(
        w.request("GET", "/user")
            .header("PRIVATE-TOKEN", &token)
            .send()
            .await
            .is_err()
    );
    assert_eq!(w.look("faults").await.json()[0]["fired"], 1);
    let calls = w.look("calls").await.json();
    assert_eq!(calls, json!({ "total": 3, "routes": { "GET /api/v4/user": 3 } }));
    assert_eq!(w.control("calls/reset", &json!({})).await.status, 204);
    assert_eq!(w.sim.calls().total(), 0);
    let now = w.control("clock", &json!({ "advance_seconds": 60 })).await.json();
    assert_eq!(now, json!({ "now": "2026-06-01T12:01:00Z" }));
    assert!(w.look("routes").await.text.contains("GET /api/v4/user"));
}

#[tokio::test]
async fn a_repository_is_filled_over_http() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let project = json!({ "path": "acme/empty", "visibility": "public", "empty": true });
    assert_eq!(w.control("projects", &project).await.status, 201);
    let put = async |what: &str, body: Value| {
        let mut body = body;
        body["path"] = "acme/empty".into();
        w.control(what, &body).await.status.as_u16()
    };
    let files = json!([
        { "path": "a", "content": "text" },
        { "path": "b", "base64": "/wA=", "mode": "100755" },
        { "path": "c", "content": "a", "mode": "120000" },
        { "path": "d", "content": "1111111111111111111111111111111111111111", "mode": "160000" },
    ]);
    let at = "2026-01-01T01:00:00+01:00";
    let commit = json!({ "branch": "trunk", "message": "First", "at": at, "files": files });
    assert_eq!(put("commits", commit).await, 201);
    assert_eq!(put("default-branch", json!({ "branch": "trunk" })).await, 204);
    assert_eq!(put("branches", json!({ "branch": "other" })).await, 204);
    assert_eq!(
        put("tags", json!({ "tag": "v1", "target": "trunk", "message": "One" })).await,
        204
    );
    let stream = "commit refs/heads/imported\ncommitter A <a@b> 0 +0000\ndata 1\nx\nM 100644 inline f\ndata 1\ny\n";
    let import = format!("{}/_sim/import?path=acme%2Fempty", w.sim.web_url());
    assert_eq!(send(client().post(import).body(stream)).await.status, 204);
    let repository = "/projects/acme%2Fempty/repository";
    let tree = w.get(&token, &format!("{repository}/tree")).await.json();
    let modes: Vec<&str> = tree
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["100644", "100755", "120000", "160000"]);
    let commit = w.get(&token, &format!("{repository}/commits/v1")).await.json();
    assert_eq!(commit["committed_date"], "2026-01-01T01:00:00.000+01:00");
    let imported = w.get(&token, &format!("{repository}/files/f/raw?ref=imported")).await;
    assert_eq!(imported.text, "y");
    assert_eq!(put("branches/remove", json!({ "branch": "other" })).await, 204);
    assert_eq!(w.get(&token, &format!("{repository}/branches/other")).await.status, 404);
    let both = json!([{ "path": "a", "content": "x", "base64": "" }]);
    assert_eq!(put("commits", json!({ "message": "x", "files": both })).await, 400);
    assert_eq!(put("tags", json!({ "tag": "v2" })).await, 400);
    for (path, status) in [("acme", 404), ("acme/nothing", 404)] {
        let body = json!({ "path": path, "branch": "x" });
        assert_eq!(w.control("default-branch", &body).await.status, status, "{path}");
    }
}
