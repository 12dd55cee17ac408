//! The pages of clients, as a browser without the script sees them.

use jeton_testkit::{Answer, TestJeton, both_databases};
use serde_json::json;

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";
const LIST: &str = "/settings/clients";
const ADD: &str = "/settings/add-client";
/// What a page must show as text.
pub(crate) const EVIL: &str = "\"><script>alert(1)</script>'\u{202e}";

/// Somebody who has signed in.
pub(crate) struct Visitor {
    browser: Browser,
    csrf: String,
}

impl Visitor {
    pub(crate) async fn come(t: &TestJeton, name: &str, role: &str) -> Self {
        let mut browser = person(t, name, role, PASSWORD).await;
        let page = browser.get(t, "/profile").await;
        assert_eq!(page.status, 200, "{}", page.text);
        Self {
            browser,
            csrf: field(&page.text, "csrf"),
        }
    }

    pub(crate) async fn get(&mut self, t: &TestJeton, path: &str) -> Answer {
        let page = self.browser.get(t, path).await;
        whole(&page);
        page
    }

    pub(crate) async fn see(&mut self, t: &TestJeton, path: &str) -> String {
        let page = self.get(t, path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        page.text
    }

    pub(crate) async fn post(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let answer = self.browser.post(t, path, &all).await;
        whole(&answer);
        answer
    }

    /// Without the token of the forms.
    pub(crate) async fn post_without_token(&mut self, t: &TestJeton, path: &str) -> Answer {
        self.browser.post(t, path, &[]).await
    }
}

/// What holds for every page: it is one, and what others chose is text in it.
fn whole(page: &Answer) {
    if page.status == 303 {
        return;
    }
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.text);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.text.matches("<h1").count(), 1, "{}", page.text);
    assert!(
        !page.text.contains("<script>") && !page.text.contains(" style=\""),
        "{}",
        page.text
    );
    let mut ids: Vec<&str> = page
        .text
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice: {}", page.text);
    for target in ["aria-describedby", "aria-labelledby"] {
        for named in page.text.split(&format!("{target}=\"")).skip(1) {
            for id in named.split('"').next().unwrap().split(' ') {
                assert!(ids.contains(&id), "{target}={id}: {}", page.text);
            }
        }
    }
}

/// What stands in the element of an id.
pub(crate) fn shown(html: &str, id: &str) -> String {
    let (_, rest) = html
        .split_once(&format!(" id=\"{id}\">"))
        .unwrap_or_else(|| panic!("{id}: {html}"));
    rest.split('<').next().unwrap().to_owned()
}

