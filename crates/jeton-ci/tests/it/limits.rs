//! How far policies and the ceiling let somebody go.

use jeton_ci::{CiError, JitWish, RunnerAsk, ScopeName, SecretAsk, SecretOptions, SecretValue, SourceAsk};
use jeton_domain::{Code, Coded as _, Secret};
use jeton_forge_sim::{OrgRole, PersonalTokenSpec};
use jiff::SignedDuration;

use crate::world::{DatabaseKind, World, acme, ask, client, operator, tools};

const MAKE: &str = "POST /api/v4/user/runners";

async fn sqlite() -> World {
    let w = World::start(DatabaseKind::Sqlite).await;
    w.repository("tools");
    w
}

fn jit() -> JitWish {
    JitWish {
        forge: None,
        scope: tools(),
        source: SourceAsk::default(),
        name: "one".to_owned(),
        runner_group_id: None,
        labels: vec!["self-hosted".to_owned()],
        work_folder: None,
    }
}

fn secret(scope: ScopeName, environment: Option<&str>) -> SecretAsk {
    SecretAsk {
        forge: None,
        scope,
        source: SourceAsk::default(),
        name: "DEPLOY".to_owned(),
        value: SecretValue::Text(Secret::new("correct-Horse")),
        options: SecretOptions {
            environment: environment.map(str::to_owned),
            ..SecretOptions::default()
        },
    }
}

