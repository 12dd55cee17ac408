//! The pages of provider accounts, as a browser without the script sees them.

use jeton_accounts::read_environment;
use jeton_domain::{Clock as _, Secret};
use jeton_forge_sim::{FaultKind, FaultRule, GitLabTokenSpec, PersonalTokenSpec};
use jeton_testkit::{Answer, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    account_world::{ALL, Forge, World, text, with},
    browser::{Browser, field, person},
    record_over_http::entries,
};

const PASSWORD: &str = "correct horse battery";
const LIST: &str = "/settings/accounts";
const EVIL: &str = "\"><script>alert(1)</script>'\u{202e}";

/// Somebody who has signed in.
struct Visitor {
    browser: Browser,
    csrf: String,
}

impl Visitor {
    async fn come(t: &TestJeton, name: &str, role: &str) -> Self {
        let mut browser = person(t, name, role, PASSWORD).await;
        let page = browser.get(t, "/profile").await;
        assert_eq!(page.status, 200, "{}", page.text);
        Self {
            browser,
            csrf: field(&page.text, "csrf"),
        }
    }

    async fn get(&mut self, t: &TestJeton, path: &str) -> Answer {
        let page = self.browser.get(t, path).await;
        whole(&page);
        page
    }

    async fn post(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend_from_slice(fields);
        let answer = self.browser.post(t, path, &all).await;
        if answer.status != 303 {
            whole(&answer);
        }
        answer
    }

    /// The page that a form leads to.
    async fn follow(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(t, path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        let to = answer.header("location").to_owned();
        let page = self.get(t, &to).await;
        assert_eq!(page.status, 200, "{to}: {}", page.text);
        page
    }
}

/// A page in its frame, in which nothing became markup.
fn whole(page: &Answer) {
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.text);
    assert!(
        page.text.contains("<main id=\"content\"") && page.text.trim_end().ends_with("</html>"),
        "{}",
        page.text
    );
    assert_eq!(page.text.matches("<h1>").count(), 1, "{}", page.text);
    for forbidden in ["<script>", "style=\"", " onclick", "href=\"javascript"] {
        assert!(!page.text.contains(forbidden), "{forbidden}: {}", page.text);
    }
    for secret in ["ghp_", "glpat-", "ATAT"] {
        assert!(!page.text.contains(secret), "{secret}: {}", page.text);
    }
}

fn rows(page: &Answer) -> usize {
    page.text.matches("<th scope=\"row\">").count()
}

async fn path_of(w: &World, label: &str) -> String {
    format!("{LIST}/{}", text(&w.show(label).await["id"]))
}

