//! Every way in which a forge refuses a token, as a person reads it: code, cause, remedy and page, in `account_diagnoses.txt`.
//! `JETON_REGENERATE=1` writes that file anew.

use std::{fmt::Write as _, path::PathBuf};

use jeton_domain::Code;
use jeton_forge_sim::{
    AccessLevel, BitbucketTokenSpec, GitLabTokenSpec, LoginLockout, PersonalTokenSpec, RepoRole, SamlSso, Visibility,
};
use jeton_testkit::{Answer, DatabaseKind, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::account_world::{EMAIL, Forge, World, text, with};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A case: what happens, the code that it must be told as, the words that the person needs, and what came out.
struct Row {
    title: &'static str,
    code: &'static str,
    names: Vec<String>,
    found: Value,
}

#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    /// A test of a token; the finding of this code must be among those of the answer.
    fn check(&mut self, title: &'static str, code: &'static str, names: &[&str], answer: &Answer) {
        assert_eq!(answer.status, 200, "{title}: {}", answer.text);
        let body = answer.json();
        let all = body["check"]["diagnoses"].as_array().into_iter().flatten();
        let online = all.chain(body["findings"].as_array().into_iter().flatten());
        let found = online.clone().find(|one| one["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{title}: no {code} in {body:#}"));
        self.row(title, code, names, found.clone());
    }

    fn row(&mut self, title: &'static str, code: &'static str, names: &[&str], found: Value) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.0.push(Row {
            title,
            code,
            names,
            found,
        });
    }
}

/// Asks for a test on `acme/tools`, for reading, pushing and runners.
async fn on_tools(w: &World, given: Value) -> Answer {
    let more = json!({"purposes": ["read_content", "push", "register_runners"], "repository": "acme/tools"});
    w.t.post("/v1/accounts/test", with(given, &more)).await
}

async fn fresh() -> World {
    World::around(TestJeton::start(DatabaseKind::Sqlite).await).await
}

fn classic() -> PersonalTokenSpec {
    PersonalTokenSpec::classic(["repo"])
}

fn fine() -> PersonalTokenSpec {
    PersonalTokenSpec::fine_grained("acme", [("contents", "read")])
}

