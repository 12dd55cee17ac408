//! Variables of GitLab and Bitbucket.

use jeton_ci::{ScopeName, SecretAsk, SecretOptions, SecretValue, SourceAsk};
use jeton_domain::{Code, Coded as _, Secret};
use jeton_forge_sim::BitbucketCiScope;

use crate::world::{DatabaseKind, World, operator, tools};

const VALUE: &str = "correct-Horse-battery-Staple-93";

fn variable(forge: &str, scope: ScopeName, name: &str) -> SecretAsk {
    SecretAsk {
        forge: Some(forge.to_owned()),
        scope,
        source: SourceAsk::default(),
        name: name.to_owned(),
        value: SecretValue::Text(Secret::new(VALUE)),
        options: SecretOptions::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gitlab_gets_masked_variables_of_projects_and_groups() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let gitlab = w.gitlab().await;
    let pushed =
        w.ci.push_secret(&operator(), variable(&gitlab.host, tools(), "DEPLOY"))
            .await
            .unwrap();
    assert_eq!((pushed.created, pushed.source.as_str()), (true, "account:bot"));
    let found = gitlab.sim.variables(gitlab.project).remove(0);
    assert_eq!((found.value.as_str(), found.masked), (VALUE, true));
    let again =
        w.ci.push_secret(&operator(), variable(&gitlab.host, tools(), "DEPLOY"))
            .await
            .unwrap();
    assert!(!again.created);
    let mut ask = variable(&gitlab.host, ScopeName::Owner("acme".to_owned()), "1_DEPLOY");
    ask.options.environment = Some("review/*".to_owned());
    ask.options.protected = Some(true);
    w.ci.push_secret(&operator(), ask).await.unwrap();
    let value = gitlab.sim.variable_value(gitlab.group, "1_DEPLOY", "review/*");
    assert_eq!(value.as_deref(), Some(VALUE));
    let error =
        w.ci.push_secret(&operator(), variable(&gitlab.host, tools(), "MY-TOKEN"))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::SecretName);
    assert!(error.remedy().unwrap().contains("MY_TOKEN"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bitbucket_gets_secured_variables() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let bitbucket = w.bitbucket().await;
    let pushed =
        w.ci.push_secret(&operator(), variable(&bitbucket.host, tools(), "DEPLOY"))
            .await
            .unwrap();
    assert_eq!((pushed.created, pushed.source.as_str()), (true, "account:ada"));
    let scope = BitbucketCiScope::Repository(bitbucket.repository);
    assert_eq!(bitbucket.sim.variable_value(&scope, "DEPLOY").as_deref(), Some(VALUE));
    let again =
        w.ci.push_secret(&operator(), variable(&bitbucket.host, tools(), "DEPLOY"))
            .await
            .unwrap();
    assert!(!again.created);
    let mut ask = variable(&bitbucket.host, tools(), "DEPLOY");
    ask.options.environment = Some("Production".to_owned());
    let error = w.ci.push_secret(&operator(), ask).await.unwrap_err();
    assert_eq!(error.code(), Code::SecretEnvironment, "{error}");
}
