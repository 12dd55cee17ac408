//! Accounts' tokens on their way to callers: which one, to whom, until when, and what is noted.

use std::process::{Command, Stdio};

use jeton_domain::Clock as _;
use jeton_forge_sim::{GitLabTokenSpec, PersonalTokenSpec};
use jeton_testkit::{Answer, DatabaseKind, TestJeton, both_databases};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    account_world::{ALL, EMAIL, Forge, World, refused, text, with},
    record_over_http::entries,
};

/// Lets a client use accounts, by these sources, for repositories of acme.
async fn user(t: &TestJeton, name: &str, sources: &[&str]) -> String {
    let key = t.client(name).await;
    t.policy(json!({
        "name": format!("{name}-uses"), "callers": {"client": name}, "actions": ["account.use"],
        "repositories": ["acme/*"], "sources": sources,
    }))
    .await;
    key
}

fn source(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    text(&answer.json()["source"]).to_owned()
}

/// Clones with nothing but what the answer holds.
fn clones(url: &str, handed: &Value) -> bool {
    let place = tempfile::tempdir().unwrap();
    let helper = r#"credential.helper=!f() { test "$1" = get && echo "username=$NAME" && echo "password=$TOKEN"; }; f"#;
    let output = Command::new("git")
        .current_dir(place.path())
        .args(["-c", "credential.helper=", "-c", helper, "clone", url, "tools"])
        .env("NAME", text(&handed["git_username"]))
        .env("TOKEN", text(&handed["token"]))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    output.status.success()
}

