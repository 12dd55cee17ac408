//! Tokens that people put where none belongs: no page shows one again, no address carries one on, and nothing that others read
//! keeps one.

use jeton_testkit::{TestJeton, both_databases};
use serde_json::json;

use crate::{
    account_world::{Forge, World, refused, text},
    browser::Browser,
    pages_clients::Visitor,
};

const TOLD: &str = "looks like a token, so it is not shown again";

fn stray() -> String {
    ["ghp_", &"a1B2".repeat(9)].concat()
}

/// Sends a form and sees what comes back.
async fn not_shown_again(t: &TestJeton, root: &mut Visitor, path: &str, fields: &[(&str, &str)]) {
    let answer = root.post(t, path, fields).await;
    let at = format!(
        "{path} {:?}: {} {}",
        fields.first().map(|(name, _)| name),
        answer.status,
        answer.text
    );
    assert!((400..500).contains(&answer.status), "{at}");
    assert!(!answer.text.contains(&stray()), "{at}");
    assert!(answer.text.contains(TOLD), "{at}");
}

both_databases! {
    async fn no_form_shows_one_again(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        w.t.policy(json!({"name": "mine", "callers": {"client": "ci"}, "actions": ["app.read"]})).await;
        let account = format!("/settings/accounts/{}", text(&w.show("work").await["id"]));
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let told = format!("see {}", stray());
        let policy = format!("[[policy]]\nname = \"x\"\ndescription = \"{told}\"\nactions = \"fly\"\n");
        for (path, names, others) in [
            (format!("{account}/edit"), &["label", "note", "username", "email", "serves", "expires_at"][..], &[][..]),
            (format!("{account}/replace"), &["username", "email", "expires_at"], &[]),
            (format!("{account}/test"), &["repository"], &[]),
            ("/settings/accounts/new".to_owned(), &["label", "note", "serves", "repository", "username", "email", "base_url", "end"], &[("do", "save")]),
            ("/apps/new".to_owned(), &["name", "app_id", "api_url"], &[]),
            ("/settings/add-client".to_owned(), &["name", "description", "networks", "ends"], &[("name", "ci")]),
            ("/settings/add-user".to_owned(), &["name"], &[("role", "member")]),
            (
                "/settings/policies/explain".to_owned(),
                &["client", "user", "issuer", "subject", "claims", "uid", "gid", "repositories", "permissions", "source", "forge", "lifetime", "address", "time"],
                &[("action", "token.mint"), ("kind", "token")],
            ),
            ("/record/verify".to_owned(), &["expect"], &[]),
        ] {
            for name in names {
                let fields = [&[(*name, told.as_str())], others].concat();
                not_shown_again(&w.t, &mut root, &path, &fields).await;
            }
        }
        for path in ["/settings/add-policy", "/settings/policies/mine/edit"] {
            not_shown_again(&w.t, &mut root, path, &[("policy", &policy)]).await;
        }
        assert!(!w.t.get("/v1/record").await.text.contains(&stray()));
    }

    async fn no_list_carries_one_on(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let account = format!("/settings/accounts/{}", text(&w.show("work").await["id"]));
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let stray = stray();
        for (path, names) in [
            ("/record", &["event", "actor", "request_id", "fingerprint", "since", "until"][..]),
            ("/grants", &["holder", "source", "repository"]),
            ("/settings/accounts", &["q", "host"]),
            ("/settings/policies", &["search"]),
            ("/settings/policies/explain", &["client", "claims", "repository"]),
            ("/settings/accounts/new", &["label", "repository"]),
            (account.as_str(), &["repository"]),
        ] {
            for name in names {
                let page = root.get(&w.t, &format!("{path}?{name}={stray}")).await;
                assert!(page.status == 200 || page.status == 400, "{path} {name}: {}", page.text);
                assert!(!page.text.contains(&stray) && page.text.contains(TOLD), "{path} {name}: {}", page.text);
            }
        }
        // Half of one neither, where a fingerprint belongs.
        let half = &stray[..12];
        for path in [format!("/record?fingerprint={half}"), format!("/grants?q={half}"), format!("/grants?q={stray}")] {
            let page = root.get(&w.t, &path).await;
            assert!(page.status == 400 && !page.text.contains(half), "{path}: {}", page.text);
        }
        // Nor does the way to the sign-in page.
        for (path, next) in [
            (format!("/grants?q={stray}"), "%2Fgrants"),
            (format!("/grants?show=all&{stray}=x"), "%2Fgrants"),
            (format!("/settings/accounts/{stray}"), "%2F"),
            ("/grants?q=abc".to_owned(), "%2Fgrants%3Fq%3Dabc"),
        ] {
            let sent = Browser::default().get(&w.t, &path).await;
            assert_eq!((sent.status, sent.header("location")), (303, format!("/sign-in?next={next}").as_str()));
        }
    }

    async fn nothing_that_others_read_keeps_one(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let stray = stray();
        let calls = w.calls(Forge::GitHub).total();
        for repository in [format!("acme/{stray}"), format!("{stray}/tools"), stray.clone()] {
            let tested = w.t.post("/v1/accounts/work/test", json!({"repository": repository})).await;
            refused(&tested, 400, "account.invalid");
            assert!(!tested.text.contains(&stray), "{}", tested.text);
        }
        assert_eq!(w.calls(Forge::GitHub).total(), calls, "no forge saw it");
        for serves in [stray.clone(), format!("acme/{stray}")] {
            let changed = w.change("work", json!({"serves": ["acme", serves]})).await;
            refused(&changed, 400, "account.invalid");
            assert!(!changed.text.contains(&stray), "{}", changed.text);
        }
        let client = w.t.post("/v1/clients", json!({"name": "ci", "description": format!("for {stray}")})).await;
        refused(&client, 400, "client.invalid");
        let revoked = w.t.delete(&format!("/v1/grants?holder={stray}")).await;
        refused(&revoked, 400, "request.invalid");
        assert!(!client.text.contains(&stray) && !revoked.text.contains(&stray), "{} {}", client.text, revoked.text);
        assert!(!w.show("work").await.to_string().contains(&stray));
        // A repository that is one stays in the address of the page that follows.
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let account = format!("/settings/accounts/{}", text(&w.show("work").await["id"]));
        let tested = root.post(&w.t, &format!("{account}/test"), &[("repository", "acme/tools"), ("purpose", "read_content")]).await;
        let to = format!("{account}?done=tested&repository=acme%2Ftools");
        assert_eq!((tested.status, tested.header("location")), (303, to.as_str()), "{}", tested.text);
    }
}
