//! The page on which people add an account, as a browser without the script sees it, and what the script asks for.

use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec};
use jeton_testkit::{Answer, TestJeton, both_databases};
use serde_json::json;

use crate::{
    account_world::{ALL, EMAIL, Forge, World, text},
    browser::{Browser, field, person},
    record_over_http::entries,
};

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "/settings/accounts/new";
const PASTED: &str = "/settings/accounts/pasted";

/// Somebody at the page.
struct Visitor {
    browser: Browser,
    csrf: String,
}

impl Visitor {
    async fn come(t: &TestJeton, name: &str, role: &str) -> Self {
        let mut browser = person(t, name, role, PASSWORD).await;
        let page = browser.get(t, NEW).await;
        assert_eq!(page.status, 200, "{}", page.text);
        Self {
            browser,
            csrf: field(&page.text, "csrf"),
        }
    }

    /// Sends the form by one of its buttons.
    async fn press(&mut self, t: &TestJeton, button: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str()), ("do", button)];
        all.extend_from_slice(fields);
        self.browser.post(t, NEW, &all).await
    }

    async fn paste(&mut self, t: &TestJeton, forge: &str, token: &str) -> Answer {
        let fields = [("csrf", self.csrf.as_str()), ("forge", forge), ("token", token)];
        self.browser.post(t, PASTED, &fields).await
    }
}

/// What people type for a token of a forge.
fn typed<'a>(forge: Forge, url: &'a str, token: &'a str) -> Vec<(&'static str, &'a str)> {
    let mut fields = vec![
        ("forge", forge.word()),
        ("self_hosted", "1"),
        ("base_url", url),
        ("purpose", "read_content"),
        ("repository", "acme/tools"),
        ("token", token),
        ("auto_renew", "1"),
    ];
    if forge == Forge::Bitbucket {
        fields.push(("email", EMAIL));
    }
    fields
}

/// How many entries the record has about accounts and refusals.
async fn told(t: &TestJeton) -> usize {
    let events = entries(t, "").await;
    let counts = |entry: &&serde_json::Value| !text(&entry["event"]).starts_with("record.");
    events.iter().filter(counts).count()
}

/// Lets mia use accounts of her own, and so keep them.
async fn let_mia_in(t: &TestJeton) {
    t.policy(json!({
        "name": "people-use", "callers": {"user": "mia"}, "actions": ["account.use"],
        "repositories": ["acme/*"], "sources": ["account:own/*"],
    }))
    .await;
}