both_databases! {
    async fn a_client_is_added_rotated_and_revoked_on_pages(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        assert!(root.see(&t, LIST).await.contains("There is no client yet"));
        root.see(&t, ADD).await;
        let fields = [("name", "ci"), ("description", EVIL), ("networks", "127.0.0.0/8\r\n::1"), ("ends", "2099-01-31")];
        let added = root.post(&t, ADD, &fields).await;
        assert_eq!(added.status, 200, "{}", added.text);
        let key = shown(&added.text, "new-key");
        assert!(key.starts_with("jtn_") && added.text.contains("the only time"), "{}", added.text);
        assert_eq!(t.get_as(&key, "/v1/whoami").await.json()["name"], "client:ci");
        let list = root.see(&t, LIST).await;
        assert!(list.contains("href=\"/settings/clients/ci\"") && list.contains("127.0.0.0/8, ::1/128"), "{list}");
        assert!(list.contains("2099-01-31 00:00 UTC") && !list.contains(&key), "{list}");
        let one = root.see(&t, "/settings/clients/ci").await;
        assert!(one.contains("in force") && one.contains("/grants?holder=client%3A") && !one.contains(&key), "{one}");
        let rotated = root.post(&t, "/settings/clients/ci/rotate", &[("overlap", "3600")]).await;
        let new = shown(&rotated.text, "new-key");
        assert!(rotated.text.contains("works on until"), "{}", rotated.text);
        for key in [&key, &new] {
            assert_eq!(t.get_as(key, "/v1/whoami").await.status, 200);
        }
        assert!(root.see(&t, "/settings/clients/ci").await.contains("being replaced"));
        let third = root.post(&t, "/settings/clients/ci/rotate", &[("overlap", "604800")]).await;
        assert_eq!(third.status, 409, "{}", third.text);
        assert!(third.text.contains("two live keys") && third.text.contains("value=\"604800\" selected"), "{}", third.text);
        let at_once = root.post(&t, "/settings/clients/ci/rotate", &[("overlap", "0")]).await;
        assert!(at_once.text.contains("has ended"), "{}", at_once.text);
        assert_eq!(t.get_as(&new, "/v1/whoami").await.status, 401);
        for bad in ["", "-1", "x", "99999999999999"] {
            assert_eq!(root.post(&t, "/settings/clients/ci/rotate", &[("overlap", bad)]).await.status, 400, "{bad}");
        }
        let confirm = root.see(&t, "/settings/clients/ci/revoke").await;
        assert!(confirm.contains("Nothing: it has no live grant"), "{confirm}");
        let revoked = root.post(&t, "/settings/clients/ci/revoke", &[]).await;
        assert_eq!((revoked.status, revoked.header("location")), (303, "/settings/clients?done=revoked"), "there was nothing to end");
        let done = root.see(&t, revoked.header("location")).await;
        assert!(done.contains("The client was revoked") && !done.contains("Grants ended") && !done.contains("switched off"), "{done}");
        assert_eq!(t.get_as(&shown(&at_once.text, "new-key"), "/v1/whoami").await.status, 401);
        assert_eq!(root.get(&t, "/settings/clients/ci").await.status, 404);
        assert!(!root.see(&t, LIST).await.contains("<bdi>ci</bdi>"));
        let all = root.see(&t, "/settings/clients?revoked=1").await;
        assert!(all.contains("<bdi>ci</bdi>") && all.contains("revoked") && !all.contains("/settings/clients/ci\""), "{all}");
    }

    async fn what_a_client_holds_is_told_before_it_is_revoked(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await.status, 201);
        let mut root = Visitor::come(&t, "root", "operator").await;
        let confirm = root.see(&t, "/settings/clients/ci/revoke").await;
        assert!(confirm.contains("1 live grant.") && confirm.contains("<bdi>acme/a</bdi>"), "{confirm}");
        assert!(confirm.contains("name=\"grants\""), "{confirm}");
        let revoked = root.post(&t, "/settings/clients/ci/revoke", &[]).await;
        let done = root.see(&t, revoked.header("location")).await;
        assert!(done.contains("lives on until it ends") && done.contains("What it still holds") && !done.contains("Grants ended"), "{done}");
        let again = root.see(&t, "/settings/clients/ci/revoke").await;
        assert!(again.contains("was revoked") && again.contains("1 live grant."), "{again}");
        let ended = root.post(&t, "/settings/clients/ci/revoke", &[("grants", "on")]).await;
        let done = root.see(&t, ended.header("location")).await;
        assert!(done.contains("Grants ended: 1.") && !done.contains("What it still holds"), "{done}");
        for odd in ["ended=%3Cscript%3E", "ended=-1", "holds=x", "ended=0"] {
            let page = root.see(&t, &format!("{LIST}?done=revoked&{odd}")).await;
            assert!(!page.contains("Grants ended") && !page.contains("still holds"), "{odd}: {page}");
        }
        assert_eq!(t.get("/v1/grants?live=true").await.json()["grants"], json!([]));
    }

    async fn what_is_no_client_keeps_what_was_typed(t: TestJeton) {
        let mut root = Visitor::come(&t, "root", "operator").await;
        t.client("ci").await;
        let long = "x".repeat(10_000);
        for (fields, status, words, wrong) in [
            ([("name", "ci"), ("networks", ""), ("ends", "")], 409, "already is a client", "name"),
            ([("name", EVIL), ("networks", ""), ("ends", "")], 400, "1 to 64", "name"),
            ([("name", &long), ("networks", ""), ("ends", "")], 400, "1 to 64", "name"),
            ([("name", "x"), ("networks", "10.0.0.0/33"), ("ends", "")], 400, "10.0.0.0/33", "networks"),
            ([("name", "x"), ("networks", ""), ("ends", "2001-01-01")], 400, "past", "ends"),
            ([("name", "x"), ("networks", ""), ("ends", "soon")], 400, "soon", "ends"),
        ] {
            let page = root.post(&t, ADD, &fields).await;
            assert_eq!(page.status, status, "{words}: {}", page.text);
            assert!(page.text.contains(words) && page.text.contains("role=\"alert\""), "{words}: {}", page.text);
            let (_, told) = page.text.split_once("role=\"alert\"").unwrap();
            let told = told.split("</div>").next().unwrap();
            assert_eq!(told.contains("10.0.0.0/8"), wrong == "networks", "only what helps: {told}");
            assert_eq!(told.contains("still to come"), wrong == "ends", "only what helps: {told}");
            let (_, control) = page.text.split_once(&format!(" id=\"{wrong}\" ")).unwrap();
            assert!(control.split('>').next().unwrap().contains("aria-invalid"), "{wrong}: {}", page.text);
            if fields[0].1 != EVIL {
                assert!(page.text.contains(&format!("value=\"{}\"", fields[0].1)), "{words}");
            }
        }
    }

    async fn only_who_may_sees_and_changes_clients(t: TestJeton) {
        t.client("ci").await;
        let mut auditor = Visitor::come(&t, "aud", "auditor").await;
        let one = auditor.see(&t, "/settings/clients/ci").await;
        assert!(!one.contains("/rotate") && !one.contains("/revoke") && !auditor.see(&t, LIST).await.contains(ADD), "{one}");
        let mut member = Visitor::come(&t, "mem", "member").await;
        for path in [LIST, "/settings/clients/ci"] {
            assert_eq!(member.get(&t, path).await.status, 403, "{path}");
        }
        let mut nobody = Browser::default();
        assert_eq!(nobody.get(&t, LIST).await.header("location"), "/sign-in?next=%2Fsettings%2Fclients");
        for who in [&mut auditor, &mut member] {
            for path in [ADD, "/settings/clients/ci/revoke"] {
                assert_eq!(who.get(&t, path).await.status, 403, "{path}");
            }
            for path in [ADD, "/settings/clients/ci/revoke", "/settings/clients/ci/rotate"] {
                let refused = who.post(&t, path, &[("name", "x"), ("overlap", "0"), ("grants", "on")]).await;
                assert_eq!(refused.status, 403, "{path}: {}", refused.text);
            }
        }
        let mut root = Visitor::come(&t, "root", "operator").await;
        for path in [ADD, "/settings/clients/ci/revoke", "/settings/clients/ci/rotate"] {
            assert_eq!(root.post_without_token(&t, path).await.status, 403, "{path}");
        }
        assert_eq!(t.get("/v1/clients").await.json()["clients"].as_array().unwrap().len(), 1, "nothing happened");
        for path in ["/settings/clients/none", "/settings/clients/none/revoke", "/settings/clients/%3Cscript%3E", "/settings/clients/%FF"] {
            assert_eq!(root.get(&t, path).await.status, 404, "{path}");
        }
    }

    async fn clients_are_paged_and_odd_places_begin_anew(t: TestJeton) {
        for number in 0..51 {
            t.client(&format!("c{number:02}")).await;
        }
        let mut root = Visitor::come(&t, "root", "operator").await;
        let first = root.see(&t, LIST).await;
        assert!(first.contains("<bdi>c49</bdi>") && !first.contains("<bdi>c50</bdi>") && !first.contains("First page"));
        let (_, next) = first.split_once("rel=\"next\" href=\"").unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let second = root.see(&t, &next).await;
        assert!(second.contains("<bdi>c50</bdi>") && !second.contains("<bdi>c49</bdi>") && second.contains("First page"), "{second}");
        for odd in ["after=x", "after=%00", "after=c49%2F", "after=%FF&revoked=%FF", "x=y"] {
            assert!(root.see(&t, &format!("{LIST}?{odd}")).await.contains("<bdi>c00</bdi>"), "{odd}");
        }
    }
}
