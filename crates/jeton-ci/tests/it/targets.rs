//! Targets of accounts: adding, listing, removing.

use jeton_ci::{CiError, ScopeName, SecretOptions, SourceAsk, Target, TargetAsk, TargetState};
use jeton_domain::{Blame, Code, Coded as _};
use jeton_forge_sim::{FaultKind, FaultRule, OrgRole, PersonalTokenSpec, SecretScope};

use crate::{
    both_databases,
    secrets::let_user,
    world::{DatabaseKind, World, client, operator, tools, user},
};

const PUT: &str = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";

pub(crate) fn target(forge: &str, scope: ScopeName, name: &str) -> TargetAsk {
    TargetAsk {
        forge: (!forge.is_empty()).then(|| forge.to_owned()),
        scope,
        source: SourceAsk::default(),
        name: name.to_owned(),
        options: SecretOptions::default(),
    }
}

/// As whom, by the name of an account.
pub(crate) fn by_account(ask: TargetAsk, label: &str) -> TargetAsk {
    TargetAsk {
        source: SourceAsk {
            app: None,
            account: Some(label.to_owned()),
        },
        ..ask
    }
}

/// An App that may write secrets of `acme/tools`, and the account `robot` with a token of `mona`'s, which is returned.
pub(crate) async fn with_robot(w: &World) -> String {
    w.repository("tools");
    w.add_app("ci", &[("metadata", "read"), ("secrets", "write")]).await;
    let token = monas_token(w);
    w.account(&operator(), "robot", "github", &w.sim.web_url(), token.clone(), |_| {})
        .await;
    token
}

/// One more token of `mona`'s, who administers `acme`.
pub(crate) fn monas_token(w: &World) -> String {
    let github = w.sim.github();
    github.add_user("mona");
    github.add_member("acme", "mona", OrgRole::Admin).unwrap();
    github
        .add_personal_token("mona", PersonalTokenSpec::classic(["repo"]))
        .token
}

pub(crate) fn at_github(w: &World, name: &str) -> Option<String> {
    let scope = SecretScope::repository("acme", "tools");
    let bytes = w.sim.github().secret_value(&scope, name)?;
    Some(String::from_utf8(bytes).unwrap())
}

async fn listed(w: &World) -> Vec<Target> {
    w.ci.list_targets(&operator(), "robot").await.unwrap().targets
}

