use jeton_accounts::{AccountChange, AccountError, AccountFilter};
use jeton_domain::{AccountScope, Code, Coded as _, Role};

use crate::world::{World, github, gitlab, operator, user};

fn label(text: &str) -> AccountChange {
    AccountChange {
        label: Some(text.to_owned()),
        ..AccountChange::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_written_with_its_entry_and_nothing_else_changes() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    w.clock.advance(jiff::SignedDuration::from_mins(5));
    let change = AccountChange {
        label: Some("office".to_owned()),
        note: Some("new".to_owned()),
        username: Some("octocat".to_owned()),
        serves: Some(vec!["acme".to_owned()]),
        ..AccountChange::default()
    };
    let after = w
        .accounts
        .update(&operator(), Some("request-2"), "work", change)
        .await
        .unwrap();
    assert_eq!(after, w.accounts.get(&operator(), "office").await.unwrap());
    assert_eq!(
        (after.note.as_deref(), after.username.as_deref()),
        (Some("new"), Some("octocat"))
    );
    assert_eq!((after.updated_at, after.created_at), (Some(w.now()), before.created_at));
    assert_eq!(
        (&after.fingerprint, after.validity),
        (&before.fingerprint, before.validity)
    );
    let body = w.newest("account.changed").await;
    assert_eq!(
        body["changed"],
        serde_json::json!(["label", "note", "username", "serves"])
    );
    assert_eq!(
        (&body["source"], &body["source_before"]),
        (&"account:office".into(), &"account:work".into())
    );
    // An empty text takes away.
    let cleared = AccountChange {
        note: Some(String::new()),
        username: Some(" ".to_owned()),
        serves: Some(Vec::new()),
        ..AccountChange::default()
    };
    let after = w.accounts.update(&operator(), None, "office", cleared).await.unwrap();
    assert_eq!((after.note, after.username, after.serves.len()), (None, None, 0));
    // What changes nothing is no entry.
    w.accounts
        .update(&operator(), None, "office", AccountChange::default())
        .await
        .unwrap();
    w.accounts
        .update(&operator(), None, "office", label("office"))
        .await
        .unwrap();
    assert_eq!(
        w.events().await,
        ["account.added", "account.changed", "account.changed"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_will_not_do_changes_nothing() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    w.add_shared("other", 2).await;
    let update = async |change| {
        w.accounts
            .update(&operator(), None, "work", change)
            .await
            .unwrap_err()
            .code()
    };
    assert_eq!(update(label("other")).await, Code::AccountLabelTaken);
    assert_eq!(update(label("Other")).await, Code::AccountInvalid);
    let auto = AccountChange {
        auto_rotate: Some(true),
        ..AccountChange::default()
    };
    assert_eq!(update(auto).await, Code::RotationUnsupported);
    let missing = w
        .accounts
        .update(&operator(), None, "nobody", label("x"))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Code::AccountNotFound);
    assert_eq!(w.events().await, ["account.added", "account.added"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_of_a_forge_is_the_default() {
    let w = World::start().await;
    for seed in 1..=2 {
        w.add_shared(&format!("a{seed}"), seed).await;
    }
    w.add(&operator(), "lab", gitlab(1), |new| new.default = true).await;
    let defaults = async || {
        let page = w
            .accounts
            .list(&operator(), &AccountFilter::default(), None, 10)
            .await
            .unwrap();
        let labels = page
            .accounts
            .iter()
            .filter(|one| one.is_default)
            .map(|one| one.label.to_string());
        labels.collect::<Vec<_>>()
    };
    w.accounts.set_default(&operator(), None, "a1", true).await.unwrap();
    assert_eq!(defaults().await, ["a1", "lab"]);
    assert!(
        w.accounts
            .set_default(&operator(), None, "a2", true)
            .await
            .unwrap()
            .is_default
    );
    assert_eq!(defaults().await, ["a2", "lab"]);
    w.accounts.set_default(&operator(), None, "a2", false).await.unwrap();
    w.accounts.set_default(&operator(), None, "a2", false).await.unwrap();
    assert_eq!(defaults().await, ["lab"]);
    assert_eq!(
        w.events()
            .await
            .iter()
            .filter(|event| *event == "account.changed")
            .count(),
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_changes_a_private_account_and_operators_end_it() {
    let w = World::start().await;
    w.let_user("ada", &["account.use"]).await;
    let ada = user("ada", Role::Member);
    let own = w.add(&ada, "mine", github(1), |_| {}).await;
    let id = own.id.to_string();
    for somebody in [operator(), user("root", Role::Operator), user("eve", Role::Auditor)] {
        let error = w
            .accounts
            .update(&somebody, None, &id, label("theirs"))
            .await
            .unwrap_err();
        assert!(
            matches!(error, AccountError::Access(_)) && error.code() == Code::PolicyDenied,
            "{error}"
        );
        assert!(
            w.accounts
                .test_stored(&somebody, None, &id, vec![], None)
                .await
                .is_err()
        );
        assert!(w.accounts.repositories(&somebody, None, &id, None, 1).await.is_err());
    }
    let off = AccountChange {
        active: Some(false),
        ..AccountChange::default()
    };
    assert!(
        w.accounts
            .update(&user("eve", Role::Auditor), None, &id, off.clone())
            .await
            .is_err()
    );
    let account = w.accounts.update(&operator(), None, &id, off).await.unwrap();
    assert!(!account.active);
    let on = AccountChange {
        active: Some(true),
        ..AccountChange::default()
    };
    assert!(
        w.accounts.update(&operator(), None, &id, on.clone()).await.is_err(),
        "not on again"
    );
    assert!(w.accounts.update(&ada, None, "mine", on).await.unwrap().active);
    assert_eq!(
        w.accounts
            .update(&ada, None, "mine", label("own"))
            .await
            .unwrap()
            .label
            .as_str(),
        "own"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_becomes_everybodys_by_those_who_manage_accounts() {
    let w = World::start().await;
    w.let_user("ada", &["account.use"]).await;
    let ada = user("ada", Role::Member);
    w.add(&ada, "mine", github(1), |new| new.default = true).await;
    let share = |shared| AccountChange {
        shared: Some(shared),
        ..AccountChange::default()
    };
    let error = w.accounts.update(&ada, None, "mine", share(true)).await.unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);
    w.let_user("ada", &["account.use", "account.manage"]).await;
    let shared = w.accounts.update(&ada, None, "mine", share(true)).await.unwrap();
    assert_eq!(
        (shared.scope, shared.is_default, shared.source.as_str()),
        (AccountScope::Shared, false, "account:mine")
    );
    let own = w.accounts.update(&ada, None, "mine", share(false)).await.unwrap();
    assert_eq!(own.scope, AccountScope::private_to(&ada.identity));
}
