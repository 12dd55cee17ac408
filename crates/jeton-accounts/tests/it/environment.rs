use jeton_accounts::{
    AccountChange, AccountFilter, AccountOrigin, EnvironmentAccount, FoundEnvironment, ImportAsk, UseAsk,
    read_environment,
};
use jeton_domain::{Code, Coded as _, CredentialKind, Role, Secret, Validity};

use crate::{
    forges::{says_no, says_nothing},
    world::{World, client, github, gitlab, operator, user},
};

fn found(variables: &[(&str, Secret)]) -> FoundEnvironment {
    read_environment(&|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        set.map(|(_, value)| value.clone())
    })
}

fn both() -> Vec<EnvironmentAccount> {
    let found = found(&[("GITHUB_TOKEN", github(1)), ("GITLAB_TOKEN", gitlab(1))]);
    assert!(found.notes.is_empty());
    found.accounts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_environment_works_from_memory_alone() {
    let w = World::start_in(both()).await;
    w.add_shared("work", 9).await;
    let page = w
        .accounts
        .list(&operator(), &AccountFilter::default(), None, 1)
        .await
        .unwrap();
    let labels: Vec<_> = page.accounts.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["github-token", "gitlab-token", "work"]);
    let account = w.accounts.get(&operator(), "env/github-token").await.unwrap();
    assert_eq!(
        account,
        w.accounts.get(&operator(), &account.id.to_string()).await.unwrap()
    );
    assert_eq!(account.source, "account:env/github-token");
    assert_eq!(
        account.origin,
        AccountOrigin::Environment {
            variable: "GITHUB_TOKEN"
        }
    );

    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:env/*".to_owned()];
    })
    .await;
    let repositories = ["acme/tools".to_owned()];
    let ask = UseAsk {
        forge: Some("gitlab.com"),
        repositories: &repositories,
        ..UseAsk::default()
    };
    let out = w.accounts.hand_out(&client("ci"), None, ask).await.unwrap();
    assert_eq!(
        (out.source.as_str(), out.credential.token.expose()),
        ("account:env/gitlab-token", gitlab(1).expose())
    );
    // What is stored goes first.
    let ask = UseAsk {
        forge: Some("github.com"),
        repositories: &repositories,
        ..UseAsk::default()
    };
    assert_eq!(
        w.accounts.hand_out(&operator(), None, ask).await.unwrap().source,
        "account:work"
    );
    assert!(!w.is_in_the_database(github(1).expose()) && !w.is_in_the_database(gitlab(1).expose()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_test_finds_of_it_stands_in_memory() {
    let w = World::start_in(both()).await;
    let kind = CredentialKind::GitHubClassic;
    let test = async || {
        w.accounts
            .test_stored(&operator(), None, "github-token", vec![], None)
            .await
            .unwrap()
            .0
    };
    w.good(&github(1), kind, "octocat");
    let account = test().await;
    assert_eq!(
        (account.validity, account.identity.unwrap().name),
        (Validity::Valid, "octocat".to_owned())
    );
    w.forges.knows(&github(1), says_nothing(kind, Code::ForgeTimeout));
    let account = test().await;
    assert_eq!(
        (account.validity, account.finding.unwrap().code),
        (Validity::Valid, Code::ForgeTimeout)
    );
    w.forges.knows(&github(1), says_no(kind, Code::CredentialRevoked));
    assert_eq!(test().await.validity, Validity::Invalid);
    let repositories = ["acme/tools".to_owned()];
    let ask = UseAsk {
        account: Some("github-token"),
        repositories: &repositories,
        ..UseAsk::default()
    };
    assert_eq!(
        w.accounts.hand_out(&operator(), None, ask).await.unwrap_err().code(),
        Code::CredentialRevoked
    );
    w.let_user("ada", &["account.use"]).await;
    for (somebody, code) in [
        (client("ci"), Code::AccountNotFound),
        (user("ada", Role::Member), Code::PolicyDenied),
    ] {
        let error = w
            .accounts
            .test_stored(&somebody, None, "github-token", vec![], None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_changed_where_it_stands_and_not_here() {
    let w = World::start_in(both()).await;
    for error in [
        w.accounts
            .update(&operator(), None, "github-token", AccountChange::default())
            .await
            .unwrap_err(),
        w.accounts
            .set_default(&operator(), None, "github-token", true)
            .await
            .unwrap_err(),
        w.accounts
            .remove(&operator(), None, "github-token", true)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::AccountEnvironment);
        assert!(error.to_string().contains("GITHUB_TOKEN"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_imported_by_those_who_manage_accounts_each_for_itself() {
    let w = World::start_in(both()).await;
    w.let_user("ada", &["account.use"]).await;
    let all = ImportAsk::default();
    let error = w
        .accounts
        .import_environment(&user("ada", Role::Member), None, &all)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);

    w.good(&gitlab(1), CredentialKind::GitLabPersonal, "ada");
    let outcomes = w.accounts.import_environment(&operator(), None, &all).await.unwrap();
    let (variable, error) = outcomes[0].as_ref().unwrap_err();
    assert_eq!(
        (variable.as_str(), error.code()),
        ("GITHUB_TOKEN", Code::CredentialInvalid)
    );
    let account = outcomes[1].as_ref().unwrap();
    assert_eq!(
        (account.label.as_str(), account.source.as_str()),
        ("gitlab-token", "account:gitlab-token")
    );
    assert!(!account.auto_rotate, "the variable would keep the dead token");
    assert_eq!(w.newest("account.imported").await["variable"], "GITLAB_TOKEN");

    let named = ImportAsk {
        variables: vec!["gitlab_token".to_owned(), "AWS_TOKEN".to_owned()],
        untested: false,
    };
    let outcomes = w.accounts.import_environment(&operator(), None, &named).await.unwrap();
    let words: Vec<_> = outcomes
        .iter()
        .map(|one| one.as_ref().unwrap_err().1.to_string())
        .collect();
    assert!(
        words[0].contains("stored already") && words[1].contains("AWS_TOKEN"),
        "{words:?}"
    );
}
