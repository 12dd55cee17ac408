//! Whether a credential could register runners, by reading alone.

use jeton_domain::{Code, Credential, Fitness, ForgeKind};
use jeton_forge::ci::{Holder, RunnerExam};
use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec};
use jiff::SignedDuration;

use super::{APP, BOT, Ci, ENTERPRISE, ORG, REPO, scope};

/// Looks, and sees that nothing was written.
async fn examine(ci: &Ci, holder: Holder<'_>, credential: &Credential, place: &str) -> RunnerExam {
    ci.sim.calls().reset();
    let place = scope(place);
    let at = ci.at(holder, credential, &place);
    let exam = ci.forges.runners(ForgeKind::GitHub).examine(&at).await;
    let calls = ci.sim.calls().all();
    assert!(calls.keys().all(|route| route.starts_with("GET ")), "{calls:?}");
    assert!(calls.values().sum::<u64>() <= 2, "{calls:?}");
    assert!(ci.sim.github().runner_tokens().is_empty() && ci.sim.github().runners().is_empty());
    let shown = format!("{exam:?}");
    assert!(!shown.contains(credential.token.expose()), "the token is shown");
    assert!(exam.why.ends_with('.') && !exam.needs.is_empty(), "{exam:#?}");
    exam
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of all rows")]
async fn each_credential_is_told_how_it_stands() {
    let ci = Ci::new().await;
    let fine = |permissions: &[(&str, &str)]| PersonalTokenSpec::fine_grained("acme", permissions.iter().copied());
    let classic = |scope: &str| PersonalTokenSpec::classic([scope]);
    let runners = [("organization_self_hosted_runners", "read")];
    let (yes, no, unknown) = (Fitness::Yes, Fitness::No, Fitness::Unknown);
    let rows = [
        (Holder::Workflow, ci.job(), REPO, no, Some(Code::RunnerWorkflowToken)),
        (Holder::Workflow, ci.job(), ORG, no, Some(Code::RunnerWorkflowToken)),
        (
            Holder::Workflow,
            ci.job(),
            ENTERPRISE,
            no,
            Some(Code::RunnerWorkflowToken),
        ),
        (BOT, ci.of("ada", classic("repo")), REPO, yes, None),
        (
            BOT,
            ci.of("octocat", classic("repo")),
            REPO,
            no,
            Some(Code::CredentialRole),
        ),
        (
            BOT,
            ci.of("ada", classic("gist")),
            REPO,
            no,
            Some(Code::RunnerScopeNotFound),
        ),
        (
            BOT,
            ci.of("ada", classic("public_repo")),
            "repository:acme/site",
            no,
            Some(Code::CredentialScope),
        ),
        (BOT, ci.of("ada", classic("admin:org")), ORG, yes, None),
        (
            BOT,
            ci.of("octocat", classic("admin:org")),
            ORG,
            no,
            Some(Code::CredentialRole),
        ),
        (BOT, ci.of("ada", classic("repo")), ORG, no, Some(Code::CredentialScope)),
        (
            BOT,
            ci.of("ada", classic("manage_runners:enterprise")),
            ENTERPRISE,
            yes,
            None,
        ),
        (
            BOT,
            ci.of("ada", classic("repo")),
            ENTERPRISE,
            no,
            Some(Code::CredentialScope),
        ),
        (
            BOT,
            ci.of("ada", fine(&[("administration", "write")])),
            REPO,
            unknown,
            None,
        ),
        (
            BOT,
            ci.of("ada", fine(&[("contents", "read")])),
            REPO,
            no,
            Some(Code::CredentialScope),
        ),
        (
            BOT,
            ci.of("octocat", fine(&[("administration", "write")])),
            REPO,
            no,
            Some(Code::CredentialRole),
        ),
        (BOT, ci.of("ada", fine(&runners)), ORG, unknown, None),
        (
            BOT,
            ci.of("ada", fine(&runners)),
            ENTERPRISE,
            no,
            Some(Code::RunnerUnsupported),
        ),
        (APP, ci.app("administration=read").await, REPO, unknown, None),
        (
            APP,
            ci.app("contents=read").await,
            REPO,
            no,
            Some(Code::PermissionNotGranted),
        ),
        (
            APP,
            ci.app("contents=read").await,
            "repository:acme/none",
            no,
            Some(Code::RunnerScopeNotFound),
        ),
        (
            APP,
            ci.app("contents=read").await,
            ORG,
            no,
            Some(Code::PermissionNotGranted),
        ),
    ];
    for (row, (holder, credential, place, fit, code)) in rows.iter().enumerate() {
        let exam = examine(&ci, *holder, credential, place).await;
        assert_eq!(exam.fit, *fit, "row {row}: {exam:#?}");
        assert_eq!(
            exam.diagnoses.first().map(|found| found.code),
            *code,
            "row {row}: {exam:#?}"
        );
    }
}

#[tokio::test]
async fn the_least_is_named_in_the_words_of_the_credential() {
    let ci = Ci::new().await;
    let classic = ci.of("ada", PersonalTokenSpec::classic(["repo"]));
    assert_eq!(examine(&ci, BOT, &classic, REPO).await.needs, "repo");
    assert_eq!(examine(&ci, BOT, &classic, ORG).await.needs, "admin:org");
    let app = ci.app("contents=read").await;
    assert_eq!(examine(&ci, APP, &app, REPO).await.needs, "administration: write");
    let needs = examine(&ci, APP, &app, ORG).await.needs;
    assert_eq!(needs, "organization_self_hosted_runners: write");
}

#[tokio::test]
async fn a_dead_job_is_not_told_to_change_its_workflow() {
    let ci = Ci::new().await;
    let job = ci.job();
    ci.clock.advance(SignedDuration::from_hours(25));
    let exam = examine(&ci, Holder::Workflow, &job, REPO).await;
    assert_eq!(
        (exam.fit, exam.diagnoses[0].code),
        (Fitness::No, Code::CredentialInvalid)
    );
}

#[tokio::test]
async fn what_says_nothing_leaves_it_unknown() {
    let ci = Ci::new().await;
    let owner = ci.of("ada", PersonalTokenSpec::classic(["repo"]));
    let odd = FaultKind::Status {
        status: 403,
        message: "Something new.".to_owned(),
    };
    let rows = [
        (FaultKind::BadGateway, Code::ForgeUnavailable),
        (FaultKind::SecondaryLimit { retry_after: 60 }, Code::ForgeRateLimited),
        (FaultKind::CutBeforeHandling, Code::ForgeUnavailable),
        (odd, Code::ForgeForbidden),
    ];
    for (fault, code) in rows {
        let id = ci.sim.faults().add(FaultRule::new(fault));
        let exam = examine(&ci, BOT, &owner, REPO).await;
        assert_eq!(
            (exam.fit, exam.diagnoses[0].code),
            (Fitness::Unknown, code),
            "{exam:#?}"
        );
        ci.sim.faults().remove(id);
    }
}
