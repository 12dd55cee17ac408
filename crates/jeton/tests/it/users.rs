//! People over HTTP: added, changed, invited, removed.

use jeton_testkit::both_databases;
use serde_json::{Value, json};

use crate::browser::{Browser, person};

const PASSWORD: &str = "correct horse battery";

async fn patch(t: &jeton_testkit::TestJeton, path: &str, body: Value) -> jeton_testkit::Answer {
    let key = t.key.secret().expose();
    t.send(|http, url| http.patch(format!("{url}{path}")).bearer_auth(key).json(&body))
        .await
}

both_databases! {
    async fn a_person_is_added_with_a_link_and_seen_without_it(t: TestJeton) {
        let added = t.post("/v1/users", json!({"name": "ada@example.org", "role": "auditor"})).await;
        assert_eq!(added.status, 201, "{}", added.text);
        assert_eq!(added.header("cache-control"), "no-store");
        let added = added.json();
        let link = added["link"].as_str().unwrap();
        assert!(link.starts_with("http://127.0.0.1/setup?link="), "{link}");
        assert_eq!(added["link_expires_at"], "2026-11-03T09:00:00Z");
        let all = t.get("/v1/users").await;
        assert_eq!(all.json()["users"][0]["name"], "ada@example.org");
        assert_eq!(all.json()["users"][0]["has_password"], false);
        assert!(!all.text.contains(link.split_once('=').unwrap().1));
        let taken = t.post("/v1/users", json!({"name": "ada@example.org", "role": "member"})).await;
        assert_eq!((taken.status, taken.code().as_str()), (409, "user.name_taken"));
    }

    async fn what_is_no_person_is_told_why(t: TestJeton) {
        for (body, words) in [
            (json!({"name": "ada"}), "role"),
            (json!({"name": "ada", "role": "king"}), "king"),
            (json!({"name": "<script>", "role": "member"}), "a-z"),
            (json!({"name": "", "role": "member"}), "1 to 100"),
            (json!({"name": "ada", "role": "member", "password": "x"}), "password"),
        ] {
            let answer = t.post("/v1/users", body.clone()).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert!(answer.text.contains(words), "{body}: {}", answer.text);
        }
        for path in ["/v1/users/nobody", "/v1/users/%00", "/v1/users/..%2Fx"] {
            let answer = t.delete(path).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "user.not_found"), "{path}");
        }
        for (name, role) in [("a", "member"), ("b", "member"), ("c", "operator")] {
            assert_eq!(t.post("/v1/users", json!({"name": name, "role": role})).await.status, 201);
        }
        let page = t.get("/v1/users?limit=2").await.json();
        assert_eq!(page["next"], "b");
        assert_eq!(t.get("/v1/users?limit=2&after=b").await.json()["users"][0]["name"], "c");
        for bad in ["limit=0", "limit=501", "after=%3C", "before=a"] {
            assert_eq!(t.get(&format!("/v1/users?{bad}")).await.status, 400, "{bad}");
        }
    }

    async fn the_last_operator_stays(t: TestJeton) {
        person(&t, "root", "operator", PASSWORD).await;
        for answer in [
            patch(&t, "/v1/users/root", json!({"role": "member"})).await,
            patch(&t, "/v1/users/root", json!({"disabled": true})).await,
            t.delete("/v1/users/root").await,
        ] {
            assert_eq!((answer.status, answer.code().as_str()), (409, "user.last_operator"), "{}", answer.text);
        }
        assert_eq!(t.post("/v1/users", json!({"name": "second", "role": "operator"})).await.status, 201);
        assert_eq!(patch(&t, "/v1/users/root", json!({"role": "member"})).await.json()["role"], "member");
    }

    async fn who_is_shut_out_is_out_at_once(t: TestJeton) {
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        assert!(ada.get(&t, "/profile").await.text.contains("signed in as <strong>member</strong>"));
        let off = patch(&t, "/v1/users/ada", json!({"disabled": true})).await;
        assert!(off.json()["disabled_at"].is_string(), "{}", off.text);
        assert!(ada.get(&t, "/").await.text.contains("href=\"/sign-in\""));
        assert_eq!(ada.session(), None, "the browser need not go on sending a dead cookie");
        assert_eq!(ada.sign_in(&t, "ada", PASSWORD).await.status, 403);
        let on = patch(&t, "/v1/users/ada", json!({"disabled": false, "role": "auditor"})).await;
        assert_eq!(on.json()["role"], "auditor");
        assert_eq!(ada.sign_in(&t, "ada", PASSWORD).await.status, 303);
        assert_eq!(t.delete("/v1/users/ada").await.json(), json!({"name": "ada", "accounts_switched_off": 0}));
        let home = ada.get(&t, "/").await.text;
        assert!(home.contains("Nobody is set up yet") && !home.contains("Sign out"), "{home}");
    }

    async fn a_new_link_replaces_a_lost_password(t: TestJeton) {
        let mut old = person(&t, "ada", "member", PASSWORD).await;
        let first = t.post("/v1/users/ada/invite", json!({})).await;
        assert_eq!(first.status, 200, "{}", first.text);
        let second = t.post("/v1/users/ada/invite", json!({})).await.json();
        assert!(old.get(&t, "/").await.text.contains("Sign out"), "until the link is used, nothing changes");
        let link = |body: &Value| body["link"].as_str().unwrap().split_once("link=").unwrap().1.to_owned();
        let mut new = Browser::default();
        assert_eq!(new.set_up(&t, &link(&first.json()), None, "another long password").await.status, 403, "only the last counts");
        assert_eq!(new.set_up(&t, &link(&second), None, "another long password").await.status, 303);
        assert!(old.get(&t, "/").await.text.contains("href=\"/sign-in\""), "other browsers are out");
        assert_eq!(old.sign_in(&t, "ada", PASSWORD).await.status, 403);
    }
}
