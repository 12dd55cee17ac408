//! The page of runners, as a browser without the script sees it.

use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::both_databases;
use serde_json::json;

use crate::{
    account_world::{Forge, World, text},
    pages_targets::Visitor,
    record_over_http::entries,
};

const EVIL: &str = "acme/\"><script>alert(1)</script>'\u{202e}";

both_databases! {
    async fn a_look_says_what_is_missing_and_makes_nothing(t: TestJeton) {
        let w = World::around(t).await;
        let weak = w.at_github(PersonalTokenSpec::classic(["read:user"])).token;
        w.t.account("weak", w.given(Forge::GitHub, &weak)).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let page = root.get(&w.t, "/runners").await;
        for words in ["aria-current=\"page\">Runners", "Check a repository", "There is none that you may use"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let host = w.host(Forge::GitHub);
        let form = [("forge", host.as_str()), ("what", "repository"), ("path", "acme/tools"), ("source", "")];
        w.calls(Forge::GitHub).reset();
        let page = root.post(&w.t, "/runners/check", &form).await;
        assert_eq!(page.status, 200, "{}", page.text);
        for words in ["It would be refused", "account:weak", "Will not do", "<code>repo</code>", "value=\"acme/tools\"", "the repository acme/tools"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        w.stored(Forge::GitHub, "work").await;
        let page = root.post(&w.t, "/runners/check", &form).await;
        assert!(page.text.contains("Runners can be registered") && page.text.contains("account:work"), "{}", page.text);
        let routes = w.calls(Forge::GitHub).all();
        assert!(routes.keys().all(|route| route.starts_with("GET ")), "{routes:?}");
        assert!(entries(&w.t, "event=runner.").await.is_empty());
    }

    async fn what_cannot_be_looked_at_is_told_beside_what_was_typed(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.stored(Forge::GitHub, "work").await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let host = w.host(Forge::GitHub);
        for (path, source, words) in [
            ("", "", "no repository and no owner"), ("tools", "", "its owner is missing"), (EVIL, "", "&#60;script&#62;"),
            ("acme/tools", "ci", "neither an App nor an account"), ("acme/..", "", "role=\"alert\""),
        ] {
            let form = [("forge", host.as_str()), ("what", "repository"), ("path", path), ("source", source)];
            let page = root.post(&w.t, "/runners/check", &form).await;
            assert_eq!(page.status, 400, "{path}: {}", page.text);
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let leaked = root.post(&w.t, "/runners/check", &[("path", &token)]).await;
        assert!(leaked.text.contains("looks like a token"), "{}", leaked.text);
        let forged = root.browser.post(&w.t, "/runners/check", &[("path", "acme/tools")]).await;
        assert_eq!(forged.status, 403);
        for odd in ["after=x", "after=%00", "done=%3Cscript%3E", "after=0197b2c0-5a4e-7c11-8f00-0123456789ab"] {
            assert_eq!(root.get(&w.t, &format!("/runners?{odd}")).await.status, 200, "{odd}");
        }
        for id in ["x", "0197b2c0-5a4e-7c11-8f00-0123456789ab", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(root.get(&w.t, &format!("/runners/{id}/remove")).await.status, 404, "{id}");
            assert_eq!(root.post(&w.t, &format!("/runners/{id}/remove"), &[]).await.status, 404, "{id}");
        }
    }

    async fn a_kept_runner_is_shown_and_removed(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.at_gitlab(&["api"]).token;
        w.t.account("lab", w.given(Forge::GitLab, &token)).await;
        let ask = json!({"forge": w.host(Forge::GitLab), "repository": "acme/tools", "name": "builder", "labels": ["linux", "<b>"]});
        let made = w.t.post("/v1/runners/registration-token", ask).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let page = root.get(&w.t, "/runners").await;
        for words in ["<bdi>builder</bdi>", "the project acme/tools", "Live", "account:lab", "&#60;b&#62;"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let path = format!("/runners/{}/remove", text(&made.json()["runner"]["id"]));
        assert!(page.text.contains(&path), "{}", page.text);
        let page = root.get(&w.t, &path).await;
        assert!(page.text.contains("Remove the runner <bdi>builder</bdi>?"), "{}", page.text);
        let page = root.follow(&w.t, &path, &[]).await;
        assert!(page.text.contains("The runner was removed") && !page.text.contains("builder"), "{}", page.text);
        assert!(w.gitlab.runners().is_empty());
        assert_eq!(entries(&w.t, "event=runner.removed").await.len(), 1);
    }

    async fn who_may_not_register_runners_sees_none(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "member").await;
        let page = ada.get(&w.t, "/").await;
        assert!(!page.text.contains("href=\"/runners\""), "{}", page.text);
        let page = ada.get(&w.t, "/runners").await;
        assert!(page.status == 403 && page.text.contains("policy.denied"), "{}", page.text);
        w.t.policy(json!({
            "name": "runs", "callers": {"user": "ada"}, "actions": ["runner.register"], "repositories": ["acme/tools"],
        }))
        .await;
        let page = ada.get(&w.t, "/runners").await;
        assert_eq!(page.status, 200, "{}", page.text);
        let host = w.host(Forge::GitHub);
        let page = ada.post(&w.t, "/runners/check", &[("forge", host.as_str()), ("path", "acme/other")]).await;
        assert_eq!(page.status, 403, "{}", page.text);
    }
}
