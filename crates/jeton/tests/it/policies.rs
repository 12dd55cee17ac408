//! Policies over HTTP: added, changed, explained, tried.

use jeton_testkit::{Answer, TestJeton, both_databases};
use serde_json::{Value, json};

async fn put(t: &TestJeton, path: &str, body: Value) -> Answer {
    let key = t.key.secret().expose();
    t.send(|http, url| http.put(format!("{url}{path}")).bearer_auth(key).json(&body))
        .await
}

fn reads(name: &str, repositories: &[&str]) -> Value {
    json!({"name": name, "callers": {"client": "ci"}, "actions": ["token.mint"], "repositories": repositories,
        "permissions": {"contents": "read"}})
}

both_databases! {
    async fn a_policy_is_in_force_when_the_answer_is_there(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client("ci").await;
        let ask = |name: &'static str| t.post_as(&key, "/v1/tokens", json!({"repositories": [name]}));
        assert_eq!(ask("acme/a").await.code(), "policy.denied");
        let added = t.post("/v1/policies", reads("ci", &["acme/a"])).await;
        assert_eq!(added.status, 201, "{}", added.text);
        assert_eq!(added.json()["origin"], "stored");
        assert_eq!(ask("acme/a").await.status, 201);
        assert_eq!(ask("acme/b").await.code(), "policy.denied");
        assert_eq!(t.get_as(&key, "/v1/whoami").await.json()["allowed"], json!(["token.mint"]));
        let before = t.get("/v1/policies").await.json();
        let changed = put(&t, "/v1/policies/ci", reads("ci", &["acme/b"])).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        assert_eq!(ask("acme/b").await.status, 201);
        assert_eq!(ask("acme/a").await.code(), "policy.denied");
        let after = t.get("/v1/policies").await.json();
        assert!(after["generation"].as_u64() > before["generation"].as_u64());
        let listed = after["policies"].as_array().unwrap().iter().find(|policy| policy["name"] == "ci").unwrap();
        assert_eq!(listed["spec"]["repositories"], json!(["acme/b"]));
        assert_eq!(put(&t, "/v1/policies/new", reads("new", &["acme/a"])).await.status, 201);
        assert_eq!(t.delete("/v1/policies/ci").await.json(), json!({"name": "ci"}));
        assert_eq!(ask("acme/b").await.code(), "policy.denied");
        let again = t.delete("/v1/policies/ci").await;
        assert_eq!((again.status, again.code().as_str()), (404, "policy.not_found"));
    }

    async fn what_is_no_policy_is_told_why(t: TestJeton) {
        assert_eq!(t.post("/v1/policies", reads("ci", &["acme/a"])).await.status, 201);
        let twice = t.post("/v1/policies", reads("ci", &["acme/a"])).await;
        assert_eq!((twice.status, twice.code().as_str()), (409, "policy.name_taken"), "{}", twice.text);
        let mut no_permissions = reads("x", &["acme/a"]);
        no_permissions.as_object_mut().unwrap().remove("permissions");
        let mut nobody = reads("x", &["acme/a"]);
        nobody["callers"] = json!({});
        let mut unknown = reads("x", &["acme/a"]);
        unknown["callers"]["clint"] = json!("ci");
        let mut condition = reads("x", &["acme/a"]);
        condition["condition"] = json!("caller.name ==");
        for (body, words) in [
            (no_permissions, "permissions"), (nobody, "callers"), (unknown, "clint"), (condition, "condition"),
            (reads("X Y", &["acme/a"]), "a-z"), (reads("builtin:x", &["acme/a"]), "builtin"), (reads("x", &["acme/**/x"]), "**"),
        ] {
            let answer = t.post("/v1/policies", body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert!(answer.text.contains(words), "{body}: {}", answer.text);
            assert!(answer.json()["remedy"].is_string());
        }
        let renamed = put(&t, "/v1/policies/other", reads("ci", &["acme/a"])).await;
        assert_eq!((renamed.status, renamed.code().as_str()), (400, "request.invalid"));
    }

    async fn a_decision_is_explained(t: TestJeton) {
        assert_eq!(t.post("/v1/policies", reads("ci-reads", &["acme/web-*"])).await.status, 201);
        let explain = |caller: Value, request: Value| {
            let t = &t;
            async move { t.post("/v1/policies/explain", json!({"caller": caller, "request": request})).await }
        };
        let near = explain(json!({"client": "ci"}), json!({"action": "token.mint", "repositories": "acme/tools"})).await;
        assert_eq!(near.status, 200, "{}", near.text);
        let near = near.json();
        assert_eq!(near["decision"], "deny");
        assert_eq!(near["considered"][0]["rule"], "ci-reads");
        assert!(near["considered"][0]["why_not"][0].as_str().unwrap().contains("acme/tools"));
        let hit = explain(json!({"client": "ci"}), json!({"action": "token.mint", "repositories": ["acme/web-1"]})).await.json();
        assert_eq!((&hit["decision"], &hit["rule"], &hit["permissions"]), (&json!("allow"), &json!("ci-reads"), &json!({"contents": "read"})));
        for (caller, request, words) in [
            (json!({}), json!({"action": "token.mint"}), "exactly one"),
            (json!({"client": "ci", "user": "ada"}), json!({"action": "token.mint"}), "exactly one"),
            (json!({"client": "C I"}), json!({"action": "token.mint"}), "caller.client"),
            (json!({"client": "ci", "address": "here"}), json!({"action": "token.mint"}), "caller"),
            (json!({"client": "ci"}), json!({"action": "token.fly"}), "request.action"),
            (json!({"client": "ci"}), json!({"action": "token.mint", "permissions": {"contents": "all"}}), "request.permissions"),
            (json!({"client": "ci"}), json!({"action": "token.mint", "time": "now"}), "request.time"),
            (json!({"client": "ci"}), json!({"action": "token.mint", "repo": "acme/a"}), "repo"),
        ] {
            let answer = explain(caller, request).await;
            assert_eq!(answer.status, 400, "{words}: {}", answer.text);
            assert!(answer.text.contains(words), "{words}: {}", answer.text);
        }
    }

    async fn a_file_is_checked_and_replayed_and_nothing_takes_effect(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        for name in ["acme/a", "acme/b"] {
            assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": [name]})).await.status, 201);
        }
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["other/x"]})).await.status, 403);
        let document = "[[policy]]\nname = \"ci-reads\"\ncallers.client = \"ci\"\nactions = [\"token.mint\"]\n\
                        repositories = [\"acme/a\"]\npermissions = { contents = \"read\" }\n";
        let check = t.post("/v1/policies/check", json!({"document": document})).await;
        assert_eq!(check.json(), json!({"ok": true, "valid": true, "policies": 1, "problems": [], "tests": []}));
        let wrong = t.post("/v1/policies/check", json!({"document": document.replace("name", "nmae")})).await;
        assert_eq!(wrong.status, 200, "{}", wrong.text);
        assert_eq!((&wrong.json()["valid"], &wrong.json()["problems"][0]["line"]), (&json!(false), &json!(2)));
        let large = format!("{document}# {}\n", "x".repeat(1 << 20));
        assert_eq!(t.post("/v1/policies/check", json!({"document": large})).await.status, 200, "a whole file fits");

        let replay = t.post("/v1/policies/replay", json!({"document": document})).await;
        assert_eq!(replay.status, 200, "{}", replay.text);
        let replay = replay.json();
        let changes = replay["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{replay}");
        assert_eq!((&changes[0]["before"], &changes[0]["after"]), (&json!("allow"), &json!("deny")));
        assert_eq!(changes[0]["repositories"], json!(["acme/b"]));
        assert_eq!(changes[0]["rule_before"], "ci-reads");
        assert!(replay["examined"].as_u64().unwrap() >= 3, "{replay}");
        let none = t.post("/v1/policies/replay", json!({"document": document, "until": "2026-01-01T00:00:00Z"})).await;
        assert_eq!(none.json()["examined"], 0);
        for (body, status, words) in [
            (json!({"document": "x"}), 400, "line 1"), (json!({"document": document, "limit": 0}), 400, "limit"),
            (json!({"document": document, "since": "x"}), 400, "since"), (json!({}), 400, "document"),
        ] {
            let answer = t.post("/v1/policies/replay", body.clone()).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
            assert!(answer.text.contains(words), "{body}: {}", answer.text);
        }
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/b"]})).await.status, 201);
    }
}
