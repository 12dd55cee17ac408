//! Clients over HTTP: added, seen, rotated, revoked, refused with words.

use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::json;

both_databases! {
    async fn a_client_is_added_and_its_key_is_shown_once(t: TestJeton) {
        let body = json!({"name": "ci", "description": "the <b>build</b> machines", "networks": ["10.1.2.3/8", "127.0.0.1"]});
        let added = t.post("/v1/clients", body).await;
        assert_eq!(added.status, 201, "{}", added.text);
        assert_eq!(added.header("cache-control"), "no-store");
        let added = added.json();
        let key = added["key"].as_str().unwrap();
        assert!(key.starts_with("jtn_"));
        assert_eq!(added["client"]["networks"], json!(["10.0.0.0/8", "127.0.0.1/32"]));
        let me = t.get_as(key, "/v1/whoami").await.json();
        assert_eq!((&me["kind"], &me["name"], &me["allowed"]), (&json!("client"), &json!("client:ci"), &json!([])));
        let one = t.get("/v1/clients/ci").await;
        assert_eq!(one.json()["keys"].as_array().unwrap().len(), 1);
        let all = t.get("/v1/clients").await;
        assert_eq!(all.json()["clients"][0]["description"], "the <b>build</b> machines");
        assert!(all.json()["clients"][0].get("keys").is_none());
        for answer in [one, all] {
            assert!(!answer.text.contains(key), "a key is shown once");
        }
    }

    async fn what_is_no_client_is_told_why(t: TestJeton) {
        assert_eq!(t.post("/v1/clients", json!({"name": "ci"})).await.status, 201);
        let taken = t.post("/v1/clients", json!({"name": "ci"})).await;
        assert_eq!((taken.status, taken.code().as_str()), (409, "client.name_taken"));
        for (body, words) in [
            (json!({}), "name"),
            (json!({"name": ""}), "1 to 64"),
            (json!({"name": "Ci"}), "a-z"),
            (json!({"name": "x", "networks": ["10.0.0.0/33"]}), "10.0.0.0/33"),
            (json!({"name": "x", "networks": vec!["10.0.0.1"; 51]}), "50"),
            (json!({"name": "x", "expires_at": "tomorrow"}), "expires_at"),
            (json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}), "past"),
            (json!({"name": "x", "description": "a".repeat(501)}), "500"),
            (json!({"name": "x", "netwroks": []}), "netwroks"),
        ] {
            let answer = t.post("/v1/clients", body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert!(answer.text.contains(words), "{body}: {}", answer.text);
            assert!(answer.json()["remedy"].is_string(), "{}", answer.text);
        }
    }

    async fn clients_are_paged_by_name(t: TestJeton) {
        for name in ["d", "a", "c", "b", "e"] {
            t.client(name).await;
        }
        assert_eq!(t.delete("/v1/clients/c").await.status, 200);
        t.client("c").await;
        let mut names = Vec::new();
        let mut path = "/v1/clients?limit=2&revoked=true".to_owned();
        loop {
            let page = t.get(&path).await.json();
            let clients = page["clients"].as_array().unwrap();
            assert!(clients.len() <= 2);
            names.extend(clients.iter().map(|client| client["name"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/clients?limit=2&revoked=true&after={next}");
        }
        assert_eq!(names, ["a", "b", "c", "c", "d", "e"]);
        assert_eq!(t.get("/v1/clients").await.json()["clients"].as_array().unwrap().len(), 5);
        for bad in ["limit=0", "limit=501", "limit=x", "after=c", "after=", "revoked=yes", "lmit=1"] {
            let answer = t.get(&format!("/v1/clients?{bad}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"), "{bad}");
        }
    }

    async fn two_keys_are_live_during_a_rotation(t: TestJeton) {
        let old = t.client("ci").await;
        let rotated = t.post("/v1/clients/ci/rotate", json!({"overlap_seconds": 3600})).await;
        assert_eq!(rotated.status, 200, "{}", rotated.text);
        let rotated = rotated.json();
        let new = rotated["key"].as_str().unwrap().to_owned();
        assert_eq!(rotated["old_key_ends_at"], "2026-11-02T10:00:00Z");
        for key in [&old, &new] {
            assert_eq!(t.get_as(key, "/v1/whoami").await.status, 200);
        }
        assert_eq!(t.get("/v1/clients/ci").await.json()["keys"].as_array().unwrap().len(), 2);
        let again = t.post("/v1/clients/ci/rotate", json!({})).await;
        assert_eq!((again.status, again.code().as_str()), (409, "client.rotation_under_way"));
        t.clock.advance(SignedDuration::from_hours(1));
        let ended = t.get_as(&old, "/v1/whoami").await;
        assert_eq!((ended.status, ended.code().as_str()), (401, "auth.key_expired"));
        assert_eq!(t.get_as(&new, "/v1/whoami").await.status, 200);
        let at_once = t.post("/v1/clients/ci/rotate", json!({"overlap_seconds": 0})).await;
        assert_eq!(at_once.status, 200, "{}", at_once.text);
        assert_eq!(t.get_as(&new, "/v1/whoami").await.status, 401);
        let long = t.post("/v1/clients/ci/rotate", json!({"overlap_seconds": 90_000_000})).await;
        assert_eq!((long.status, long.code().as_str()), (400, "client.invalid"));
    }

    async fn a_revoked_client_is_gone_and_its_name_is_free(t: TestJeton) {
        let key = t.client("ci").await;
        let revoked = t.delete("/v1/clients/ci").await;
        assert_eq!(revoked.status, 200, "{}", revoked.text);
        assert!(revoked.json()["client"]["revoked_at"].is_string());
        assert_eq!(revoked.json()["grants_ended"], 0);
        assert_eq!(t.get_as(&key, "/v1/whoami").await.code(), "auth.unknown_key");
        for answer in [t.delete("/v1/clients/ci").await, t.get("/v1/clients/ci").await, t.post("/v1/clients/ci/rotate", json!({})).await] {
            assert_eq!((answer.status, answer.code().as_str()), (404, "client.not_found"));
        }
        assert_ne!(t.client("ci").await, key);
    }

    async fn what_a_revoked_client_holds_can_be_given_back_with_it(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        for name in ["acme/a", "acme/b"] {
            let answer = t.post_as(&key, "/v1/tokens", json!({"repositories": [name]})).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        let theirs = t.get_as(&key, "/v1/grants?live=true").await.json();
        assert_eq!(theirs["grants"].as_array().unwrap().len(), 2);
        let revoked = t.delete("/v1/clients/ci?grants=true").await;
        assert_eq!(revoked.json()["grants_ended"], 2, "{}", revoked.text);
        assert_eq!(t.get("/v1/grants?live=true").await.json()["grants"], json!([]));
    }
}