both_databases! {
    async fn the_answer_opens_the_forge_and_the_hand_out_is_noted(t: TestJeton) {
        let w = World::around(t).await;
        let key = user(&w.t, "ci", &["account:*"]).await;
        for forge in ALL {
            let label = forge.word();
            let token = w.stored(forge, label).await;
            let handed = w.t.post_as(&key, "/v1/tokens", json!({"account": label, "repositories": ["acme/tools"]})).await;
            assert_eq!(source(&handed), format!("account:{label}"));
            let handed = handed.json();
            assert_eq!((text(&handed["token"]), text(&handed["forge"])), (token.as_str(), w.host(forge).as_str()));
            assert!(handed["permissions"].is_null() && handed["repositories"] == json!(["acme/tools"]), "{handed}");
            let (git, api) = match forge {
                Forge::GitHub | Forge::GitLab => ("x-access-token", Value::Null),
                Forge::Bitbucket => ("x-bitbucket-api-token-auth", json!(EMAIL)),
            };
            assert_eq!((text(&handed["git_username"]), &handed["api_username"]), (git, &api));
            let lease: Timestamp = text(&handed["expires_at"]).parse().unwrap();
            assert_eq!(lease.duration_since(w.t.clock.now()), SignedDuration::from_hours(1));
            let url = format!("{}/acme/tools.git", w.web_url(forge));
            let cloned = tokio::task::spawn_blocking({ let handed = handed.clone(); move || clones(&url, &handed) });
            assert!(cloned.await.unwrap(), "git clones from {}", forge.name());

            let grants = w.t.get("/v1/grants").await;
            let all = grants.json()["grants"].as_array().unwrap().clone();
            let grant = all.iter().find(|grant| grant["grant_id"] == handed["grant_id"]).unwrap();
            assert_eq!(grant["fingerprint"], handed["fingerprint"]);
            assert_eq!((text(&grant["holder"]), text(&grant["source"])), ("client:ci", text(&handed["source"])));
            assert_eq!(text(&grant["rule"]), "ci-uses");
            assert!(!grants.text.contains(&token), "{}", grants.text);
            let all = entries(&w.t, "").await;
            let entry = all.iter().rfind(|entry| entry["event"] == "token.granted").unwrap();
            assert!(entry.to_string().contains(&format!("account:{label}")) && entry.to_string().contains("client:ci"), "{entry}");

            let asked = json!({"fingerprint": handed["fingerprint"]});
            let live = w.t.post_as(&key, "/v1/tokens/rejected", asked).await;
            assert_eq!(live.json()["verdict"], "live", "{}", live.text);
            let in_use = w.t.delete(&format!("/v1/accounts/{label}")).await;
            refused(&in_use, 409, "account.in_use");
            assert!(in_use.text.contains("client:ci holds its token until"), "{}", in_use.text);

            let back = w.t.delete_as(&key, &format!("/v1/tokens/{}", text(&handed["grant_id"]))).await;
            assert_eq!((back.status, back.json()["state"].clone()), (200, json!("released")), "{}", back.text);
            w.t.worker.run_due().await.unwrap();
            assert_eq!(w.test(label).await["validity"], "valid", "a person's token is not ended by a caller's giving it back");
            assert_eq!(w.t.delete(&format!("/v1/accounts/{label}")).await.status, 200);
        }
    }

    async fn the_most_exact_the_callers_own_and_the_default_come_first(t: TestJeton) {
        let w = World::around(t).await;
        let key = user(&w.t, "ci", &["account:*", "account:own/*"]).await;
        let ask = async |repository: &str| {
            source(&w.t.post_as(&key, "/v1/tokens", json!({"repositories": [repository]})).await)
        };
        let add = async |label: &str, more: Value| {
            let given = w.given(Forge::GitLab, &w.token(Forge::GitLab));
            w.t.account(label, with(given, &more)).await;
        };
        add("b-any", json!({})).await;
        add("c-any", json!({"default": true})).await;
        assert_eq!(ask("acme/tools").await, "account:c-any", "the default");
        add("d-acme", json!({"serves": ["acme"]})).await;
        assert_eq!(ask("acme/tools").await, "account:d-acme", "by owner");
        add("e-tools", json!({"serves": ["acme/tools"]})).await;
        assert_eq!(ask("acme/tools").await, "account:e-tools", "by repository");
        assert_eq!(ask("acme/app").await, "account:d-acme");
        let own = with(w.given(Forge::GitLab, &w.token(Forge::GitLab)), &json!({"label": "z-own", "serves": ["acme"]}));
        let own = w.t.post_as(&key, "/v1/accounts", own).await;
        assert_eq!((own.status, own.json()["account"]["source"].clone()), (201, json!("account:own/z-own")), "{}", own.text);
        assert_eq!(ask("acme/app").await, "account:own/z-own", "one's own before the shared one");
        assert_eq!(ask("acme/tools").await, "account:e-tools", "and the more exact before both");
        let other = user(&w.t, "other", &["account:*", "account:own/*"]).await;
        let theirs = w.t.post_as(&other, "/v1/tokens", json!({"repositories": ["acme/app"]})).await;
        assert_eq!(source(&theirs), "account:d-acme", "of others' own ones nobody is served");
        // What is switched off serves nobody who does not name it.
        assert_eq!(w.change("e-tools", json!({"active": false})).await.status, 200);
        assert_eq!(ask("acme/tools").await, "account:own/z-own");
    }

    async fn a_policy_says_which_accounts_serve_whom(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitLab, "one").await;
        w.stored(Forge::GitLab, "two").await;
        let key = user(&w.t, "ci", &["account:two"]).await;
        let ask = |account: &str, repository: &str| {
            w.t.post_as(&key, "/v1/tokens", json!({"account": account, "repositories": [repository]}))
        };
        assert_eq!(source(&ask("two", "acme/tools").await), "account:two");
        refused(&ask("two", "other/tools").await, 403, "policy.denied");
        // Whoever may not use it does not learn whether it is there.
        let (there, absent) = (ask("one", "acme/tools").await, ask("nil", "acme/tools").await);
        refused(&there, 403, "policy.denied");
        let told = |answer: &Answer| answer.text.replace(answer.header("x-request-id"), "");
        assert_eq!(told(&there), told(&absent));
        let chosen = w.t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/tools"]})).await;
        assert_eq!(source(&chosen), "account:two", "of two that fit, the one that is allowed");
        let named = w.t.delete("/v1/accounts/two").await;
        refused(&named, 409, "account.in_use");
        assert!(named.text.contains("the policy `ci-uses` names it"), "{}", named.text);
        let forced = w.t.delete("/v1/accounts/two?force=true").await;
        assert_eq!((forced.status, forced.json()["ended_grants"].clone()), (200, json!(2)), "{}", forced.text);
        let grants = w.t.get("/v1/grants").await.json();
        let held = grants["grants"].as_array().unwrap().iter().filter(|grant| grant["released_at"].is_null());
        assert_eq!(held.count(), 0, "{grants}");
    }

    async fn what_the_forge_refuses_is_not_handed_out_again(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.at_github(PersonalTokenSpec::classic(["repo"]));
        w.t.account("work", w.given(Forge::GitHub, &token.token)).await;
        let ask = json!({"account": "work", "repositories": ["acme/tools"]});
        let handed = w.t.try_issue(ask.clone()).await;
        assert_eq!(source(&handed), "account:work");
        assert!(w.t.sim.github().revoke_personal_token(token.id));
        let report = json!({"fingerprint": handed.json()["fingerprint"]});
        let verdict = w.t.post("/v1/tokens/rejected", report).await;
        assert_eq!(verdict.json()["verdict"], "dropped", "{}", verdict.text);
        let now = w.t.try_issue(ask).await;
        refused(&now, 422, "credential.invalid");
        assert!(now.json()["url"].is_string(), "{}", now.text);
        assert_eq!(w.show("work").await["validity"], "invalid");
        let events: Vec<Value> = entries(&w.t, "").await;
        assert_eq!(events.iter().filter(|entry| entry["event"] == "account.invalid").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_never_outlives_the_token() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let soon = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_mins(20));
    let token = w.at_github(soon).token;
    w.t.account("soon", w.given(Forge::GitHub, &token)).await;
    let ask = json!({"account": "soon", "repositories": ["acme/tools"]});
    let handed = w.t.try_issue(ask.clone()).await.json();
    assert_eq!(handed["expires_at"], handed["token_expires_at"], "{handed}");
    let longer =
        w.t.try_issue(with(ask.clone(), &json!({"min_validity_seconds": 3_000})))
            .await;
    refused(&longer, 400, "account.invalid");
    assert!(longer.text.contains("ends in"), "{}", longer.text);
    w.t.clock.advance(SignedDuration::from_mins(21));
    let after = w.t.try_issue(ask).await;
    refused(&after, 422, "credential.expired");
    // A rule that lets hold a token for less than the lease cannot be kept with a token that nobody ends early.
    w.stored(Forge::GitLab, "long").await;
    let key = w.t.client("brief").await;
    w.t.policy(json!({
        "name": "brief", "callers": {"client": "brief"}, "actions": ["account.use"], "repositories": ["acme/*"],
        "sources": ["account:*"], "longest_lifetime_seconds": 600,
    }))
    .await;
    let brief =
        w.t.post_as(
            &key,
            "/v1/tokens",
            json!({"account": "long", "repositories": ["acme/tools"]}),
        )
        .await;
    refused(&brief, 403, "policy.denied");
    assert!(brief.text.contains("600 seconds at most"), "{}", brief.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_meant_is_told() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let ask = |body: Value| w.t.try_issue(body);
    w.stored(Forge::GitLab, "at-gitlab").await;
    w.stored(Forge::Bitbucket, "at-bitbucket").await;
    // Two forges have such a repository, and nothing tells which is meant.
    let two = ask(json!({"repositories": ["acme/tools"]})).await;
    refused(&two, 400, "account.invalid");
    assert!(two.text.contains(&w.host(Forge::GitLab)), "{}", two.text);
    for forge in [Forge::GitLab, Forge::Bitbucket] {
        let named = ask(json!({"repositories": ["acme/tools"], "forge": w.host(forge)})).await;
        assert_eq!(source(&named), format!("account:at-{}", forge.word()));
    }
    // Only GitLab has groups in groups.
    assert_eq!(
        source(&ask(json!({"repositories": ["acme/deep/tools"]})).await),
        "account:at-gitlab"
    );
    refused(
        &ask(json!({"repositories": ["acme/tools"], "account": "no"})).await,
        404,
        "account.not_found",
    );
    let both = json!({"repositories": ["acme/tools"], "account": "at-gitlab", "app": "ci"});
    let both = ask(both).await;
    assert_eq!(
        (both.status, both.code().as_str()),
        (400, "request.invalid"),
        "{}",
        both.text
    );
    let narrow = json!({"repositories": ["acme/tools"], "account": "at-gitlab", "permissions": {"contents": "read"}});
    let narrow = ask(narrow).await;
    assert_eq!(
        (narrow.status, narrow.code().as_str()),
        (400, "request.invalid"),
        "{}",
        narrow.text
    );
    assert!(narrow.text.contains("cannot be narrowed"), "{}", narrow.text);
    let elsewhere = json!({"repositories": ["acme/tools"], "account": "at-gitlab", "forge": "github.com"});
    refused(&ask(elsewhere).await, 400, "account.invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_comes_before_any_account_where_it_is_installed() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    w.stored(Forge::GitHub, "person").await;
    w.t.install("umbrella", &["app"]);
    let minted = w.t.try_issue(json!({"repositories": ["umbrella/app"]})).await;
    assert_eq!(source(&minted), "app:ci");
    let fallen_back = w.t.try_issue(json!({"repositories": ["acme/tools"]})).await;
    assert_eq!(source(&fallen_back), "account:person");
    let narrowed = json!({"repositories": ["acme/tools"], "permissions": {"contents": "read"}});
    refused(&w.t.try_issue(narrowed).await, 404, "forge.app_not_installed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_projects_repositories_and_workspaces_clone_too() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let spec = GitLabTokenSpec::project(w.project, jeton_forge_sim::AccessLevel::Developer);
    let project = w
        .gitlab
        .add_token(&spec.scopes(["read_repository", "read_api"]))
        .unwrap()
        .token;
    let spec = jeton_forge_sim::BitbucketTokenSpec::repository_token(w.repository);
    let repository = w.bitbucket.add_token(&spec).unwrap().token;
    let spec = jeton_forge_sim::BitbucketTokenSpec::workspace_token("acme");
    let workspace = w.bitbucket.add_token(&spec).unwrap().token;
    let fine = w
        .at_github(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]))
        .token;
    for (label, forge, token, kind) in [
        ("project", Forge::GitLab, project, "gitlab_project"),
        ("repository", Forge::Bitbucket, repository, "bitbucket_"),
        ("workspace", Forge::Bitbucket, workspace, "bitbucket_"),
        ("fine", Forge::GitHub, fine, "github_fine_grained"),
    ] {
        let mut given = w.given(forge, &token);
        given.as_object_mut().unwrap().remove("email");
        given["repository"] = json!("acme/tools");
        let account = w.t.account(label, given).await;
        assert!(text(&account["kind"]).starts_with(kind), "{account:#}");
        let handed =
            w.t.try_issue(json!({"account": label, "repositories": ["acme/tools"]}))
                .await
                .json();
        let url = format!("{}/acme/tools.git", w.web_url(forge));
        let cloned = tokio::task::spawn_blocking(move || clones(&url, &handed));
        assert!(cloned.await.unwrap(), "{label}");
    }
}
