//! Tokens for runners, and runners for a single job.

use jeton_domain::{Code, Credential, ForgeEndpoint, ForgeKind, Secret};
use jeton_forge::ci::{CiOutcome, CiRefusal, Holder, JitAsk, JitRunner, KnownRunner, NewRunner, RunnerToken};
use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec, RunnerTokenPurpose, SamlSso};
use jiff::SignedDuration;

use super::{APP, BOT, Ci, ENTERPRISE, ORG, REPO, no, scope};
use crate::world::patience;

const ASK: &str = "POST /repos/{owner}/{repo}/actions/runners/registration-token";
const JIT: &str = "POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig";

async fn register(ci: &Ci, holder: Holder<'_>, credential: &Credential, place: &str) -> CiOutcome<RunnerToken> {
    let place = scope(place);
    let at = ci.at(holder, credential, &place);
    let outcome = ci.forges.runners(ForgeKind::GitHub).registration_token(&at).await;
    assert!(
        !format!("{outcome:?}").contains(credential.token.expose()),
        "the token is shown"
    );
    outcome
}

async fn refused(ci: &Ci, holder: Holder<'_>, credential: &Credential, place: &str) -> CiRefusal {
    register(ci, holder, credential, place).await.unwrap_err()
}

fn repo() -> PersonalTokenSpec {
    PersonalTokenSpec::classic(["repo"])
}

#[tokio::test]
async fn a_token_comes_for_each_place_with_its_end() {
    let ci = Ci::new().await;
    let fine = PersonalTokenSpec::fine_grained("acme", [("administration", "write")]);
    let rows = [
        (APP, ci.app("administration=write").await, REPO),
        (APP, ci.app("organization_self_hosted_runners=write").await, ORG),
        (BOT, ci.of("ada", repo()), REPO),
        (BOT, ci.of("ada", fine), REPO),
        (BOT, ci.of("ada", PersonalTokenSpec::classic(["admin:org"])), ORG),
        (
            BOT,
            ci.of("ada", PersonalTokenSpec::oauth(["manage_runners:enterprise"])),
            ENTERPRISE,
        ),
    ];
    for (holder, credential, place) in &rows {
        let made = register(&ci, *holder, credential, place).await.unwrap();
        assert_eq!(made.expires_at, ci.now() + SignedDuration::from_hours(1), "{place}");
        assert!(!format!("{made:?}").contains(made.token.expose()));
        let place = scope(place);
        let at = ci.at(*holder, credential, &place);
        ci.forges.runners(ForgeKind::GitHub).removal_token(&at).await.unwrap();
    }
    let given = ci.sim.github().runner_tokens();
    assert_eq!(given.len(), 2 * rows.len());
    assert_eq!(given[0].scope, "repos/acme/tools");
    let purposes: Vec<_> = given.iter().take(2).map(|token| token.purpose).collect();
    assert_eq!(
        purposes,
        [RunnerTokenPurpose::Registration, RunnerTokenPurpose::Removal]
    );
}

#[tokio::test]
async fn the_workflows_own_token_is_told_what_to_do_instead() {
    let ci = Ci::new().await;
    let job = ci.job();
    let refusal = refused(&ci, Holder::Workflow, &job, REPO).await;
    no(&refusal, Code::RunnerWorkflowToken);
    assert!(
        refusal
            .diagnosis
            .cause
            .contains("Resource not accessible by integration"),
        "{refusal:#?}"
    );
    assert!(refusal.diagnosis.remedy.contains("id-token: write"), "{refusal:#?}");
    assert_eq!(refusal.evidence.len(), 1);
    assert_eq!(refusal.evidence[0].status, Some(403));
    // for enterprises nobody has to be asked
    let before = ci.sim.calls().total();
    no(
        &refused(&ci, Holder::Workflow, &job, ENTERPRISE).await,
        Code::RunnerWorkflowToken,
    );
    assert_eq!(ci.sim.calls().total(), before);
}