async fn github(table: &mut Table) {
    let w = fresh().await;
    let github = w.t.sim.github();
    let given = |token: &str| w.given(Forge::GitHub, token);
    let revoked = w.at_github(classic());
    github.revoke_personal_token(revoked.id);
    let answer = on_tools(&w, given(&revoked.token)).await;
    table.check("GitHub: wrong, expired or revoked, which it does not tell apart", "credential.invalid", &["classic"], &answer);

    let soon = w.at_github(fine().expires_in(2 * DAY));
    w.t.account("soon", given(&soon.token)).await;
    w.t.clock.advance(3 * DAY);
    let checked = w.test("soon").await;
    table.row(
        "GitHub: expired, and its end was known",
        "credential.expired",
        &["2026-11-04"],
        checked["check"]["diagnoses"][0].clone(),
    );

    let nothing = w.at_github(PersonalTokenSpec::classic(["public_repo"]));
    let answer = on_tools(&w, given(&nothing.token)).await;
    table.check("GitHub: private repository, classic token without `repo`", "credential.not_visible", &["acme/tools", "repo"], &answer);
    w.t.sim.github().add_repository("acme", "other", true).unwrap();
    let selected = w.at_github(fine().selected(["other"]));
    let answer = on_tools(&w, given(&selected.token)).await;
    table.check("GitHub: fine-grained token whose selection leaves the repository out", "credential.not_visible", &["acme/tools"], &answer);

    let fine_token = w.at_github(fine());
    let answer = on_tools(&w, given(&fine_token.token)).await;
    table.check("GitHub: fine-grained token without the permission", "credential.insufficient_scope", &["acme", "dministration"], &answer);
    let org = w.at_github(PersonalTokenSpec::classic(["public_repo"]));
    github.add_repository("acme", "open", false).unwrap();
    let more = json!({"purposes": ["register_runners"], "repository": "acme/open"});
    let answer = w.t.post("/v1/accounts/test", with(given(&org.token), &more)).await;
    table.check("GitHub: classic token without the scope, public repository", "credential.insufficient_scope", &["repo"], &answer);

    github.add_user("bob");
    github.add_collaborator("acme", "tools", "bob", RepoRole::Read).unwrap();
    let small = github.add_personal_token("bob", classic());
    let answer = on_tools(&w, given(&small.token)).await;
    table.check("GitHub: the owner's role is too small", "credential.insufficient_role", &["acme/tools", "bob"], &answer);

    let token = w.at_github(classic());
    github.change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    let answer = on_tools(&w, given(&token.token)).await;
    table.check("GitHub: single sign-on not authorised, with its link", "credential.sso_required", &["acme"], &answer);
    github.change_org_policy("acme", |policy| policy.saml_sso = SamlSso::RequiredAndHidden);
    let answer = w.t.post("/v1/accounts/test", given(&token.token)).await;
    table.check("GitHub: single sign-on, lists with parts left out", "credential.sso_required", &[], &answer);
    let answer = on_tools(&w, given(&token.token)).await;
    table.check("GitHub: single sign-on, the repository hidden", "credential.not_visible", &["acme/tools", "single sign-on"], &answer);
    github.change_org_policy("acme", |policy| {
        policy.saml_sso = SamlSso::Off;
        policy.ip_allow_list = Some(Vec::new());
    });
    let answer = on_tools(&w, given(&token.token)).await;
    table.check("GitHub: the address is not on the allow list", "credential.ip_not_allowed", &["acme"], &answer);
    github.change_org_policy("acme", |policy| {
        policy.ip_allow_list = None;
        policy.forbid_classic = true;
    });
    let answer = on_tools(&w, given(&token.token)).await;
    table.check("GitHub: classic tokens forbidden", "credential.classic_forbidden", &["acme", "fine-grained"], &answer);
    github.change_org_policy("acme", |policy| {
        policy.forbid_classic = false;
        policy.max_fine_grained_days = Some(366);
    });
    let forever = w.at_github(fine().expires_in(400 * DAY));
    let answer = on_tools(&w, given(&forever.token)).await;
    table.check("GitHub: fine-grained token that lives too long", "credential.lifetime_over_policy", &["acme", "366"], &answer);
    github.change_org_policy("acme", |policy| {
        policy.max_fine_grained_days = None;
        policy.approve_fine_grained = true;
    });
    let pending = w.at_github(fine());
    let answer = on_tools(&w, given(&pending.token)).await;
    table.check("GitHub: fine-grained token that waits for approval", "credential.not_approved", &["acme"], &answer);

    github.set_login_lockout(Some(LoginLockout {
        after: 1,
        lasts: SignedDuration::from_mins(15),
    }));
    on_tools(&w, given(&revoked.token)).await;
    let answer = on_tools(&w, given(&token.token)).await;
    table.check("GitHub: locked out after many bad tries", "credential.locked_out", &[], &answer);
}

