//! Secrets, sealed for GitHub's key and pushed.

use jeton_domain::{Code, RepoName};
use jeton_forge::ci::{Holder, SecretFamily as Family, SecretOptions, SecretVisibility};
use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec, SecretFamily, SecretScope};

use super::{APP, BOT, Ci, ORG, REPO, no};
use crate::world::patience;

const PUT: &str = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";
const KEY: &str = "GET /repos/{owner}/{repo}/actions/secrets/public-key";
const VALUE: &str = "s3cret value, with ünicode";

fn tools() -> SecretScope {
    SecretScope::repository("acme", "tools")
}

fn plain() -> SecretOptions {
    SecretOptions::default()
}

fn in_environment(name: &str) -> SecretOptions {
    SecretOptions {
        environment: Some(name.to_owned()),
        ..plain()
    }
}

fn repo() -> PersonalTokenSpec {
    PersonalTokenSpec::classic(["repo"])
}

#[tokio::test]
async fn what_arrives_is_what_was_pushed() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let pushed = ci.push(BOT, &owner, REPO, ("DEPLOY", VALUE), &plain()).await.unwrap();
    assert!(pushed.created);
    assert_eq!(pushed.evidence.len(), 2);
    assert_eq!(
        ci.sim.github().secret_value(&tools(), "DEPLOY").unwrap(),
        VALUE.as_bytes()
    );
    let again = ci.push(BOT, &owner, REPO, ("deploy", "other"), &plain()).await.unwrap();
    assert!(!again.created);
    assert_eq!(ci.sim.github().secret_value(&tools(), "DEPLOY").unwrap(), b"other");

    let largest = "x".repeat(49_152);
    ci.push(BOT, &owner, REPO, ("LARGE", &largest), &plain()).await.unwrap();
    assert_eq!(
        ci.sim.github().secret_value(&tools(), "LARGE").unwrap(),
        largest.as_bytes()
    );
}

#[tokio::test]
async fn each_place_and_store_has_its_own() {
    let ci = Ci::new().await;
    let github = ci.sim.github();
    github.add_environment("acme", "tools", "prod/eu west").unwrap();
    let owner = ci.of("ada", PersonalTokenSpec::classic(["repo", "admin:org"]));
    let environment = in_environment("prod/eu west");
    ci.push(BOT, &owner, REPO, ("A", VALUE), &environment).await.unwrap();
    let there = SecretScope::environment("acme", "tools", "prod/eu west");
    assert_eq!(github.secret_value(&there, "A").unwrap(), VALUE.as_bytes());
    assert!(github.secret_names(&tools()).is_empty());

    for (family, theirs) in [
        (Family::Dependabot, SecretFamily::Dependabot),
        (Family::Codespaces, SecretFamily::Codespaces),
    ] {
        let options = SecretOptions { family, ..plain() };
        for (place, there) in [(REPO, tools()), (ORG, SecretScope::organization("acme"))] {
            ci.push(BOT, &owner, place, ("B", VALUE), &options).await.unwrap();
            assert_eq!(
                github.secret_value(&there.family(theirs), "B").unwrap(),
                VALUE.as_bytes()
            );
        }
    }
}

#[tokio::test]
async fn an_app_with_the_least_permission_will_do() {
    let ci = Ci::new().await;
    ci.sim.github().add_environment("acme", "tools", "production").unwrap();
    for (permission, place, options) in [
        ("secrets=write", REPO, plain()),
        ("environments=write", REPO, in_environment("production")),
        ("organization_secrets=write", ORG, plain()),
    ] {
        let app = ci.app(permission).await;
        ci.push(APP, &app, place, ("A", VALUE), &options).await.unwrap();
        let reads = ci.app(&permission.replace("write", "read")).await;
        let refusal = ci.push(APP, &reads, place, ("A", VALUE), &options).await.unwrap_err();
        no(&refusal, Code::PermissionNotGranted);
        assert!(refusal.diagnosis.cause.contains(permission), "{refusal:#?}");
    }
}

#[tokio::test]
async fn an_organisations_secret_is_seen_by_whom_it_is_meant_for() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", PersonalTokenSpec::classic(["repo", "admin:org"]));
    let seen_by = |visibility| SecretOptions { visibility, ..plain() };
    let selected = |name: &str| seen_by(Some(SecretVisibility::Selected(vec![RepoName::parse(name).unwrap()])));
    for options in [seen_by(None), seen_by(Some(SecretVisibility::All)), selected("Tools")] {
        ci.push(BOT, &owner, ORG, ("A", VALUE), &options).await.unwrap();
    }
    let refusal = ci
        .push(BOT, &owner, ORG, ("A", VALUE), &selected("none"))
        .await
        .unwrap_err();
    no(&refusal, Code::RunnerScopeNotFound);
    assert!(refusal.diagnosis.cause.contains("`acme/none`"), "{refusal:#?}");
}

#[tokio::test]
async fn a_key_that_changes_between_the_calls_is_fetched_anew() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    ci.sim.github().rotate_secret_key_at_next_put(&tools()).unwrap();
    let pushed = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap();
    assert!(pushed.created);
    assert_eq!((ci.sim.calls().count(KEY), ci.sim.calls().count(PUT)), (2, 2));
    assert_eq!(ci.sim.github().secret_value(&tools(), "A").unwrap(), VALUE.as_bytes());
}

