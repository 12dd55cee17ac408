//! Runners: made, removed, refused, and whether they could be made.

use jeton_domain::{Clock as _, Code, Credential, CredentialKind, Fitness, Secret};
use jeton_forge::{
    AccountForge as _, TokenEnded,
    ci::{CiAt, Holder, KnownRunner, NewRunner},
};
use jeton_forge_sim::{BitbucketCiScope, FaultKind, FaultRule};

use super::{CiWorld, RUNNERS, acme, runner, scope, shows, tools};

const MAKE: &str = "POST /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners";

#[tokio::test]
async fn a_runner_is_made_for_a_repository_and_a_workspace() {
    let w = CiWorld::new().await;
    for (credential, scope, where_to) in [
        (w.token(&RUNNERS), tools(), BitbucketCiScope::Repository(w.t.tools)),
        (
            w.access_token(&["runner:write"]),
            tools(),
            BitbucketCiScope::Repository(w.t.tools),
        ),
        (
            w.token(&RUNNERS),
            acme(),
            BitbucketCiScope::Workspace("acme".to_owned()),
        ),
    ] {
        let made = w.make(&credential, &scope).await.unwrap();
        assert_eq!(
            w.t.sim.runner_of_secret(made.token.expose()).as_deref(),
            Some(made.forge_id.as_str())
        );
        assert_eq!(made.expires_at, None);
        let all = w.t.sim.runners();
        let found = all.iter().find(|one| one.uuid == made.forge_id).unwrap();
        assert_eq!((&found.scope, found.name.as_str()), (&where_to, "builder 1"));
        assert_eq!(
            found.labels,
            ["self.hosted", "linux"],
            "the label that all need is added"
        );
        assert_eq!(made.client_id.as_ref(), Some(&found.client_id));
        let known = KnownRunner {
            forge_id: &made.forge_id,
            token: &made.token,
        };
        let at = w.at(&credential, &scope);
        assert!(w.runners().verify_runner(at.forge, known, at.now).await.unwrap());
        w.runners().remove_runner(&at, known).await.unwrap();
        assert!(w.t.sim.runners().is_empty());
        // gone already is as good
        w.runners().remove_runner(&at, known).await.unwrap();
    }
}

/// A runner that works on must not be taken for removed.
#[tokio::test]
async fn a_repository_that_is_not_seen_is_no_runner_that_is_gone() {
    let w = CiWorld::new().await;
    let credential = w.token(&RUNNERS);
    let token = Secret::new("x");
    let known = KnownRunner {
        forge_id: "{0b1c}",
        token: &token,
    };
    let scope = scope("repository", "acme/nowhere");
    let refused = w
        .runners()
        .remove_runner(&w.at(&credential, &scope), known)
        .await
        .unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::RunnerScopeNotFound);
    assert_eq!(refused.evidence.len(), 2);
}

#[tokio::test]
async fn every_no_has_its_code_and_what_would_do() {
    let w = CiWorld::new().await;
    let app = Credential {
        kind: CredentialKind::BitbucketAppPassword,
        ..w.token(&[])
    };
    for (credential, scope, code, words) in [
        (
            w.token(&["write:runner"]),
            tools(),
            Code::CredentialScope,
            &[
                "lacks `read:runner:bitbucket`",
                "it has `write:runner:bitbucket`",
                "scope of its own",
            ][..],
        ),
        (
            w.access_token(&["repository"]),
            tools(),
            Code::CredentialScope,
            &["lacks `runner:write`", "Access tokens"],
        ),
        (
            w.writer(&RUNNERS),
            tools(),
            Code::CredentialRole,
            &["administers the repository `acme/tools`", "administrator"],
        ),
        (
            w.token(&RUNNERS),
            scope("repository", "acme/nowhere"),
            Code::RunnerScopeNotFound,
            &["answers both alike", "acme/nowhere"],
        ),
        (
            w.t.credential(CredentialKind::BitbucketApiToken, "ATATT-nobody"),
            tools(),
            Code::CredentialInvalid,
            &["alice@example.com"],
        ),
        (app, tools(), Code::CredentialAppPassword, &["API token"]),
        (
            w.token(&RUNNERS),
            scope("instance", ""),
            Code::RunnerUnsupported,
            &["workspace"],
        ),
    ] {
        let refused = w.make(&credential, &scope).await.unwrap_err();
        let found = &refused.diagnosis;
        assert_eq!(found.code, code, "{found:#?}");
        let text = format!("{} {}", found.cause, found.remedy);
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
        assert!(!refused.unclear && found.cause.ends_with('.') && found.remedy.ends_with('.'));
        assert!(!shows(&refused, credential.token.expose()));
    }
    assert!(w.t.sim.runners().is_empty());
}

#[tokio::test]
async fn names_and_limits_are_told_apart() {
    let w = CiWorld::new().await;
    let credential = w.token(&RUNNERS);
    w.make(&credential, &tools()).await.unwrap();
    let refused = w.make(&credential, &tools()).await.unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::RunnerNameTaken);
    assert!(refused.diagnosis.cause.contains("`builder 1`"));
    w.t.sim.set_runner_limit(1);
    let scope = tools();
    let other = NewRunner {
        name: "builder 2".to_owned(),
        ..runner()
    };
    let refused = w
        .runners()
        .make_runner(&w.at(&credential, &scope), &other)
        .await
        .unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::RunnerLimit);
    let nameless = NewRunner {
        name: String::new(),
        ..runner()
    };
    let refused = w
        .runners()
        .make_runner(&w.at(&credential, &scope), &nameless)
        .await
        .unwrap_err();
    assert!(!refused.unclear);
}

