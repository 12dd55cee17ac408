//! One secret to one place.

use jeton_access::PolicyChange;
use jeton_ci::{CiError, PushedSecret, ScopeName, SecretAsk, SecretOptions, SecretValue, SecretVisibility, SourceAsk};
use jeton_domain::{Blame, Code, Coded as _, Secret};
use jeton_forge_sim::{FaultKind, FaultRule, OrgRole, PersonalTokenSpec, SecretScope};
use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};
use jiff::SignedDuration;

use crate::{
    both_databases,
    world::{World, acme, client, operator, tools, user},
};

const PUT: &str = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";
/// Unlike anything else that stands in a database.
const VALUE: &str = "correct-Horse-battery-Staple-93";

fn secret(scope: ScopeName, name: &str, value: &str) -> SecretAsk {
    SecretAsk {
        forge: None,
        scope,
        source: SourceAsk::default(),
        name: name.to_owned(),
        value: SecretValue::Text(Secret::new(value)),
        options: SecretOptions::default(),
    }
}

/// Without an App, the simulated GitHub has to be named.
fn host(w: &World) -> String {
    w.sim.web_url().split_once("://").unwrap().1.to_owned()
}

fn in_tools() -> SecretScope {
    SecretScope::repository("acme", "tools")
}

async fn with_app(w: &World) {
    w.repository("tools");
    let permissions = [
        ("metadata", "read"),
        ("secrets", "write"),
        ("environments", "write"),
        ("organization_secrets", "write"),
    ];
    w.add_app("ci", &permissions).await;
}

fn value_of(w: &World, scope: &SecretScope, name: &str) -> Option<String> {
    let bytes = w.sim.github().secret_value(scope, name)?;
    Some(String::from_utf8(bytes).unwrap())
}

/// Lets a person do something with `acme/tools`.
pub(crate) async fn let_user(w: &World, name: &str, actions: &[&str]) {
    let spec = PolicySpec {
        name: format!("for-{name}"),
        callers: CallerSpec {
            user: Some(OneOrMany::from(name.to_owned())),
            ..CallerSpec::default()
        },
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        repositories: vec!["acme/tools".to_owned()],
        ..PolicySpec::default()
    };
    w.access
        .put_policy(&operator().caller, None, spec, PolicyChange::Put)
        .await
        .unwrap();
}

fn asked_in_vain(outcome: Result<PushedSecret, CiError>) -> CiError {
    let error = outcome.unwrap_err();
    assert!(error.remedy().is_some_and(|remedy| !remedy.is_empty()), "{error}");
    error
}

