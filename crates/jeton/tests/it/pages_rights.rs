//! What pages show to somebody whose rights hang on a condition, and what becomes of forms that other sites send.

use jeton_testkit::{TestJeton, both_databases};
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, text},
    browser::{Browser, field, person},
    record_over_http::entries,
};

const PASSWORD: &str = "correct horse battery";

/// Lets Ada do something, now or never.
async fn let_ada(t: &TestJeton, name: &str, actions: &[&str], condition: &str) {
    t.policy(json!({"name": name, "callers": {"user": "ada"}, "actions": actions, "condition": condition}))
        .await;
}

/// A world with a client that holds something, an account, and Ada.
async fn world(t: TestJeton) -> (World, Browser) {
    t.install("acme", &["a"]);
    let w = World::around(t).await;
    w.stored(Forge::GitHub, "robot").await;
    let key = w.t.client_who_reads("ci", "acme/*").await;
    let granted =
        w.t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]}))
            .await;
    assert_eq!(granted.status, 201, "{}", granted.text);
    w.t.post_as(&key, "/v1/tokens", json!({"repositories": ["other/x"]}))
        .await;
    let ada = person(&w.t, "ada", "member", PASSWORD).await;
    (w, ada)
}

async fn refused(t: &TestJeton, event: &str) -> Vec<Value> {
    entries(t, &format!("event={event}")).await
}

