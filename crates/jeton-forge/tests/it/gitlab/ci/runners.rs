//! The life of a runner: made, tested, renewed, removed.

use jeton_domain::{Clock as _, Code, Secret};
use jeton_forge::ci::{CiForges, Holder, JitAsk, KnownRunner, NewRunner};
use jeton_forge_sim::{FaultKind, FaultRule, GitLabRunnerKind};
use jiff::SignedDuration;

use super::{
    super::{hasty, outbound, patient, shows},
    CiWorld, MAKE, runner, scope, tools,
};

fn known<'a>(id: &'a str, token: &'a Secret) -> KnownRunner<'a> {
    KnownRunner { forge_id: id, token }
}

#[tokio::test]
async fn a_runner_is_made_for_a_project_a_group_and_all_of_it() {
    let w = CiWorld::new().await;
    let sim = &w.t.sim;
    for (credential, scope, kind) in [
        (
            w.token(w.olga, &["create_runner", "read_api"]),
            tools(),
            GitLabRunnerKind::Project(w.t.project),
        ),
        (
            w.token(w.olga, &["api"]),
            scope("owner", "ops"),
            GitLabRunnerKind::Group(w.group),
        ),
        (
            w.token(w.root, &["create_runner"]),
            scope("instance", ""),
            GitLabRunnerKind::Instance,
        ),
    ] {
        let made = w.make(&credential, &scope).await.unwrap();
        assert_eq!((made.client_id, made.expires_at), (None, None));
        let id = sim.runner_of_token(made.token.expose()).unwrap();
        assert_eq!(made.forge_id, id.to_string());
        let found = sim.runners().into_iter().find(|runner| runner.id == id).unwrap();
        assert_eq!((found.kind, found.description.as_str()), (kind, "builder 1"));
        assert_eq!(found.tags, ["linux", "big"]);
    }
    assert_eq!(sim.calls().count(MAKE), 3);
}

#[tokio::test]
async fn an_end_is_asked_for_within_gitlabs_bounds_and_learnt_from_its_answer() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let scope = tools();
    let now = w.t.clock.now();
    let with_end = async |ahead: SignedDuration| {
        let runner = NewRunner {
            token_expires_at: Some(now.checked_add(ahead).unwrap()),
            ..runner()
        };
        w.runners().make_runner(&w.at(&credential, &scope), &runner).await
    };
    for bad in [
        SignedDuration::from_secs(299),
        SignedDuration::from_hours(15 * 24) + SignedDuration::from_secs(1),
        SignedDuration::from_hours(-1),
    ] {
        let refused = with_end(bad).await.unwrap_err();
        assert_eq!(refused.diagnosis.code, Code::RunnerInvalid);
        assert!(!refused.unclear && refused.evidence.is_empty());
    }
    let locked = NewRunner {
        locked: true,
        ..runner()
    };
    let ops = super::scope("owner", "ops");
    let refused = w.runners().make_runner(&w.at(&credential, &ops), &locked).await;
    assert_eq!(refused.unwrap_err().diagnosis.code, Code::RunnerInvalid);
    assert_eq!(w.t.sim.calls().total(), 0);
    let made = with_end(SignedDuration::from_hours(24)).await.unwrap();
    let end = made.expires_at.unwrap();
    assert_eq!(end, now.checked_add(SignedDuration::from_hours(24)).unwrap());

    // GitLab's own settings may set an end that nobody asked for
    w.t.sim
        .set_runner_token_lifetime(Some(w.t.project), Some(SignedDuration::from_hours(2)))
        .unwrap();
    let made = w.make(&credential, &scope).await.unwrap();
    assert_eq!(
        made.expires_at,
        Some(now.checked_add(SignedDuration::from_hours(2)).unwrap())
    );
}