#[tokio::test]
async fn what_bitbucket_has_not_is_said_without_a_call() {
    let w = CiWorld::new().await;
    let (credential, scope) = (w.token(&RUNNERS), tools());
    let at = w.at(&credential, &scope);
    for odd in [
        NewRunner {
            locked: true,
            ..runner()
        },
        NewRunner {
            paused: true,
            ..runner()
        },
        NewRunner {
            protected_only: true,
            ..runner()
        },
        NewRunner {
            maximum_timeout_seconds: Some(60),
            ..runner()
        },
        NewRunner {
            token_expires_at: Some(w.t.clock.now()),
            ..runner()
        },
    ] {
        let refused = w.runners().make_runner(&at, &odd).await.unwrap_err();
        assert_eq!(refused.diagnosis.code, Code::RunnerInvalid);
    }
    let token = Secret::new("x");
    let known = KnownRunner {
        forge_id: "{0b1c}",
        token: &token,
    };
    for refused in [
        w.runners().registration_token(&at).await.unwrap_err(),
        w.runners().removal_token(&at).await.unwrap_err(),
        w.runners()
            .renew_runner(at.forge, None, known, at.now)
            .await
            .unwrap_err(),
        w.runners()
            .renew_runner(at.forge, Some(&at), known, at.now)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(refused.diagnosis.code, Code::RunnerUnsupported);
    }
    let step = CiAt {
        holder: Holder::Workflow,
        ..at
    };
    let refused = w.runners().make_runner(&step, &runner()).await.unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::RunnerWorkflowToken);
    assert!(refused.diagnosis.remedy.contains("oidc: true"));
    assert!(w.runners().makes_runners());
    let web = w.t.sim.web_url();
    assert_eq!(w.runners().register_url(at.forge, &scope), format!("{web}/acme/tools"));
    assert_eq!(w.runners().register_url(at.forge, &acme()), format!("{web}/acme"));
    assert_eq!(w.t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open_whether_a_runner_was_made() {
    let w = CiWorld::new().await;
    let credential = w.token(&RUNNERS);
    for (kind, unclear, code) in [
        (FaultKind::CutBeforeAnswer, true, Code::RunnerUnclear),
        (FaultKind::BadGateway, true, Code::RunnerUnclear),
        (
            FaultKind::SecondaryLimit429 { retry_after: 9 },
            false,
            Code::ForgeRateLimited,
        ),
    ] {
        w.t.sim.calls().reset();
        let fault = w.t.sim.faults().add(FaultRule::new(kind.clone()).on(MAKE));
        let refused = w.make(&credential, &tools()).await.unwrap_err();
        w.t.sim.faults().remove(fault);
        assert_eq!((refused.unclear, refused.diagnosis.code), (unclear, code), "{kind:?}");
        assert_eq!(w.t.sim.calls().count(MAKE), 1);
    }
}

#[tokio::test]
async fn what_a_token_may_is_found_by_reading_alone() {
    let w = CiWorld::new().await;
    for (credential, scope, fit, code) in [
        (w.token(&RUNNERS), tools(), Fitness::Yes, None),
        (
            w.token(&["read:runner"]),
            tools(),
            Fitness::No,
            Some(Code::CredentialScope),
        ),
        (
            w.token(&["write:runner"]),
            tools(),
            Fitness::No,
            Some(Code::CredentialScope),
        ),
        (w.writer(&RUNNERS), tools(), Fitness::No, Some(Code::CredentialRole)),
        (
            w.token(&RUNNERS),
            scope("repository", "acme/nowhere"),
            Fitness::No,
            Some(Code::RunnerScopeNotFound),
        ),
        (
            // nothing is refused to it, so that its scopes are not told
            w.token(&["read:runner", "read:pipeline", "read:user", "read:pullrequest"]),
            tools(),
            Fitness::Unknown,
            None,
        ),
    ] {
        let found = w.runners().examine(&w.at(&credential, &scope)).await;
        assert_eq!(found.fit, fit, "{found:#?}");
        assert_eq!(found.diagnoses.first().map(|one| one.code), code, "{found:#?}");
        assert!(found.needs.contains("`write:runner:bitbucket`") && found.why.ends_with('.'));
    }
    let (access, scope) = (w.access_token(&["runner:write"]), tools());
    let found = w.runners().examine(&w.at(&access, &scope)).await;
    assert_eq!(found.fit, Fitness::Yes, "{found:#?}");
    w.t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let found = w.runners().examine(&w.at(&access, &scope)).await;
    assert_eq!(found.fit, Fitness::Unknown);
    let all = w.t.sim.calls().all();
    assert!(all.keys().all(|route| route.starts_with("GET ")), "{all:?}");
}

#[tokio::test]
async fn no_token_ends_itself_and_a_person_is_told_where() {
    let w = CiWorld::new().await;
    for (kind, words) in [
        (CredentialKind::BitbucketApiToken, "id.atlassian.com"),
        (CredentialKind::BitbucketRepository, "the repository"),
        (CredentialKind::BitbucketProject, "the project"),
        (CredentialKind::BitbucketWorkspace, "the workspace"),
        (CredentialKind::BitbucketAccess, "Access tokens"),
        (CredentialKind::BitbucketAppPassword, "2026-07-28"),
    ] {
        let credential = w.t.credential(kind, "x");
        let TokenEnded::Unsupported(found) = w.t.accounts.end_token(&credential, w.t.clock.now()).await else {
            panic!("{kind}");
        };
        assert_eq!(Some(&found), w.t.accounts.cannot_end(&credential.forge, kind).as_ref());
        assert_eq!(found.code, Code::OldTokenUnsupported);
        assert!(found.remedy.contains(words), "{}", found.remedy);
    }
    assert_eq!(w.t.sim.calls().total(), 0);
}
