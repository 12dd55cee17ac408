//! What people read who are not signed in when they thought so, or signed in anew meanwhile, or for whom nobody can sign in yet.

use jeton_testkit::both_databases;
use serde_json::json;

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";
const ADD: &str = "/settings/add-client";
const NOBODY: &str = "Nobody is set up yet.";

both_databases! {
    async fn a_new_server_says_that_nobody_is_set_up(t: TestJeton) {
        let mut browser = Browser::default();
        for path in ["/", "/sign-in", "/setup", "/setup?link="] {
            let page = browser.get(&t, path).await;
            assert!(page.status == 200 && page.text.contains(NOBODY), "{path}: {}", page.text);
        }
        let wrong = browser.get(&t, "/setup?link=AAAA.BBBB").await;
        assert_eq!(wrong.status, 403, "{}", wrong.text);
        person(&t, "root", "operator", PASSWORD).await;
        for path in ["/", "/sign-in", "/setup"] {
            let page = browser.get(&t, path).await;
            assert!(!page.text.contains(NOBODY), "{path}: {}", page.text);
        }
        assert_eq!(browser.get(&t, "/setup").await.status, 403);
    }

    async fn who_sends_a_form_after_the_session_ended_is_told(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let csrf = field(&root.get(&t, ADD).await.text, "csrf");
        root.cookies.clear();
        let sent = root.post(&t, ADD, &[("csrf", &csrf), ("name", "ci")]).await;
        assert_eq!((sent.status, sent.header("location")), (303, "/sign-in?next=%2Fsettings%2Fadd-client&why=ended"));
        let page = root.get(&t, sent.header("location")).await;
        assert!(page.text.contains("You were signed out before that was sent"), "{}", page.text);
        let looked = root.get(&t, ADD).await;
        assert_eq!(looked.header("location"), "/sign-in?next=%2Fsettings%2Fadd-client", "who only looked has sent nothing");
        let other = root.get(&t, "/sign-in?why=%3Cscript%3E").await;
        assert!(!other.text.contains("signed out before") && !other.text.contains("<script>"), "{}", other.text);
    }

    async fn a_page_from_before_the_sign_in_says_so(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let older = field(&root.get(&t, ADD).await.text, "csrf");
        assert_eq!(root.sign_in(&t, "root", PASSWORD).await.status, 303);
        let sent = root.post(&t, ADD, &[("csrf", &older), ("name", "ci")]).await;
        assert_eq!(sent.status, 403, "{}", sent.text);
        assert!(sent.text.contains("<h1>This page is older than your sign-in</h1>"), "{}", sent.text);
        assert!(sent.text.contains(&format!("href=\"{ADD}\"")) && sent.text.contains("auth.csrf"), "{}", sent.text);
        assert_eq!(t.get("/v1/clients").await.json()["clients"], json!([]), "nothing was done");
        // What no page of this server sends is refused as ever.
        let made_up = root.clone().with_header("sec-fetch-site", "cross-site").post(&t, ADD, &[("csrf", &older), ("name", "ci")]).await;
        assert!(made_up.status == 403 && !made_up.text.contains("older than"), "{}", made_up.text);
        let bare = root.post(&t, ADD, &[("name", "ci")]).await;
        assert!(bare.status == 403 && !bare.text.contains("older than"), "{}", bare.text);
        let program = root.clone().with_header("accept", "application/json").post(&t, ADD, &[("csrf", &older), ("name", "ci")]).await;
        assert_eq!((program.status, program.code().as_str()), (403, "auth.csrf"));
        let page = root.get(&t, ADD).await;
        let sent = root.post(&t, ADD, &[("csrf", &field(&page.text, "csrf")), ("name", "ci")]).await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        let refused = root.get(&t, "/record?event=auth.refused").await;
        assert!(refused.text.contains("auth.csrf"), "it is on record: {}", refused.text);
    }
}
