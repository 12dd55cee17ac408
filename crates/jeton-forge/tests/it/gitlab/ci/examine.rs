//! Whether a token could make runners, by reading alone.

use jeton_domain::{Code, Fitness};
use jeton_forge::ci::{CiAt, Holder, RunnerExam};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule};

use super::{CiWorld, scope, tools};

fn only_reads(w: &CiWorld) {
    let all = w.t.sim.calls().all();
    assert!(all.keys().all(|route| route.starts_with("GET ")), "{all:?}");
    assert!(w.t.sim.runners().is_empty());
}

async fn exam(w: &CiWorld, user: u64, scopes: &[&str], kind: &str, path: &str) -> RunnerExam {
    let (credential, scope) = (w.token(user, scopes), scope(kind, path));
    let exam = w.runners().examine(&w.at(&credential, &scope)).await;
    assert!(
        exam.needs.contains("create_runner") && exam.why.ends_with('.'),
        "{exam:?}"
    );
    exam
}

#[tokio::test]
async fn scope_and_role_decide() {
    let w = CiWorld::new().await;
    let max = w.t.sim.add_user("max").unwrap();
    w.t.sim.add_member(w.t.project, max, AccessLevel::Maintainer).unwrap();
    w.t.sim.add_member(w.group, max, AccessLevel::Maintainer).unwrap();
    let both: &[&str] = &["create_runner", "read_api"];
    let tools = ("repository", "acme/tools");
    for (user, scopes, (kind, path), fit, code) in [
        (w.olga, both, tools, Fitness::Yes, None),
        (w.olga, &["api"][..], ("owner", "ops"), Fitness::Yes, None),
        (max, both, tools, Fitness::Unknown, None),
        (w.root, both, tools, Fitness::Yes, None),
        (max, both, ("owner", "ops"), Fitness::No, Some(Code::CredentialRole)),
        (w.t.alice, both, tools, Fitness::No, Some(Code::CredentialRole)),
        (w.olga, &["read_api"], tools, Fitness::No, Some(Code::CredentialScope)),
        (
            w.olga,
            &["create_runner"],
            tools,
            Fitness::No,
            Some(Code::CredentialScope),
        ),
        (
            w.olga,
            both,
            ("repository", "acme/nowhere"),
            Fitness::No,
            Some(Code::RunnerScopeNotFound),
        ),
        (
            w.olga,
            both,
            ("enterprise", "acme"),
            Fitness::No,
            Some(Code::RunnerUnsupported),
        ),
    ] {
        let found = exam(&w, user, scopes, kind, path).await;
        assert_eq!(found.fit, fit, "{scopes:?} {kind} {path}: {found:#?}");
        assert_eq!(found.diagnoses.first().map(|one| one.code), code, "{found:#?}");
    }
    only_reads(&w);
}

#[tokio::test]
async fn a_dead_token_will_not_do_and_a_silent_gitlab_leaves_it_open() {
    let w = CiWorld::new().await;
    let (dead, scope) = (w.t.credential("glpat-nobody"), tools());
    let found = w.runners().examine(&w.at(&dead, &scope)).await;
    assert_eq!(
        (found.fit, found.diagnoses[0].code),
        (Fitness::No, Code::CredentialInvalid)
    );
    let credential = w.token(w.olga, &["api"]);
    w.t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let found = w.runners().examine(&w.at(&credential, &scope)).await;
    assert_eq!(
        (found.fit, found.diagnoses[0].code),
        (Fitness::Unknown, Code::ForgeUnavailable)
    );
    assert_eq!(found.evidence.len(), 1);
}

#[tokio::test]
async fn a_jobs_own_token_will_not_do_whatever_it_is() {
    let w = CiWorld::new().await;
    let (credential, scope) = (w.token(w.olga, &["api"]), tools());
    let at = CiAt {
        holder: Holder::Workflow,
        ..w.at(&credential, &scope)
    };
    let found = w.runners().examine(&at).await;
    assert_eq!(
        (found.fit, found.diagnoses[0].code),
        (Fitness::No, Code::RunnerWorkflowToken)
    );
    assert_eq!(w.t.sim.calls().total(), 0);
}
