use jeton_accounts::{Account, AccountChange, AccountError, HandOut, NewAccount, UseAsk};
use jeton_domain::{Caller, Code, Coded as _, CredentialKind, Fingerprint, Role, TokenEnd};
use jiff::SignedDuration;

use crate::{
    forges::{says_no, says_nothing, says_yes},
    world::{World, client, github, gitlab, operator, user},
};

async fn hand_out(w: &World, caller: &Caller, ask: UseAsk<'_>) -> Result<HandOut, AccountError> {
    w.accounts.hand_out(caller, Some("request-1"), ask).await
}

/// Who gets which account's token for a repository; the account's source, or the code of the refusal.
async fn given(w: &World, caller: &Caller, forge: Option<&str>, repository: &str) -> String {
    let repositories = [repository.to_owned()];
    let ask = UseAsk {
        forge,
        repositories: &repositories,
        ..UseAsk::default()
    };
    match hand_out(w, caller, ask).await {
        Ok(out) => out.source,
        Err(error) => error.code().to_string(),
    }
}

async fn named(w: &World, caller: &Caller, account: &str) -> Result<HandOut, AccountError> {
    let repositories = ["acme/tools".to_owned()];
    let ask = UseAsk {
        account: Some(account),
        repositories: &repositories,
        ..UseAsk::default()
    };
    hand_out(w, caller, ask).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_a_policy_lets_gets_the_token_for_an_hour() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:work".to_owned()];
    })
    .await;
    let repositories = ["acme/tools.git".to_owned()];
    let ask = UseAsk {
        repositories: &repositories,
        ..UseAsk::default()
    };
    let out = hand_out(&w, &client("ci"), ask).await.unwrap();
    assert_eq!(
        (out.account, out.source.as_str(), &*out.rule),
        (account.id, "account:work", "for-ci")
    );
    assert_eq!(out.credential.token.expose(), github(1).expose());
    assert_eq!(out.fingerprint, Fingerprint::of(&github(1)));
    assert_eq!(out.expires_at, w.now() + SignedDuration::from_hours(1));
    assert_eq!(
        (out.token_end, out.repositories),
        (TokenEnd::Never, vec!["acme/tools".to_owned()])
    );
    assert!(!format!("{:?}", out.credential).contains(github(1).expose()));
    // The broker writes the grant.
    assert_eq!(w.events().await, ["account.added"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_learns_nothing_of_what_is_there() {
    let w = World::start().await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.repositories = vec!["acme/*".to_owned()];
        spec.sources = vec!["account:work".to_owned()];
    })
    .await;
    let denied = async |caller: &Caller, account: Option<&str>, repository: &str| {
        let repositories = [repository.to_owned()];
        let ask = UseAsk {
            account,
            repositories: &repositories,
            ..UseAsk::default()
        };
        let error = hand_out(&w, caller, ask).await.unwrap_err();
        (error.code(), error.to_string(), error.remedy())
    };
    let asks = [
        (None, "globex/app"),
        (Some("secret"), "acme/tools"),
        (Some("work"), "globex/app"),
    ];
    let mut before = Vec::new();
    for caller in [client("ci"), client("stranger")] {
        for (account, repository) in asks {
            before.push(denied(&caller, account, repository).await);
        }
    }
    w.add_shared("secret", 1).await;
    w.add_shared("work", 2).await;
    let mut after = Vec::new();
    for caller in [client("ci"), client("stranger")] {
        for (account, repository) in asks {
            after.push(denied(&caller, account, repository).await);
        }
    }
    assert_eq!(before, after);
    assert!(
        before.iter().all(|(code, ..)| *code == Code::PolicyDenied),
        "{before:?}"
    );
    assert_eq!(before[0].1, "client:ci may not use an account for globex/app");
    let body = w.newest("token.refused").await;
    assert_eq!(
        (&body["action"], &body["code"]),
        (&"account.use".into(), &"policy.denied".into())
    );
    // Those who may hear what is missing.
    assert_eq!(
        named(&w, &operator(), "nobody").await.unwrap_err().code(),
        Code::AccountNotFound
    );
    // A stranger makes no database work: there is none any more.
    w.vault.close().await;
    for (account, repository) in asks {
        assert_eq!(
            denied(&client("stranger"), account, repository).await.0,
            Code::PolicyDenied
        );
    }
    let error = named(&w, &operator(), "work").await.unwrap_err();
    assert_eq!(error.code(), Code::VaultUnavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_exact_account_serves_then_the_callers_own_then_the_default() {
    let w = World::start().await;
    w.let_user("ada", &["account.use"]).await;
    let (ada, root) = (user("ada", Role::Member), operator());
    let serving = |serves: &'static [&str]| {
        move |new: &mut NewAccount| new.serves = serves.iter().map(|one| (*one).to_owned()).collect()
    };
    assert_eq!(given(&w, &root, None, "acme/tools").await, "account.none");
    w.add(&root, "a-all", github(1), |_| {}).await;
    w.add(&root, "b-default", github(2), |new| new.default = true).await;
    assert_eq!(given(&w, &ada, None, "acme/tools").await, "account:b-default");
    w.add(&ada, "own-all", github(3), |_| {}).await;
    assert_eq!(given(&w, &ada, None, "acme/tools").await, "account:own/own-all");
    assert_eq!(
        given(&w, &root, None, "acme/tools").await,
        "account:b-default",
        "what is private serves its owner"
    );
    w.add(&root, "c-acme", github(4), serving(&["acme"])).await;
    assert_eq!(given(&w, &ada, None, "Acme/Tools").await, "account:c-acme");
    w.add(&root, "d-tools", github(5), serving(&["acme/tools", "globex"]))
        .await;
    assert_eq!(given(&w, &ada, None, "acme/tools").await, "account:d-tools");
    assert_eq!(given(&w, &ada, None, "acme/other").await, "account:c-acme");
    assert_eq!(given(&w, &ada, None, "initech/x").await, "account:own/own-all");
    // Several repositories are served by one that serves them all.
    let both = ["acme/tools".to_owned(), "globex/app".to_owned()];
    let ask = UseAsk {
        repositories: &both,
        ..UseAsk::default()
    };
    assert_eq!(hand_out(&w, &root, ask).await.unwrap().source, "account:d-tools");
    let others = ["acme/other".to_owned(), "globex/app".to_owned()];
    let ask = UseAsk {
        repositories: &others,
        ..UseAsk::default()
    };
    assert_eq!(hand_out(&w, &root, ask).await.unwrap().source, "account:b-default");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forge_is_asked_for_when_several_could_be_meant() {
    let w = World::start().await;
    w.add_shared("hub", 1).await;
    w.add(&operator(), "lab", gitlab(1), |_| {}).await;
    let root = operator();
    assert_eq!(given(&w, &root, None, "acme/tools").await, "account.invalid");
    assert_eq!(given(&w, &root, Some("gitlab.com"), "acme/tools").await, "account:lab");
    assert_eq!(given(&w, &root, Some("github"), "acme/tools").await, "account:hub");
    assert_eq!(
        given(&w, &root, Some("git.example.com"), "acme/tools").await,
        "account.none"
    );
    assert_eq!(
        given(&w, &root, None, "acme/deep/tools").await,
        "account:lab",
        "only GitLab nests groups"
    );
    // A policy for one forge tells which is meant, and so does what an account serves.
    w.let_client("ci", &["account.use"], |spec| {
        spec.forges = vec!["github.com".to_owned()];
    })
    .await;
    assert_eq!(given(&w, &client("ci"), None, "acme/tools").await, "account:hub");
    assert_eq!(
        given(&w, &client("ci"), Some("gitlab.com"), "acme/tools").await,
        "policy.denied"
    );
    let change = AccountChange {
        serves: Some(vec!["acme".to_owned()]),
        ..AccountChange::default()
    };
    w.accounts.update(&root, None, "lab", change).await.unwrap();
    assert_eq!(given(&w, &root, None, "acme/tools").await, "account:lab");
    let error = named(&w, &root, "account:nobody").await.unwrap_err();
    assert_eq!(error.code(), Code::AccountNotFound);
    let repositories = ["acme/tools".to_owned()];
    let elsewhere = UseAsk {
        forge: Some("gitlab.com"),
        account: Some("hub"),
        repositories: &repositories,
        ..UseAsk::default()
    };
    assert_eq!(
        hand_out(&w, &root, elsewhere).await.unwrap_err().code(),
        Code::AccountInvalid
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_account_serves_its_owner_only_however_it_is_named() {
    let w = World::start().await;
    w.let_user("ada", &["account.use"]).await;
    let ada = user("ada", Role::Member);
    let own = w.add(&ada, "mine", github(1), |_| {}).await;
    let id = own.id.to_string();
    for name in ["mine", "own/mine", "account:own/mine", id.as_str()] {
        assert_eq!(named(&w, &ada, name).await.unwrap().account, own.id);
        for other in [operator(), user("root", Role::Operator)] {
            let error = named(&w, &other, name).await.unwrap_err();
            assert_eq!(error.code(), Code::AccountNotFound, "{name}");
        }
    }
    // The caller's own one comes before the shared one of the same label.
    w.add_shared("mine", 2).await;
    assert_eq!(named(&w, &ada, "mine").await.unwrap().account, own.id);
    assert_eq!(named(&w, &operator(), "mine").await.unwrap().source, "account:mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_off_or_broken_is_not_handed_out() {
    let w = World::start().await;
    let root = operator();
    w.add_shared("work", 1).await;
    let active = |active| AccountChange {
        active: Some(active),
        ..AccountChange::default()
    };
    w.accounts.update(&root, None, "work", active(false)).await.unwrap();
    assert_eq!(
        named(&w, &root, "work").await.unwrap_err().code(),
        Code::AccountInactive
    );
    assert_eq!(given(&w, &root, None, "acme/tools").await, "account.none");
    w.accounts.update(&root, None, "work", active(true)).await.unwrap();
    w.forges.knows(
        &github(1),
        says_no(CredentialKind::GitHubClassic, Code::CredentialRevoked),
    );
    w.accounts.test_stored(&root, None, "work", vec![], None).await.unwrap();
    let error = named(&w, &root, "work").await.unwrap_err();
    assert!(matches!(error, AccountError::Broken { .. }) && error.code() == Code::CredentialRevoked);
    assert_eq!(
        error.to_string(),
        "the account `work` does not work: the forge said credential.revoked"
    );
    assert_eq!(given(&w, &root, None, "acme/tools").await, "credential.revoked");
    // A look without a clear word says nothing of what is wrong with it.
    let silence = says_nothing(CredentialKind::GitHubClassic, Code::ForgeTimeout);
    w.forges.knows(&github(1), silence);
    w.accounts.test_stored(&root, None, "work", vec![], None).await.unwrap();
    assert_eq!(given(&w, &root, None, "acme/tools").await, "credential.invalid");

    add_ending(&w, "short", 2, SignedDuration::from_hours(2)).await;
    w.clock.advance(SignedDuration::from_hours(3));
    assert_eq!(
        named(&w, &root, "short").await.unwrap_err().code(),
        Code::CredentialExpired
    );
}

async fn add_ending(w: &World, label: &str, seed: u8, life: SignedDuration) -> Account {
    let mut report = says_yes(CredentialKind::GitLabPersonal, "ada");
    report.end = TokenEnd::At(w.now() + life);
    w.forges.knows(&gitlab(seed), report);
    let new = NewAccount {
        label: Some(label.to_owned()),
        ..NewAccount::of(gitlab(seed))
    };
    w.accounts.add(&operator(), None, new).await.unwrap().account
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_ends_before_the_token_and_before_its_renewal() {
    let w = World::start().await;
    let root = operator();
    let lease = async |account: &str, seconds: Option<i64>| {
        let repositories = ["acme/tools".to_owned()];
        let ask = UseAsk {
            account: Some(account),
            repositories: &repositories,
            min_validity_seconds: seconds,
            ..UseAsk::default()
        };
        let out = hand_out(&w, &root, ask).await;
        out.map(|out| out.expires_at.duration_since(w.now()).as_secs())
    };
    w.add_shared("never", 1).await;
    assert_eq!(lease("never", None).await.unwrap(), 3_600);
    assert_eq!(lease("never", Some(60)).await.unwrap(), 3_600);
    assert_eq!(lease("never", Some(7_200)).await.unwrap(), 7_200);
    for odd in [-1, i64::MIN, i64::MAX] {
        assert_eq!(
            lease("never", Some(odd)).await.unwrap_err().code(),
            Code::AccountInvalid
        );
    }
    // Renewed when two thirds of its life are over: in 20 minutes.
    let account = add_ending(&w, "renewed", 1, SignedDuration::from_mins(30)).await;
    assert_eq!(account.rotate_at, Some(w.now() + SignedDuration::from_mins(20)));
    assert_eq!(lease("renewed", None).await.unwrap(), 1_200);
    let error = lease("renewed", Some(1_500)).await.unwrap_err();
    assert!(error.to_string().contains("is renewed in 1200 seconds"), "{error}");
    // Renewal is due now: it may end this token at any moment.
    w.clock.advance(SignedDuration::from_secs(1_150));
    assert_eq!(lease("renewed", None).await.unwrap(), 60);
    let change = AccountChange {
        auto_rotate: Some(false),
        ..AccountChange::default()
    };
    w.accounts.update(&root, None, "renewed", change).await.unwrap();
    let error = lease("renewed", Some(700)).await.unwrap_err();
    assert!(error.to_string().contains("ends in 650 seconds"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_with_a_shorter_life_than_the_lease_refuses() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    w.let_client("ci", &["account.use"], |spec| spec.longest_lifetime_seconds = Some(600))
        .await;
    let error = named(&w, &client("ci"), "work").await.unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);
    assert!(error.to_string().contains("600 seconds at most"), "{error}");
    add_ending(&w, "short", 1, SignedDuration::from_mins(9)).await;
    assert!(
        named(&w, &client("ci"), "short").await.is_ok(),
        "this one ends by itself in time"
    );
}
