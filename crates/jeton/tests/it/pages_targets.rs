//! The targets of an account on its page, as a browser without the script sees them.

use jeton_forge_sim::SecretScope;
use jeton_testkit::{Answer, TestJeton, both_databases};

use crate::{
    account_world::{Forge, World, text},
    browser::{Browser, field, person},
    record_over_http::entries,
};

const PASSWORD: &str = "correct horse battery";
const EVIL: &str = "\"><script>alert(1)</script>'\u{202e}";

/// Somebody who has signed in.
pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    csrf: String,
}

impl Visitor {
    pub(crate) async fn come(t: &TestJeton, name: &str, role: &str) -> Self {
        let mut browser = person(t, name, role, PASSWORD).await;
        let page = browser.get(t, "/profile").await;
        let csrf = field(&page.text, "csrf");
        Self { browser, csrf }
    }

    pub(crate) async fn get(&mut self, t: &TestJeton, path: &str) -> Answer {
        let page = self.browser.get(t, path).await;
        whole(&page);
        page
    }

    pub(crate) async fn post(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let answer = self.browser.post(t, path, &all).await;
        if answer.status != 303 {
            whole(&answer);
        }
        answer
    }

    /// The page that a form leads to.
    pub(crate) async fn follow(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(t, path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        let to = answer.header("location").split('#').next().unwrap().to_owned();
        let page = self.get(t, &to).await;
        assert_eq!(page.status, 200, "{to}: {}", page.text);
        page
    }
}

/// A page in its frame, in which nothing became markup.
fn whole(page: &Answer) {
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.text);
    assert!(page.text.trim_end().ends_with("</html>"), "{}", page.text);
    assert_eq!(page.text.matches("<h1>").count(), 1, "{}", page.text);
    for forbidden in ["<script>", "style=\"", " onclick", "href=\"javascript"] {
        assert!(!page.text.contains(forbidden), "{forbidden}: {}", page.text);
    }
    for secret in ["ghp_", "glpat-", "glrt-", "ATAT"] {
        assert!(!page.text.contains(secret), "{secret}: {}", page.text);
    }
    // What a label or a description names is there, once.
    for id in page
        .text
        .split(" id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
    {
        assert_eq!(
            page.text.matches(&format!(" id=\"{id}\"")).count(),
            1,
            "{id}: {}",
            page.text
        );
    }
}

async fn path_of(w: &World, label: &str) -> String {
    format!("/settings/accounts/{}", text(&w.show(label).await["id"]))
}

fn value(w: &World, name: &str) -> Option<Vec<u8>> {
    w.t.sim
        .github()
        .secret_value(&SecretScope::repository("acme", "tools"), name)
}

both_databases! {
    async fn a_target_is_added_shown_pushed_and_removed(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.stored(Forge::GitHub, "work").await;
        let path = path_of(&w, "work").await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let page = root.get(&w.t, &path).await;
        for words in ["<h2 id=\"targets-title\">Targets</h2>", "This account has no target", "Add a target", "for=\"name\""] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let form = [("forge", ""), ("what", "repository"), ("path", "acme/tools"), ("source", ""), ("environment", ""), ("name", "WORK_TOKEN")];
        let page = root.follow(&w.t, &format!("{path}/targets"), &form).await;
        for words in ["The target is added", "the repository acme/tools", "<code>WORK_TOKEN</code>", "Has the token"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        assert!(!page.text.contains("Push now"), "nothing is behind: {}", page.text);
        assert_eq!(value(&w, "WORK_TOKEN").unwrap(), token.as_bytes());
        assert_eq!(entries(&w.t, "event=target.added").await.len(), 1);

        let twice = root.post(&w.t, &format!("{path}/targets"), &form).await;
        assert_eq!(twice.status, 409, "{}", twice.text);
        assert!(twice.text.contains("value=\"acme/tools\"") && twice.text.contains("role=\"alert\""), "{}", twice.text);

        // A new token: until it is there the page says so.
        let new = w.token(Forge::GitHub);
        let form = [("token", new.as_str()), ("end_old", "on")];
        let page = root.follow(&w.t, &format!("{path}/replace"), &form).await;
        for words in ["The one before ends once every target has the new one", "Push now", "Old tokens", "Waits for its end"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let page = root.follow(&w.t, &format!("{path}/targets/push"), &[]).await;
        assert!(page.text.contains("on its way"), "{}", page.text);
        w.t.worker.run_due().await.unwrap();
        assert_eq!(value(&w, "WORK_TOKEN").unwrap(), new.as_bytes());
        let page = root.get(&w.t, &path).await;
        assert!(page.text.contains("Has the token") && !page.text.contains("Push now"), "{}", page.text);

        let (before, _) = page.text.split_once("/remove\" data-live=\"targets\"").unwrap();
        let target = before.rsplit('/').next().unwrap().to_owned();
        let page = root.follow(&w.t, &format!("{path}/targets/{target}/remove"), &[]).await;
        assert!(page.text.contains("The target is removed") && page.text.contains("has no target"), "{}", page.text);
        assert_eq!(value(&w, "WORK_TOKEN").unwrap(), new.as_bytes(), "the secret stays");
        let gone = root.post(&w.t, &format!("{path}/targets/{target}/remove"), &[]).await;
        assert_eq!(gone.status, 404, "{}", gone.text);
    }

    async fn what_was_typed_stays_and_what_looks_like_a_token_does_not(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.stored(Forge::GitHub, "work").await;
        let path = format!("{}/targets", path_of(&w, "work").await);
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        for (changed, status, words) in [
            (("name", ""), 400, "has no name"),
            (("name", "MY-TOKEN"), 400, "MY_TOKEN"),
            (("path", "tools"), 400, "its owner is missing"),
            (("path", ""), 400, "no repository and no owner"),
            (("path", EVIL), 404, "&lt;script&gt;"),
            (("source", "ci"), 400, "neither an App nor an account"),
            (("environment", "nowhere"), 404, "nowhere"),
            (("forge", "no forge"), 404, "no forge"),
        ] {
            let mut form = vec![("forge", ""), ("what", "repository"), ("path", "acme/tools"), ("source", ""), ("environment", ""), ("name", "A")];
            form.retain(|(name, _)| *name != changed.0);
            form.push(changed);
            let page = root.post(&w.t, &path, &form).await;
            assert_eq!(page.status, status, "{changed:?}: {}", page.text);
            assert!(page.text.contains(words) && page.text.contains("<details open>"), "{changed:?}: {}", page.text);
        }
        let leaked = root.post(&w.t, &path, &[("path", "acme/tools"), ("name", &token)]).await;
        assert!(leaked.text.contains("looks like a token"), "{}", leaked.text);
        assert_eq!(entries(&w.t, "event=target.added").await.len(), 0);
        assert_eq!(value(&w, "A"), None);
    }

    async fn only_who_may_change_the_account_changes_its_targets(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let path = path_of(&w, "work").await;
        w.t.policy(serde_json::json!({"name": "looks", "callers": {"user": "ada"}, "actions": ["account.read"]})).await;
        let mut ada = Visitor::come(&w.t, "ada", "member").await;
        let page = ada.get(&w.t, &path).await;
        assert!(page.status == 200 && !page.text.contains("Add a target"), "{}", page.text);
        let form = [("path", "acme/tools"), ("name", "A")];
        for (to, fields) in [("targets", &form[..]), ("targets/push", &[])] {
            let answer = ada.post(&w.t, &format!("{path}/{to}"), fields).await;
            assert!(matches!(answer.status, 403 | 404), "{to}: {}", answer.text);
        }
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let forged = root.browser.post(&w.t, &format!("{path}/targets"), &form).await;
        assert_eq!(forged.status, 403, "{}", forged.text);
        assert_eq!(value(&w, "A"), None);
        let missing = root.get(&w.t, "/settings/accounts/nobody").await;
        assert_eq!(missing.status, 404);
    }
}
