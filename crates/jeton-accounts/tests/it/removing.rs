use jeton_domain::{Code, Coded as _, Role};

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