#[tokio::test]
async fn each_lack_has_its_own_code() {
    let ci = Ci::new().await;
    let fine = |permissions: &[(&str, &str)]| PersonalTokenSpec::fine_grained("acme", permissions.iter().copied());
    let admin_org = || PersonalTokenSpec::classic(["admin:org"]);
    let rows = [
        (
            APP,
            ci.app("administration=read").await,
            REPO,
            Code::PermissionNotGranted,
        ),
        (
            APP,
            ci.app("administration=write").await,
            ORG,
            Code::PermissionNotGranted,
        ),
        (
            APP,
            ci.app("administration=write").await,
            "repository:acme/none",
            Code::RunnerScopeNotFound,
        ),
        (
            BOT,
            ci.of("ada", fine(&[("administration", "read")])),
            REPO,
            Code::CredentialScope,
        ),
        (
            BOT,
            ci.of("octocat", fine(&[("administration", "write")])),
            REPO,
            Code::CredentialScope,
        ),
        (
            BOT,
            ci.of("ada", fine(&[("administration", "write")])),
            ENTERPRISE,
            Code::RunnerUnsupported,
        ),
        (
            APP,
            ci.app("administration=write").await,
            ENTERPRISE,
            Code::RunnerUnsupported,
        ),
        (BOT, ci.of("octocat", repo()), REPO, Code::CredentialRole),
        (
            BOT,
            ci.of("ada", PersonalTokenSpec::classic(["public_repo"])),
            "repository:acme/site",
            Code::CredentialScope,
        ),
        (
            BOT,
            ci.of("ada", PersonalTokenSpec::classic(["gist"])),
            REPO,
            Code::RunnerScopeNotFound,
        ),
        (BOT, ci.of("ada", repo()), ORG, Code::CredentialScope),
        (BOT, ci.of("octocat", admin_org()), ORG, Code::CredentialRole),
        (BOT, ci.of("ada", admin_org()), ENTERPRISE, Code::CredentialScope),
        (
            BOT,
            ci.of("octocat", admin_org()),
            "owner:octocat",
            Code::RunnerScopeNotFound,
        ),
        (
            BOT,
            ci.of("octocat", PersonalTokenSpec::classic(["manage_runners:enterprise"])),
            ENTERPRISE,
            Code::RunnerScopeNotFound,
        ),
    ];
    for (row, (holder, credential, place, code)) in rows.iter().enumerate() {
        let refusal = refused(&ci, *holder, credential, place).await;
        assert_eq!(refusal.diagnosis.code, *code, "row {row}: {refusal:#?}");
        assert!(
            refusal.diagnosis.url.is_some() && !refusal.unclear,
            "row {row}: {refusal:#?}"
        );
    }
    assert!(ci.sim.github().runner_tokens().is_empty());
}

#[tokio::test]
async fn what_an_organisation_demands_is_told() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    ci.sim
        .github()
        .change_org_policy("acme", |policy| policy.forbid_repository_runners = true);
    let refusal = refused(&ci, BOT, &owner, REPO).await;
    no(&refusal, Code::RunnerRepositoryLevel);
    let page = "/organizations/acme/settings/actions";
    assert!(
        refusal.diagnosis.url.as_deref().is_some_and(|url| url.ends_with(page)),
        "{refusal:#?}"
    );

    ci.sim
        .github()
        .change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    no(&refused(&ci, BOT, &owner, REPO).await, Code::CredentialSso);
    ci.sim.github().change_org_policy("acme", |policy| {
        policy.saml_sso = SamlSso::Off;
        policy.ip_allow_list = Some(Vec::new());
    });
    no(&refused(&ci, BOT, &owner, REPO).await, Code::CredentialIp);
    ci.sim.github().change_org_policy("acme", |policy| {
        policy.ip_allow_list = None;
        policy.forbid_classic = true;
    });
    no(&refused(&ci, BOT, &owner, REPO).await, Code::CredentialClassicForbidden);
}

#[tokio::test]
async fn a_dead_token_is_told_for_whom_it_was() {
    let ci = Ci::new().await;
    let unknown = ci.credential(&["gh", "p_", &"x1".repeat(18)].concat());
    no(&refused(&ci, BOT, &unknown, REPO).await, Code::CredentialInvalid);
    let app = ci.app("administration=write").await;
    ci.clock.advance(SignedDuration::from_hours(2));
    no(&refused(&ci, APP, &app, REPO).await, Code::CredentialInvalid);
}

#[tokio::test]
async fn a_suspended_app_is_told() {
    let ci = Ci::new().await;
    let app = ci.app("administration=write").await;
    for installation in ci.sim.github().installations() {
        ci.sim.github().suspend(installation.id);
    }
    let refusal = refused(&ci, APP, &app, REPO).await;
    no(&refusal, Code::InstallationSuspended);
    assert!(refusal.diagnosis.remedy.contains("Unsuspend"), "{refusal:#?}");
}

#[tokio::test]
async fn a_limit_tells_when_to_come_again() {
    let ci = Ci::new().await;
    ci.sim
        .github()
        .change_ci_rules(|rules| rules.runner_tokens_per_hour = 1);
    let owner = ci.of("ada", repo());
    register(&ci, BOT, &owner, REPO).await.unwrap();
    let refusal = refused(&ci, BOT, &owner, REPO).await;
    no(&refusal, Code::ForgeRateLimited);
    assert!(refusal.diagnosis.retry_at.is_some());
    assert!(refusal.diagnosis.cause.contains("registering runners"), "{refusal:#?}");
}

#[tokio::test]
async fn a_lost_token_does_no_harm_and_a_lost_runner_is_unclear() {
    let ci = Ci::with(patience(300)).await;
    let owner = ci.of("ada", repo());
    for kind in [FaultKind::BadGateway, FaultKind::CutBeforeHandling, FaultKind::NoAnswer] {
        for route in [ASK, JIT] {
            ci.sim.faults().add(FaultRule::new(kind.clone()).on(route).times(1));
        }
        assert!(!refused(&ci, BOT, &owner, REPO).await.unclear, "{kind:?}");
        assert!(
            jit(&ci, &owner, REPO, &ask("one")).await.unwrap_err().unclear,
            "{kind:?}"
        );
    }
    let limit = FaultRule::new(FaultKind::SecondaryLimit { retry_after: 60 }).times(1);
    ci.sim.faults().add(limit);
    no(
        &jit(&ci, &owner, REPO, &ask("one")).await.unwrap_err(),
        Code::ForgeRateLimited,
    );
}

