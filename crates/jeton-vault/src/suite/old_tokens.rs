use jeton_domain::{CredentialKind, Sealed};
use serde_json::json;

use super::{
    accounts_fixtures::{account, add_accounts},
    ci_fixtures::{add_old_tokens, gitlab, old_token},
    fixtures::{at, begin, fingerprint, read},
};
use crate::{AccountRecord, OldTokenRecord, OldTokenState, Vault, VaultError};

async fn list(vault: &dyn Vault, of: &AccountRecord) -> Vec<OldTokenRecord> {
    read(vault).await.old_tokens().list(of.id, 99).await.unwrap()
}

/// In this state since then, without its token unless it waits.
fn in_state(of: &AccountRecord, state: OldTokenState, second: i64) -> OldTokenRecord {
    let waiting = old_token(of, at(1));
    OldTokenRecord {
        state,
        token: waiting.token.clone().filter(|_| state == OldTokenState::Waiting),
        changed_at: at(second),
        ..waiting
    }
}

/// What went in comes out, whole; an id is taken once.
pub async fn old_tokens_are_found_as_they_were_added(vault: &dyn Vault) {
    let of = account("work");
    let full = OldTokenRecord {
        forge: gitlab(),
        kind: CredentialKind::GitLabGroup,
        username: Some("ü".repeat(200)),
        email: Some("ada@example.com".to_owned()),
        error: Some(json!({"cause": "„größer“", "status": 403})),
        ends_by: at(9000),
        ending_since: Some(at(6)),
        changed_at: at(7),
        ..old_token(&of, at(2))
    };
    let all = [
        old_token(&of, at(1)),
        full,
        in_state(&of, OldTokenState::Ended, 3),
        in_state(&of, OldTokenState::Kept, 4),
    ];
    add_old_tokens(vault, &all.each_ref()).await;
    for token in &all {
        let found = read(vault).await.old_tokens().find(token.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(token));
    }
    let absent = old_token(&of, at(1));
    assert_eq!(read(vault).await.old_tokens().find(absent.id).await.unwrap(), None);
    let mut tx = begin(vault).await;
    let error = tx.old_tokens().add(&all[0]).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
}

