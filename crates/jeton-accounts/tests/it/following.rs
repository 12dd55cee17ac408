//! What follows a change of a token: pushes to targets, and the end of the old one.

use jeton_accounts::{Account, AccountError, EndOld, EndOldToken, NewAccount, PushTargets, Replacement};
use jeton_domain::{
    AccountId, CiScope, Code, Coded as _, CredentialKind, Fingerprint, ForgeEndpoint, ForgeKind, RepoPath, Role,
    Secret, SecretName, TargetId, TokenEnd,
};
use jeton_vault::{JobRecord, OldTokenRecord, OldTokenState, TargetRecord, TargetState};
use jiff::SignedDuration;

use crate::{
    forges::{says_no, says_yes},
    world::{Random, World, client, github, operator, user},
};

const CLASSIC: CredentialKind = CredentialKind::GitHubClassic;

fn ending(token: Secret, grace: Option<SignedDuration>) -> Replacement {
    Replacement {
        end_old: Some(EndOld { grace }),
        ..keeping(token)
    }
}

fn keeping(token: Secret) -> Replacement {
    Replacement {
        token,
        username: None,
        email: None,
        expires_at: None,
        other_identity: false,
        untested: false,
        end_old: None,
    }
}

/// A target that has the account's token.
async fn target(w: &World, account: &Account, name: &str) -> TargetId {
    let id = TargetId::generate(w.now(), &Random);
    let row = TargetRecord {
        id,
        account: account.id,
        forge: ForgeEndpoint::github_com(),
        scope: CiScope::Repository(RepoPath::parse(ForgeKind::GitHub, "acme/tools").unwrap()),
        name: SecretName::parse(ForgeKind::GitHub, name).unwrap(),
        environment: None,
        options: serde_json::json!({ "family": "actions" }),
        source: "app:ci".to_owned(),
        state: TargetState::Current,
        pushed: Some(account.fingerprint.clone()),
        pushed_at: Some(w.now()),
        attempts: 3,
        due_at: None,
        waited_seconds: 0,
        error: None,
        added_by: "operator".to_owned(),
        rule: "operator".to_owned(),
        created_at: w.now(),
        changed_at: w.now(),
    };
    let mut tx = w.vault.begin().await.unwrap();
    assert!(tx.targets().add(&row).await.unwrap());
    tx.commit().await.unwrap();
    id
}

async fn old_tokens(w: &World, account: AccountId) -> Vec<OldTokenRecord> {
    let mut tx = w.vault.read().await.unwrap();
    tx.old_tokens().list(account, 10).await.unwrap()
}