#[track_caller]
fn beyond<T: std::fmt::Debug>(outcome: Result<T, CiError>, what: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), Code::PolicyCeiling, "{error}");
    assert!(
        error.to_string().ends_with(&format!(": `{what}` is above the ceiling")),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ceilings_permissions_bind_what_an_app_does() {
    let w = sqlite().await;
    let permissions = [
        ("metadata", "read"),
        ("administration", "write"),
        ("secrets", "write"),
        ("environments", "write"),
        ("organization_secrets", "write"),
        ("organization_self_hosted_runners", "write"),
    ];
    w.add_app("ci", &permissions).await;
    w.put_ceiling("permissions = { contents = \"read\" }").await;
    w.sim.calls().reset();
    let who = operator();
    beyond(
        w.ci.registration_token(&who, ask("", tools())).await,
        "administration=write",
    );
    beyond(w.ci.removal_token(&who, ask("", tools())).await, "administration=write");
    beyond(w.ci.jit_config(&who, jit()).await, "administration=write");
    let any = SourceAsk::default();
    beyond(
        w.ci.examine_runners(&who, None, &tools(), &any).await,
        "administration=write",
    );
    let all_runners = "organization_self_hosted_runners=write";
    beyond(w.ci.registration_token(&who, ask("", acme())).await, all_runners);
    beyond(w.ci.push_secret(&who, secret(tools(), None)).await, "secrets=write");
    beyond(
        w.ci.push_secret(&who, secret(tools(), Some("production"))).await,
        "environments=write",
    );
    beyond(
        w.ci.push_secret(&who, secret(acme(), None)).await,
        "organization_secrets=write",
    );
    assert!(w.sim.calls().all().is_empty(), "{:?}", w.sim.calls().all());
    assert_eq!(w.newest("runner.refused").await["code"], "policy.ceiling");
    // Whom no policy lets, hears of no ceiling.
    let error =
        w.ci.registration_token(&client("x"), ask("", tools()))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);
    w.put_ceiling("permissions = { administration = \"write\" }").await;
    w.ci.registration_token(&who, ask("", tools())).await.unwrap();
    beyond(w.ci.push_secret(&who, secret(tools(), None)).await, "secrets=write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ceilings_permissions_bind_accounts_of_github_alone() {
    let w = sqlite().await;
    w.sim.github().add_user("mona");
    w.sim.github().add_member("acme", "mona", OrgRole::Admin).unwrap();
    w.github_account(
        "mona",
        "mona",
        PersonalTokenSpec::classic(["repo", "admin:org", "manage_runners:enterprise"]),
    )
    .await;
    let (host, g) = (w.github_host(), w.gitlab().await);
    w.put_ceiling("permissions = { administration = \"read\" }").await;
    w.sim.calls().reset();
    beyond(
        w.ci.registration_token(&operator(), ask(&host, tools())).await,
        "administration=write",
    );
    let enterprise = ScopeName::Enterprise("acme-corp".to_owned());
    let all_runners = "organization_self_hosted_runners=write";
    beyond(
        w.ci.registration_token(&operator(), ask(&host, enterprise)).await,
        all_runners,
    );
    assert!(w.sim.calls().all().is_empty());
    w.ci.registration_token(&operator(), ask(&g.host, tools()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_given_that_lives_for_longer_than_a_rule_says() {
    let w = sqlite().await;
    w.add_app("ci", &[("administration", "write"), ("metadata", "read")])
        .await;
    let lets = async |name: &str, seconds| {
        let limit = |spec: &mut jeton_policy::PolicySpec| spec.longest_lifetime_seconds = Some(seconds);
        w.let_client_with(name, &["runner.register"], &["acme/*"], limit).await
    };
    let (short, hour, long) = (
        lets("short", 3_599).await,
        lets("hour", 3_600).await,
        lets("long", 86_400).await,
    );
    w.sim.calls().reset();
    for outcome in [
        w.ci.registration_token(&short, ask("", tools())).await,
        w.ci.removal_token(&short, ask("", tools())).await,
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), Code::PolicyDenied);
        assert!(
            error
                .to_string()
                .contains("3599 seconds at most; this lives for 3600 seconds"),
            "{error}"
        );
    }
    let error = w.ci.jit_config(&long, jit()).await.unwrap_err();
    assert!(error.to_string().contains("no known end"), "{error}");
    assert!(w.sim.calls().all().is_empty());
    assert_eq!(w.newest("runner.refused").await["code"], "policy.denied");
    w.ci.registration_token(&hour, ask("", tools())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_tokens_that_live_for_longer_than_a_rule_says_are_not_given() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    let limit = |spec: &mut jeton_policy::PolicySpec| spec.longest_lifetime_seconds = Some(3_600);
    let who = w
        .let_client_with("short", &["runner.register"], &["acme/*"], limit)
        .await;
    let named = |name: &str, seconds: Option<i64>| -> RunnerAsk {
        let mut ask = ask(&g.host, tools());
        ask.runner.name = Some(name.to_owned());
        ask.runner.token_lifetime_seconds = seconds;
        ask
    };
    for seconds in [None, Some(3_601)] {
        let error = w.ci.registration_token(&who, named("a", seconds)).await.unwrap_err();
        assert_eq!(error.code(), Code::PolicyDenied, "{error}");
    }
    assert_eq!(g.sim.calls().count(MAKE), 0);
    w.ci.registration_token(&who, named("a", Some(1_800))).await.unwrap();
    // One that another caller had made.
    w.ci.registration_token(&operator(), named("b", Some(86_400)))
        .await
        .unwrap();
    let error = w.ci.registration_token(&who, named("b", None)).await.unwrap_err();
    assert!(error.to_string().contains("this lives for 86400 seconds"), "{error}");
    w.clock.advance(SignedDuration::from_hours(23));
    w.ci.registration_token(&operator(), named("b", None)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_source_of_a_policy_there_is_none() {
    let w = sqlite().await;
    let only = |spec: &mut jeton_policy::PolicySpec| spec.sources = vec!["app:ci".to_owned()];
    let who = w
        .let_client_with("fleet", &["runner.register"], &["acme/tools"], only)
        .await;
    let code = async |app: Option<&str>| {
        let mut ask = ask("", tools());
        ask.source.app = app.map(str::to_owned);
        w.ci.registration_token(&who, ask).await.unwrap_err().code()
    };
    assert_eq!(code(None).await, Code::RunnerNoSource);
    assert_eq!(code(Some("ci")).await, Code::RunnerNoSource);
    assert_eq!(code(Some("other")).await, Code::PolicyDenied);
    // One that is there, and that they may not use.
    w.add_app("other", &[("administration", "write"), ("metadata", "read")])
        .await;
    assert_eq!(code(Some("other")).await, Code::PolicyDenied);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_for_policies_that_cover_all_that_is_below_it() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    let lets = async |name: &str, globs: &[&str]| w.let_client(name, &["runner.register"], globs).await;
    let two_deep = lets("two-deep", &["acme/*", "acme/*/*"]).await;
    let below = lets("below", &["acme/**"]).await;
    let error =
        w.ci.registration_token(&two_deep, ask(&g.host, acme()))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);
    assert!(error.to_string().contains(" acme/** on "), "{error}");
    let listed = serde_json::json!(["acme/**"]);
    assert_eq!(w.newest("runner.refused").await["repositories"], listed);
    w.ci.registration_token(&below, ask(&g.host, acme())).await.unwrap();
    assert_eq!(w.newest("runner.made").await["repositories"], listed);
    // What is dead is judged by the rules of its own forge, too: only an account says of which kind this one is.
    w.clock.advance(SignedDuration::from_hours(24 * 400));
    let error =
        w.ci.registration_token(&two_deep, ask(&g.host, acme()))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied, "{error}");
    let mut another = ask(&g.host, acme());
    another.runner.name = Some("another".to_owned());
    let error = w.ci.registration_token(&below, another).await.unwrap_err();
    assert_eq!(error.tried().len(), 1, "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_nothing_could_serve_hears_it_without_the_database() {
    let w = sqlite().await;
    let who = w.let_client("fleet", &["runner.register"], &["acme/docs"]).await;
    w.vault.close().await;
    let error = w.ci.registration_token(&who, ask("", tools())).await.unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied, "{error}");
    let docs = ScopeName::Repository("acme/docs".to_owned());
    let error = w.ci.registration_token(&who, ask("", docs)).await.unwrap_err();
    assert!(!matches!(error, CiError::Access(_)), "{error}");
}