#[tokio::test]
async fn a_runner_is_tested_and_renewed_with_its_own_token_alone() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let forge = &credential.forge;
    let made = w.make(&credential, &tools()).await.unwrap();
    let now = w.t.clock.now();
    let verify = async |token: &Secret| {
        let runner = known(&made.forge_id, token);
        w.runners().verify_runner(forge, runner, now).await.unwrap()
    };
    assert!(verify(&made.token).await);
    let renewed = w
        .runners()
        .renew_runner(forge, None, known(&made.forge_id, &made.token), now)
        .await
        .unwrap();
    assert!(!verify(&made.token).await, "the old one is dead at once");
    assert!(verify(&renewed.token).await);

    // a dead token renews nothing; somebody who may does
    let refused = w
        .runners()
        .renew_runner(forge, None, known(&made.forge_id, &made.token), now)
        .await
        .unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::CredentialInvalid);
    assert!(!refused.unclear && refused.diagnosis.remedy.contains("manage_runner"));
    let (manager, scope) = (w.token(w.olga, &["manage_runner"]), tools());
    let at = w.at(&manager, &scope);
    let again = w
        .runners()
        .renew_runner(forge, Some(&at), known(&made.forge_id, &made.token), now)
        .await
        .unwrap();
    assert!(!verify(&renewed.token).await && verify(&again.token).await);
}

#[tokio::test]
async fn an_ended_token_is_dead() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let made = w.make(&credential, &tools()).await.unwrap();
    let now = w.t.clock.now();
    w.t.sim
        .set_runner_token_expiry(made.forge_id.parse().unwrap(), Some(now - SignedDuration::from_secs(1)))
        .unwrap();
    let runner = known(&made.forge_id, &made.token);
    assert!(!w.runners().verify_runner(&credential.forge, runner, now).await.unwrap());
    let refused = w.runners().renew_runner(&credential.forge, None, runner, now).await;
    assert_eq!(refused.unwrap_err().diagnosis.code, Code::CredentialInvalid);
}

#[tokio::test]
async fn a_runner_removes_itself_and_somebody_removes_one_whose_token_is_dead() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let scope = tools();
    let at = w.at(&credential, &scope);
    let made = w.make(&credential, &scope).await.unwrap();
    let runner = known(&made.forge_id, &made.token);
    w.runners().remove_runner(&at, runner).await.unwrap();
    assert!(w.t.sim.runners().is_empty());
    assert_eq!(w.t.sim.calls().count("DELETE /api/v4/runners/{id}"), 0);
    // gone already is as good
    w.runners().remove_runner(&at, runner).await.unwrap();

    let made = w.make(&credential, &scope).await.unwrap();
    let dead = Secret::new("glrt-dead");
    w.runners()
        .remove_runner(&at, known(&made.forge_id, &dead))
        .await
        .unwrap();
    assert!(w.t.sim.runners().is_empty());
}

#[tokio::test]
async fn who_may_not_remove_is_told_what_it_takes() {
    let w = CiWorld::new().await;
    let made = w.make(&w.token(w.olga, &["api"]), &tools()).await.unwrap();
    let dead = Secret::new("glrt-dead");
    let scope = tools();
    for (credential, code) in [
        (w.token(w.olga, &["create_runner"]), Code::CredentialScope),
        (w.token(w.t.alice, &["api"]), Code::CredentialRole),
    ] {
        let at = w.at(&credential, &scope);
        let refused = w.runners().remove_runner(&at, known(&made.forge_id, &dead)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.diagnosis.code, code, "{:?}", refused.diagnosis);
        let text = format!("{:?}", refused.diagnosis);
        assert!(text.contains("manage_runner") || text.contains("Maintainer"), "{text}");
    }
    assert_eq!(w.t.sim.runners().len(), 1);
}