fn ask(name: &str) -> JitAsk {
    JitAsk {
        name: name.to_owned(),
        runner_group_id: 1,
        labels: vec!["self-hosted".to_owned(), "linux".to_owned()],
        work_folder: None,
    }
}

async fn jit(ci: &Ci, credential: &Credential, place: &str, ask: &JitAsk) -> CiOutcome<JitRunner> {
    let place = scope(place);
    let at = ci.at(BOT, credential, &place);
    ci.forges.runners(ForgeKind::GitHub).jit_config(&at, ask).await
}

#[tokio::test]
async fn a_runner_for_a_single_job_is_made_once() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let made = jit(&ci, &owner, REPO, &ask("one")).await.unwrap();
    assert_eq!(made.name, "one");
    assert!(made.labels.contains(&"linux".to_owned()), "{:?}", made.labels);
    assert!(!format!("{made:?}").contains(made.encoded_jit_config.expose()));
    assert_eq!(ci.sim.github().runners(), ["repos/acme/tools/one"]);

    let taken = jit(&ci, &owner, REPO, &ask("One")).await.unwrap_err();
    no(&taken, Code::RunnerNameTaken);
    assert!(taken.diagnosis.cause.contains("`One`"), "{taken:#?}");
    let page = "/acme/tools/settings/actions/runners";
    assert!(
        taken.diagnosis.url.as_deref().is_some_and(|url| url.ends_with(page)),
        "{taken:#?}"
    );

    let elsewhere = JitAsk {
        runner_group_id: 7,
        ..ask("two")
    };
    let refusal = jit(&ci, &owner, REPO, &elsewhere).await.unwrap_err();
    no(&refusal, Code::RunnerScopeNotFound);
    assert!(
        refusal.diagnosis.cause.contains("no runner group number 7"),
        "{refusal:#?}"
    );

    let fault = FaultKind::Status {
        status: 422,
        message: "Invalid request. The name is too long.".to_owned(),
    };
    ci.sim.faults().add(FaultRule::new(fault).on(JIT).times(1));
    let refusal = jit(&ci, &owner, REPO, &ask("three")).await.unwrap_err();
    no(&refusal, Code::RunnerInvalid);
    assert!(refusal.diagnosis.cause.contains("The name is too long"), "{refusal:#?}");

    let before = ci.sim.calls().total();
    let nameless = jit(&ci, &owner, REPO, &ask("")).await.unwrap_err();
    no(&nameless, Code::RunnerInvalid);
    assert_eq!(ci.sim.calls().total(), before);
}

#[tokio::test]
async fn what_github_has_not_is_refused_without_a_call() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", repo());
    let place = scope(REPO);
    let at = ci.at(BOT, &owner, &place);
    let github = ci.forges.runners(ForgeKind::GitHub);
    assert!(!github.makes_runners());
    let token = Secret::new("x");
    let known = KnownRunner {
        forge_id: "1",
        token: &token,
    };
    let wanted = NewRunner {
        name: "one".to_owned(),
        labels: Vec::new(),
        run_untagged: false,
        locked: false,
        paused: false,
        protected_only: false,
        maximum_timeout_seconds: None,
        token_expires_at: None,
    };
    no(
        &github.make_runner(&at, &wanted).await.unwrap_err(),
        Code::RunnerUnsupported,
    );
    no(
        &github.verify_runner(at.forge, known, at.now).await.unwrap_err(),
        Code::RunnerUnsupported,
    );
    let renewed = github.renew_runner(at.forge, Some(&at), known, at.now).await;
    no(&renewed.unwrap_err(), Code::RunnerUnsupported);
    no(
        &github.remove_runner(&at, known).await.unwrap_err(),
        Code::RunnerUnsupported,
    );
    assert_eq!(ci.sim.calls().total(), 0);
}

#[test]
fn runners_register_where_people_look() {
    let forges = super::forges(jeton_forge::HttpOptions::default());
    let url = |forge: &ForgeEndpoint, place: &str| forges.runners(ForgeKind::GitHub).register_url(forge, &scope(place));
    let public = ForgeEndpoint::github_com();
    assert_eq!(url(&public, REPO), "https://github.com/acme/tools");
    assert_eq!(url(&public, ORG), "https://github.com/acme");
    assert_eq!(url(&public, ENTERPRISE), "https://github.com/enterprises/big");
    assert_eq!(url(&public, "repository:a?b/c#d"), "https://github.com/a%3Fb/c%23d");
    let own = ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap();
    assert_eq!(url(&own, ORG), "https://ghe.example.com/acme");
}