async fn gitlab(table: &mut Table) {
    let w = fresh().await;
    let given = |token: &str| w.given(Forge::GitLab, token);
    let spec = || GitLabTokenSpec::personal(w.at_gitlab);
    let add = |spec: GitLabTokenSpec| w.gitlab.add_token(&spec).unwrap();

    // Well-formed, and of no world of this GitLab's.
    let elsewhere = fresh().await;
    elsewhere.gitlab.add_user("somebody").unwrap();
    elsewhere.token(Forge::GitLab);
    let unknown = elsewhere.at_gitlab(&["api"]).token;
    let answer = on_tools(&w, given(&unknown)).await;
    table.check("GitLab: unknown", "credential.invalid", &[&w.host(Forge::GitLab)], &answer);
    let expired = add(spec());
    w.gitlab.expire_token(expired.id).unwrap();
    table.check("GitLab: expired", "credential.expired", &[], &on_tools(&w, given(&expired.token)).await);
    let revoked = add(spec());
    w.gitlab.revoke_token(revoked.id).unwrap();
    table.check("GitLab: revoked", "credential.revoked", &[], &on_tools(&w, given(&revoked.token)).await);
    let impersonation = add(GitLabTokenSpec::impersonation(w.at_gitlab));
    w.gitlab.allow_impersonation(false);
    let answer = on_tools(&w, given(&impersonation.token)).await;
    table.check("GitLab: impersonation is off", "credential.invalid", &["mpersonation"], &answer);
    w.gitlab.require_dpop(true);
    let personal = add(spec());
    let answer = on_tools(&w, given(&personal.token)).await;
    table.check("GitLab: proof of possession demanded", "credential.proof_required", &["DPoP"], &answer);
    w.gitlab.require_dpop(false);
    let reads = add(spec().scopes(["read_repository"]));
    let answer = on_tools(&w, given(&reads.token)).await;
    table.check("GitLab: scope too small", "credential.insufficient_scope", &["write_repository"], &answer);
    let bob = w.gitlab.add_user("bob").unwrap();
    w.gitlab.add_member(w.project, bob, AccessLevel::Reporter).unwrap();
    let small = add(GitLabTokenSpec::personal(bob));
    let answer = on_tools(&w, given(&small.token)).await;
    table.check("GitLab: role too small", "credential.insufficient_role", &["Developer", "acme/tools"], &answer);
    let eve = w.gitlab.add_user("eve").unwrap();
    w.gitlab.add_project("secret/plan", Visibility::Private).unwrap();
    let outside = add(GitLabTokenSpec::personal(eve));
    let answer = on_tools(&w, given(&outside.token)).await;
    table.check("GitLab: project not visible", "credential.not_visible", &["acme/tools"], &answer);
    let blocked = add(GitLabTokenSpec::personal(bob));
    w.gitlab.set_blocked(bob, true).unwrap();
    let answer = on_tools(&w, given(&blocked.token)).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check("GitLab: its user is blocked", code, &[], &answer);
    let project = add(GitLabTokenSpec::project(w.project, AccessLevel::Developer).scopes(["read_repository"]));
    let answer = on_tools(&w, given(&project.token)).await;
    table.check("GitLab: project access token, scope too small", "credential.insufficient_scope", &["write_repository"], &answer);
    w.gitlab.revoke_token(project.id).unwrap();
    let mut stored = given(&project.token);
    stored["untested"] = json!(true);
    let refused = w.t.post("/v1/accounts", stored).await;
    assert_eq!(refused.code(), "credential.revoked", "{}", refused.text);
}