/// A runner may be there whose token nobody has: it is said, and nothing is sent twice.
#[tokio::test]
async fn a_lost_answer_leaves_it_open_whether_a_runner_was_made_or_renewed() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let scope = tools();
    for (kind, done) in [
        (FaultKind::CutBeforeAnswer, true),
        (FaultKind::Garbage, true),
        (FaultKind::EmptyBody, true),
        (FaultKind::CutBeforeHandling, false),
        (FaultKind::BadGateway, false),
        (FaultKind::NoAnswer, false),
        (
            FaultKind::Status {
                status: 418,
                message: "no".to_owned(),
            },
            false,
        ),
    ] {
        let options = if matches!(kind, FaultKind::NoAnswer) {
            hasty()
        } else {
            patient()
        };
        let forges = CiForges::new(outbound(options));
        let runners = forges.runners(jeton_domain::ForgeKind::GitLab);
        let before = w.t.sim.runners().len();
        w.t.sim.calls().reset();
        let fault = w.t.sim.faults().add(FaultRule::new(kind.clone()).on(MAKE));
        let refused = runners.make_runner(&w.at(&credential, &scope), &runner()).await;
        w.t.sim.faults().remove(fault);
        let refused = refused.unwrap_err();
        assert!(refused.unclear, "{kind:?}");
        assert_eq!(refused.diagnosis.code, Code::RunnerUnclear, "{kind:?}");
        assert!(refused.diagnosis.remedy.contains("builder 1"), "{kind:?}");
        assert_eq!(w.t.sim.calls().count(MAKE), 1, "{kind:?}");
        assert_eq!(w.t.sim.runners().len() - before, usize::from(done), "{kind:?}");
        assert!(!shows(&refused, credential.token.expose()));

        let made = w.make(&credential, &scope).await.unwrap();
        let own = "POST /api/v4/runners/reset_authentication_token";
        let fault = w.t.sim.faults().add(FaultRule::new(kind.clone()).on(own));
        let runner = known(&made.forge_id, &made.token);
        let refused = runners
            .renew_runner(&credential.forge, None, runner, w.t.clock.now())
            .await
            .unwrap_err();
        w.t.sim.faults().remove(fault);
        assert!(refused.unclear, "{kind:?}");
        assert_eq!(refused.diagnosis.code, Code::RunnerUnclear, "{kind:?}");
        let lives = w.t.sim.runner_of_token(made.token.expose()).is_some();
        assert_eq!(lives, !done, "{kind:?}");
        assert!(!shows(&refused, made.token.expose()));
    }
}

#[tokio::test]
async fn a_limit_is_no_open_question() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    w.t.sim
        .faults()
        .add(FaultRule::new(FaultKind::SecondaryLimit { retry_after: 30 }).on(MAKE));
    let refused = w.make(&credential, &tools()).await.unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::ForgeRateLimited);
    assert!(!refused.unclear && refused.diagnosis.retry_at.is_some());
    assert!(w.t.sim.runners().is_empty());
}

#[tokio::test]
async fn a_read_whose_connection_was_cut_is_asked_again() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let read = "GET /api/v4/projects/{id}";
    w.t.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(read).times(1));
    w.make(&credential, &tools()).await.unwrap();
    assert_eq!(w.t.sim.calls().count(read), 2);
}

#[tokio::test]
async fn what_gitlab_has_not_is_said_without_a_call() {
    let w = CiWorld::new().await;
    let credential = w.token(w.olga, &["api"]);
    let scope = tools();
    let at = w.at(&credential, &scope);
    assert!(w.runners().makes_runners());
    assert_eq!(w.runners().register_url(&credential.forge, &scope), w.t.sim.web_url());
    let ask = JitAsk {
        name: "x".to_owned(),
        runner_group_id: 1,
        labels: vec![],
        work_folder: None,
    };
    for refused in [
        w.runners().registration_token(&at).await.unwrap_err(),
        w.runners().removal_token(&at).await.unwrap_err(),
        w.runners().jit_config(&at, &ask).await.unwrap_err(),
    ] {
        assert_eq!(refused.diagnosis.code, Code::RunnerUnsupported);
        assert!(refused.diagnosis.remedy.contains("runner"));
    }
    let job = jeton_forge::ci::CiAt {
        holder: Holder::Workflow,
        ..at
    };
    let refused = w.runners().make_runner(&job, &runner()).await.unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::RunnerWorkflowToken);
    assert!(refused.diagnosis.remedy.contains("id_tokens"));
    assert_eq!(w.t.sim.calls().total(), 0);
}