both_databases! {
    async fn a_secret_arrives_as_it_was_and_nothing_of_it_is_kept(w: World) {
        with_app(&w).await;
        let who = w.let_client("deploy", &["secret.push"], &["acme/tools"]).await;
        let pushed = w.ci.push_secret(&who, secret(tools(), "DEPLOY_KEY", VALUE)).await.unwrap();
        assert_eq!((pushed.created, pushed.source.as_str(), pushed.name.as_str()), (true, "app:ci", "DEPLOY_KEY"));
        assert_eq!(pushed.fingerprint, None, "a short value could be guessed from it");
        assert_eq!(value_of(&w, &in_tools(), "DEPLOY_KEY").as_deref(), Some(VALUE));
        let again = w.ci.push_secret(&who, secret(tools(), "DEPLOY_KEY", "other")).await.unwrap();
        assert!(!again.created);
        assert_eq!(value_of(&w, &in_tools(), "DEPLOY_KEY").as_deref(), Some("other"));

        let entries = w.record().await;
        let names: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).filter(|name| name.starts_with("secret.")).collect();
        assert_eq!(names, ["secret.pushing", "secret.pushed", "secret.pushing", "secret.pushed"]);
        let entry = w.newest("secret.pushed").await;
        assert_eq!(entry["repositories"], serde_json::json!(["acme/tools"]));
        assert_eq!((&entry["rule"], &entry["name"]), (&"for-deploy".into(), &"DEPLOY_KEY".into()));
        assert_eq!(entry["created"], false);
        for entry in entries.iter().filter(|entry| entry.event.starts_with("secret.")) {
            assert!(entry.fingerprint.is_none() && !entry.body.contains(VALUE), "{}", entry.body);
        }
        assert!(!w.database.holds(VALUE));
        let shown = format!("{:?} {pushed:?}", secret(tools(), "X", VALUE));
        assert!(!shown.contains(VALUE), "{shown}");
    }

    async fn who_may_not_push_sends_nothing(w: World) {
        with_app(&w).await;
        let other = w.let_client("other", &["secret.push"], &["acme/site"]).await;
        w.sim.calls().reset();
        for (who, scope) in [(&client("nobody"), tools()), (&other, tools()), (&other, acme())] {
            let error = w.ci.push_secret(who, secret(scope, "DEPLOY_KEY", VALUE)).await.unwrap_err();
            assert_eq!(error.code(), Code::PolicyDenied, "{error}");
        }
        assert_eq!(w.sim.calls().total(), 0);
        assert_eq!(w.count("secret.pushing").await, 0);
        assert!(w.count("secret.refused").await > 0);
        // A whole organization is what only a policy for all of it covers.
        let all = w.let_client("all", &["secret.push"], &["acme/*"]).await;
        let mut ask = secret(acme(), "DEPLOY_KEY", VALUE);
        ask.options.visibility = Some(SecretVisibility::All);
        w.ci.push_secret(&all, ask).await.unwrap();
        let scope = SecretScope::organization("acme");
        assert_eq!(value_of(&w, &scope, "DEPLOY_KEY").as_deref(), Some(VALUE));
    }

    async fn an_accounts_token_is_pushed_by_its_name(w: World) {
        with_app(&w).await;
        let token = w.sim.github().add_personal_token("mona", PersonalTokenSpec::classic(["repo"])).token;
        let account = w.account(&operator(), "robot", "github", &w.sim.web_url(), token.clone(), |_| {}).await;
        let ask = || SecretAsk { value: SecretValue::AccountToken("robot".to_owned()), ..secret(tools(), "ROBOT", "") };
        // To push secrets is one right, to have the account's token is another.
        let half = w.let_client("half", &["secret.push"], &["acme/tools"]).await;
        let error = w.ci.push_secret(&half, ask()).await.unwrap_err();
        assert_eq!(error.code(), Code::PolicyDenied, "{error}");
        assert!(value_of(&w, &in_tools(), "ROBOT").is_none());
        let both = w.let_client("both", &["secret.push", "account.use"], &["acme/tools"]).await;
        let pushed = w.ci.push_secret(&both, ask()).await.unwrap();
        assert_eq!(pushed.fingerprint.as_ref(), Some(&account.fingerprint));
        assert_eq!(value_of(&w, &in_tools(), "ROBOT"), Some(token.clone()));
        let entries = w.record().await;
        let last = entries.iter().rev().find(|one| one.event == "secret.pushed").unwrap();
        assert_eq!(last.fingerprint.as_deref(), Some(account.fingerprint.as_str()));
        assert!(last.body.contains("account:robot") && !last.body.contains(&token), "{}", last.body);
        assert!(!w.database.holds(&token));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_changes_meanwhile_does_no_harm() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let push = async || {
        w.ci.push_secret(&operator(), secret(tools(), "DEPLOY_KEY", VALUE))
            .await
    };
    push().await.unwrap();
    w.sim.github().rotate_secret_key(&in_tools()).unwrap();
    push().await.unwrap();
    w.sim.github().rotate_secret_key_at_next_put(&in_tools()).unwrap();
    push().await.unwrap();
    assert_eq!(value_of(&w, &in_tools(), "DEPLOY_KEY").as_deref(), Some(VALUE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_forge_takes_is_said_before_one_is_asked() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.sim.calls().reset();
    let large = "x".repeat(49 * 1024);
    for (name, value, code, remedy) in [
        ("MY-TOKEN", VALUE, Code::SecretName, "MY_TOKEN"),
        ("GITHUB_X", VALUE, Code::SecretName, "GH_X"),
        ("1A", VALUE, Code::SecretName, "_1A"),
        ("", VALUE, Code::SecretName, "DEPLOY_TOKEN"),
        ("LARGE", &large, Code::SecretTooLarge, ""),
        ("EMPTY", "", Code::SecretEmpty, ""),
    ] {
        let error = asked_in_vain(w.ci.push_secret(&operator(), secret(tools(), name, value)).await);
        assert_eq!(
            (error.code(), error.code().blame()),
            (code, Blame::Caller),
            "{name}: {error}"
        );
        assert!(error.remedy().unwrap().contains(remedy), "{name}: {:?}", error.remedy());
        assert!(!error.to_string().contains(VALUE));
    }
    assert_eq!((w.sim.calls().total(), w.count("secret.pushing").await), (0, 0));
    w.ci.push_secret(&operator(), secret(tools(), "LARGEST", &"x".repeat(48 * 1024)))
        .await
        .unwrap();
    assert_eq!(value_of(&w, &in_tools(), "LARGEST").unwrap().len(), 48 * 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_has_to_be_there() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let ask = || {
        let mut ask = secret(tools(), "DEPLOY_KEY", VALUE);
        ask.options.environment = Some("prod/eu west".to_owned());
        ask
    };
    let error = asked_in_vain(w.ci.push_secret(&operator(), ask()).await);
    assert_eq!(error.code(), Code::SecretEnvironment, "{error}");
    assert_eq!(
        w.newest("secret.push_failed").await["code"],
        "secret.environment_not_found"
    );
    w.sim.github().add_environment("acme", "tools", "prod/eu west").unwrap();
    let pushed = w.ci.push_secret(&operator(), ask()).await.unwrap();
    assert_eq!(pushed.environment.as_deref(), Some("prod/eu west"));
    let scope = SecretScope::environment("acme", "tools", "prod/eu west");
    assert_eq!(value_of(&w, &scope, "DEPLOY_KEY").as_deref(), Some(VALUE));
    assert!(value_of(&w, &in_tools(), "DEPLOY_KEY").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organization_takes_no_secrets_of_strangers() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.repository("tools");
    w.github_account("stranger", "sam", PersonalTokenSpec::classic(["repo", "admin:org"]))
        .await;
    let mut ask = secret(acme(), "DEPLOY_KEY", VALUE);
    ask.forge = Some(host(&w));
    ask.options.visibility = Some(SecretVisibility::All);
    let error = asked_in_vain(w.ci.push_secret(&operator(), ask.clone()).await);
    assert_eq!(error.code().blame(), Blame::Access, "{error}");
    assert_eq!(error.tried()[0].source, "account:stranger");
    // The next one that may is asked after it.
    w.sim.github().add_user("olga");
    w.sim.github().add_member("acme", "olga", OrgRole::Admin).unwrap();
    w.github_account("zz-owner", "olga", PersonalTokenSpec::classic(["repo", "admin:org"]))
        .await;
    let pushed = w.ci.push_secret(&operator(), ask).await.unwrap();
    assert_eq!(pushed.source, "account:zz-owner");
    let scope = SecretScope::organization("acme");
    assert_eq!(value_of(&w, &scope, "DEPLOY_KEY").as_deref(), Some(VALUE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_in_three_seconds_goes_nowhere() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let spec = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_mins(10));
    w.github_account("robot", "mona", spec).await;
    let ask = || SecretAsk {
        value: SecretValue::AccountToken("robot".to_owned()),
        ..secret(tools(), "ROBOT", "")
    };
    w.ci.push_secret(&operator(), ask()).await.unwrap();
    w.clock.advance(SignedDuration::from_secs(597));
    w.sim.calls().reset();
    let error = asked_in_vain(w.ci.push_secret(&operator(), ask()).await);
    assert_eq!(error.code(), Code::SecretEndsSoon, "{error}");
    w.clock.advance(SignedDuration::from_secs(10));
    let error = asked_in_vain(w.ci.push_secret(&operator(), ask()).await);
    assert_eq!(error.code(), Code::CredentialExpired, "{error}");
    assert_eq!(w.sim.calls().count(PUT), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_asked_for_once_more() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let push = async || {
        w.ci.push_secret(&operator(), secret(tools(), "DEPLOY_KEY", VALUE))
            .await
    };
    push().await.unwrap();
    w.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(PUT).times(1));
    push().await.unwrap();
    w.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(PUT));
    let error = asked_in_vain(push().await);
    assert_eq!(
        (error.code(), error.code().blame()),
        (Code::SecretUnclear, Blame::Forge),
        "{error}"
    );
    assert!(error.is_transient());
    assert_eq!(w.newest("secret.push_failed").await["code"], "secret.unclear");
    w.sim.faults().clear();
    push().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_that_cannot_be_put_on_record() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.ci.push_secret(&operator(), secret(tools(), "BEFORE", VALUE))
        .await
        .unwrap();
    w.access.ledger().close().await;
    w.sim.calls().reset();
    let error = w.ci.push_secret(&operator(), secret(tools(), "AFTER", VALUE)).await;
    assert!(matches!(error, Err(CiError::Access(_))), "{error:?}");
    assert_eq!(w.sim.calls().count(PUT), 0);
    assert!(value_of(&w, &in_tools(), "AFTER").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_account_pushes_for_its_owner_alone() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.repository("tools");
    w.sim.github().add_user("ada");
    w.sim.github().add_member("acme", "ada", OrgRole::Admin).unwrap();
    for name in ["ada", "bob"] {
        let_user(&w, name, &["secret.push", "account.use"]).await;
    }
    let token = w
        .sim
        .github()
        .add_personal_token("ada", PersonalTokenSpec::classic(["repo"]))
        .token;
    w.account(&user("ada"), "mine", "github", &w.sim.web_url(), token, |new| {
        new.shared = Some(false);
    })
    .await;
    let ask = || SecretAsk {
        forge: Some(host(&w)),
        ..secret(tools(), "DEPLOY_KEY", VALUE)
    };
    let pushed = w.ci.push_secret(&user("ada"), ask()).await.unwrap();
    assert_eq!(pushed.source, "account:own/mine");
    let error = w.ci.push_secret(&user("bob"), ask()).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerNoSource, "{error}");
}