/// The waiting jobs of a kind; they are claimed with it.
async fn jobs(w: &World, kind: &str) -> Vec<JobRecord> {
    let mut tx = w.vault.begin().await.unwrap();
    let holder = jeton_domain::LeaseHolder::generate(w.now(), &Random);
    tx.jobs()
        .claim(&[kind], holder, w.now(), w.now() + SignedDuration::from_secs(1), 10)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_targets_wait_for_the_new_token_in_the_same_transaction() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    let (first, second) = (target(&w, &before, "ONE").await, target(&w, &before, "TWO").await);
    w.good(&github(2), CLASSIC, "octocat");
    let added = w
        .accounts
        .replace_token(&operator(), None, "work", keeping(github(2)))
        .await;
    let account = added.unwrap().account;
    for id in [first, second] {
        let row = w.vault.read().await.unwrap().targets().find(id).await.unwrap().unwrap();
        assert_eq!((row.state, row.attempts), (TargetState::Pending, 0));
        assert_eq!(
            row.pushed,
            Some(before.fingerprint.clone()),
            "so long it has the old one"
        );
    }
    let found = jobs(&w, PushTargets::KIND).await;
    assert_eq!(found.len(), 1);
    let job: PushTargets = serde_json::from_value(found[0].payload.clone()).unwrap();
    assert_eq!(
        (job.account, job.fingerprint),
        (account.id, account.fingerprint.to_string())
    );
    assert_eq!(w.newest("account.token_replaced").await["targets"], 2);
    // Nobody asked for its end.
    assert!(old_tokens(&w, account.id).await.is_empty());
    assert!(jobs(&w, EndOldToken::KIND).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_targets_has_nothing_pushed() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    w.good(&github(2), CLASSIC, "octocat");
    w.accounts
        .replace_token(&operator(), None, "work", keeping(github(2)))
        .await
        .unwrap();
    assert!(jobs(&w, PushTargets::KIND).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_the_old_token_is_written_down_with_the_new_one() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    w.good(&github(2), CLASSIC, "octocat");
    let new = ending(github(2), None);
    w.accounts.replace_token(&operator(), None, "work", new).await.unwrap();
    let old = old_tokens(&w, before.id).await.pop().unwrap();
    assert_eq!(
        (old.state, &old.fingerprint),
        (OldTokenState::Waiting, &before.fingerprint)
    );
    assert_eq!(old.ends_by, w.now() + SignedDuration::from_hours(24));
    let opened = w.accounts.open_old(&old).unwrap().unwrap();
    assert_eq!(opened.token.expose(), github(1).expose());
    assert!(!w.is_in_the_database(github(1).expose()) && !format!("{old:?}").contains(github(1).expose()));
    let found = jobs(&w, EndOldToken::KIND).await;
    let job: EndOldToken = serde_json::from_value(found[0].payload.clone()).unwrap();
    assert_eq!((found.len(), job.old_token), (1, old.id));
    assert_eq!(
        w.newest("account.token_replaced").await["old_token_ends_within"],
        86_400
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_ended_is_said_before_anything_happens() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    w.good(&github(2), CLASSIC, "octocat");
    let asked = w.forges.asked();
    let replace = async |label: &str, grace| {
        let new = ending(github(2), grace);
        w.accounts
            .replace_token(&operator(), None, label, new)
            .await
            .unwrap_err()
    };
    for hours in [-1, 24 * 30 + 1] {
        let error = replace("work", Some(SignedDuration::from_hours(hours))).await;
        assert_eq!(error.code(), Code::AccountInvalid, "{hours}");
    }
    // A forge that ends none.
    let token = Secret::new(format!("{}{}", ["AT", "ATT3x"].concat(), "aB3".repeat(60)));
    w.forges
        .knows(&token, says_yes(CredentialKind::BitbucketApiToken, "octocat"));
    let bucket = NewAccount {
        label: Some("bucket".to_owned()),
        forge: Some("bitbucket".to_owned()),
        email: Some("ada@example.com".to_owned()),
        ..NewAccount::of(token)
    };
    w.accounts.add(&operator(), None, bucket).await.unwrap();
    let asked_for_bucket = w.forges.asked();
    let error = replace("bucket", None).await;
    assert_eq!(error.code(), Code::OldTokenUnsupported, "{error}");
    assert!(error.remedy().is_some_and(|remedy| !remedy.is_empty()));
    // A twin: the same token in somebody's own account, whose name is none of the operator's business.
    w.let_client("ada", &["account.use"], |spec| {
        spec.sources = vec!["account:own/*".to_owned()];
    })
    .await;
    w.add(&client("ada"), "secret-plan", github(1), |new| {
        new.shared = Some(false);
    })
    .await;
    let asked_for_twin = w.forges.asked();
    let error = replace("work", None).await;
    assert!(matches!(error, AccountError::OldTokenShared { .. }), "{error}");
    assert_eq!(error.code(), Code::AccountInUse);
    assert!(!error.to_string().contains("secret-plan"), "{error}");
    assert_eq!(w.forges.asked(), asked_for_twin);
    assert!(
        asked < asked_for_bucket,
        "the forge was asked for the other accounts alone"
    );
    let now = w.accounts.get(&operator(), "work").await.unwrap();
    assert_eq!(now.fingerprint, before.fingerprint);
    assert!(old_tokens(&w, before.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_token_that_is_in_an_account_again_is_found() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    for seed in [1, 2] {
        w.good(&github(seed), CLASSIC, "octocat");
    }
    let new = ending(github(2), Some(SignedDuration::ZERO));
    w.accounts.replace_token(&operator(), None, "work", new).await.unwrap();
    let old = old_tokens(&w, before.id).await.pop().unwrap();
    assert_eq!(old.ends_by, old.created_at);
    let holder = async || {
        let mut tx = w.vault.read().await.unwrap();
        w.accounts.holder_of(&mut *tx, &old).await.unwrap()
    };
    assert_eq!(holder().await, None);
    w.accounts
        .replace_token(&operator(), None, "work", keeping(github(1)))
        .await
        .unwrap();
    assert_eq!(holder().await.as_deref(), Some("the account `work`"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_token_that_is_put_in_again_is_called_off() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    for seed in [1, 2] {
        w.good(&github(seed), CLASSIC, "octocat");
    }
    let replace = async |new| w.accounts.replace_token(&operator(), None, "work", new).await;
    replace(ending(github(2), None)).await.unwrap();
    let ending_now = async |since| {
        let old = old_tokens(&w, before.id).await.pop().unwrap();
        let mut tx = w.vault.begin().await.unwrap();
        let next = OldTokenRecord {
            ending_since: since,
            changed_at: old.changed_at + SignedDuration::from_millis(1),
            ..old.clone()
        };
        assert!(tx.old_tokens().change(&next, old.changed_at).await.unwrap());
        tx.commit().await.unwrap();
    };
    // While its forge is asked to end it nobody knows whether it lives on.
    ending_now(Some(w.now())).await;
    let error = replace(keeping(github(1))).await.unwrap_err();
    assert!(error.to_string().contains("is being ended"), "{error}");
    let twin = NewAccount {
        label: Some("twin".to_owned()),
        ..NewAccount::of(github(1))
    };
    let error = w.accounts.add(&operator(), None, twin.clone()).await.unwrap_err();
    assert!(error.to_string().contains("is being ended"), "{error}");
    ending_now(None).await;
    let kept = async || {
        let old = old_tokens(&w, before.id).await.pop().unwrap();
        assert_eq!(
            (old.state, old.token, old.ending_since),
            (OldTokenState::Kept, None, None)
        );
        old.error.unwrap()["cause"].as_str().unwrap().to_owned()
    };
    w.accounts.add(&operator(), None, twin).await.unwrap();
    assert!(kept().await.starts_with("the account `twin` has this very token"));
    let body = w.newest("account.old_token_kept").await;
    assert_eq!(
        (&body["account"], &body["code"]),
        (&before.id.to_string().into(), &"account.in_use".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_pushed_when_an_account_is_switched_on() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let (lacks, has) = (target(&w, &account, "LACKS").await, target(&w, &account, "HAS").await);
    let find = async |id| w.vault.read().await.unwrap().targets().find(id).await.unwrap().unwrap();
    let before = find(lacks).await;
    let failed = TargetRecord {
        state: TargetState::Failed,
        waited_seconds: 90_000,
        changed_at: w.now() + SignedDuration::from_secs(1),
        ..before.clone()
    };
    let mut tx = w.vault.begin().await.unwrap();
    assert!(tx.targets().change(&failed, before.changed_at).await.unwrap());
    tx.commit().await.unwrap();
    let current = find(has).await;
    for (active, all_jobs) in [(false, 0), (true, 1), (true, 1)] {
        let change = jeton_accounts::AccountChange {
            active: Some(active),
            ..jeton_accounts::AccountChange::default()
        };
        w.accounts.update(&operator(), None, "work", change).await.unwrap();
        assert_eq!(jobs(&w, PushTargets::KIND).await.len(), all_jobs, "{active}");
    }
    let now = find(lacks).await;
    assert_eq!(
        (now.state, now.attempts, now.waited_seconds),
        (TargetState::Pending, 0, 0)
    );
    assert!(now.changed_at > failed.changed_at);
    assert_eq!(find(has).await, current);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_at_the_forges_is_told_when_an_account_goes() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let plain = w.add_shared("plain", 2).await;
    let id = target(&w, &account, "ONE").await;
    target(&w, &account, "TWO").await;
    let removed = w.accounts.remove(&operator(), None, "work", false).await.unwrap();
    assert_eq!(removed.copies, 2);
    let warning = removed.warning().unwrap();
    assert!(
        warning.starts_with("2 copies of its token stay as secrets"),
        "{warning}"
    );
    assert!(
        w.vault
            .read()
            .await
            .unwrap()
            .targets()
            .find(id)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(w.newest("account.removed").await["copies_at_forges"], 2);
    let removed = w
        .accounts
        .remove(&operator(), None, plain.label.as_str(), false)
        .await
        .unwrap();
    assert_eq!((removed.copies, removed.warning()), (0, None));
    // One that was replaced lives on for as long as was said.
    w.add_shared("again", 3).await;
    w.good(&github(4), CLASSIC, "octocat");
    w.accounts
        .replace_token(&operator(), None, "again", ending(github(4), None))
        .await
        .unwrap();
    let removed = w.accounts.remove(&operator(), None, "again", false).await.unwrap();
    assert_eq!(
        removed.old_token_ends_by,
        Some(w.now() + SignedDuration::from_hours(24))
    );
    let warning = removed.warning().unwrap();
    assert!(
        warning.starts_with("A token that it had before lives on until 2026-"),
        "{warning}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_account_is_opened_by_its_name_without_a_caller() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    w.let_user("ada", &["account.use"]).await;
    w.add(&user("ada", Role::Member), "mine", github(2), |new| {
        new.shared = Some(false);
    })
    .await;
    let (forge, credential) = w.accounts.open_shared("account:work").await.unwrap().unwrap();
    assert_eq!(
        (forge.host(), credential.token.expose()),
        ("github.com", github(1).expose())
    );
    for nobody in [
        "account:mine",
        "account:own/mine",
        "account:none",
        "app:work",
        "work",
        "account:../x",
    ] {
        assert!(w.accounts.open_shared(nobody).await.unwrap().is_none(), "{nobody}");
    }
    let off = jeton_accounts::AccountChange {
        active: Some(false),
        ..jeton_accounts::AccountChange::default()
    };
    w.accounts.update(&operator(), None, "work", off).await.unwrap();
    let error = w.accounts.open_shared("account:work").await.unwrap_err();
    assert_eq!(error.code(), Code::AccountInactive);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_pushed_for_those_only_who_may_have_it() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let places = ["acme/tools".to_owned()];
    let push = async |name: &str| {
        let caller = client(name);
        w.accounts.token_to_push(&caller, None, "work", &places).await
    };
    assert_eq!(push("ci").await.unwrap_err().code(), Code::PolicyDenied);
    w.let_client("ci", &["account.use"], |_| {}).await;
    let out = push("ci").await.unwrap();
    assert_eq!((out.account, out.source.as_str()), (account.id, "account:work"));
    // A copy at a forge outlives every lease.
    w.let_client("brief", &["account.use"], |spec| {
        spec.longest_lifetime_seconds = Some(7_200);
    })
    .await;
    let error = push("brief").await.unwrap_err();
    assert!(error.to_string().contains("stays there"), "{error}");

    let mut report = says_yes(CLASSIC, "octocat");
    report.end = TokenEnd::At(w.now() + SignedDuration::from_secs(60));
    w.forges.knows(&github(1), report);
    w.accounts
        .test_stored(&operator(), None, "work", Vec::new(), None)
        .await
        .unwrap();
    let error = push("ci").await.unwrap_err();
    assert_eq!(error.code(), Code::SecretEndsSoon, "{error}");
    let error = w.accounts.present_token(account.id).await.unwrap_err();
    assert_eq!(error.code(), Code::SecretEndsSoon);
    w.forges.knows(&github(1), says_no(CLASSIC, Code::CredentialRevoked));
    w.accounts
        .test_stored(&operator(), None, "work", Vec::new(), None)
        .await
        .unwrap();
    assert_eq!(push("ci").await.unwrap_err().code(), Code::CredentialRevoked);
    assert_eq!(account.fingerprint, Fingerprint::of(&github(1)));
}
