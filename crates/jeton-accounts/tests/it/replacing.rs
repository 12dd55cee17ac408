use jeton_accounts::{AccountError, Replacement};
use jeton_domain::{Code, Coded as _, CredentialKind, Fingerprint, RotationId, Secret, TokenEnd, Validity};
use jeton_vault::{RotationRecord, RotationState};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::{
    forges::{says_no, says_nothing, says_yes},
    world::{World, client, github, operator},
};

fn with(token: Secret) -> Replacement {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_token_of_the_same_owner_takes_the_place_of_the_old_one() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    let held = w.grant(before.id, &before.fingerprint, &client("ci")).await;
    w.clock.advance(SignedDuration::from_mins(5));
    let mut report = says_yes(CredentialKind::GitHubClassic, "octocat");
    report.end = TokenEnd::At(w.now() + SignedDuration::from_hours(24 * 90));
    w.forges.knows(&github(2), report.clone());
    let added = w
        .accounts
        .replace_token(&operator(), None, "work", with(github(2)))
        .await
        .unwrap();
    let account = w.accounts.get(&operator(), "work").await.unwrap();
    assert_eq!(account, added.account);
    assert_eq!((account.id, account.end), (before.id, report.end));
    assert_eq!(account.fingerprint, Fingerprint::of(&github(2)));
    assert_eq!(
        (account.token_since, account.created_at),
        (Some(w.now()), before.created_at)
    );
    // Whoever held the old one does not hold the new one.
    let mut tx = w.vault.read().await.unwrap();
    assert!(tx.grants().find(held).await.unwrap().unwrap().released_at.is_some());
    let body = w.newest("account.token_replaced").await;
    assert_eq!(body["fingerprint_before"], before.fingerprint.as_str());
    assert_eq!(body["ended_grants"], 1);
    assert!(!w.is_in_the_database(github(2).expose()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_token_stays_when_the_new_one_will_not_do() {
    let w = World::start().await;
    let before = w.add_shared("work", 1).await;
    let kind = CredentialKind::GitHubClassic;
    w.forges.knows(&github(2), says_no(kind, Code::CredentialExpired));
    w.forges.knows(&github(3), says_nothing(kind, Code::ForgeUnavailable));
    w.forges.knows(&github(4), says_yes(kind, "hubot"));
    let mut unnamed = says_yes(kind, "octocat");
    unnamed.identity = None;
    w.forges.knows(&github(5), unnamed);
    for (token, code) in [
        (github(2), Code::CredentialExpired),
        (github(3), Code::ForgeUnavailable),
        (github(4), Code::AccountOtherIdentity),
        (github(5), Code::AccountOtherIdentity),
        (github(1), Code::AccountInvalid),
        (Secret::new("octocat"), Code::CredentialNotAToken),
        (crate::world::gitlab(1), Code::CredentialWrongForge),
    ] {
        let error = w
            .accounts
            .replace_token(&operator(), None, "work", with(token))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(w.accounts.get(&operator(), "work").await.unwrap(), before);
    let error = w
        .accounts
        .replace_token(&operator(), None, "work", with(github(4)))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the account's token is octocat's, and the new one is hubot's"
    );

    let asked_for = Replacement {
        other_identity: true,
        ..with(github(4))
    };
    let added = w
        .accounts
        .replace_token(&operator(), None, "work", asked_for)
        .await
        .unwrap();
    assert_eq!(added.account.identity.unwrap().name, "hubot");
    // Without a clear word nothing is known of the new one, not even whose it is.
    let untested = Replacement {
        other_identity: true,
        untested: true,
        ..with(github(3))
    };
    let account = w
        .accounts
        .replace_token(&operator(), None, "work", untested)
        .await
        .unwrap()
        .account;
    assert_eq!(
        (account.validity, account.identity, account.scopes),
        (Validity::Unknown, None, None)
    );
    assert_eq!(
        w.events().await,
        ["account.added", "account.token_replaced", "account.token_replaced"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_not_replaced_while_it_is_being_renewed() {
    let w = World::start().await;
    let account = w.add_shared("work", 1).await;
    let rotation = RotationRecord {
        id: RotationId::from_uuid(Uuid::from_u128(7)),
        account: account.id,
        state: RotationState::Asked,
        old_fingerprint: account.fingerprint.clone(),
        new_token: None,
        new_expires_at: None,
        new_fingerprint: None,
        holder: None,
        attempts: 1,
        asked_by: "the watch".to_owned(),
        error: None,
        created_at: w.now(),
        changed_at: w.now(),
        alarmed_at: None,
    };
    let mut tx = w.vault.begin().await.unwrap();
    assert!(tx.rotations().begin(&rotation).await.unwrap());
    tx.commit().await.unwrap();
    w.good(&github(2), CredentialKind::GitHubClassic, "octocat");
    let error = w
        .accounts
        .replace_token(&operator(), None, "work", with(github(2)))
        .await
        .unwrap_err();
    assert!(matches!(error, AccountError::RotationUnderWay(_)), "{error}");
    assert_eq!(w.forges.asked(), 1, "only when it was added");
    let shown = w.accounts.get(&operator(), "work").await.unwrap();
    assert_eq!(shown.rotation, Some(rotation));
    let error = w.accounts.remove(&operator(), None, "work", false).await.unwrap_err();
    assert!(error.to_string().contains("being renewed"), "{error}");
}