/// What the form of the account holds as it is, to be sent with changes.
async fn edit(w: &World, root: &mut Visitor, path: &str, changes: &[(&str, &str)]) -> Answer {
    let form = root.get(&w.t, &format!("{path}/edit")).await;
    let as_of = field(&form.text, "as_of");
    let label = form
        .text
        .split("id=\"label\" name=\"label\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let mut fields = vec![("as_of", as_of.as_str()), ("label", label.as_str())];
    fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    fields.extend_from_slice(changes);
    root.post(&w.t, &format!("{path}/edit"), &fields).await
}

both_databases! {
    async fn the_list_is_searched_narrowed_and_paged(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let empty = root.get(&w.t, LIST).await;
        assert!(empty.text.contains("no account yet") && empty.text.contains("href=\"/settings/accounts/new\""), "{}", empty.text);
        for forge in ALL {
            w.stored(forge, forge.word()).await;
        }
        for number in 0..50 {
            let token = w.token(Forge::GitHub);
            w.t.account(&format!("many-{number:02}"), w.given(Forge::GitHub, &token)).await;
        }
        assert_eq!(w.change("gitlab", json!({"note": "for the 100% board"})).await.status, 200);
        assert_eq!(w.change("many-00", json!({"active": false})).await.status, 200);

        let first = root.get(&w.t, LIST).await;
        assert_eq!(rows(&first), 50, "{}", first.text);
        assert!(first.text.contains("53 accounts, showing 50"), "{}", first.text);
        let next = first.text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
        let second = root.get(&w.t, &next).await;
        assert_eq!(rows(&second), 3, "{}", second.text);
        assert!(second.text.contains("First page") && !second.text.contains("Next page"));

        for (query, count) in [
            ("forge=gitlab", 1), ("forge=bitbucket&q=ADA", 1), ("q=100%25", 1), ("q=100_", 0), ("state=off", 1), ("state=works&forge=github", 50),
            ("state=refused", 0), ("whose=private", 0), ("whose=shared&q=many-1", 10), ("state=ended", 0),
            ("forge=svn", 50), ("state=odd&whose=odd", 50), ("after=nonsense", 50), ("after=a%2Fb", 50), ("after=%00&q=", 50),
        ] {
            let page = root.get(&w.t, &format!("{LIST}?{query}")).await;
            assert_eq!((page.status, rows(&page)), (200, count), "{query}: {}", page.text);
            if count == 0 {
                assert!(page.text.contains("No account is like that") && page.text.contains("Show all accounts"), "{query}");
            }
        }
        let odd = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", EVIL).finish();
        let page = root.get(&w.t, &format!("{LIST}?{odd}")).await;
        assert!(page.text.contains("alert(1)"), "what was searched for stands in the field: {}", page.text);
        let long = "x".repeat(6_000);
        assert_eq!(root.get(&w.t, &format!("{LIST}?q={long}&host={long}")).await.status, 200);

        let page = root.get(&w.t, &format!("{LIST}?q=gitlab")).await;
        assert!(page.text.contains("<time datetime=") && page.text.contains(" UTC"), "its end, near and exact: {}", page.text);
    }

    async fn one_account_shows_what_is_known_and_is_tested(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        for forge in ALL {
            let label = forge.word();
            w.stored(forge, label).await;
            let path = path_of(&w, label).await;
            let page = root.get(&w.t, &path).await;
            for part in [label, "ada", "Works", &format!("account:{label}"), "Test connection", "everything that its token reaches", "GET /"] {
                assert!(page.text.contains(part), "{part}: {}", page.text);
            }
            assert_eq!(page.text.contains("Renew now"), forge == Forge::GitLab);
            assert!(root.get(&w.t, &format!("{LIST}/{label}")).await.text.contains("Works"), "by its label, too");

            let fields = [("purpose", "read_content"), ("purpose", "nonsense"), ("repository", "acme/tools")];
            let tested = root.follow(&w.t, &format!("{path}/test"), &fields).await;
            assert!(tested.text.contains("The forge was asked.") && tested.text.contains("value=\"acme/tools\""), "{}", tested.text);
            assert!(tested.text.contains("value=\"read_content\" checked") && !tested.text.contains("value=\"push\" checked"));
            let wrong = root.post(&w.t, &format!("{path}/test"), &[("purpose", "push"), ("repository", "no <b>repository")]).await;
            assert_eq!(wrong.status, 400, "{}", wrong.text);
            assert!(!wrong.text.contains("<b>"), "{}", wrong.text);
            assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("value=\"push\" checked"), "{}", wrong.text);
            let standing = wrong.text.split("id=\"standing\"").nth(1).unwrap();
            assert!(standing.contains("role=\"alert\""), "what is renewed in place says it");

            w.faults(forge).add(FaultRule::new(FaultKind::BadGateway).times(9));
            let down = root.follow(&w.t, &format!("{path}/test"), &[]).await;
            assert!(down.text.contains("No clear word") && down.text.contains("Works"), "{}", down.text);
            w.faults(forge).clear();
            for form in ["test", "default", "active", "rotate", "repositories"] {
                let answer = root.browser.get(&w.t, &format!("{path}/{form}")).await;
                assert_eq!((answer.status, answer.header("location")), (303, path.as_str()), "{form}");
            }
        }
        for absent in ["none", "0197b2c0-5a4e-7c11-8f00-0123456789ab", "%00", "a%2Fb", "%3Cscript%3E", &"x".repeat(5_000)] {
            for page in ["", "/edit", "/replace", "/remove"] {
                let answer = root.get(&w.t, &format!("{LIST}/{absent}{page}")).await;
                assert_eq!(answer.status, 404, "{absent}{page}: {}", answer.text);
                assert!(answer.text.contains("Look for it in the list") && answer.text.contains("Sign out"), "{}", answer.text);
            }
            assert_eq!(root.post(&w.t, &format!("{LIST}/{absent}/test"), &[]).await.status, 404);
        }
    }

    async fn what_somebody_may_not_do_is_not_offered(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitLab, "shared").await;
        let shared = path_of(&w, "shared").await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let mut auditor = Visitor::come(&w.t, "au", "auditor").await;
        let mut stranger = Visitor::come(&w.t, "eve", "member").await;
        w.t.policy(json!({
            "name": "ada-uses", "callers": {"user": "ada"}, "actions": ["account.use"],
            "repositories": ["acme/*"], "sources": ["account:own/*"],
        })).await;
        let mut ada = Visitor::come(&w.t, "ada", "member").await;
        let body = with(w.given(Forge::GitHub, &w.token(Forge::GitHub)), &json!({"label": "mine"})).to_string();
        let csrf = ada.csrf.clone();
        let headers = [("content-type", "application/json"), ("sec-fetch-site", "same-origin"), ("x-csrf-token", csrf.as_str())];
        let added = ada.browser.send(&w.t, "POST", "/v1/accounts", &headers, Some(body)).await;
        assert_eq!(added.status, 201, "{}", added.text);
        let mine = format!("{LIST}/{}", text(&added.json()["account"]["id"]));

        let page = auditor.get(&w.t, &shared).await;
        let offers = ["Test connection", ">Edit<", "Replace token</a>", "Renew now", "Switch off", ">Remove<", "Make default"];
        for offer in offers {
            assert!(!page.text.contains(offer), "{offer}: {}", page.text);
            assert!(root.get(&w.t, &shared).await.text.contains(offer), "{offer}");
        }
        assert_eq!(auditor.get(&w.t, &format!("{shared}/remove")).await.status, 200);
        for page in ["edit", "replace"] {
            let sent = auditor.browser.get(&w.t, &format!("{shared}/{page}")).await;
            assert_eq!((sent.status, sent.header("location")), (303, shared.as_str()), "{page} is for those who may");
        }
        let as_of = field(&root.get(&w.t, &format!("{shared}/edit")).await.text, "as_of");
        for (form, fields) in [
            ("test", vec![]), ("default", vec![("on", "yes")]), ("active", vec![("on", "no")]), ("rotate", vec![]), ("repositories", vec![]),
            ("edit", vec![("as_of", as_of.as_str()), ("label", "other")]), ("edit", vec![("as_of", "before"), ("label", "other")]),
            ("replace", vec![("token", "x")]), ("replace", vec![]), ("remove", vec![("force", "yes")]),
        ] {
            let path = format!("{shared}/{form}");
            let answer = auditor.post(&w.t, &path, &fields).await;
            assert_eq!(answer.status, 403, "{form}: {}", answer.text);
            let status = stranger.post(&w.t, &path, &fields).await.status;
            assert!(status == 403 || status == 404, "{form}: is none of their business: {status}");
            let bare = root.browser.post(&w.t, &path, &fields).await;
            assert_eq!(bare.status, 403, "{form} without the form's token");
        }
        assert_eq!(w.show("shared").await["active"], true);
        // The form that was of another state, and the one without a token, are refused for the right reason, and on record.
        let refusals = entries(&w.t, "event=access.refused&actor=user:au").await;
        let on_record = refusals.iter().filter(|entry| entry["details"]["action"] == "account.manage").count();
        assert!(on_record > 0, "{refusals:?}");

        let list = stranger.get(&w.t, LIST).await;
        assert!(list.status == 403 && list.text.contains("may not do") && !list.text.contains("/settings/accounts"), "{}", list.text);
        assert_eq!(stranger.get(&w.t, &mine).await.status, 403, "as over HTTP");
        assert_eq!(rows(&ada.get(&w.t, LIST).await), 1);
        let page = ada.get(&w.t, &mine).await;
        assert!(page.text.contains("your own") && page.text.contains("Test connection") && page.text.contains(">Edit<"), "{}", page.text);
        assert!(!ada.get(&w.t, &format!("{mine}/edit")).await.text.contains("name=\"shared\""), "they may not share");

        // An operator may end what is somebody's own, and nothing else.
        let page = root.get(&w.t, &mine).await;
        assert!(page.text.contains("Switch off") && page.text.contains(">Remove<"), "{}", page.text);
        assert!(!page.text.contains("Test connection") && !page.text.contains(">Edit<") && !page.text.contains("Make default"), "{}", page.text);
        assert_eq!(root.post(&w.t, &format!("{mine}/test"), &[]).await.status, 403);
        let off = root.follow(&w.t, &format!("{mine}/active"), &[("on", "no")]).await;
        assert!(off.text.contains("Switched off") && !off.text.contains("Switch on"), "{}", off.text);
        let gone = root.follow(&w.t, &format!("{mine}/remove"), &[]).await;
        assert!(gone.text.contains("The account was removed"), "{}", gone.text);
        assert_eq!(Browser::default().get(&w.t, &shared).await.header("location"), format!("/sign-in?next={}", shared.replace('/', "%2F")));
    }

    async fn an_account_is_changed(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        w.stored(Forge::GitLab, "work").await;
        w.stored(Forge::GitHub, "other").await;
        let path = path_of(&w, "work").await;
        let done = edit(&w, &mut root, &path, &[("label", "board"), ("note", " for the board "), ("serves", "acme/tools\r\nacme"), ("shared", "yes")]).await;
        assert_eq!((done.status, done.header("location")), (303, format!("{path}?done=saved").as_str()), "{}", done.text);
        let now = w.show("board").await;
        assert_eq!((&now["note"], &now["serves"], &now["auto_rotate"]), (&json!("for the board"), &json!(["acme", "acme/tools"]), &json!(false)));
        assert!(root.get(&w.t, &format!("{path}?done=saved")).await.text.contains("The change is saved"));
        assert!(!root.get(&w.t, &format!("{path}?done={}", "%3Cscript%3E")).await.text.contains("role=\"status\""));

        for (wrong, status, named) in [
            (vec![("label", "other"), ("note", "kept")], 409, "label"),
            (vec![("label", "NOT a label"), ("note", "kept")], 400, "label"),
            (vec![("note", EVIL)], 400, "note"),
            (vec![("note", "kept"), ("serves", "acme tools ..")], 400, "serves"),
            (vec![("note", "kept"), ("email", "nobody")], 400, "email"),
            (vec![("note", "kept"), ("username", "a:b")], 400, "username"),
        ] {
            let again = edit(&w, &mut root, &path, &wrong).await;
            assert_eq!(again.status, status, "{wrong:?}: {}", again.text);
            assert!(again.text.contains("role=\"alert\""), "{}", again.text);
            let control = again.text.split(&format!("id=\"{named}\"")).nth(1).unwrap().split('>').next().unwrap();
            assert!(control.contains("aria-invalid=\"true\"") && control.contains(" problem\""), "{named}: {control}");
            assert!(again.text.contains("value=\"kept\"") || named == "note", "{}", again.text);
        }
        let long = "n".repeat(10_000);
        let again = edit(&w, &mut root, &path, &[("note", &long)]).await;
        assert!(again.status == 400 && again.text.contains(&long), "{}", again.status);
        assert_eq!(w.show("board").await["note"], "for the board");

        // Somebody else changes it while the form is open.
        let form = root.get(&w.t, &format!("{path}/edit")).await;
        let as_of = field(&form.text, "as_of");
        w.t.clock.advance(SignedDuration::from_secs(5));
        assert_eq!(w.change("board", json!({"note": "theirs"})).await.status, 200);
        let fields = [("as_of", as_of.as_str()), ("label", "board"), ("note", "mine"), ("serves", "acme, acme/tools"), ("shared", "yes")];
        let met = root.post(&w.t, &format!("{path}/edit"), &fields).await;
        assert_eq!(met.status, 409, "{}", met.text);
        assert!(met.text.contains("value=\"mine\"") && met.text.contains("Now it is <bdi>theirs</bdi>"), "{}", met.text);
        assert_eq!(w.show("board").await["note"], "theirs");
        let as_of = field(&met.text, "as_of");
        let fields = [("as_of", as_of.as_str()), ("label", "board"), ("note", "mine"), ("serves", "acme, acme/tools"), ("shared", "yes")];
        assert_eq!(root.post(&w.t, &format!("{path}/edit"), &fields).await.status, 303);
        assert_eq!(w.show("board").await["note"], "mine");

        for (form, on, words) in [
            ("default", "yes", "is the default on its forge"), ("default", "no", "not the default on its forge"), ("active", "no", "switched off"), ("active", "yes", "switched on"),
        ] {
            let page = root.follow(&w.t, &format!("{path}/{form}"), &[("on", on)]).await;
            assert!(page.text.contains(words), "{form} {on}: {}", page.text);
        }
        // What an address claims is said only where it is so.
        let path_with = |word: &str| format!("{path}?done={word}");
        for (word, words) in [("off", "is switched off"), ("default", "is the default on its forge"), ("removed", "was removed")] {
            assert!(!root.get(&w.t, &path_with(word)).await.text.contains(words), "{word}");
        }
        assert!(root.get(&w.t, &path_with("saved")).await.text.contains("The change is saved"));
        w.t.clock.advance(SignedDuration::from_secs(61));
        for (word, words) in [("saved", "The change is saved"), ("renewed", "The token was renewed"), ("replaced", "The new token is in"), ("tested", "The forge was asked.")] {
            assert!(!root.get(&w.t, &path_with(word)).await.text.contains(words), "{word}");
        }
        // The forge tells no end of a Bitbucket token, so that somebody notes it.
        w.stored(Forge::Bitbucket, "bb").await;
        let path = path_of(&w, "bb").await;
        let email = [("email", crate::account_world::EMAIL), ("shared", "yes")];
        for bad in ["soon", "2001-01-01"] {
            let wrong = edit(&w, &mut root, &path, &[email[0], email[1], ("expires_at", bad)]).await;
            assert_eq!(wrong.status, 400, "{bad}: {}", wrong.text);
        }
        let day = (w.t.clock.now() + SignedDuration::from_hours(240)).strftime("%Y-%m-%d").to_string();
        assert_eq!(edit(&w, &mut root, &path, &[email[0], email[1], ("expires_at", &day)]).await.status, 303);
        let page = root.get(&w.t, &path).await;
        assert!(page.text.contains("as noted by hand") && page.text.contains("Ends soon"), "{}", page.text);
        assert!(root.get(&w.t, &format!("{LIST}?state=ending")).await.text.contains("bb"));
        let page = root.follow(&w.t, &format!("{path}/active"), &[("on", "no")]).await;
        assert!(page.text.contains("switched off") && !page.text.contains("Ends soon"), "{}", page.text);
    }

    async fn a_token_is_replaced(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        w.stored(Forge::GitHub, "work").await;
        let path = format!("{}/replace", path_of(&w, "work").await);
        let form = root.get(&w.t, &path).await;
        assert!(form.text.contains("type=\"password\"") && form.text.contains("<ol>") && form.text.contains("rel=\"noreferrer\""), "{}", form.text);
        assert!(!form.text.contains("name=\"other_identity\"") && !form.text.contains("name=\"untested\""));
        let before = w.show("work").await["fingerprint"].clone();

        for (token, status) in [("", 400), ("not a token at all", 422)] {
            let again = root.post(&w.t, &path, &[("token", token), ("username", "typed")]).await;
            assert_eq!(again.status, status, "{token}: {}", again.text);
            assert!(again.text.contains("role=\"alert\"") && (token.is_empty() || !again.text.contains(token)), "{}", again.text);
        }
        let github = w.t.sim.github();
        github.add_user("eve");
        let hers = github.add_personal_token("eve", PersonalTokenSpec::classic(["repo"])).token;
        let other = root.post(&w.t, &path, &[("token", &hers)]).await;
        assert_eq!(other.status, 409, "{}", other.text);
        assert!(other.text.contains("name=\"other_identity\"") && other.text.contains("eve") && !other.text.contains(&hers), "{}", other.text);

        let dead = w.at_github(PersonalTokenSpec::classic(["repo"]));
        w.faults(Forge::GitHub).add(FaultRule::new(FaultKind::BadGateway));
        let unclear = root.post(&w.t, &path, &[("token", &dead.token), ("expires_at", "2999-01-01")]).await;
        assert!((400..=504).contains(&unclear.status), "{}", unclear.text);
        w.faults(Forge::GitHub).clear();
        w.faults(Forge::GitHub).add(FaultRule::new(FaultKind::BadGateway));
        let unclear = root.post(&w.t, &path, &[("token", &dead.token)]).await;
        assert!((502..=504).contains(&unclear.status), "{}: {}", unclear.status, unclear.text);
        assert!(unclear.text.contains("name=\"untested\"") && unclear.text.contains("No clear word"), "{}", unclear.text);
        w.faults(Forge::GitHub).clear();
        assert_eq!(w.show("work").await["fingerprint"], before, "the old one stays");

        let fine = w.token(Forge::GitHub);
        let page = root.follow(&w.t, &path, &[("token", &fine)]).await;
        assert!(page.text.contains("The new token is in"), "{}", page.text);
        assert_ne!(w.show("work").await["fingerprint"], before);
        let page = root.follow(&w.t, &path, &[("token", &hers), ("other_identity", "on")]).await;
        assert!(page.text.contains("eve"), "{}", page.text);
    }

    async fn a_weaker_token_is_put_in_with_a_warning(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let wide = w.at_github(PersonalTokenSpec::classic(["repo", "read:org"])).token;
        w.t.account("work", w.given(Forge::GitHub, &wide)).await;
        let path = format!("{}/replace", path_of(&w, "work").await);
        let weaker = w.at_github(PersonalTokenSpec::classic(["public_repo"])).token;
        let page = root.post(&w.t, &path, &[("token", &weaker)]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("The new token is in") && page.text.contains("class=\"notice warn\""), "{}", page.text);
        let (_, lacks) = page.text.split_once("The new token lacks ").unwrap();
        let (lacks, _) = lacks.split_once(", which the one before had.").unwrap();
        assert!(lacks.contains("<code>repo</code>") && lacks.contains("<code>read:org</code>"), "{lacks}");
        assert!(!page.text.contains(&weaker));
        // A wider scope holds a narrower one.
        let wider = w.at_github(PersonalTokenSpec::classic(["repo"])).token;
        let page = root.follow(&w.t, &path, &[("token", &wider)]).await;
        assert!(page.text.contains("The new token is in") && !page.text.contains("The new token lacks"), "{}", page.text);
        // Programs are told as well.
        let body = json!({"token": weaker});
        let answer = w.t.post("/v1/accounts/work/rotate", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.text.contains("The new token lacks `repo`"), "{}", answer.text);
    }

    async fn an_account_in_use_is_removed_only_after_that_was_shown(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        w.stored(Forge::GitHub, "work").await;
        let key = w.t.client("ci").await;
        w.t.policy(json!({
            "name": "ci-uses", "callers": {"client": "ci"}, "actions": ["account.use"], "repositories": ["acme/*"], "sources": ["account:work"],
        })).await;
        let handed = w.t.post_as(&key, "/v1/tokens", json!({"account": "work", "repositories": ["acme/tools"]})).await;
        assert_eq!(handed.status, 201, "{}", handed.text);
        let path = path_of(&w, "work").await;
        let page = root.get(&w.t, &path).await;
        assert!(page.text.contains("client:ci") && page.text.contains("/grants?source=account%3Awork"), "{}", page.text);
        let page = root.get(&w.t, &format!("{path}/remove")).await;
        assert!(page.text.contains("client:ci") && page.text.contains("ci-uses") && !page.text.contains("name=\"force\""), "{}", page.text);
        assert!(page.text.contains(&format!("action=\"{path}/active\"")) && page.text.contains("Switch it off instead"), "{}", page.text);
        let refused = root.post(&w.t, &format!("{path}/remove"), &[]).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("all the same") && refused.text.contains("<code>ci-uses</code>"), "{}", refused.text);
        assert_eq!(field(&refused.text, "force"), "yes");
        let list = root.follow(&w.t, &format!("{path}/remove"), &[("force", "yes")]).await;
        assert!(list.text.contains("The account was removed") && list.text.contains("no account yet"), "{}", list.text);
        assert_eq!(root.post(&w.t, &format!("{path}/remove"), &[("force", "yes")]).await.status, 404, "twice");
        let told = entries(&w.t, "").await;
        assert_eq!(told.iter().filter(|entry| entry["event"] == "account.removed").count(), 1);
    }

    async fn a_token_is_renewed_by_a_button(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let token = w.at_gitlab(&["api", "self_rotate"]);
        w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
        let path = path_of(&w, "work").await;
        let before = w.show("work").await["fingerprint"].clone();
        let page = root.follow(&w.t, &format!("{path}/rotate"), &[]).await;
        assert!(page.text.contains("The token was renewed") && page.text.contains("user:root"), "{}", page.text);
        assert!(page.text.contains(text(&before)) && w.show("work").await["fingerprint"] != before, "{}", page.text);
        // Where the forge cannot, the account's own page says why.
        w.stored(Forge::GitHub, "hub").await;
        let hub = path_of(&w, "hub").await;
        let refused = root.post(&w.t, &format!("{hub}/rotate"), &[]).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert!(refused.text.contains("GitHub has no way to renew") && refused.text.contains("Test connection"), "{}", refused.text);
    }

    async fn the_forge_is_asked_what_a_token_reaches(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        for number in 0..60 {
            w.t.sim.github().add_repository("acme", &format!("r{number:02}"), true).unwrap();
        }
        w.stored(Forge::GitHub, "work").await;
        let path = format!("{}/repositories", path_of(&w, "work").await);
        let first = root.post(&w.t, &path, &[]).await;
        assert_eq!((first.status, rows(&first)), (200, 50), "{}", first.text);
        assert!(first.text.contains("id=\"repositories\"") && first.text.contains("Next page"), "{}", first.text);
        let next = field(&first.text, "page");
        let second = root.post(&w.t, &path, &[("page", &next)]).await;
        assert_eq!(rows(&second), 11, "{}", second.text);
        assert!(second.text.contains("First page") && !second.text.contains("Next page"));
        for odd in [EVIL, "javascript:alert(1)", "https://evil.example/", &"x".repeat(5_000)] {
            let answer = root.post(&w.t, &path, &[("page", odd)]).await;
            assert!((400..=502).contains(&answer.status) && answer.status != 500, "{odd}: {} {}", answer.status, answer.text);
        }
        w.faults(Forge::GitHub).add(FaultRule::new(FaultKind::BadGateway));
        let down = root.post(&w.t, &path, &[]).await;
        assert!((502..=504).contains(&down.status) && down.text.contains("Ask the forge again"), "{}", down.text);
    }

    async fn tokens_of_the_environment_are_shown_and_imported(t: TestJeton) {
        let mut w = World::around(t).await;
        let good = w.token(Forge::GitHub);
        let dead = w.at_gitlab(&["read_api"]);
        let variables = [
            ("GH_ENTERPRISE_TOKEN", good.clone()), ("GH_HOST", w.web_url(Forge::GitHub)),
            ("GITLAB_TOKEN", dead.token.clone()), ("GITLAB_HOST", w.web_url(Forge::GitLab)),
        ];
        let get = |name: &str| variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| Secret::new(value.clone()));
        w.t.options.environment = read_environment(&get).accounts;
        w.t = w.t.restart().await;
        w.gitlab.revoke_token(dead.id).unwrap();
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let mut auditor = Visitor::come(&w.t, "au", "auditor").await;
        let list = root.get(&w.t, LIST).await;
        assert!(rows(&list) == 2 && list.text.contains("Import from the server"), "{}", list.text);
        assert!(!auditor.get(&w.t, LIST).await.text.contains("Import from the server"));
        assert_eq!(auditor.post(&w.t, "/settings/accounts/import", &[]).await.status, 403);
        let path = path_of(&w, "gh-enterprise-token").await;
        let page = root.get(&w.t, &path).await;
        assert!(page.text.contains("<code>GH_ENTERPRISE_TOKEN</code>") && page.text.contains("Store it as an account"), "{}", page.text);
        assert!(!page.text.contains(">Edit<") && !page.text.contains(">Remove<") && page.text.contains("Test connection"));
        for form in ["edit", "replace", "remove"] {
            assert_eq!(root.browser.get(&w.t, &format!("{path}/{form}")).await.header("location"), path, "{form}");
        }
        assert_eq!(root.post(&w.t, &format!("{path}/remove"), &[]).await.status, 409);
        assert!(root.follow(&w.t, &format!("{path}/test"), &[]).await.text.contains("Works"));

        let imported = root.post(&w.t, "/settings/accounts/import", &[]).await;
        assert_eq!(imported.status, 200, "{}", imported.text);
        let (stored, others) = imported.text.split_once("Not stored").unwrap();
        assert!(stored.contains("gh-enterprise-token") && others.contains("<code>GITLAB_TOKEN</code>"), "{}", imported.text);
        let again = root.post(&w.t, "/settings/accounts/import", &[("variable", "GH_ENTERPRISE_TOKEN"), ("variable", EVIL)]).await;
        assert!(again.text.contains("stored already") && again.text.contains("no usable token"), "{}", again.text);
        assert_eq!(root.browser.get(&w.t, "/settings/accounts/import").await.header("location"), LIST);
    }

    async fn a_forges_names_become_no_markup(t: TestJeton) {
        let w = World::around(t).await;
        let mut root = Visitor::come(&w.t, "root", "operator").await;
        let spec = GitLabTokenSpec::personal(w.at_gitlab).scopes(["read_api"]);
        let token = w.gitlab.add_token(&spec).unwrap();
        let given = with(w.given(Forge::GitLab, &token.token), &json!({"label": "work", "note": "<b>bold</b> & \"quoted\"", "username": "<i>ada</i>"}));
        w.t.account("work", given).await;
        let path = path_of(&w, "work").await;
        for page in [LIST.to_owned(), path.clone(), format!("{path}/edit"), format!("{path}/replace"), format!("{path}/remove")] {
            let page = root.get(&w.t, &page).await;
            assert!(!page.text.contains("<b>") && !page.text.contains("<i>"), "{}", page.text);
        }
        assert!(root.get(&w.t, &path).await.text.contains("&#60;b&#62;bold"), "it stands there as it was written");
    }
}