both_databases! {
    async fn a_token_of_each_forge_is_tested_and_saved(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        for forge in ALL {
            let (url, token) = (w.web_url(forge), w.token(forge));
            let fields = typed(forge, &url, &token);
            let tested = ada.press(&w.t, "test", &fields).await;
            assert_eq!(tested.status, 200, "{}", tested.text);
            for words in ["Works", "ada", "What it is good for", "Read files", "Paste the token again", "Nothing is saved yet"] {
                assert!(tested.text.contains(words), "{forge:?}: {words}: {}", tested.text);
            }
            assert!(!tested.text.contains(&token), "{forge:?}");
            assert!(tested.text.contains(&format!("id=\"forge-{}\" value=\"{}\" checked", forge.word(), forge.word())));
            assert!(tested.text.contains(&format!("value=\"{url}\"")), "what was typed stays");
            assert!(w.labels().await.iter().all(|label| label != forge.word()), "nothing is stored");

            let mut named = fields.clone();
            named.extend([("label", forge.word()), ("scope", "shared"), ("note", "by ada"), ("default", "1"), ("serves", "acme, globex\r\n")]);
            let saved = ada.press(&w.t, "save", &named).await;
            assert_eq!(saved.status, 303, "{}", saved.text);
            let account = w.show(forge.word()).await;
            assert_eq!(saved.header("location"), format!("/settings/accounts/{}?done=added", account["id"].as_str().unwrap()));
            assert_eq!((&account["note"], &account["default"], &account["serves"]), (&json!("by ada"), &json!(true), &json!(["acme", "globex"])));
            assert_eq!(account["shared"], true);

            let twice = ada.press(&w.t, "save", &fields).await;
            assert_eq!(twice.status, 400, "{}", twice.text);
            assert!(twice.text.contains("stored already") && twice.text.contains("href=\"#token\""), "{}", twice.text);
            let link = format!("Open <a href=\"/settings/accounts/{}\"><bdi>{}</bdi></a>", account["id"].as_str().unwrap(), forge.word());
            assert!(twice.text.contains(&link), "{}", twice.text);
            assert!(!twice.text.contains(&token));
        }
    }

    async fn a_refused_token_is_not_saved_and_its_owner_reads_why(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let url = w.web_url(Forge::GitHub);
        let made = w.at_github(PersonalTokenSpec::classic(["repo"]));
        assert!(w.t.sim.github().revoke_personal_token(made.id));
        let token = made.token;
        let fields = typed(Forge::GitHub, &url, &token);
        for button in ["test", "save", "untested"] {
            let answer = ada.press(&w.t, button, &fields).await;
            assert_eq!(answer.status, if button == "test" { 200 } else { 422 }, "{button}: {}", answer.text);
            assert!(answer.text.contains("Refused by the forge") && answer.text.contains("class=\"notice bad\""), "{}", answer.text);
            assert!(!answer.text.contains("Save without a test") && !answer.text.contains(&token), "{}", answer.text);
            assert_eq!(answer.text.contains("Nothing was saved"), button != "test");
        }
        assert!(w.labels().await.is_empty());
    }

    async fn without_a_clear_word_it_can_be_saved_untested(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let url = w.web_url(Forge::GitHub);
        let token = w.token(Forge::GitHub);
        w.faults(Forge::GitHub).add(FaultRule::new(FaultKind::BadGateway).on(Forge::GitHub.probe()));
        let mut fields = typed(Forge::GitHub, &url, &token);
        fields.push(("label", "later"));
        let saved = ada.press(&w.t, "save", &fields).await;
        assert!(saved.status >= 500, "{}", saved.text);
        assert!(saved.text.contains("No clear word") && saved.text.contains("value=\"untested\""), "{}", saved.text);
        assert!(saved.text.contains("value=\"later\"") && !saved.text.contains(&token), "{}", saved.text);
        assert!(w.labels().await.is_empty());
        let untested = ada.press(&w.t, "untested", &fields).await;
        assert_eq!(untested.status, 303, "{}", untested.text);
        assert_eq!(w.labels().await, ["later"]);
    }

    async fn what_was_typed_stays_but_for_tokens(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let (url, token) = (w.web_url(Forge::Bitbucket), w.token(Forge::Bitbucket));
        let plain = [("forge", "bitbucket"), ("self_hosted", "1"), ("base_url", url.as_str()), ("token", token.as_str()), ("purpose", "push")];
        let long = "x".repeat(10_000);
        let evil = "<script>alert(1)</script>\"'\u{202e}";
        for (more, place) in [
            (vec![("email", EMAIL), ("label", evil)], "label"),
            (vec![("email", EMAIL), ("label", long.as_str())], "label"),
            (vec![("email", EMAIL), ("label", "test")], "label"),
            (vec![("email", EMAIL), ("note", evil)], "note"),
            (vec![("email", EMAIL), ("note", long.as_str())], "note"),
            (vec![("email", EMAIL), ("serves", "../..")], "serves"),
            (vec![("email", EMAIL), ("repository", "no-repository")], "repository"),
            (vec![("email", EMAIL), ("end", "soon")], "end"),
            (vec![("email", EMAIL), ("end", "2001-01-01")], "end"),
            (vec![("email", EMAIL), ("username", "a b")], "username"),
            (vec![("email", "ada at home")], "email"),
            (vec![], "email"),
        ] {
            let mut fields = plain.to_vec();
            fields.extend_from_slice(&more);
            let answer = ada.press(&w.t, "save", &fields).await;
            assert!((400..500).contains(&answer.status), "{more:?}: {} {}", answer.status, answer.text);
            assert!(answer.text.contains(&format!("href=\"#{place}\"")), "{place}: {}", answer.text);
            let (_, words) = answer.text.split_once(&format!("id=\"{place}-wrong\">")).unwrap();
            assert!(!words.starts_with("</span>"), "{place} says what is wrong");
            assert!(answer.text.contains("role=\"alert\"") && answer.text.contains("value=\"push\" checked"), "{}", answer.text);
            assert!(!answer.text.contains("<script>") && !answer.text.contains(&token));
            assert!(answer.text.contains("Paste the token again"));
        }
        let taken = ["stored", "other"].map(|label| [&plain[..3], &[("email", EMAIL), ("label", label)]].concat());
        let first = [&taken[0][..], &[("token", token.as_str())]].concat();
        assert_eq!(ada.press(&w.t, "save", &first).await.status, 303);
        let other = w.token(Forge::Bitbucket);
        let second = ada.press(&w.t, "save", &[&taken[0][..], &[("token", other.as_str())]].concat()).await;
        assert_eq!(second.status, 409, "{}", second.text);
        assert!(second.text.contains("href=\"#label\"") && second.text.contains("value=\"stored\""), "{}", second.text);

        // A token that lands in another field is not shown there either.
        let stray = w.token(Forge::GitHub);
        for name in ["label", "note", "username", "email", "base_url", "repository", "serves", "end"] {
            let fields = [("forge", "bitbucket"), ("self_hosted", "1"), (name, stray.as_str()), ("token", other.as_str())];
            for button in ["guide", "test", "save"] {
                let answer = ada.press(&w.t, button, &fields).await;
                assert!(!answer.text.contains(&stray) && !answer.text.contains(&other), "{name}, {button}: {}", answer.text);
            }
        }
        let nothing = ada.press(&w.t, "save", &[("forge", "github"), ("token", "  ")]).await;
        assert!(nothing.status == 400 && nothing.text.contains("no token yet"), "{}", nothing.text);
        assert!(!nothing.text.contains("No forge is chosen"), "{}", nothing.text);
        // An untouched form lacks both.
        for button in ["test", "save"] {
            let untouched = ada.press(&w.t, button, &[]).await;
            assert_eq!(untouched.status, 400, "{}", untouched.text);
            for words in ["No forge is chosen", "no token yet", "href=\"#forge\"", "href=\"#token\""] {
                assert!(untouched.text.contains(words), "{button}: {words}: {}", untouched.text);
            }
        }
    }

    async fn a_token_goes_only_to_the_forge_that_the_form_shows(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let (url, token) = (w.web_url(Forge::GitHub), w.token(Forge::GitHub));
        let calls = w.calls(Forge::GitHub).total();
        let empty = [("forge", "github"), ("self_hosted", "1"), ("base_url", "  "), ("token", token.as_str())];
        let unticked = [("forge", "github"), ("base_url", url.as_str()), ("token", token.as_str())];
        for (fields, words) in [(empty.as_slice(), "Type the address of your forge."), (unticked.as_slice(), "is not ticked")] {
            for button in ["test", "save", "untested", ""] {
                let answer = ada.press(&w.t, button, fields).await;
                assert_eq!(answer.status, 400, "{button}: {}", answer.text);
                assert!(answer.text.contains(words) && answer.text.contains("href=\"#base_url\""), "{button}: {}", answer.text);
                let (_, said) = answer.text.split_once("id=\"base_url-wrong\">").unwrap();
                assert!(!said.starts_with("</span>") && !answer.text.contains(&token), "{button}: {}", answer.text);
            }
        }
        assert_eq!(w.calls(Forge::GitHub).total(), calls, "nobody was asked");
        assert!(w.labels().await.is_empty());
    }

    async fn whoever_has_a_forge_of_their_own_gets_its_advice(t: TestJeton) {
        let mut ada = Visitor::come(&t, "ada", "operator").await;
        let csrf = ada.csrf.clone();
        let fields = |own: bool| {
            let mut fields = vec![("csrf", csrf.as_str()), ("forge", "github"), ("token", "octocat")];
            if own {
                fields.push(("self_hosted", "1"));
            }
            fields
        };
        let public = ada.browser.post(&t, PASTED, &fields(false)).await;
        assert!(public.text.contains("https://github.com/settings"), "{}", public.text);
        let own = ada.browser.post(&t, PASTED, &fields(true)).await;
        assert!(own.text.contains("on your own GitHub") && !own.text.contains("github.com"), "{}", own.text);
        let typed = [("forge", "gitlab"), ("self_hosted", "1"), ("base_url", "https://git.example.com"), ("token", "octocat")];
        let tested = ada.press(&t, "test", &typed).await;
        assert!(tested.text.contains("on your own GitLab") && !tested.text.contains("https://gitlab.com/-"), "{}", tested.text);
    }

    async fn a_repository_to_try_it_on_is_asked_for_where_it_would_tell(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let (url, token) = (w.web_url(Forge::GitLab), w.at_gitlab(&["api"]).token);
        let fields = |repository: &'static str| {
            [("forge", "gitlab"), ("self_hosted", "1"), ("base_url", url.as_str()), ("purpose", "push"), ("auto_renew", "1"), ("token", token.as_str()), ("repository", repository)]
        };
        let unsaid = ada.press(&w.t, "test", &fields("")).await;
        assert!(unsaid.text.contains("name one") && unsaid.text.contains("href=\"#repository\""), "{}", unsaid.text);
        assert!(unsaid.text.contains("<details class=\"more\" open>"), "{}", unsaid.text);
        let said = ada.press(&w.t, "test", &fields("acme/tools")).await;
        assert!(!said.text.contains("href=\"#repository\""), "{}", said.text);
    }

    async fn the_steps_follow_the_choices(t: TestJeton) {
        let mut ada = Visitor::come(&t, "ada", "operator").await;
        let bare = ada.browser.get(&t, NEW).await;
        assert!(bare.text.contains("Choose your forge above"), "{}", bare.text);
        let linked = ada.browser.get(&t, &format!("{NEW}?forge=gitlab&purpose=push&label=work&base_url=https%3A%2F%2Fevil.example")).await;
        assert!(linked.text.contains("id=\"forge-gitlab\" value=\"gitlab\" checked"), "{}", linked.text);
        assert!(linked.text.contains("write_repository") && linked.text.contains("https://gitlab.com/-/user_settings/personal_access_tokens?"));
        assert!(linked.text.contains("value=\"work\"") && !linked.text.contains("evil.example"), "no link says where a token goes");
        let odd = ada.browser.get(&t, &format!("{NEW}?forge=%3Cscript%3E&purpose=fly&kind=x&repository=..&label=%22%3E%3Cscript%3E")).await;
        assert!(odd.status == 200 && !odd.text.contains("<script>"), "{}", odd.text);

        let own = [("forge", "gitlab"), ("self_hosted", "1"), ("base_url", "https://git.example.com"), ("purpose", "read_content")];
        let steps = ada.press(&t, "guide", &own).await;
        assert!(steps.text.contains("href=\"https://git.example.com/-/user_settings/personal_access_tokens?"), "{}", steps.text);
        assert!(steps.text.contains("Press the button above") && !steps.text.contains("Open https://"), "{}", steps.text);
        assert!(!steps.text.contains("Paste the token again"), "none was sent");
        let group = [own.as_slice(), &[("kind_gitlab", "gitlab_group"), ("repository", "acme")]].concat();
        assert!(ada.press(&t, "guide", &group).await.text.contains("/groups/acme/-/settings/access_tokens"));
        let later = ada.press(&t, "guide", &[("forge", "github"), ("self_hosted", "1")]).await;
        assert!(later.text.contains("Type the address of your forge"), "{}", later.text);
        let bad = ada.press(&t, "guide", &[("forge", "github"), ("self_hosted", "1"), ("base_url", "javascript:alert(1)")]).await;
        assert!(bad.status == 200 && !bad.text.contains("href=\"javascript"), "{}", bad.text);
    }

    async fn what_is_pasted_is_recognised_and_nobody_is_asked(t: TestJeton) {
        let w = World::around(t).await;
        let mut ada = Visitor::come(&w.t, "ada", "operator").await;
        let token = w.at_github(PersonalTokenSpec::classic(["repo"])).token;
        let calls = w.calls(Forge::GitHub).total();
        let told_before = told(&w.t).await;
        let whole = ada.paste(&w.t, "github", &token).await;
        assert!(whole.text.contains("a GitHub personal access token (classic), and all of it is there"), "{}", whole.text);
        assert!(!whole.text.contains("data-choose"), "{}", whole.text);
        let other = ada.paste(&w.t, "gitlab", &token).await;
        assert!(other.text.contains("data-choose=\"github\"") && other.text.contains("Does not work"), "{}", other.text);
        let damaged = ada.paste(&w.t, "github", &token[..token.len() - 1]).await;
        assert!(damaged.text.contains("damaged") && damaged.text.contains("Does not work"), "{}", damaged.text);
        let sentence = ada.paste(&w.t, "", "<script>alert(1)</script> please").await;
        assert!(sentence.text.contains("Does not work") && !sentence.text.contains("<script>"), "{}", sentence.text);
        for answer in [&whole, &other, &damaged] {
            assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
            assert!(!answer.text.contains(&token[..token.len() - 1]) && !answer.text.contains(&token[8..20]), "{}", answer.text);
        }
        assert_eq!(w.calls(Forge::GitHub).total(), calls);
        assert_eq!(told(&w.t).await, told_before);
    }

    async fn who_may_keep_no_account_gets_no_form(t: TestJeton) {
        for (name, role) in [("eve", "member"), ("otto", "auditor")] {
            let mut browser = person(&t, name, role, PASSWORD).await;
            let page = browser.get(&t, NEW).await;
            assert_eq!(page.status, 403, "{}", page.text);
            let csrf = field(&browser.get(&t, "/profile").await.text, "csrf");
            for path in [NEW, PASTED] {
                let sent = browser.post(&t, path, &[("csrf", &csrf), ("do", "save"), ("token", "x")]).await;
                assert_eq!(sent.status, 403, "{path}: {}", sent.text);
            }
        }
        let mut nobody = Browser::default();
        let page = nobody.get(&t, &format!("{NEW}?forge=gitlab")).await;
        assert_eq!((page.status, page.header("location")), (303, "/sign-in?next=%2Fsettings%2Faccounts%2Fnew%3Fforge%3Dgitlab"));
        let mut ada = Visitor::come(&t, "ada", "operator").await;
        ada.csrf = "A".repeat(43);
        assert_eq!(ada.press(&t, "save", &[("token", "x")]).await.status, 403);
        assert_eq!(ada.paste(&t, "", "x").await.status, 403);
    }

    async fn a_member_keeps_accounts_of_their_own(t: TestJeton) {
        let w = World::around(t).await;
        let_mia_in(&w.t).await;
        let mut mia = Visitor::come(&w.t, "mia", "member").await;
        let page = mia.browser.get(&w.t, NEW).await;
        assert!(page.text.contains("Only you may use it") && !page.text.contains("value=\"shared\""), "{}", page.text);
        let (url, token) = (w.web_url(Forge::GitLab), w.token(Forge::GitLab));
        let fields = typed(Forge::GitLab, &url, &token);
        let forced = mia.press(&w.t, "save", &[&fields[..], &[("scope", "shared")]].concat()).await;
        assert_eq!(forced.status, 403, "{}", forced.text);
        assert_eq!(mia.press(&w.t, "save", &fields).await.status, 303);
    }
}
