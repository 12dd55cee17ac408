//! The pages of the people who may sign in.

use jeton_testkit::{TestJeton, both_databases};

use crate::{
    browser::Browser,
    pages_clients::{EVIL, Visitor, shown},
};

const LIST: &str = "/settings/users";
const ADD: &str = "/settings/add-user";
const PASSWORD: &str = "another horse battery";

async fn set_up(t: &TestJeton, link: &str) -> Browser {
    let (_, link) = link.split_once("/setup?link=").unwrap();
    let mut browser = Browser::default();
    let answer = browser.set_up(t, link, None, PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    browser
}

both_databases! {
    async fn somebody_is_added_changed_and_removed_on_pages(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        root.see(&t, ADD).await;
        let added = root.post(&t, ADD, &[("name", "ada@example.org"), ("role", "member")]).await;
        assert_eq!(added.status, 200, "{}", added.text);
        let link = shown(&added.text, "new-link");
        let list = root.see(&t, LIST).await;
        assert!(list.contains("not set up yet") && list.contains("(you)") && !list.contains(&link), "{list}");
        let path = "/settings/users/ada%40example.org";
        assert!(list.contains(path), "{list}");
        let mut ada = set_up(&t, &link).await;
        assert!(root.see(&t, path).await.contains("may sign in"));
        let changed = root.post(&t, path, &[("role", "auditor")]).await;
        assert_eq!(changed.header("location"), format!("{path}?done=role"));
        assert_eq!(ada.get(&t, LIST).await.status, 200, "an auditor looks");
        assert!(root.see(&t, &format!("{path}?done=role")).await.contains("The role is changed"));
        assert!(!root.see(&t, &format!("{path}?done=%3Cb%3E")).await.contains("<b>"));
        let out = root.post(&t, path, &[("disabled", "true")]).await;
        assert_eq!(out.header("location"), format!("{path}?done=disabled"));
        assert_eq!(ada.get(&t, LIST).await.status, 303, "signed out");
        let refused = root.post(&t, &format!("{path}/invite"), &[]).await;
        assert!(refused.status == 400 && refused.text.contains("let them in first"), "{}", refused.text);
        assert!(root.see(&t, path).await.contains("Let them in again"));
        assert_eq!(root.post(&t, path, &[("disabled", "false")]).await.status, 303);
        let again = root.post(&t, &format!("{path}/invite"), &[]).await;
        assert_ne!(shown(&again.text, "new-link"), link);
        set_up(&t, &shown(&again.text, "new-link")).await;
        assert!(root.see(&t, &format!("{path}/remove")).await.contains("cannot be undone"));
        let removed = root.post(&t, &format!("{path}/remove"), &[]).await;
        assert_eq!(removed.header("location"), "/settings/users?done=removed");
        assert!(root.see(&t, "/settings/users?done=removed").await.contains("They are removed"));
        assert_eq!(root.get(&t, path).await.status, 404);
    }

    async fn nobody_locks_everybody_out(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        let path = "/settings/users/root";
        for fields in [[("role", "member")], [("disabled", "true")]] {
            let page = root.post(&t, path, &fields).await;
            assert_eq!(page.status, 409, "{}", page.text);
            assert!(page.text.contains("is the last operator") && page.text.contains("Make somebody else an operator first"), "{}", page.text);
        }
        let page = root.post(&t, &format!("{path}/remove"), &[]).await;
        assert!(page.status == 409 && page.text.contains("is the last operator"), "{}", page.text);
        assert!(page.text.contains("This is you"), "{}", page.text);
        let _second = Visitor::come(&t, "second", "operator").await;
        let gone = root.post(&t, path, &[("role", "member")]).await;
        assert_eq!(gone.header("location"), "/profile", "{}", gone.text);
        assert_eq!(root.get(&t, LIST).await.status, 403);
    }

    async fn what_is_no_user_keeps_what_was_typed(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        for (name, role, status, words) in [
            ("root", "member", 409, "already is a user"),
            (EVIL, "auditor", 400, "1 to 100"),
            ("", "member", 400, "1 to 100"),
            ("x", "king", 400, "no role"),
        ] {
            let page = root.post(&t, ADD, &[("name", name), ("role", role)]).await;
            assert_eq!(page.status, status, "{words}: {}", page.text);
            assert!(page.text.to_lowercase().contains(words), "{words}: {}", page.text);
            if role == "auditor" {
                assert!(page.text.contains("value=\"auditor\" required checked"), "{}", page.text);
            }
        }
        assert_eq!(root.post(&t, "/settings/users/root", &[]).await.status, 400);
        assert_eq!(root.post(&t, "/settings/users/root", &[("role", "king")]).await.status, 400);
    }

    async fn only_who_may_sees_and_changes_users(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        let mut auditor = Visitor::come(&t, "aud", "auditor").await;
        let mut member = Visitor::come(&t, "mem", "member").await;
        let one = auditor.see(&t, "/settings/users/mem").await;
        assert!(!one.contains("/invite") && !one.contains("name=\"role\"") && !one.contains("/remove"), "{one}");
        assert_eq!(member.get(&t, LIST).await.status, 403);
        let changing = [ADD, "/settings/users/mem", "/settings/users/mem/invite", "/settings/users/mem/remove"];
        for who in [&mut auditor, &mut member] {
            for path in changing {
                let refused = who.post(&t, path, &[("name", "x"), ("role", "operator")]).await;
                assert_eq!(refused.status, 403, "{path}: {}", refused.text);
            }
        }
        for path in changing {
            assert_eq!(root.post_without_token(&t, path).await.status, 403, "{path}");
        }
        for path in ["/settings/users/none", "/settings/users/none/remove", "/settings/users/%00"] {
            assert_eq!(root.get(&t, path).await.status, 404, "{path}");
        }
        for odd in ["?after=%00", "?after=zzz", "?after=%3Cscript%3E"] {
            root.see(&t, &format!("{LIST}{odd}")).await;
        }
    }
}
