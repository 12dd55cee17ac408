//! The pages of GitHub Apps: listed, added, checked, removed; who may do what; and what must never be shown.

use jeton_forge_sim::{AppSpec, FaultKind, FaultRule, InstallSpec, SimApp};
use jeton_testkit::{Answer, TestJeton, both_databases};
use serde_json::json;

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";

/// Sends a form of a page with its token.
async fn send(browser: &mut Browser, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = field(&browser.get(t, "/profile").await.text, "csrf");
    browser
        .post(t, path, &[&[("csrf", csrf.as_str())], fields].concat())
        .await
}

/// The fields of an App of the forge.
fn fields<'a>(name: &'a str, id: &'a str, app: &'a SimApp, url: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("name", name),
        ("app_id", id),
        ("private_key", &app.private_key_pkcs1_pem),
        ("api_url", url),
    ]
}

/// Some lines of a key: none of them may stand on a page.
fn shows_the_key(page: &Answer, app: &SimApp) -> bool {
    let mut lines = app.private_key_pkcs1_pem.lines().filter(|line| !line.starts_with('-'));
    lines.any(|line| page.text.contains(line))
}

both_databases! {
    async fn an_app_is_added_checked_and_removed(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let list = root.get(&t, "/apps").await;
        assert_eq!(list.status, 200, "{}", list.text);
        assert!(list.text.contains("Not checked yet") && list.text.contains("href=\"/apps/ci\"") && list.text.contains("href=\"/apps/new\""));
        let form = root.get(&t, "/apps/new").await;
        assert!(form.text.contains("https://github.com/settings/apps/new?webhook_active=false"), "{}", form.text);
        assert!(form.text.contains("name=\"private_key\"") && form.text.contains("autocomplete=\"off\""), "{}", form.text);

        let app = t.sim.github().add_app(AppSpec::new("second"));
        let (id, url) = (app.id.to_string(), t.sim.api_url());
        let added = send(&mut root, &t, "/apps/new", &fields("second", &id, &app, &url)).await;
        assert_eq!((added.status, added.header("location")), (303, "/apps/second?done=added"), "{}", added.text);
        t.sim.calls().reset();
        let page = root.get(&t, "/apps/second?done=added").await;
        assert!(page.text.contains("The App is added") && page.text.contains("The forge was not asked yet"), "{}", page.text);
        assert!(!shows_the_key(&page, &app));
        assert_eq!(t.sim.calls().total(), 0, "looking asks no forge");

        let checked = send(&mut root, &t, "/apps/second/check", &[]).await;
        assert_eq!((checked.status, checked.header("location")), (303, "/apps/second#check"), "{}", checked.text);
        assert!(t.sim.calls().total() > 0);
        t.sim.calls().reset();
        let page = root.get(&t, "/apps/second").await;
        assert!(page.text.contains("Something is missing") && page.text.contains("installed nowhere"), "{}", page.text);
        assert!(page.text.contains("/apps/second/installations/new\" rel=\"noreferrer\""), "where it is installed: {}", page.text);
        assert!(root.get(&t, "/apps").await.text.contains("Something is missing"), "the list remembers");
        assert_eq!(t.sim.calls().total(), 0, "what was said is remembered");

        let confirm = root.get(&t, "/apps/second/remove").await;
        assert!(confirm.text.contains("Nobody holds a token of it now") && !confirm.text.contains("only App"), "{}", confirm.text);
        let removed = send(&mut root, &t, "/apps/second/remove", &[]).await;
        assert_eq!((removed.status, removed.header("location")), (303, "/apps?done=removed"), "{}", removed.text);
        let list = root.get(&t, "/apps?done=removed").await;
        assert!(list.text.contains("The App is removed") && !list.text.contains("href=\"/apps/second\""), "{}", list.text);
        assert_eq!(root.get(&t, "/apps/second").await.status, 404);
        assert_eq!(send(&mut root, &t, "/apps/second/remove", &[]).await.status, 404);
        let record = t.get("/v1/record?event=app.").await;
        assert!(record.text.contains("app.added") && record.text.contains("app.removed") && record.text.contains("root"), "{}", record.text);
    }

    async fn a_check_names_installations_and_what_they_lack(t: TestJeton) {
        t.install("acme", &["a"]);
        t.sim.github().add_repository("beta", "b", true).unwrap();
        t.sim.github().install(t.app.id, "beta", InstallSpec::selected(["b"]).permissions([("metadata", "read")]));
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        t.issue("acme/a").await;
        assert_eq!(send(&mut root, &t, "/apps/ci/check", &[]).await.status, 303);
        let page = root.get(&t, "/apps/ci").await;
        for words in ["<bdi>acme</bdi>", "<bdi>beta</bdi>", "a selection", "<code>contents: read</code>", "does not grant", "forge.permission_not_granted"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let (_, remedy) = page.text.split_once("has to accept the App").unwrap();
        assert!(remedy.split("</p>").next().unwrap().contains("<a href=\"http"), "the page where it is accepted: {remedy}");
        let confirm = root.get(&t, "/apps/ci/remove").await;
        for words in ["One token of it is held now", "/grants?source=app%3Aci", "only App of this server"] {
            assert!(confirm.text.contains(words), "{words}: {}", confirm.text);
        }
        t.policy(json!({
            "name": "names-it", "callers": {"client": "x"}, "actions": ["token.mint"], "repositories": ["acme/*"],
            "permissions": {"contents": "read"}, "sources": ["app:ci"],
        })).await;
        assert!(root.get(&t, "/apps/ci/remove").await.text.contains("names-it"));
    }

    async fn what_was_typed_stays_but_never_the_key(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let (one, two) = (t.sim.github().add_app(AppSpec::new("one")), t.sim.github().add_app(AppSpec::new("two")));
        let (id, url) = (one.id.to_string(), t.sim.api_url());
        let long = "x".repeat(10_000);
        let planted = "\"><script>alert(1)</script>\u{202e}";
        for (name, app_id, api_url, status, wrong) in [
            (planted, id.as_str(), url.as_str(), 422, "name"),
            (&long, &id, &url, 422, "name"),
            ("", &id, &url, 422, "name"),
            ("ci", &id, &url, 409, "name"),
            ("ok", planted, &url, 422, "app_id"),
            ("ok", &id, planted, 422, "api_url"),
        ] {
            let again = send(&mut root, &t, "/apps/new", &fields(name, app_id, &one, api_url)).await;
            assert_eq!(again.status, status, "{wrong}: {}", again.text);
            assert!(again.text.contains("role=\"alert\"") && again.text.contains(&format!("id=\"{wrong}-wrong\"")), "{wrong}: {}", again.text);
            assert!(again.text.contains(&format!("{wrong}-wrong\" aria-invalid=\"true\"")), "{wrong}: {}", again.text);
            assert!(!again.text.contains("<script>") && !shows_the_key(&again, &one), "{wrong}");
            if app_id == id {
                assert!(again.text.contains(&format!("value=\"{id}\"")), "what was typed stays");
            }
        }
        let mut mixed = fields("ok", &id, &two, &url);
        let rejected = send(&mut root, &t, "/apps/new", &mixed).await;
        assert_eq!(rejected.status, 502, "{}", rejected.text);
        assert!(rejected.text.contains("role=\"alert\"") && !rejected.text.contains("name=\"unasked\"") && !shows_the_key(&rejected, &two));
        mixed[2].1 = "not a key";
        let no_key = send(&mut root, &t, "/apps/new", &mixed).await;
        assert!(no_key.status == 422 && no_key.text.contains("id=\"private_key-wrong\"") && !no_key.text.contains("not a key<"), "{}", no_key.text);
        let none = send(&mut root, &t, "/apps/new", &fields("ok", &id, &one, &url)[..2]).await;
        assert_eq!(none.status, 422, "{}", none.text);
        assert_eq!(t.get("/v1/apps").await.json()["apps"].as_array().unwrap().len(), 1, "nothing was kept");
    }

    async fn with_the_forge_down_an_app_is_added_unasked_and_a_check_says_so(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let app = t.sim.github().add_app(AppSpec::new("later"));
        let (id, url) = (app.id.to_string(), t.sim.api_url());
        t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let form = fields("later", &id, &app, &url);
        let unclear = send(&mut root, &t, "/apps/new", &form).await;
        assert!(unclear.status == 503 && unclear.text.contains("name=\"unasked\""), "{}: {}", unclear.status, unclear.text);
        let added = send(&mut root, &t, "/apps/new", &[&form[..], &[("unasked", "yes")]].concat()).await;
        assert_eq!(added.status, 303, "{}", added.text);
        assert_eq!(send(&mut root, &t, "/apps/later/check", &[]).await.status, 303);
        let page = root.get(&t, "/apps/later").await;
        assert!(page.text.contains("No clear word") && page.text.contains("forge.unavailable"), "{}", page.text);
    }

    async fn pages_of_apps_are_for_those_who_may(t: TestJeton) {
        let mut nobody = Browser::default();
        for path in ["/apps", "/apps/new", "/apps/ci", "/apps/ci/remove", "/apps/ci/check"] {
            let answer = nobody.get(&t, path).await;
            assert_eq!((answer.status, answer.header("location")), (303, format!("/sign-in?next={}", path.replace('/', "%2F")).as_str()), "{path}");
        }
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        for path in ["/apps", "/apps/new", "/apps/ci", "/apps/ci/remove"] {
            assert_eq!(ada.get(&t, path).await.status, 403, "{path}");
        }
        let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
        let (list, page) = (eve.get(&t, "/apps").await, eve.get(&t, "/apps/ci").await);
        assert!(list.status == 200 && !list.text.contains("/apps/new"), "{}", list.text);
        assert!(page.status == 200 && !page.text.contains("/remove"), "{}", page.text);
        assert_eq!(send(&mut eve, &t, "/apps/ci/check", &[]).await.status, 303, "to check is to look");
        for path in ["/apps/new", "/apps/ci/remove"] {
            assert_eq!(eve.get(&t, path).await.status, 403, "{path}");
            assert_eq!(send(&mut eve, &t, path, &[("name", "x")]).await.status, 403, "{path}");
        }
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        for path in ["/apps/new", "/apps/ci/check", "/apps/ci/remove"] {
            for csrf in [&[][..], &[("csrf", "AAAA")]] {
                assert_eq!(root.post(&t, path, csrf).await.status, 403, "{path}");
            }
            let foreign = [("sec-fetch-site", "cross-site"), ("content-type", "application/x-www-form-urlencoded")];
            assert_eq!(root.send(&t, "POST", path, &foreign, Some(String::new())).await.status, 403, "{path}");
        }
        assert_eq!(t.get("/v1/apps").await.json()["apps"].as_array().unwrap().len(), 1);
    }

    async fn names_lead_where_they_should(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        for path in ["/apps/none", "/apps/none/remove", "/apps/%00", "/apps/%F0%9F", "/apps/%3Cscript%3E", "/apps/..%2F", "/apps/CI"] {
            let page = root.get(&t, path).await;
            assert_eq!(page.status, 404, "{path}: {}", page.text);
            assert!(!page.text.contains("<script>") && page.text.contains("<nav id=\"menu\""), "in the frame: {path}");
        }
        assert_eq!(send(&mut root, &t, "/apps/none/check", &[]).await.status, 404);
        let hostile = t.sim.github().add_app(AppSpec::new("<script>alert(1)</script>\u{202e}").owner("\"><b>o"));
        assert_eq!(t.add_app("new", &hostile).await.status, 201);
        let list = root.get(&t, "/apps?done=%3Cscript%3E").await;
        assert!(list.text.contains("href=\"/apps/%6Eew\"") && !list.text.contains("role=\"status\""), "{}", list.text);
        assert_eq!(send(&mut root, &t, "/apps/new/check", &[]).await.header("location"), "/apps/%6Eew#check");
        assert_eq!(root.get(&t, "/apps/new/check").await.header("location"), "/apps/%6Eew", "nothing is asked with GET");
        let page = root.get(&t, "/apps/%6Eew").await;
        assert!(page.text.contains("&#60;script&#62;") || page.text.contains("&lt;script&gt;"), "{}", page.text);
        assert!(!page.text.contains("<script>") && !page.text.contains("<b>o"), "{}", page.text);
    }
}