async fn bitbucket(table: &mut Table) {
    let w = fresh().await;
    let given = |token: &str| w.given(Forge::Bitbucket, token);
    let revoked = w.at_bitbucket(&["read:user", "read:repository"]);
    w.bitbucket.revoke_token(revoked.id).unwrap();
    let answer = on_tools(&w, given(&revoked.token)).await;
    table.check("Bitbucket: API token that is not accepted", "credential.invalid", &[], &answer);
    let good = w.token(Forge::Bitbucket);
    let wrong = with(given(&good), &json!({"email": "eve@example.com"}));
    let answer = on_tools(&w, wrong).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check("Bitbucket: API token with another e-mail address", code, &["e-mail"], &answer);
    let mut named = given(&good);
    named.as_object_mut().unwrap().remove("email");
    named["username"] = json!("ada");
    let answer = on_tools(&w, named).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    let problem = answer.json();
    let told = json!({"code": problem["code"], "cause": problem["detail"], "remedy": problem["remedy"], "url": problem["url"]});
    table.row("Bitbucket: API token with a user name and no e-mail address", "account.invalid", &["e-mail"], told);
    let unscoped = w.at_bitbucket(&[]);
    let answer = on_tools(&w, given(&unscoped.token)).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check("Bitbucket: API token without scopes", code, &["scopes"], &answer);
    let user_only = w.at_bitbucket(&["read:user"]);
    let answer = on_tools(&w, given(&user_only.token)).await;
    table.check("Bitbucket: scope missing", "credential.insufficient_scope", &["read:repository:bitbucket"], &answer);
    let repository = w.bitbucket.add_token(&BitbucketTokenSpec::repository_token(w.repository)).unwrap();
    let mut access = given(&repository.token);
    access.as_object_mut().unwrap().remove("email");
    w.bitbucket.revoke_token(repository.id).unwrap();
    let answer = on_tools(&w, access).await;
    table.check("Bitbucket: access token that is not accepted", "credential.invalid", &[], &answer);
    let other = w.bitbucket.add_account("bob", "bob@example.com").unwrap();
    let scopes = ["read:user:bitbucket", "read:repository:bitbucket"];
    let outside = w.bitbucket.add_token(&BitbucketTokenSpec::api_token(other).scopes(scopes)).unwrap();
    let answer = on_tools(&w, with(given(&outside.token), &json!({"email": "bob@example.com"}))).await;
    table.check("Bitbucket: repository not visible", "credential.not_visible", &["acme/tools"], &answer);
    let password = w.bitbucket.add_token(&BitbucketTokenSpec::app_password(w.at_bitbucket)).unwrap();
    let answer = on_tools(&w, with(given(&password.token), &json!({"username": "ada", "email": EMAIL}))).await;
    table.check("Bitbucket: app password", "credential.app_password_ended", &["2026-07-28"], &answer);
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/account_diagnoses.txt")
}

/// Without what differs in each run: ports, one-time links and the numbers of tokens.
fn steady(text: &str) -> String {
    const LINK: &str = "authorization_request=";
    let marks = ["127.0.0.1:", "personal-access-tokens/", LINK];
    let mut steady = String::new();
    let mut rest = text;
    let first = |rest: &str| marks.iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min();
    while let Some((at, mark)) = first(rest) {
        let (before, after) = rest.split_at(at + mark.len());
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (part, after) = after.split_at(end);
        let differs = mark == LINK || part.bytes().all(|byte| byte.is_ascii_digit());
        steady.push_str(before);
        steady.push_str(if differs { "…" } else { part });
        rest = after;
    }
    steady + rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_can_act_on_every_refusal() {
    let mut table = Table::default();
    github(&mut table).await;
    gitlab(&mut table).await;
    bitbucket(&mut table).await;
    let mut page = String::new();
    for row in &table.0 {
        let found = &row.found;
        assert_eq!(found["code"], row.code, "{}", row.title);
        let field = |name: &str| found[name].as_str().unwrap_or_default();
        let (cause, remedy, url) = (if field("cause").is_empty() { field("detail") } else { field("cause") }, field("remedy"), field("url"));
        let all = format!("{cause} {remedy} {url}");
        for name in &row.names {
            assert!(all.contains(name.as_str()), "{}: `{name}` is not in: {all}", row.title);
        }
        assert!(cause.len() > 15 && remedy.len() > 30, "{}: {all}", row.title);
        let forge = row.title.split(':').next().unwrap_or_default();
        for other in ["GitHub", "GitLab", "Bitbucket"].iter().filter(|other| **other != forge) {
            assert!(!all.contains(other), "{}: speaks of {other}: {all}", row.title);
        }
        writeln!(page, "{}\n  {}\n  cause:  {cause}\n  remedy: {remedy}", row.title, row.code).unwrap();
        if !url.is_empty() {
            writeln!(page, "  page:   {url}").unwrap();
        }
        page.push('\n');
    }
    let page = steady(page.trim_end()) + "\n";
    #[expect(clippy::disallowed_methods, reason = "whoever changes a remedy says so by this")]
    let regenerate = std::env::var_os("JETON_REGENERATE").is_some();
    if regenerate {
        std::fs::write(file(), &page).unwrap();
    }
    let known = std::fs::read_to_string(file()).unwrap_or_default();
    assert_eq!(page, known, "the findings read otherwise; look at each, then run this with JETON_REGENERATE=1");
}
