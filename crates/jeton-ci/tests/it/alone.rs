//! The same with one credential and without a server.

use std::sync::Arc;

use jeton_ci::{AloneCi, AloneParts, CiError, JitWish, RunnerWish, SecretAsk, SecretOptions, SecretValue, SourceAsk};
use jeton_domain::{Code, Coded as _, Credential, CredentialKind, Fitness, ForgeEndpoint, Secret};
use jeton_forge::{AddressRules, HttpOptions, Outbound};
use jeton_forge_sim::{OrgRole, PersonalTokenSpec, SecretScope};

use crate::world::{DatabaseKind, Random, World, ask, tools};

fn alone(w: &World, forge: ForgeEndpoint, kind: CredentialKind, token: &str, is_workflow: bool) -> AloneCi {
    let rules = AddressRules {
        allow: Vec::new(),
        allow_loopback: true,
    };
    AloneCi::new(AloneParts {
        outbound: Outbound::new(HttpOptions::default(), rules).unwrap(),
        clock: Arc::new(w.clock.clone()),
        entropy: Arc::new(Random),
        credential: Credential {
            kind,
            forge: forge.clone(),
            token: Secret::new(token.to_owned()),
            username: None,
            email: None,
        },
        forge,
        variable: "GITHUB_TOKEN".to_owned(),
        is_workflow,
    })
}

fn mona(w: &World) -> AloneCi {
    w.repository("tools");
    let github = w.sim.github();
    github.add_user("mona");
    github.add_member("acme", "mona", OrgRole::Admin).unwrap();
    let token = github
        .add_personal_token("mona", PersonalTokenSpec::classic(["repo"]))
        .token;
    let forge = ForgeEndpoint::github(&w.sim.api_url()).unwrap();
    alone(w, forge, CredentialKind::GitHubClassic, &token, false)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_credential_registers_runners_and_pushes_secrets() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let ci = mona(&w);
    let grant = ci.registration_token(ask("", tools())).await.unwrap();
    assert_eq!((grant.source.as_str(), grant.shared), ("GITHUB_TOKEN", false));
    assert!(!format!("{grant:?} {ci:?}").contains(grant.token.expose()));
    ci.removal_token(ask("", tools())).await.unwrap();
    let wish = JitWish {
        forge: None,
        scope: tools(),
        source: SourceAsk::default(),
        name: "one".to_owned(),
        runner_group_id: None,
        labels: vec!["self-hosted".to_owned()],
        work_folder: None,
    };
    assert_eq!(ci.jit_config(wish).await.unwrap().name, "one");
    assert_eq!(ci.examine_runners(&tools()).await.unwrap().fit, Fitness::Yes);
    let secret = |value| SecretAsk {
        forge: None,
        scope: tools(),
        source: SourceAsk::default(),
        name: "DEPLOY".to_owned(),
        value,
        options: SecretOptions::default(),
    };
    let text = SecretValue::Text(Secret::new("hunter two".to_owned()));
    assert!(ci.push_secret(secret(text)).await.unwrap().created);
    let place = SecretScope::repository("acme", "tools");
    assert_eq!(w.sim.github().secret_value(&place, "DEPLOY").unwrap(), b"hunter two");
    let of_account = SecretValue::AccountToken("work".to_owned());
    let error = ci.push_secret(secret(of_account)).await.unwrap_err();
    assert_eq!(error.code(), Code::RequestInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflows_own_token_is_told_what_would_do() {
    let w = World::start(DatabaseKind::Sqlite).await;
    w.repository("tools");
    let token = w
        .sim
        .github()
        .add_workflow_token("acme", "tools", [("contents", "read")]);
    let forge = ForgeEndpoint::github(&w.sim.api_url()).unwrap();
    let ci = alone(&w, forge, CredentialKind::GitHubInstallation, &token, true);
    let error = ci.registration_token(ask("", tools())).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerWorkflowToken, "{error:?}");
    assert_eq!(error.tried()[0].source, "GITHUB_TOKEN");
    let report = ci.examine_runners(&tools()).await.unwrap();
    assert_eq!(report.fit, Fitness::No);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_server_has_is_refused_with_words() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let ci = mona(&w);
    let mut named = ask("", tools());
    named.source.account = Some("work".to_owned());
    let error = ci.registration_token(named).await.unwrap_err();
    assert_eq!(error.code(), Code::RequestInvalid);
    assert!(error.remedy().unwrap().contains("jeton server"));
    let error = ci.registration_token(ask("gitlab.com", tools())).await.unwrap_err();
    assert!(matches!(error, CiError::UnknownForge(_)), "{error:?}");
    let mut wish = ask("", tools());
    wish.runner = RunnerWish {
        name: Some("mine".to_owned()),
        ..RunnerWish::default()
    };
    assert_eq!(
        ci.registration_token(wish).await.unwrap_err().code(),
        Code::RunnerInvalid
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_that_is_made_is_kept_by_nobody() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let g = w.gitlab().await;
    let spec = jeton_forge_sim::GitLabTokenSpec::personal(g.user).scopes(["create_runner", "read_api"]);
    let token = g.sim.add_token(&spec).unwrap().token;
    let forge = ForgeEndpoint::gitlab(&g.sim.web_url()).unwrap();
    let ci = alone(&w, forge, CredentialKind::GitLabPersonal, &token, false);
    let grant = ci.registration_token(ask("", tools())).await.unwrap();
    assert_eq!(g.sim.runner_of_token(grant.token.expose()), Some(g.sim.runners()[0].id));
    let runner = grant.runner.unwrap();
    assert_eq!(runner.forge_id.unwrap(), g.sim.runners()[0].id.to_string());
    let rows = w
        .vault
        .read()
        .await
        .unwrap()
        .runners()
        .list(None, None, 10)
        .await
        .unwrap();
    assert!(rows.is_empty());
    assert_eq!(
        ci.removal_token(ask("", tools())).await.unwrap_err().code(),
        Code::RunnerUnsupported
    );
}