#[tokio::test]
async fn a_key_that_changes_again_and_again_is_given_up() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let stale = FaultKind::Status {
        status: 422,
        message: "The key_id is not the current one.".to_owned(),
    };
    ci.sim.faults().add(FaultRule::new(stale).on(PUT));
    let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err();
    no(&refusal, Code::SecretKeyChanging);
    assert_eq!((ci.sim.calls().count(KEY), ci.sim.calls().count(PUT)), (3, 3));
}

#[tokio::test]
async fn a_missing_environment_is_told_from_a_hidden_repository() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let options = in_environment("production");
    let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &options).await.unwrap_err();
    no(&refusal, Code::SecretEnvironment);
    assert!(refusal.diagnosis.cause.contains("`production`"), "{refusal:#?}");
    let page = "/acme/tools/settings/environments";
    assert!(
        refusal.diagnosis.url.as_deref().is_some_and(|url| url.ends_with(page)),
        "{refusal:#?}"
    );

    let hidden = ci
        .push(BOT, &owner, "repository:acme/none", ("A", VALUE), &options)
        .await
        .unwrap_err();
    no(&hidden, Code::RunnerScopeNotFound);
    let app = ci.app("environments=write").await;
    let refusal = ci.push(APP, &app, REPO, ("A", VALUE), &options).await.unwrap_err();
    no(&refusal, Code::SecretEnvironment);
}

#[tokio::test]
async fn what_is_wrong_is_refused_before_any_call() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let large = "x".repeat(49 * 1024);
    for (value, code) in [("", Code::SecretEmpty), (large.as_str(), Code::SecretTooLarge)] {
        let refusal = ci.push(BOT, &owner, REPO, ("A", value), &plain()).await.unwrap_err();
        no(&refusal, code);
    }
    assert_eq!(ci.sim.calls().total(), 0);
}

#[tokio::test]
async fn githubs_own_limits_are_told() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    ci.sim
        .github()
        .change_ci_rules(|rules| rules.secrets_per_repository = 0);
    let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err();
    no(&refusal, Code::SecretLimit);
    let page = "/acme/tools/settings/secrets/actions";
    assert!(
        refusal.diagnosis.url.as_deref().is_some_and(|url| url.ends_with(page)),
        "{refusal:#?}"
    );

    ci.sim.github().change_ci_rules(|rules| rules.secret_bytes = 4);
    no(
        &ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err(),
        Code::SecretTooLarge,
    );

    for (message, code) in [
        ("Secret name is invalid: it is reserved.", Code::SecretName),
        ("Something new.", Code::SecretInvalid),
    ] {
        let fault = FaultKind::Status {
            status: 422,
            message: message.to_owned(),
        };
        ci.sim.faults().add(FaultRule::new(fault).on(PUT).times(1));
        let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err();
        no(&refusal, code);
        assert!(
            refusal.diagnosis.cause.contains(message.trim_end_matches('.')),
            "{refusal:#?}"
        );
    }
}

#[tokio::test]
async fn those_who_may_not_are_told_what_they_lack() {
    let ci = Ci::new().await;
    let fine = PersonalTokenSpec::fine_grained("acme", [("secrets", "read")]);
    let rows = [
        (Holder::Workflow, ci.job(), REPO, Code::RunnerWorkflowToken),
        (
            BOT,
            ci.of("octocat", PersonalTokenSpec::classic(["admin:org"])),
            ORG,
            Code::CredentialRole,
        ),
        (BOT, ci.of("ada", repo()), ORG, Code::CredentialScope),
        (BOT, ci.of("ada", fine), REPO, Code::CredentialScope),
        (BOT, ci.of("ada", repo()), "enterprise:big", Code::RunnerUnsupported),
    ];
    for (row, (holder, credential, place, code)) in rows.iter().enumerate() {
        let refusal = ci
            .push(*holder, credential, place, ("A", VALUE), &plain())
            .await
            .unwrap_err();
        assert_eq!(refusal.diagnosis.code, *code, "row {row}: {refusal:#?}");
        assert!(!refusal.unclear);
    }
}

#[tokio::test]
async fn a_cut_connection_is_tried_once_more() {
    let ci = Ci::with(patience(300)).await;
    let owner = ci.of("ada", repo());
    for kind in [FaultKind::CutBeforeHandling, FaultKind::CutBeforeAnswer] {
        for route in [KEY, PUT] {
            ci.sim.faults().add(FaultRule::new(kind.clone()).on(route).times(1));
            ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap();
        }
    }
    // and not more often
    ci.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeHandling).on(PUT).times(2));
    let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err();
    assert_eq!(refusal.diagnosis.code, Code::ForgeUnavailable);
    assert!(refusal.unclear);
}

#[tokio::test]
async fn only_a_lost_write_is_unclear() {
    let ci = Ci::with(patience(300)).await;
    let owner = ci.of("ada", repo());
    for kind in [FaultKind::BadGateway, FaultKind::NoAnswer] {
        for (route, unclear) in [(KEY, false), (PUT, true)] {
            ci.sim.faults().add(FaultRule::new(kind.clone()).on(route).times(1));
            let refusal = ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err();
            assert_eq!(refusal.unclear, unclear, "{kind:?} {route}");
        }
    }
    let limited = FaultRule::new(FaultKind::SecondaryLimit { retry_after: 60 })
        .on(PUT)
        .times(1);
    ci.sim.faults().add(limited);
    no(
        &ci.push(BOT, &owner, REPO, ("A", VALUE), &plain()).await.unwrap_err(),
        Code::ForgeRateLimited,
    );
}