both_databases! {
    async fn a_target_has_the_token_as_soon_as_it_is_added(w: World) {
        let token = with_robot(&w).await;
        let added = w.ci.add_target(&operator(), "robot", target("", tools(), "ROBOT")).await.unwrap();
        assert_eq!((added.state, added.is_current, added.attempts), (TargetState::Current, true, 0));
        assert_eq!((added.source.as_str(), added.added_by.as_str()), ("app:ci", "operator"));
        assert_eq!(at_github(&w, "ROBOT"), Some(token.clone()));
        assert_eq!(listed(&w).await, std::slice::from_ref(&added));
        // In the record: first that it was pushed, then that it was added.
        let entries = w.record().await;
        let told = entries.iter().map(|entry| entry.event.as_str()).filter(|event| event.starts_with("secret.") || event.starts_with("target."));
        assert_eq!(told.collect::<Vec<_>>(), ["secret.pushing", "secret.pushed", "target.added"]);
        let body = w.newest("target.added").await;
        assert_eq!((&body["account"], &body["name"]), (&"robot".into(), &"ROBOT".into()));
        assert!(!entries.iter().any(|entry| entry.body.contains(&token)));
        assert!(!w.database.holds(&token) && !format!("{added:?}").contains(&token));

        // The same place, in other letters.
        let same = ScopeName::Repository("Acme/TOOLS".to_owned());
        w.sim.calls().reset();
        let error = w.ci.add_target(&operator(), "robot", target("", same, "robot")).await.unwrap_err();
        assert_eq!(error.code(), Code::TargetExists, "{error}");
        assert_eq!(w.sim.calls().count(PUT), 0);

        let removed = w.ci.remove_target(&operator(), "robot", &added.id.to_string()).await.unwrap();
        assert_eq!(removed, added);
        assert!(listed(&w).await.is_empty());
        assert_eq!(at_github(&w, "ROBOT"), Some(token), "the secret stays");
        assert_eq!(w.count("target.removed").await, 1);
        for gone in [added.id.to_string(), "nonsense".to_owned()] {
            let error = w.ci.remove_target(&operator(), "robot", &gone).await.unwrap_err();
            assert_eq!(error.code(), Code::TargetNotFound);
        }
    }

    async fn nothing_is_added_that_could_not_be_pushed(w: World) {
        with_robot(&w).await;
        let missing = {
            let mut ask = target("", tools(), "ROBOT");
            ask.options.environment = Some("production".to_owned());
            TargetAsk { source: SourceAsk { account: Some("robot".to_owned()), app: None }, ..ask }
        };
        let error = w.ci.add_target(&operator(), "robot", missing).await.unwrap_err();
        assert_eq!(error.code(), Code::SecretEnvironment, "{error}");
        w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(PUT));
        let error = w.ci.add_target(&operator(), "robot", target("", tools(), "ROBOT")).await.unwrap_err();
        assert_eq!(error.code().blame(), Blame::Forge, "{error}");
        let error = w.ci.add_target(&operator(), "robot", target("", tools(), "A-B")).await.unwrap_err();
        assert_eq!(error.code(), Code::SecretName);
        assert!(listed(&w).await.is_empty());
        assert_eq!(w.count("target.added").await, 0);
    }

    async fn an_account_has_fifty_targets_at_most(w: World) {
        with_robot(&w).await;
        for number in 0..50 {
            let ask = target("", tools(), &format!("ROBOT_{number}"));
            w.ci.add_target(&operator(), "robot", ask).await.unwrap();
        }
        w.sim.calls().reset();
        let error = w.ci.add_target(&operator(), "robot", target("", tools(), "ONE_MORE")).await.unwrap_err();
        assert_eq!(error.code(), Code::TargetLimit, "{error}");
        assert_eq!(w.sim.calls().count(PUT), 0);
        let names: Vec<_> = listed(&w).await.into_iter().map(|one| one.name).collect();
        assert_eq!((names.len(), names[0].as_str(), names[49].as_str()), (50, "ROBOT_0", "ROBOT_49"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_source_is_kept_by_its_name() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    w.github_account("other", "olga", PersonalTokenSpec::classic(["repo"]))
        .await;
    w.sim.github().add_member("acme", "olga", OrgRole::Admin).unwrap();
    let add = async |ask| w.ci.add_target(&operator(), "robot", ask).await;
    let itself = add(by_account(target("", tools(), "A"), "robot")).await.unwrap();
    assert_eq!(itself.source, "itself");
    let other = add(by_account(target("", tools(), "B"), "other")).await.unwrap();
    assert_eq!(other.source, "account:other");
    let app = TargetAsk {
        source: SourceAsk {
            app: Some("ci".to_owned()),
            account: None,
        },
        ..target("", tools(), "C")
    };
    assert_eq!(add(app).await.unwrap().source, "app:ci");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_account_that_is_not_the_one_itself_pushes_no_targets() {
    let w = World::start(DatabaseKind::Sqlite).await;
    w.repository("tools");
    let_user(&w, "ada", &["secret.push", "account.use"]).await;
    let ada = user("ada");
    for label in ["mine", "second"] {
        let token = monas_token(&w);
        w.account(&ada, label, "github", &w.sim.web_url(), token, |new| {
            new.shared = Some(false);
        })
        .await;
    }
    let add = async |source| {
        w.ci.add_target(&ada, "mine", by_account(target("", tools(), "ROBOT"), source))
            .await
    };
    let error = add("second").await.unwrap_err();
    assert_eq!(error.code(), Code::RequestInvalid, "{error}");
    assert!(error.to_string().contains("nobody can open"), "{error}");
    assert!(at_github(&w, "ROBOT").is_none());
    assert_eq!(add("mine").await.unwrap().source, "itself");
    // Without a name the account itself is taken, whatever else fits.
    let free =
        w.ci.add_target(&ada, "mine", target("", tools(), "FREE"))
            .await
            .unwrap();
    assert_eq!(free.source, "itself");
    // Somebody's own account is nobody else's, nor its targets.
    let_user(&w, "bob", &["secret.push", "account.use"]).await;
    let error = w.ci.list_targets(&user("bob"), "mine").await.unwrap_err();
    assert_eq!(error.code(), Code::AccountNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_right_is_needed() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let all = ["secret.push", "account.use", "account.manage"];
    for missing in all {
        let actions: Vec<&str> = all.into_iter().filter(|action| *action != missing).collect();
        let name = format!("without-{}", missing.replace('.', "-"));
        let who = w.let_client(&name, &actions, &["acme/tools"]).await;
        let error =
            w.ci.add_target(&who, "robot", target("", tools(), "ROBOT"))
                .await
                .unwrap_err();
        assert_eq!(error.code(), Code::PolicyDenied, "{missing}: {error}");
    }
    assert!(at_github(&w, "ROBOT").is_none() && listed(&w).await.is_empty());
    let who = w.let_client("has-all", &all, &["acme/tools"]).await;
    let added =
        w.ci.add_target(&who, "robot", target("", tools(), "ROBOT"))
            .await
            .unwrap();
    assert_eq!(added.added_by, "client:has-all");

    let reader = w.let_client("reader", &["account.use"], &["acme/tools"]).await;
    assert_eq!(
        w.ci.list_targets(&reader, "robot").await.unwrap().targets,
        std::slice::from_ref(&added)
    );
    for outcome in [
        w.ci.remove_target(&reader, "robot", &added.id.to_string()).await.err(),
        w.ci.push_targets(&reader, "robot").await.err(),
    ] {
        assert_eq!(outcome.unwrap().code(), Code::PolicyDenied);
    }
    let error: CiError = w.ci.list_targets(&client("stranger"), "robot").await.unwrap_err();
    assert_eq!(error.code(), Code::AccountNotFound);
}