both_databases! {
    async fn a_right_on_a_condition_shows_nothing_while_it_does_not_hold(t: TestJeton) {
        let (w, mut ada) = world(t).await;
        let all = [
            "record.read", "server.read", "app.read", "policy.read", "grant.read", "account.read", "account.manage", "app.manage",
            "client.manage", "policy.manage",
        ];
        let_ada(&w.t, "later", &all, "false").await;
        let page = ada.get(&w.t, "/").await;
        assert_eq!(page.status, 200, "{}", page.text);
        for hidden in ["client:ci", "acme", "robot", "1 account", "Latest refusals", "Minted", "policy.denied", "on 127.", "To begin with", "(done)"] {
            assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
        }
        assert!(page.text.contains("Your grants in the last 24 hours"), "{}", page.text);
        assert!(refused(&w.t, "access.refused").await.is_empty(), "to look at a page is no refusal");
        // What is offered to them is refused in so many words.
        for (path, action) in [
            ("/record", "record.read"), ("/doctor", "server.read"), ("/apps", "app.read"), ("/settings/policies", "policy.read"),
            ("/settings/accounts", "account.read"),
        ] {
            assert!(page.text.contains(&format!("href=\"{path}\"")), "{path}: {}", page.text);
            let answer = ada.get(&w.t, path).await;
            assert_eq!((answer.status, answer.header("content-type")), (403, "text/html; charset=utf-8"), "{path}");
            for words in [action, "may not do", "policy.denied", "Overview</a>"] {
                assert!(answer.text.contains(words), "{path}: {words}: {}", answer.text);
            }
        }
        let robot = text(&w.show("robot").await["id"]).to_owned();
        for path in [format!("/settings/accounts/{robot}"), "/settings/accounts?q=robot".to_owned()] {
            let answer = ada.get(&w.t, &path).await;
            assert!(answer.status == 403 && !answer.text.contains("octocat"), "{path}: {}", answer.text);
        }
        for path in ["/v1/accounts", "/v1/accounts/robot"] {
            assert_eq!(ada.get(&w.t, path).await.status, 403, "{path}");
        }
        let_ada(&w.t, "now", &all, "true").await;
        let page = ada.get(&w.t, "/").await;
        for seen in ["client:ci", "1 account", "Latest refusals", "Minted", "policy.denied", "Grants in the last 24 hours"] {
            assert!(page.text.contains(seen), "{seen}: {}", page.text);
        }
        assert_eq!(ada.get(&w.t, "/settings/accounts").await.status, 200);
    }

    async fn a_page_of_removal_names_only_what_may_be_seen(t: TestJeton) {
        let (w, mut ada) = world(t).await;
        let_ada(&w.t, "keeps", &["account.manage", "app.manage", "client.manage", "grant.revoke"], "true").await;
        let_ada(&w.t, "later", &["policy.read", "grant.read"], "false").await;
        w.t.policy(json!({
            "name": "names-them", "callers": {"client": "ci"}, "actions": ["token.mint", "account.use"],
            "repositories": ["acme/*"], "permissions": {"contents": "read"}, "sources": ["app:ci", "account:robot"],
        })).await;
        let robot = text(&w.show("robot").await["id"]).to_owned();
        let mut root = person(&w.t, "root", "operator", PASSWORD).await;
        for path in [format!("/settings/accounts/{robot}/remove"), "/apps/ci/remove".to_owned()] {
            assert!(root.get(&w.t, &path).await.text.contains("names-them"), "{path}");
            let page = ada.get(&w.t, &path).await;
            assert!(page.status == 200 && !page.text.contains("names-them"), "{path}: {}", page.text);
        }
        let page = ada.get(&w.t, "/apps/ci/remove").await;
        assert!(!page.text.contains("Nobody holds a token of it"), "they cannot know that: {}", page.text);
        let page = ada.get(&w.t, "/settings/clients/ci/revoke").await;
        assert!(page.status == 200 && !page.text.contains("0 live grants"), "they cannot know that: {}", page.text);
        let page = ada.get(&w.t, "/grants/revoke-all?holder=client:ci").await;
        assert!(page.text.contains("not see it") && page.text.contains("Revoke all</button>"), "{}", page.text);
        assert!(!page.text.contains("nothing to revoke"), "{}", page.text);
        let page = ada.get(&w.t, "/grants").await;
        assert!(!page.text.contains("client:ci"), "{}", page.text);
        assert!(root.get(&w.t, "/grants/revoke-all?holder=client:ci").await.text.contains("1 grant"));
    }

    async fn what_another_site_sends_in_a_browsers_name_is_on_record(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let csrf = field(&root.get(&t, "/profile").await.text, "csrf");
        // From another site: whose browser it is was not looked at. Forms of people who have not signed in count too.
        let mut foreign = root.clone().with_header("sec-fetch-site", "cross-site");
        let form = [("csrf", csrf.as_str()), ("name", "x"), ("role", "member")];
        assert_eq!(foreign.post(&t, "/settings/add-user", &form).await.status, 403);
        let mut nobody = Browser::default().with_header("sec-fetch-site", "cross-site");
        assert_eq!(nobody.sign_in(&t, "root", PASSWORD).await.status, 403);
        // Without the token of the session: in root's name.
        for path in ["/settings/add-user", "/sign-out"] {
            assert_eq!(root.post(&t, path, &[("csrf", "x"), ("name", "x")]).await.status, 403, "{path}");
        }
        let json = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
        let body = Some(json!({"name": "x", "role": "member"}).to_string());
        assert_eq!(root.send(&t, "POST", "/v1/users", &json, body).await.code(), "auth.csrf");
        // What comes again within a minute is counted.
        t.clock.advance(jiff::SignedDuration::from_mins(2));
        t.broker.access().ledger().tick().await.unwrap();
        let told = refused(&t, "auth.refused").await;
        let times = |is_roots: bool| -> u64 {
            let those = told.iter().filter(|entry| entry["details"]["code"] == "auth.csrf");
            let those = those.filter(|entry| (entry["actor"] == "user:root") == is_roots);
            those.map(|entry| entry["details"]["times"].as_u64().unwrap_or(1)).sum()
        };
        assert_eq!((times(false), times(true)), (2, 3), "{told:#?}");
        let page = root.get(&t, "/").await;
        assert!(page.text.contains("no page of this server sent the form"), "{}", page.text);
    }
}