/// All of a row, from the time that was seen only; of one that is not there, nothing.
pub async fn old_tokens_change_from_what_was_seen(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    let (added, beside) = (old_token(&of, at(1)), old_token(&of, at(1)));
    add_old_tokens(vault, &[&added, &beside]).await;
    let changed = OldTokenRecord {
        account: other.id,
        forge: gitlab(),
        kind: CredentialKind::GitLabGroup,
        username: Some("ada".to_owned()),
        email: Some("ada@example.com".to_owned()),
        token: Some(Sealed::from_bytes(vec![7; 70])),
        fingerprint: fingerprint("other"),
        ends_by: at(9000),
        ending_since: Some(at(6)),
        error: Some(json!(["it was full"])),
        created_at: at(2),
        changed_at: at(7),
        ..added.clone()
    };
    let mut tx = begin(vault).await;
    assert!(!tx.old_tokens().change(&changed, at(2)).await.unwrap());
    assert!(!tx.old_tokens().change(&old_token(&of, at(1)), at(1)).await.unwrap());
    assert!(tx.old_tokens().change(&changed, at(1)).await.unwrap());
    assert!(!tx.old_tokens().change(&added, at(1)).await.unwrap(), "it is older now");
    assert_eq!(tx.old_tokens().find(added.id).await.unwrap().as_ref(), Some(&changed));
    let ended = OldTokenRecord {
        state: OldTokenState::Ended,
        token: None,
        changed_at: at(8),
        ..added.clone()
    };
    assert!(tx.old_tokens().change(&ended, at(7)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(list(vault, &of).await, [beside, ended]);
    assert_eq!(list(vault, &other).await, []);
}

/// Whatever becomes of a token, its bytes go with its waiting.
pub async fn old_tokens_that_do_not_wait_hold_no_token(vault: &dyn Vault) {
    let of = account("work");
    let waiting = old_token(&of, at(1));
    add_old_tokens(vault, &[&waiting]).await;
    for state in [OldTokenState::Ended, OldTokenState::Kept] {
        let with_token = |id| OldTokenRecord {
            id,
            state,
            changed_at: at(2),
            ..waiting.clone()
        };
        let mut tx = begin(vault).await;
        let changed = tx.old_tokens().change(&with_token(waiting.id), at(1)).await;
        assert!(matches!(changed, Err(VaultError::Corrupt(_))), "{changed:?}");
        drop(tx);
        let mut tx = begin(vault).await;
        let added = tx.old_tokens().add(&with_token(old_token(&of, at(1)).id)).await;
        assert!(matches!(added, Err(VaultError::Corrupt(_))), "{added:?}");
    }
    let ending = OldTokenRecord {
        state: OldTokenState::Ended,
        token: None,
        ending_since: Some(at(2)),
        changed_at: at(2),
        ..waiting.clone()
    };
    let mut tx = begin(vault).await;
    let changed = tx.old_tokens().change(&ending, at(1)).await;
    assert!(matches!(changed, Err(VaultError::Corrupt(_))), "{changed:?}");
    drop(tx);
    assert_eq!(list(vault, &of).await, [waiting]);
}

/// Whosever it was, and none that has come to its end.
pub async fn old_tokens_that_wait_are_found_by_their_token(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    let same = |token: OldTokenRecord| OldTokenRecord {
        fingerprint: fingerprint("same"),
        ..token
    };
    let all = [
        same(old_token(&of, at(1))),
        same(in_state(&of, OldTokenState::Kept, 2)),
        same(in_state(&of, OldTokenState::Ended, 3)),
        old_token(&of, at(1)),
        same(OldTokenRecord {
            ending_since: Some(at(6)),
            ..old_token(&other, at(5))
        }),
    ];
    add_old_tokens(vault, &all.each_ref()).await;
    let mut expected = [all[0].clone(), all[4].clone()];
    expected.sort_by_key(|token| token.id.to_string());
    let mut tx = read(vault).await;
    let found = tx.old_tokens().waiting_with(&fingerprint("same")).await.unwrap();
    assert_eq!(found, expected);
    let none = tx.old_tokens().waiting_with(&fingerprint("none")).await.unwrap();
    assert_eq!(none, []);
}

/// Of one account, newest first, up to a limit.
pub async fn old_tokens_are_listed_newest_first(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    let all = [
        old_token(&of, at(2)),
        old_token(&of, at(5)),
        old_token(&of, at(3)),
        old_token(&other, at(4)),
        old_token(&of, at(3)),
    ];
    add_old_tokens(vault, &all.each_ref()).await;
    let expected = [1, 4, 2, 0].map(|n| all[n].clone());
    assert_eq!(list(vault, &of).await, expected);
    let mut tx = read(vault).await;
    assert_eq!(tx.old_tokens().list(of.id, 3).await.unwrap(), expected[..3]);
    assert_eq!(tx.old_tokens().list(of.id, 0).await.unwrap(), []);
    assert_eq!(tx.old_tokens().list(account("absent").id, 9).await.unwrap(), []);
}

/// Its end is still to come when its account has gone; and an account from the environment never had a row.
pub async fn old_tokens_stay_when_their_account_goes(vault: &dyn Vault) {
    let (of, never) = (account("work"), account("never"));
    add_accounts(vault, &[&of]).await;
    let (one, other) = (old_token(&of, at(1)), old_token(&never, at(1)));
    add_old_tokens(vault, &[&one, &other]).await;
    let mut tx = begin(vault).await;
    assert!(tx.accounts().remove(of.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(list(vault, &of).await, [one]);
    assert_eq!(list(vault, &never).await, [other]);
}

/// Those that last changed before a time, up to a limit; one that waits stays, however old.
pub async fn old_tokens_are_purged_when_they_do_not_wait(vault: &dyn Vault) {
    let of = account("work");
    let waits = in_state(&of, OldTokenState::Waiting, 1);
    let stay = [
        in_state(&of, OldTokenState::Ended, 50),
        in_state(&of, OldTokenState::Kept, 51),
    ];
    let go = [
        in_state(&of, OldTokenState::Kept, 10),
        in_state(&of, OldTokenState::Ended, 20),
        in_state(&of, OldTokenState::Kept, 49),
    ];
    let all: Vec<&OldTokenRecord> = stay.iter().chain(&go).chain([&waits]).collect();
    add_old_tokens(vault, &all).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.old_tokens().purge(at(50), 2).await.unwrap(), 2);
    assert_eq!(
        tx.old_tokens().find(go[2].id).await.unwrap().as_ref(),
        Some(&go[2]),
        "the oldest first"
    );
    assert_eq!(tx.old_tokens().purge(at(50), 2).await.unwrap(), 1);
    assert_eq!(tx.old_tokens().purge(at(50), 2).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let [ended, kept] = stay;
    assert_eq!(list(vault, &of).await, [kept, ended, waits]);
}
