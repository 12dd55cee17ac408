//! What those see who may use some accounts and read none.

use jeton_accounts::{AccountChange, AccountFilter, UseAsk};
use jeton_domain::{Code, Coded as _, Role};

use crate::world::{World, client, github, operator, user};

async fn labels(w: &World, caller: &jeton_domain::Caller, limit: u32) -> (Vec<String>, bool) {
    let page = w
        .accounts
        .list(caller, &AccountFilter::default(), None, limit)
        .await
        .unwrap();
    let labels = page.accounts.iter().map(|one| one.label.to_string()).collect();
    (labels, page.next.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_only_use_sees_what_they_may_use() {
    let w = World::start().await;
    for (seed, label) in (1..).zip(["alpha", "secret", "work", "zulu"]) {
        w.add_shared(label, seed).await;
    }
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec![
            "account:work".to_owned(),
            "account:alpha".to_owned(),
            "account:own/*".to_owned(),
        ];
    })
    .await;
    w.let_client("elsewhere", &["account.use"], |spec| {
        spec.forges = vec!["gitlab.com".to_owned()];
    })
    .await;
    w.let_client("reader", &["account.read"], |_| {}).await;
    let ci = client("ci");
    assert_eq!(labels(&w, &ci, 10).await.0, ["alpha", "work"]);
    // Where a page ends tells nothing of what lies between.
    assert_eq!(labels(&w, &ci, 1).await, (vec!["alpha".to_owned()], true));
    assert_eq!(
        labels(&w, &ci, 2).await,
        (vec!["alpha".to_owned(), "work".to_owned()], false)
    );
    assert!(labels(&w, &client("elsewhere"), 10).await.0.is_empty());
    assert_eq!(
        labels(&w, &client("reader"), 10).await.0,
        ["alpha", "secret", "work", "zulu"]
    );
    assert_eq!(labels(&w, &operator(), 10).await.0.len(), 4);
    let secret = w.accounts.get(&operator(), "secret").await.unwrap().id.to_string();
    for name in ["secret", secret.as_str()] {
        assert_eq!(
            w.accounts.get(&ci, name).await.unwrap_err().code(),
            Code::AccountNotFound
        );
    }
    assert!(w.accounts.get(&ci, "work").await.is_ok());
    // Nor do they hear that its token is there.
    w.add(&ci, "mine", github(2), |_| {}).await;
    let again = jeton_accounts::NewAccount::of(github(3));
    let error = w.accounts.add(&ci, None, again).await.unwrap_err();
    assert!(error.to_string().contains("as the account `work`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_condition_that_does_not_hold_shows_nothing() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    for (name, action) in [("reads", "account.read"), ("keeps", "account.manage")] {
        w.let_client(name, &[action], |spec| spec.condition = Some("false".to_owned()))
            .await;
        let caller = client(name);
        assert!(labels(&w, &caller, 10).await.0.is_empty(), "{name}");
        assert_eq!(
            w.accounts.get(&caller, "work").await.unwrap_err().code(),
            Code::AccountNotFound
        );
        assert_eq!(w.accounts.overview(&caller).await.unwrap().states.total, 0, "{name}");
        assert!(w.accounts.permit_look(&caller, None).is_err(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_that_may_be_used_is_found_behind_many_that_may_not() {
    let w = World::start().await;
    for seed in 0..55 {
        w.add_shared(&format!("a{seed}"), seed).await;
    }
    w.add_shared("zulu", 60).await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:zulu".to_owned()];
    })
    .await;
    let repositories = ["acme/tools".to_owned()];
    let ask = UseAsk {
        repositories: &repositories,
        ..UseAsk::default()
    };
    let out = w.accounts.hand_out(&client("ci"), None, ask).await.unwrap();
    assert_eq!(out.source, "account:zulu");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_the_vault_with_private_accounts() {
    let w = World::start().await;
    w.let_user("ada", &["account.use", "account.manage"]).await;
    let ada = user("ada", Role::Member);
    for seed in 0..100 {
        w.add(&ada, &format!("a{seed}"), github(seed), |_| {}).await;
    }
    let token = github(100);
    w.good(&token, jeton_domain::CredentialKind::GitHubClassic, "octocat");
    let asked = w.forges.asked();
    let one_more = jeton_accounts::NewAccount::of(token);
    let error = w.accounts.add(&ada, None, one_more).await.unwrap_err();
    assert!(error.to_string().contains("more than 100 private accounts"), "{error}");
    assert_eq!((error.code(), w.forges.asked()), (Code::AccountInvalid, asked));
    // Nor by making a shared one theirs.
    w.add_shared("work", 101).await;
    let change = AccountChange {
        shared: Some(false),
        ..AccountChange::default()
    };
    assert!(w.accounts.update(&ada, None, "work", change).await.is_err());
}
