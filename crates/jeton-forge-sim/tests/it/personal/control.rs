//! Steering people and their tokens over HTTP.

use serde_json::{Value, json};

use crate::common::World;

impl World {
    async fn tell(&self, path: &str, body: Value) -> Value {
        let answer = self.control("POST", path, Some(body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        if answer.text.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }
}

#[tokio::test]
async fn a_person_with_tokens_can_be_made_and_changed_over_http() {
    let w = World::new().await;
    let user = w.tell("/users", json!({"login": "mona"})).await["id"].clone();
    w.tell("/members", json!({"org": "acme", "login": "mona", "role": "member"}))
        .await;
    let role = json!({"owner": "acme", "name": "tools", "login": "mona", "role": "admin"});
    w.tell("/collaborators", role).await;
    let spec = json!({"login": "mona", "kind": "classic", "scopes": ["repo"], "expires_in_seconds": 86400,
                      "expiration_offset_hours": 2, "name": "laptop"});
    let made = w.tell("/personal-tokens", spec).await;
    let token = made["token"].as_str().unwrap();
    let get = async |path: &str| w.as_token(token, "GET", path).await;
    let me = get("/user").await;
    assert_eq!(me.json()["id"], user);
    assert_eq!(
        me.header("github-authentication-token-expiration"),
        "2026-06-02 14:00:00 +0200"
    );
    assert_eq!(get("/repos/acme/tools/actions/runners").await.status, 200);
    let listed = w.control("GET", "/personal-tokens", None).await;
    assert_eq!(listed.json()[0]["name"], "laptop");
    assert!(!listed.text.contains(token));
    let of = |what: &str| format!("/personal-tokens/{}/{what}", made["id"]);
    w.tell(&of("rights"), json!({"scopes": ["public_repo"]})).await;
    assert_eq!(get("/repos/acme/tools").await.status, 404);
    w.tell(&of("revoke"), json!({})).await;
    assert_eq!(get("/user").await.status, 401);
}

#[tokio::test]
async fn an_organizations_demands_can_be_set_over_http() {
    let w = World::new().await;
    w.tell("/users", json!({"login": "mona"})).await;
    w.tell("/members", json!({"org": "acme", "login": "mona", "role": "admin"}))
        .await;
    let classic = w
        .tell(
            "/personal-tokens",
            json!({"login": "mona", "kind": "classic", "scopes": ["repo"]}),
        )
        .await;
    let secret = classic["token"].as_str().unwrap();
    let status = async || w.as_token(secret, "GET", "/repos/acme/tools").await.status.as_u16();
    let policy = w
        .tell(
            "/orgs/acme/policy",
            json!({"saml_sso": "required", "max_fine_grained_days": 366}),
        )
        .await;
    assert_eq!(
        (&policy["base_role"], &policy["max_fine_grained_days"]),
        (&json!("read"), &json!(366))
    );
    assert_eq!(status().await, 403);
    let sso = format!("/personal-tokens/{}/sso", classic["id"]);
    w.tell(&sso, json!({"org": "acme", "authorized": true})).await;
    assert_eq!(status().await, 200);
    w.tell("/orgs/acme/policy", json!({"ip_allow_list": []})).await;
    assert_eq!(status().await, 403);
    let open = json!({"ip_allow_list": null, "max_fine_grained_days": null, "approve_fine_grained": true});
    let policy = w.tell("/orgs/acme/policy", open).await;
    assert!(policy["ip_allow_list"].is_null() && policy["max_fine_grained_days"].is_null());
    assert_eq!(policy["saml_sso"], "required", "what is not named stays");
    let spec = json!({"login": "mona", "kind": "fine_grained", "resource_owner": "acme", "repositories": ["tools"],
                      "permissions": {"contents": "read"}});
    let fine = w.tell("/personal-tokens", spec).await;
    let secret = fine["token"].as_str().unwrap();
    assert_eq!(w.as_token(secret, "GET", "/repos/acme/tools").await.status, 404);
    let approve = format!("/personal-tokens/{}/approve", fine["id"]);
    w.tell(&approve, json!({"approved": true})).await;
    assert_eq!(w.as_token(secret, "GET", "/repos/acme/tools").await.status, 200);
}

#[tokio::test]
async fn what_surrounds_a_repository_can_be_made_over_http() {
    let w = World::new().await;
    w.tell("/users", json!({"login": "mona"})).await;
    let file = json!({"owner": "acme", "name": "tools", "path": "a/b", "content": "text"});
    assert_eq!(w.tell("/files", file).await["commit"].as_str().unwrap().len(), 40);
    w.tell("/branches", json!({"owner": "acme", "name": "tools", "branch": "fix"}))
        .await;
    let pull = json!({"owner": "acme", "name": "tools", "login": "mona", "title": "Fix", "head": "fix"});
    assert_eq!(w.tell("/pull-requests", pull).await["number"], 1);
    w.tell("/secrets", json!({"owner": "acme", "name": "tools", "secret": "KEY"}))
        .await;
    w.tell("/login-lockout", json!({"after": 1, "seconds": 60})).await;
    w.tell("/revocation-delay", json!({"seconds": 5})).await;
}

#[tokio::test]
async fn a_mistake_is_named() {
    let w = World::new().await;
    w.tell("/users", json!({"login": "mona"})).await;
    for (path, body, status, words) in [
        ("/users", json!({"login": ".."}), 400, "not a name"),
        ("/users", json!({"login": "acme"}), 409, "taken"),
        (
            "/members",
            json!({"org": "acme", "login": "nobody", "role": "member"}),
            404,
            "no user nobody",
        ),
        ("/orgs/nowhere/policy", json!({}), 404, "no organization nowhere"),
        ("/orgs/acme/policy", json!({"saml": true}), 400, "unknown field `saml`"),
        (
            "/personal-tokens",
            json!({"login": "mona", "kind": "classic", "scopes": ["repos"]}),
            400,
            "no scope",
        ),
        (
            "/personal-tokens",
            json!({"login": "mona", "kind": "classic", "permissions": {}}),
            400,
            "`permissions`",
        ),
        (
            "/personal-tokens",
            json!({"login": "mona", "kind": "app_user"}),
            400,
            "`app_id`",
        ),
        (
            "/personal-tokens",
            json!({"login": "mona", "kind": "app_user", "app_id": 1}),
            404,
            "no app 1",
        ),
        ("/personal-tokens/7/revoke", json!({}), 404, "personal token"),
        (
            "/personal-tokens/7/sso",
            json!({"org": "acme", "authorized": true}),
            404,
            "no personal token 7",
        ),
        ("/login-lockout", json!({"after": 1}), 400, "neither"),
        (
            "/branches",
            json!({"owner": "acme", "name": "none", "branch": "x"}),
            404,
            "no repository",
        ),
        (
            "/branches",
            json!({"owner": "acme", "name": "tools", "branch": "a..b"}),
            400,
            "git",
        ),
    ] {
        let answer = w.control("POST", path, Some(body)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(answer.text.contains(words), "{path}: {}", answer.text);
    }
}
