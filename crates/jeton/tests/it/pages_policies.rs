//! The pages of policies: shown, written, and explained.

use jeton_domain::Clock as _;
use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::json;

use crate::pages_clients::{EVIL, Visitor};

const LIST: &str = "/settings/policies";
const ADD: &str = "/settings/add-policy";
const EXPLAIN: &str = "/settings/policies/explain";

fn policy(name: &str, repositories: &str) -> String {
    format!(
        "[[policy]]\r\nname = \"{name}\"\r\ncallers.client = \"ci\"\r\nactions = [\"token.mint\"]\r\nrepositories = [\"{repositories}\"]\r\npermissions.contents = \"read\"\r\n"
    )
}

both_databases! {
    async fn a_policy_is_written_changed_and_removed_on_pages(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        let ask = || t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]}));
        let mut root = Visitor::come(&t, "root", "operator").await;
        let list = root.see(&t, LIST).await;
        assert!(list.contains("<bdi>builtin:operator</bdi>") && list.contains("There is none"), "{list}");
        assert!(list.contains("<bdi>everything</bdi>") && list.contains(" actions</summary>"), "{list}");
        assert!(root.see(&t, ADD).await.contains("[[policy]]"));
        let name = "ci:reads/a";
        let added = root.post(&t, ADD, &[("policy", &policy(name, "acme/a"))]).await;
        assert_eq!(added.header("location"), "/settings/policies?done=added", "{}", added.text);
        assert_eq!(ask().await.status, 201);
        let path = "/settings/policies/ci%3Areads%2Fa";
        let list = root.see(&t, "/settings/policies?done=added").await;
        assert!(list.contains("The policy is added") && list.contains(path) && list.contains("client ci"), "{list}");
        let one = root.see(&t, path).await;
        assert!(one.contains("callers.client = &#34;ci&#34;") && one.contains("As JSON") && one.contains("/edit"), "{one}");
        let form = root.see(&t, &format!("{path}/edit")).await;
        assert!(form.contains("name = &#34;ci:reads/a&#34;"), "{form}");
        let renamed = root.post(&t, &format!("{path}/edit"), &[("policy", &policy("other", "acme/a"))]).await;
        assert!(renamed.status == 400 && renamed.text.contains("not renamed"), "{}", renamed.text);
        let changed = root.post(&t, &format!("{path}/edit"), &[("policy", &policy(name, "acme/b"))]).await;
        assert_eq!(changed.header("location"), "/settings/policies?done=changed", "{}", changed.text);
        assert_eq!(ask().await.code(), "policy.denied");
        let json = json!({"name": name, "callers": {"client": "ci"}, "actions": "token.mint", "repositories": "acme/*",
            "permissions": {"contents": "read"}});
        assert_eq!(root.post(&t, &format!("{path}/edit"), &[("policy", &json.to_string())]).await.status, 303);
        assert_eq!(ask().await.status, 201);
        assert!(root.see(&t, &format!("{path}/remove")).await.contains("acme/*"));
        assert_eq!(root.post(&t, &format!("{path}/remove"), &[]).await.header("location"), "/settings/policies?done=removed");
        assert_eq!(ask().await.code(), "policy.denied");
        for path in [path.to_owned(), format!("{path}/edit"), format!("{path}/remove")] {
            assert_eq!(root.get(&t, &path).await.status, 404, "{path}");
        }
        for built_in in ["/settings/policies/builtin%3Aoperator/edit", "/settings/policies/builtin%3Aoperator/remove"] {
            assert_eq!(root.get(&t, built_in).await.status, 409, "{built_in}");
        }
    }

    async fn what_is_wrong_with_a_policy_has_its_place_and_what_was_typed_stays(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        assert_eq!(root.post(&t, ADD, &[("policy", &policy("there", "acme/a"))]).await.status, 303);
        let good = policy("new", "acme/a");
        for (text, status, words) in [
            (good.replace("actions", "acshuns"), 400, "Line 4:"),
            (good.replace("token.mint", "token.fly"), 400, "Line 4:"),
            (good.replace("acme/a", "acme/**/x"), 400, "Line 5:"),
            (good.replace("\"new\"", "\"New\""), 400, "a-z"),
            (good.replace("\"new\"", "\"explain\""), 400, "o policy can be named"),
            (good.replace("\"new\"", "\"there\""), 409, "already is a policy"),
            (format!("{good}{}", policy("two", "acme/b")), 400, "2 policies"),
            ("{\"name\": 7}".to_owned(), 400, "Line 1:"),
            ("[[policy".to_owned(), 400, "Line 1:"),
            (EVIL.to_owned(), 400, "Line 1:"),
            ("x".repeat(10_000), 400, "Line 1:"),
        ] {
            let page = root.post(&t, ADD, &[("policy", &text)]).await;
            assert_eq!(page.status, status, "{words}: {}", page.text);
            assert!(page.text.contains(words) && page.text.contains("role=\"alert\""), "{words}: {}", page.text);
            assert!(page.text.contains("aria-invalid=\"true\""), "{}", page.text);
            if !text.contains('"') {
                assert!(page.text.contains(&text), "{words}");
            }
        }
        assert_eq!(root.post(&t, ADD, &[]).await.status, 400, "nothing at all");
    }

    async fn a_request_is_explained(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        assert_eq!(root.post(&t, ADD, &[("policy", &policy("ci", "acme/web-*"))]).await.status, 303);
        let empty = root.see(&t, EXPLAIN).await;
        assert!(!empty.contains("Policies, the nearest first") && empty.contains("value=\"me\" checked"), "{empty}");
        let linked = root.see(&t, &format!("{EXPLAIN}?caller=client:ci&action=token.mint&repository=acme/tools&permissions=contents=read")).await;
        assert!(linked.contains("No policy allows it.") && linked.contains("<code>acme/web-*</code>"), "{linked}");
        assert!(linked.contains("value=\"client\" checked") && linked.contains(">acme/tools</textarea>"), "{linked}");
        let fields = [("kind", "client"), ("client", "ci"), ("action", "token.mint"), ("repositories", "acme/web-1"), ("forge", "github.com")];
        let allowed = root.post(&t, EXPLAIN, &fields).await;
        assert!(allowed.text.contains("The policy <code>ci</code> allows it.") && allowed.text.contains("contents: read"), "{}", allowed.text);
        let me = root.post(&t, EXPLAIN, &[("kind", "me"), ("action", "client.manage")]).await;
        assert!(me.text.contains("builtin:operator</code> allows it") && me.text.contains("<bdi>user:root</bdi>"), "{}", me.text);
        let token = [("kind", "token"), ("issuer", "actions"), ("claims", "{\"a\": {\"b\": 1}}"), ("action", "app.read")];
        assert!(root.post(&t, EXPLAIN, &token).await.text.contains("jwt:actions:"));
        for (fields, words) in [
            (vec![("kind", "client"), ("client", EVIL), ("action", "app.read")], "1 to 64"),
            (vec![("kind", "client"), ("client", "ci")], "choose what"),
            (vec![("kind", "king"), ("action", "app.read")], "exactly one"),
            (vec![("kind", "unix"), ("action", "app.read")], "which user"),
            (vec![("kind", "unix"), ("uid", "x"), ("action", "app.read")], "whole number"),
            (vec![("kind", "token"), ("issuer", "a"), ("claims", "eyJ"), ("action", "app.read")], "no json object"),
            (vec![("kind", "me"), ("action", "app.read"), ("permissions", "contents")], "contents"),
            (vec![("kind", "me"), ("action", "app.read"), ("time", "soon")], "no time"),
            (vec![("kind", "me"), ("action", "app.read"), ("address", "here")], "ip address"),
        ] {
            let page = root.post(&t, EXPLAIN, &fields).await;
            assert_eq!(page.status, 400, "{words}: {}", page.text);
            assert!(page.text.to_lowercase().contains(words), "{words}: {}", page.text);
        }
    }

    async fn a_refusal_of_the_record_is_explained(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        let asked = json!({"repositories": ["acme/a"], "permissions": {"contents": "write"}});
        assert_eq!(t.post_as(&key, "/v1/tokens", asked).await.code(), "policy.denied");
        let mut root = Visitor::come(&t, "root", "operator").await;
        let record = root.see(&t, "/record?event=refusals").await;
        let (_, entry) = record.split_once("/settings/policies/explain?entry=").unwrap();
        let entry = entry.split('"').next().unwrap();
        let page = root.see(&t, &format!("{EXPLAIN}?entry={entry}")).await;
        assert!(page.contains("No policy allows it.") && page.contains("<bdi>client:ci</bdi>"), "{page}");
        assert!(page.contains("value=\"contents=write\"") && page.contains(">acme/a</textarea>"), "{page}");
        // About the moment of the refusal, by the policies of now; and a condition reads that moment.
        assert!(page.contains("The policies of today were asked about <time"), "{page}");
        let then = t.clock.now().strftime("%Y-%m-%dT%H:%M").to_string();
        let hour = t.clock.now() + SignedDuration::from_mins(30);
        t.clock.advance(SignedDuration::from_mins(60));
        let until = format!("{}condition = \"request.time < timestamp('{hour}')\"\r\n", policy("ci", "acme/a").replace("read", "write"));
        let added = root.post(&t, ADD, &[("policy", &until)]).await;
        assert_eq!(added.status, 303, "{}", added.text);
        let page = root.see(&t, &format!("{EXPLAIN}?entry={entry}")).await;
        assert!(page.contains("The policy <code>ci</code> allows it.") && page.contains(&format!("value=\"{then}")), "{page}");
        for odd in ["0", "999999999", "18446744073709551615", "x"] {
            assert!(!root.see(&t, &format!("{EXPLAIN}?entry={odd}")).await.contains("nearest first"), "{odd}");
        }
    }

    async fn only_who_may_sees_and_changes_policies(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        assert_eq!(root.post(&t, ADD, &[("policy", &policy("ci", "acme/*"))]).await.status, 303);
        let mut auditor = Visitor::come(&t, "aud", "auditor").await;
        let mut member = Visitor::come(&t, "mem", "member").await;
        assert!(!auditor.see(&t, LIST).await.contains(ADD) && !auditor.see(&t, "/settings/policies/ci").await.contains("/edit"));
        auditor.see(&t, EXPLAIN).await;
        for path in [LIST, "/settings/policies/ci", EXPLAIN] {
            assert_eq!(member.get(&t, path).await.status, 403, "{path}");
        }
        let changing = [ADD, "/settings/policies/ci/edit", "/settings/policies/ci/remove"];
        let text = policy("ci", "acme/b");
        for who in [&mut auditor, &mut member] {
            for path in changing {
                assert_eq!(who.get(&t, path).await.status, 403, "{path}");
                assert_eq!(who.post(&t, path, &[("policy", &text)]).await.status, 403, "{path}");
            }
        }
        for path in [ADD, "/settings/policies/ci/edit", "/settings/policies/ci/remove", EXPLAIN] {
            assert_eq!(root.post_without_token(&t, path).await.status, 403, "{path}");
        }
        assert!(root.see(&t, "/settings/policies/ci").await.contains("acme/*"), "nothing happened");
        for (query, there) in [("?action=token.mint&search=ACME", true), ("?action=app.read&search=acme", false), ("?search=%3Cscript%3E", false), ("?from=x", true), ("?from=99999999999999999999", true), ("?from=5000", false)] {
            let page = root.see(&t, &format!("{LIST}{query}")).await;
            assert_eq!(page.contains("<bdi>ci</bdi>"), there, "{query}");
        }
    }
}
