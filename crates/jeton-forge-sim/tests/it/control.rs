//! Steering over HTTP.

use serde_json::{Value, json};

use crate::common::{Answer, World, send};

impl World {
    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, &format!("/_sim{path}"));
        match body {
            Some(body) => send(request.json(&body)).await,
            None => send(request).await,
        }
    }
}

#[tokio::test]
async fn every_listed_control_exists() {
    let w = World::new().await;
    let index = w.control("GET", "/", None).await;
    assert_eq!(index.status, 200);
    let lines = index.text.lines().filter(|line| line.contains(" /_sim/"));
    let mut tried = 0;
    for line in lines {
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let path = path
            .replace("{id}", "7")
            .replace("{fingerprint}", "none")
            .replace("{org}", "none");
        let answer = send(w.request(method, &path)).await;
        assert!(!answer.text.contains("no such control"), "{line}: {}", answer.text);
        tried += 1;
    }
    assert_eq!(tried, 62);
    let absent = w.control("GET", "/nothing", None).await;
    assert_eq!(absent.status, 404);
    assert!(absent.text.contains("no such control"));
}

#[tokio::test]
async fn a_world_can_be_built_and_used_over_http() {
    let w = World::new().await;
    let app = w.control("POST", "/apps", Some(json!({"name": "over http"}))).await;
    assert_eq!(app.status, 201);
    let app = app.json();
    assert!(
        app["private_key_pkcs8_pem"]
            .as_str()
            .unwrap()
            .contains("BEGIN PRIVATE KEY")
    );
    let repository = json!({"owner": "new", "name": "r"});
    assert_eq!(
        w.control("POST", "/repositories", Some(repository.clone()))
            .await
            .status,
        201
    );
    assert_eq!(w.control("POST", "/repositories", Some(repository)).await.status, 409);
    let install = json!({"app_id": app["id"], "owner": "new", "repositories": ["r"]});
    let id = w.control("POST", "/installations", Some(install)).await.json()["id"].clone();
    let again = w.control("POST", &format!("/installations/{id}/reinstall"), None).await;
    let all = w.control("GET", "/installations", None).await.json();
    assert_eq!(all[1]["id"], again.json()["id"]);
    assert_eq!(all[1]["repositories"], json!(["r"]));
    for (method, path, status) in [
        ("POST", format!("/installations/{}/suspend", w.installation), 204),
        ("POST", format!("/installations/{}/unsuspend", w.installation), 204),
        ("DELETE", format!("/installations/{}", w.installation), 204),
        ("DELETE", format!("/installations/{}", w.installation), 404),
        ("POST", format!("/apps/{}/rotate-key", w.app.id), 200),
        ("POST", "/apps/1/rotate-key".to_owned(), 404),
    ] {
        assert_eq!(w.control(method, &path, None).await.status, status, "{method} {path}");
    }
    let rename = json!({"owner": "new", "name": "r", "new_name": "s"});
    assert_eq!(
        w.control("POST", "/repositories/rename", Some(rename)).await.status,
        204
    );
    let remove = json!({"owner": "new", "name": "s"});
    assert_eq!(
        w.control("POST", "/repositories/remove", Some(remove)).await.status,
        204
    );
}

#[tokio::test]
async fn faults_calls_tokens_and_the_clock_can_be_steered() {
    let w = World::new().await;
    let rule = json!({"fault": {"kind": "secondary_limit", "retry_after": 60},
                      "on": crate::common::MINT, "times": 1});
    let id = w.control("POST", "/faults", Some(rule)).await.json()["id"].clone();
    assert_eq!(w.mint(&json!({})).await.header("retry-after"), "60");
    let listed = w.control("GET", "/faults", None).await.json();
    assert_eq!(listed[0]["fired"], 1);
    assert_eq!(
        listed[0]["fault"],
        json!({"kind": "secondary_limit", "retry_after": 60})
    );
    w.control("DELETE", &format!("/faults/{id}"), None).await;
    assert_eq!(w.control("GET", "/faults", None).await.json(), json!([]));

    w.control("POST", "/token-lag", Some(json!({"uses": 1}))).await;
    let token = w.token(&json!({})).await;
    let repositories = "/installation/repositories";
    assert_eq!(w.as_token(&token, "GET", repositories).await.status, 401);
    assert_eq!(w.as_token(&token, "GET", repositories).await.status, 200);

    let tokens = w.control("GET", "/tokens", None).await;
    assert_eq!(tokens.json()[0]["repositories"][0], "acme/docs");
    assert!(!tokens.text.contains(&token));
    w.control("POST", "/tokens/expire-all", None).await;
    assert_eq!(w.control("GET", "/tokens", None).await.json(), json!([]));

    let calls = w.control("GET", "/calls", None).await.json();
    assert_eq!(calls["routes"][crate::common::MINT], 2);
    assert_eq!(calls["total"], 4);
    w.control("POST", "/calls/reset", None).await;
    assert_eq!(w.sim.calls().total(), 0);

    let clock = json!({"advance_seconds": 60, "skew_seconds": -10});
    let answer = w.control("POST", "/clock", Some(clock)).await;
    assert_eq!(answer.json()["now"], "2026-06-01T12:00:50Z");
    w.control("POST", "/rate-limit", Some(json!({"per_hour": 0}))).await;
    assert_eq!(w.as_app("GET", "/app").await.status, 403);
}

#[tokio::test]
async fn a_mistake_is_named() {
    let w = World::new().await;
    for (path, body, words) in [
        ("/clock", json!({"advance": 5}), "unknown field `advance`"),
        ("/apps", json!({"nam": "x"}), "unknown field `nam`"),
        (
            "/apps",
            json!({"name": "x", "permissions": {"content": "read"}}),
            "content",
        ),
        ("/faults", json!({"fault": {"kind": "boom"}}), "unknown variant `boom`"),
        (
            "/faults",
            json!({"fault": {"kind": "garbage", "x": 1}}),
            "unknown field `x`",
        ),
        (
            "/faults",
            json!({"fault": {"kind": "garbage"}, "on": "GET /x"}),
            "no route",
        ),
        (
            "/faults",
            json!({"fault": {"kind": "status", "status": 200, "message": ""}}),
            "200",
        ),
        ("/token-lag", json!({"uses": 1, "seconds": 1}), "not both"),
        ("/repositories", json!({"owner": "..", "name": "x"}), "not a name"),
    ] {
        let answer = w.control("POST", path, Some(body)).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert!(answer.text.contains(words), "{path}: {}", answer.text);
    }
}
