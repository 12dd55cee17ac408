use jeton_accounts::{AccountFilter, AccountOrigin};
use jeton_domain::{Coded as _, CredentialKind, ForgeKind, Purpose, Role, Validity};

use crate::world::{World, client, github, gitlab, operator, user};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_account_is_not_there_for_others() {
    let w = World::start().await;
    for name in ["ada", "bob"] {
        w.let_user(name, &["account.use", "account.manage"]).await;
    }
    let (ada, bob) = (user("ada", Role::Member), user("bob", Role::Member));
    let own = w.add(&ada, "mine", github(1), |_| {}).await;
    let id = own.id.to_string();
    for name in ["mine", "own/mine", "account:own/mine", id.as_str()] {
        assert_eq!(w.accounts.get(&ada, name).await.unwrap().id, own.id, "{name}");
        let error = w.accounts.get(&bob, name).await.unwrap_err();
        assert_eq!(error.to_string(), format!("no account is named `{name}`"));
    }
    // Byte for byte as for one that does not exist.
    let words = |error: jeton_accounts::AccountError| (error.code(), error.to_string(), error.remedy());
    let absent = "0193f3a0-7d0a-7000-8000-000000000000";
    let theirs = words(w.accounts.get(&bob, &id).await.unwrap_err());
    let nobodys = words(w.accounts.get(&bob, absent).await.unwrap_err());
    assert_eq!(theirs.1.replace(&id, absent), nobodys.1);
    assert_eq!((theirs.0, theirs.2), (nobodys.0, nobodys.2));
    for error in [
        w.accounts.remove(&bob, None, &id, true).await.unwrap_err(),
        w.accounts.set_default(&bob, None, &id, true).await.unwrap_err(),
        w.accounts.repositories(&bob, None, &id, None, 1).await.unwrap_err(),
        w.accounts.test_stored(&bob, None, &id, vec![], None).await.unwrap_err(),
    ] {
        assert_eq!(words(error).1.replace(&id, absent), nobodys.1);
    }

    let labels = |page: jeton_accounts::AccountPage| {
        page.accounts
            .iter()
            .map(|one| one.label.to_string())
            .collect::<Vec<_>>()
    };
    w.add_shared("work", 2).await;
    let list = async |caller| {
        labels(
            w.accounts
                .list(&caller, &AccountFilter::default(), None, 10)
                .await
                .unwrap(),
        )
    };
    assert_eq!(list(ada).await, ["mine", "work"]);
    assert_eq!(list(bob).await, ["work"]);
    assert!(list(client("ci")).await.is_empty(), "nothing lets it use any");
    assert_eq!(list(operator()).await, ["mine", "work"]);
    assert_eq!(list(user("eve", Role::Auditor)).await, ["mine", "work"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_go_on_where_the_one_before_ended() {
    let w = World::start().await;
    for seed in 1..=5 {
        w.add_shared(&format!("a{seed}"), seed).await;
    }
    w.add(&operator(), "lab", gitlab(1), |_| {}).await;
    let mut after = None;
    let mut labels = Vec::new();
    loop {
        let cursor = after.as_ref().map(|(label, id)| (label, *id));
        let page = w
            .accounts
            .list(&operator(), &AccountFilter::default(), cursor, 2)
            .await
            .unwrap();
        labels.extend(page.accounts.iter().map(|one| one.label.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(labels, ["a1", "a2", "a3", "a4", "a5", "lab"]);
    let filter = AccountFilter {
        forge_kind: Some(ForgeKind::GitLab),
        validity: Some(Validity::Valid),
        ..AccountFilter::default()
    };
    let page = w.accounts.list(&operator(), &filter, None, 10).await.unwrap();
    assert_eq!(page.accounts.len(), 1);
    assert_eq!(
        (page.accounts[0].kind, page.accounts[0].origin),
        (CredentialKind::GitLabPersonal, AccountOrigin::Stored)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repositories_come_from_the_forge_page_by_page() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    let page = w
        .accounts
        .repositories(&operator(), None, "work", None, 2)
        .await
        .unwrap();
    assert_eq!((page.repositories.len(), page.next.as_deref()), (2, Some("second")));
    let page = w
        .accounts
        .repositories(&operator(), None, "work", page.next.as_deref(), 500)
        .await
        .unwrap();
    assert_eq!((page.repositories.len(), page.next), (100, None));
    assert!(
        w.accounts
            .repositories(&client("ci"), None, "work", None, 1)
            .await
            .is_err()
    );
    assert!(
        w.accounts
            .repositories(&operator(), None, "work", Some(&"x".repeat(3_000)), 1)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guide_is_for_the_forge_that_is_meant() {
    let w = World::start().await;
    let guide = |forge, base, kind, repository| w.accounts.guide(forge, base, kind, &[Purpose::Push], repository);
    let found = guide(
        Some("github"),
        Some("https://ghe.example.com"),
        None,
        Some("acme/tools"),
    )
    .unwrap();
    assert_eq!(found.url, "https://ghe.example.com/settings/tokens");
    assert_eq!(
        (found.scopes, found.steps),
        (vec!["push".to_owned()], vec!["acme/tools".to_owned()])
    );
    let classic = Some(CredentialKind::GitHubClassic);
    assert_eq!(
        guide(None, None, classic, None).unwrap().kind,
        CredentialKind::GitHubClassic
    );
    assert!(guide(Some("gitlab"), None, classic, None).is_err());
    assert!(guide(None, None, None, None).is_err());
    assert!(guide(Some("github"), None, None, Some("a b")).is_err());
}
