use std::sync::Arc;

use jeton_domain::{Caller, Code, Coded as _, Identity, Role};

use crate::world::{World, client, github, operator, user};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_use_is_removed_by_those_only_who_insist() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:work".to_owned()];
    })
    .await;
    let held = w.grant(account.id, &account.fingerprint, &client("ci")).await;
    let error = w.accounts.remove(&operator(), None, "work", false).await.unwrap_err();
    assert_eq!(error.code(), Code::AccountInUse);
    assert_eq!(
        error.to_string(),
        "the account `work` is in use: client:ci holds its token until 2026-11-02T10:00:00Z; the policy `for-ci` names it"
    );
    assert!(w.accounts.get(&operator(), "work").await.is_ok());

    let removed = w
        .accounts
        .remove(&operator(), Some("request-3"), "work", true)
        .await
        .unwrap();
    assert_eq!((removed.label.as_str(), removed.ended_grants), ("work", 1));
    assert_eq!(
        w.accounts.get(&operator(), "work").await.unwrap_err().code(),
        Code::AccountNotFound
    );
    let mut tx = w.vault.read().await.unwrap();
    assert!(tx.grants().find(held).await.unwrap().unwrap().released_at.is_some());
    drop(tx);
    let body = w.newest("account.removed").await;
    assert_eq!(body["in_spite_of"].as_array().unwrap().len(), 2);
    let error = w.accounts.remove(&operator(), None, "work", true).await.unwrap_err();
    assert_eq!(error.code(), Code::AccountNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nothing_uses_is_removed_and_a_private_one_by_an_operator_too() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    // A grant that has ended is no use.
    w.grant(account.id, &account.fingerprint, &client("ci")).await;
    w.clock.advance(jiff::SignedDuration::from_hours(2));
    assert!(w.accounts.remove(&client("ci"), None, "work", false).await.is_err());
    w.accounts.remove(&operator(), None, "work", false).await.unwrap();

    w.let_user("ada", &["account.use"]).await;
    let ada = user("ada", Role::Member);
    let own = w.add(&ada, "mine", github(2), |_| {}).await;
    w.accounts
        .remove(&user("root", Role::Operator), None, &own.id.to_string(), false)
        .await
        .unwrap();
    w.add(&ada, "mine", github(2), |_| {}).await;
    w.accounts.remove(&ada, None, "mine", false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_leaves_nothing_behind_that_is_looked_at_or_renewed() {
    let w = World::start().await;
    w.let_user("ada", &["account.use"]).await;
    w.let_client("ci", &["account.use"], |_| {}).await;
    let ada = w
        .access
        .add_user(&operator(), None, "ada", Role::Member)
        .await
        .unwrap()
        .user;
    let new = jeton_access::NewClient {
        name: "ci".to_owned(),
        ..jeton_access::NewClient::default()
    };
    let ci = w.access.add_client(&operator(), None, new).await.unwrap().client;
    let of = |identity| Caller {
        identity,
        address: None,
    };
    let person = of(Identity::User {
        id: ada.id,
        name: Arc::new(ada.name.clone()),
        role: Role::Member,
    });
    let program = of(Identity::Client {
        id: ci.id,
        name: Arc::new(ci.name.clone()),
    });
    let mut ids = Vec::new();
    for (seed, owner) in [(1, &person), (2, &person), (3, &program)] {
        ids.push(w.add(owner, &format!("a{seed}"), github(seed), |_| {}).await.id);
    }
    w.add_shared("work", 4).await;
    let (_, off) = w.access.revoke_client(&operator(), None, "ci").await.unwrap();
    assert_eq!(off, 1);
    let (_, off) = w
        .access
        .remove_user(&operator(), Some("request-9"), "ada")
        .await
        .unwrap();
    assert_eq!(off, 2);
    for id in ids {
        let account = w.accounts.get(&operator(), &id.to_string()).await.unwrap();
        assert!(!account.active && account.rotate_at.is_none(), "{}", account.label);
    }
    assert!(w.accounts.get(&operator(), "work").await.unwrap().active);
    let body = w.newest("account.changed").await;
    assert_eq!((&body["account"], &body["active"]), (&"a2".into(), &false.into()));
    let changed = w.events().await.into_iter().filter(|event| event == "account.changed");
    assert_eq!(changed.count(), 3);
}
