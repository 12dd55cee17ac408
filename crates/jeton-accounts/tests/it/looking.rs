//! The watch, and looks because somebody says that a token is refused.

use jeton_accounts::{AccountChange, AccountError, NewAccount, RotationRecord, RotationState, UseAsk};
use jeton_domain::{AccountId, Code, Coded as _, CredentialKind, Fingerprint, Role, RotationId, TokenEnd, Validity};
use jiff::SignedDuration;

use crate::{
    forges::{says_no, says_yes},
    world::{Random, World, client, github, gitlab, operator, user},
};

/// Makes an account due.
async fn due(w: &World, account: AccountId) {
    let mut tx = w.vault.begin().await.unwrap();
    tx.accounts().set_next_check(account, w.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn rotate_at(w: &World, account: AccountId, at: Option<jiff::Timestamp>) {
    let mut tx = w.vault.begin().await.unwrap();
    tx.accounts().set_rotate_at(account, at).await.unwrap();
    tx.commit().await.unwrap();
}

fn ends_in(days: i32, w: &World) -> TokenEnd {
    TokenEnd::At(w.now() + SignedDuration::from_hours(24) * days)
}

/// A GitLab account whose token ends in thirty days and is renewed in twenty-three.
async fn mortal_account(w: &World) -> jeton_accounts::Account {
    let token = gitlab(1);
    let report = jeton_domain::CheckReport {
        end: ends_in(30, w),
        ..says_yes(CredentialKind::GitLabPersonal, "ada")
    };
    w.forges.knows(&token, report);
    let new = NewAccount {
        label: Some("lab".to_owned()),
        ..NewAccount::of(token)
    };
    w.accounts.add(&operator(), None, new).await.unwrap().account
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_account_reports_is_noted_where_it_holds() {
    let w = World::start().await;
    for name in ["ada", "bob", "eve"] {
        w.let_user(name, &["account.use"]).await;
    }
    let token = github(1);
    let mut ids = Vec::new();
    for (name, username) in [("ada", None), ("bob", Some("bob")), ("eve", None)] {
        let owner = user(name, Role::Member);
        let change = |new: &mut NewAccount| new.username = username.map(str::to_owned);
        ids.push(w.add(&owner, "mine", token.clone(), change).await.id);
    }
    w.forges
        .knows(&token, says_no(CredentialKind::GitHubClassic, Code::CredentialRevoked));
    let fingerprint = Fingerprint::of(&token);
    let looked = w.accounts.look_at_rejected(&fingerprint, Some(ids[1])).await.unwrap();
    assert_eq!(looked.unwrap().validity, Validity::Invalid);
    assert_eq!(w.forges.last().0.username.as_deref(), Some("bob"));
    let validities = async || {
        let mut found = Vec::new();
        for id in &ids {
            found.push(w.accounts.get(&operator(), &id.to_string()).await.unwrap().validity);
        }
        found
    };
    assert_eq!(
        validities().await,
        [Validity::Valid, Validity::Invalid, Validity::Valid]
    );
    w.accounts.look_at_rejected(&fingerprint, Some(ids[0])).await.unwrap();
    assert_eq!(validities().await, [Validity::Invalid; 3], "and on its twin");
    let nobodys = AccountId::generate(w.now(), &Random);
    assert!(
        w.accounts
            .look_at_rejected(&fingerprint, Some(nobodys))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        w.accounts
            .look_at_rejected(&Fingerprint::of(&github(9)), None)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_callers_say_is_looked_at_a_few_times_a_minute_and_costs_the_watch_nothing() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let before = w.forges.asked();
    for _ in 0..30 {
        let report = w
            .accounts
            .look_at_rejected(&account.fingerprint, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(report.validity, Validity::Valid);
    }
    assert_eq!(w.forges.asked() - before, 5);
    due(&w, account.id).await;
    assert_eq!(w.accounts.watch().await.unwrap().looked_at, 1);
    w.clock.advance(SignedDuration::from_secs(61));
    w.accounts.look_at_rejected(&account.fingerprint, None).await.unwrap();
    assert_eq!(w.forges.asked() - before, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_forge_holds_up_no_other_and_a_cut_round_no_look() {
    let w = World::start().await;
    for seed in 1..=5 {
        due(&w, w.add_shared(&format!("a{seed}"), seed).await.id).await;
    }
    let lab = mortal_account(&w).await;
    let before = w.forges.asked();
    let silence = w.forges.silence.write().await;
    let accounts = w.accounts.clone();
    let round = tokio::spawn(async move { accounts.watch().await });
    w.forges.until_asked(before + 2).await;
    due(&w, lab.id).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(w.forges.asked() - before, 2, "no more than two at one forge");
    round.abort();
    assert!(round.await.unwrap_err().is_cancelled());
    drop(silence);
    let looked = async || {
        let mut count = 0;
        for seed in 1..=5 {
            let account = w.accounts.get(&operator(), &format!("a{seed}")).await.unwrap();
            count += u32::from(account.next_check_at.unwrap() > w.now() + SignedDuration::from_hours(1));
        }
        count
    };
    while looked().await < 2 {
        tokio::task::yield_now().await;
    }
    // The rest comes again when it is due again.
    w.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(w.accounts.watch().await.unwrap().looked_at, 4);
    assert_eq!(looked().await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_overwrites_nothing_that_was_changed_meanwhile() {
    let w = World::start().await;
    let lab = mortal_account(&w).await;
    assert!(lab.rotate_at.is_some());
    due(&w, lab.id).await;
    let before = w.forges.asked();
    let silence = w.forges.silence.write().await;
    let accounts = w.accounts.clone();
    let round = tokio::spawn(async move { accounts.watch().await });
    w.forges.until_asked(before + 1).await;
    let change = AccountChange {
        auto_rotate: Some(false),
        ..AccountChange::default()
    };
    w.accounts.update(&operator(), None, "lab", change).await.unwrap();
    drop(silence);
    assert_eq!(round.await.unwrap().unwrap().looked_at, 1);
    let after = w.accounts.get(&operator(), "lab").await.unwrap();
    assert_eq!((after.auto_rotate, after.rotate_at), (false, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_that_a_wrong_clock_put_off_are_due_again() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let mut tx = w.vault.begin().await.unwrap();
    let far = w.now() + SignedDuration::from_hours(24 * 400);
    tx.accounts().set_next_check(account.id, far).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(w.accounts.watch().await.unwrap().looked_at, 1);
    assert_eq!(w.accounts.watch().await.unwrap().looked_at, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_shall_not_renew_itself_is_not_renewed() {
    let w = World::start().await;
    let lab = mortal_account(&w).await;
    let change = AccountChange {
        auto_rotate: Some(false),
        ..AccountChange::default()
    };
    w.accounts.update(&operator(), None, "lab", change).await.unwrap();
    rotate_at(&w, lab.id, Some(w.now())).await;
    assert_eq!(w.accounts.watch().await.unwrap().renewals, 0);
    assert_eq!(w.accounts.get(&operator(), "lab").await.unwrap().rotate_at, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_about_to_be_renewed_is_lent_for_a_minute() {
    let w = World::start().await;
    let lab = mortal_account(&w).await;
    w.let_client("ci", &["account.use"], |_| {}).await;
    let repositories = ["acme/tools".to_owned()];
    let lend = async |need: Option<i64>| {
        let ask = UseAsk {
            account: Some("lab"),
            repositories: &repositories,
            min_validity_seconds: need,
            ..UseAsk::default()
        };
        w.accounts.hand_out(&client("ci"), None, ask).await
    };
    let minute = SignedDuration::from_mins(1);
    assert_eq!(lend(None).await.unwrap().expires_at, w.now() + minute * 60);
    for at in [w.now() + minute, w.now(), w.now() - minute] {
        rotate_at(&w, lab.id, Some(at)).await;
        assert_eq!(lend(Some(60)).await.unwrap().expires_at, w.now() + minute);
        let error = lend(Some(61)).await.unwrap_err();
        assert!(matches!(error, AccountError::RotationUnderWay(_)), "{error}");
        assert!(error.retry_after().is_some());
    }
    rotate_at(&w, lab.id, lab.rotate_at).await;
    begin(&w, &lab, RotationState::Asked).await;
    assert_eq!(lend(None).await.unwrap().expires_at, w.now() + minute);
    assert_eq!(lend(Some(600)).await.unwrap_err().code(), Code::RotationUnderWay);
}

async fn begin(w: &World, account: &jeton_accounts::Account, state: RotationState) -> RotationId {
    let id = RotationId::generate(w.now(), &Random);
    let rotation = RotationRecord {
        id,
        account: account.id,
        state: RotationState::Intended,
        old_fingerprint: account.fingerprint.clone(),
        new_token: None,
        new_expires_at: None,
        new_fingerprint: None,
        holder: None,
        attempts: 0,
        asked_by: "the watch".to_owned(),
        error: None,
        alarmed_at: None,
        created_at: w.now(),
        changed_at: w.now(),
    };
    let mut tx = w.vault.begin().await.unwrap();
    assert!(tx.rotations().begin(&rotation).await.unwrap());
    if state != RotationState::Intended {
        let next = RotationRecord {
            state,
            ..rotation.clone()
        };
        assert!(
            tx.rotations()
                .step(&next, rotation.state, rotation.changed_at)
                .await
                .unwrap()
        );
    }
    tx.commit().await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_replaced_as_long_as_its_renewal_was_not_asked_for() {
    let w = World::start().await;
    let lab = mortal_account(&w).await;
    let intended = begin(&w, &lab, RotationState::Intended).await;
    let replace = async |seed| {
        let token = gitlab(seed);
        w.good(&token, CredentialKind::GitLabPersonal, "ada");
        let new = jeton_accounts::Replacement {
            token,
            username: None,
            email: None,
            expires_at: None,
            other_identity: false,
            untested: false,
            end_old: None,
        };
        w.accounts.replace_token(&operator(), None, "lab", new).await
    };
    let replaced = replace(2).await.unwrap().account;
    let found = w.vault.read().await.unwrap().rotations().find(intended).await.unwrap();
    assert_eq!(
        found.unwrap().state,
        RotationState::Failed,
        "nobody asks for it any more"
    );
    begin(&w, &replaced, RotationState::Asked).await;
    let error = replace(3).await.unwrap_err();
    assert!(matches!(error, AccountError::RotationUnderWay(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_somebody_noted_is_not_the_forges_word() {
    let w = World::start().await;
    w.let_client("ci", &["account.use"], |_| {}).await;
    let token = github(1);
    let unknown = jeton_domain::CheckReport {
        end: TokenEnd::Unknown,
        ..says_yes(CredentialKind::GitHubClassic, "octocat")
    };
    w.forges.knows(&token, unknown);
    let new = NewAccount {
        label: Some("work".to_owned()),
        expires_at: Some(w.now() + SignedDuration::from_hours(24)),
        ..NewAccount::of(token)
    };
    w.accounts.add(&operator(), None, new).await.unwrap();
    w.clock.advance(SignedDuration::from_hours(25));
    let repositories = ["acme/tools".to_owned()];
    let ask = UseAsk {
        repositories: &repositories,
        ..UseAsk::default()
    };
    let error = w.accounts.hand_out(&client("ci"), None, ask).await.unwrap_err();
    assert_eq!(error.code(), Code::CredentialExpired);
    let account = w.accounts.get(&operator(), "work").await.unwrap();
    for words in [error.to_string(), account.finding.unwrap().cause] {
        assert!(words.contains("noted") && !words.contains("own word"), "{words}");
    }
}
