use std::collections::BTreeSet;

use futures_util::future::join_all;
use jeton_domain::Validity;

use super::{
    accounts_fixtures::{account, add_accounts, check, find_account, label, rotation},
    fixtures::{at, begin, fingerprint, holder, read},
};
use crate::{AccountRecord, RotationRecord, RotationState, Vault, VaultError};

/// How many act at once: fewer than a small pool has connections, so that each has one of its own.
const MANY: i64 = 8;

/// Of many that add one label, or one default, at once, one succeeds and the others hear of a conflict.
pub async fn accounts_labels_and_defaults_are_taken_by_one_of_many(vault: &dyn Vault) {
    for same_label in [true, false] {
        let adds = (0..MANY).map(|number| async move {
            let name = if same_label {
                "work".to_owned()
            } else {
                format!("default-{number}")
            };
            let new = AccountRecord {
                is_default: !same_label,
                ..account(&name)
            };
            let mut tx = begin(vault).await;
            let added = tx.accounts().add(&new).await;
            match added {
                Ok(()) => tx.commit().await.map(|()| true),
                Err(VaultError::Conflict(_)) => Ok(false),
                Err(other) => Err(other),
            }
        });
        let added = join_all(adds)
            .await
            .into_iter()
            .filter(|added| *added.as_ref().unwrap());
        assert_eq!(added.count(), 1);
    }
}

/// Of many that change what they have seen, one does, and the others hear that they were late.
pub async fn accounts_are_updated_by_one_of_many(vault: &dyn Vault) {
    let seen = account("work");
    add_accounts(vault, &[&seen]).await;
    let changes = (1..=MANY).map(|number| {
        let changed = AccountRecord {
            note: Some(number.to_string()),
            updated_at: at(number),
            ..seen.clone()
        };
        let seen_at = seen.updated_at;
        async move {
            let mut tx = begin(vault).await;
            let done = tx.accounts().update(&changed, seen_at).await.unwrap();
            tx.commit().await.unwrap();
            done.then_some(changed)
        }
    });
    let done: Vec<_> = join_all(changes).await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1);
    assert_eq!(find_account(vault, seen.id).await.as_ref(), done.first());
}

/// Two that take one label by a change at once: one has it, and the other's transaction goes on.
pub async fn accounts_labels_are_changed_by_one_of_two(vault: &dyn Vault) {
    let both = [account("one"), account("two")];
    add_accounts(vault, &both.each_ref()).await;
    let changes = both.iter().map(|seen| async move {
        let wanted = AccountRecord {
            label: label("wanted"),
            updated_at: at(1),
            ..seen.clone()
        };
        let mut tx = begin(vault).await;
        let done = tx.accounts().update(&wanted, seen.updated_at).await;
        let taken = match done {
            Ok(done) => {
                assert!(done);
                false
            }
            Err(VaultError::Conflict(what)) => {
                assert!(what.contains("wanted"), "{what}");
                tx.accounts().set_next_check(seen.id, at(77)).await.unwrap();
                true
            }
            Err(error) => panic!("{error}"),
        };
        tx.commit().await.unwrap();
        (seen.id, taken)
    });
    let results = join_all(changes).await;
    assert_eq!(results.iter().filter(|(_, taken)| *taken).count(), 1);
    for (id, taken) in results {
        let now = find_account(vault, id).await.unwrap();
        assert_eq!(
            (now.label.as_str() != "wanted", now.next_check_at == at(77)),
            (taken, taken)
        );
    }
}

/// A look at the old token that ends while it is replaced says nothing of the new one, whichever comes first.
pub async fn accounts_looks_never_pass_a_replacement(vault: &dyn Vault) {
    for round in 0..10 {
        let old = account(&format!("round-{round}"));
        let new = AccountRecord {
            fingerprint: fingerprint(&format!("new {round}")),
            validity: Validity::Valid,
            ..old.clone()
        };
        add_accounts(vault, &[&old]).await;
        let look = async {
            let mut tx = begin(vault).await;
            let found = check(Validity::Invalid, at(5));
            let put = tx.accounts().put_check(old.id, &old.fingerprint, &found).await.unwrap();
            tx.commit().await.unwrap();
            put
        };
        let replace = async {
            let mut tx = begin(vault).await;
            assert!(tx.accounts().put_token(&new, &old.fingerprint).await.unwrap());
            tx.commit().await.unwrap();
        };
        if round % 2 == 0 {
            tokio::join!(look, replace);
        } else {
            tokio::join!(replace, look);
        }
        let now = find_account(vault, old.id).await.unwrap();
        assert_eq!((now.validity, now.fingerprint), (Validity::Valid, new.fingerprint));
    }
}

/// Of two that replace one token at once, one does.
pub async fn accounts_tokens_are_replaced_by_one_of_many(vault: &dyn Vault) {
    let old = account("work");
    add_accounts(vault, &[&old]).await;
    let replacements = (0..MANY).map(|number| {
        let new = AccountRecord {
            fingerprint: fingerprint(&format!("new {number}")),
            ..old.clone()
        };
        let seen = old.fingerprint.clone();
        async move {
            let mut tx = begin(vault).await;
            let done = tx.accounts().put_token(&new, &seen).await.unwrap();
            tx.commit().await.unwrap();
            done.then_some(new)
        }
    });
    let done: Vec<_> = join_all(replacements).await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1);
    assert_eq!(find_account(vault, old.id).await.as_ref(), done.first());
}

/// An account that is read in order to be changed is read by one at a time.
pub async fn accounts_read_to_be_written_are_locked(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let appends = (0..MANY).map(|_| async {
        let mut tx = begin(vault).await;
        let seen = tx.accounts().find(of.id).await.unwrap().unwrap();
        // Others read while this one has it.
        tokio::task::yield_now().await;
        let changed = AccountRecord {
            note: Some(format!("{}+", seen.note.clone().unwrap_or_default())),
            ..seen.clone()
        };
        assert!(tx.accounts().update(&changed, seen.updated_at).await.unwrap());
        tx.commit().await.unwrap();
    });
    join_all(appends).await;
    let now = find_account(vault, of.id).await.unwrap();
    assert_eq!(now.note.as_deref(), Some("++++++++"));
}

/// Each account is looked at by one server, and all are.
pub async fn accounts_checks_are_claimed_once_by_many(vault: &dyn Vault) {
    let due: Vec<_> = (0..40).map(|number| account(&format!("due-{number}"))).collect();
    add_accounts(vault, &due.iter().collect::<Vec<_>>()).await;
    let servers = (0..MANY).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let mut tx = begin(vault).await;
            let claimed = tx.accounts().claim_due_checks(at(20), at(900), &[], 3).await.unwrap();
            // Others try while this one has not committed yet.
            tokio::task::yield_now().await;
            tx.commit().await.unwrap();
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.into_iter().map(|account| account.id));
        }
    });
    let claimed: Vec<_> = join_all(servers).await.concat();
    assert_eq!(claimed.len(), due.len());
    let distinct: BTreeSet<_> = claimed.into_iter().collect();
    assert_eq!(distinct, due.iter().map(|account| account.id).collect());
}

/// Each warning is given by one server, and all are.
pub async fn accounts_warnings_are_given_once_by_many(vault: &dyn Vault) {
    let due: Vec<_> = (0..20)
        .map(|number| AccountRecord {
            next_warning_at: Some(at(10)),
            ..account(&format!("due-{number}"))
        })
        .collect();
    add_accounts(vault, &due.iter().collect::<Vec<_>>()).await;
    let servers = (0..MANY).map(|_| async {
        let mut mine = Vec::new();
        loop {
            let mut tx = begin(vault).await;
            let warned = tx.accounts().due_warnings(at(20), 3).await.unwrap();
            tokio::task::yield_now().await;
            for account in &warned {
                tx.accounts().set_next_warning(account.id, None).await.unwrap();
            }
            tx.commit().await.unwrap();
            if warned.is_empty() {
                return mine;
            }
            mine.extend(warned.into_iter().map(|account| account.id));
        }
    });
    let warned: Vec<_> = join_all(servers).await.concat();
    assert_eq!(warned.len(), due.len());
    let distinct: BTreeSet<_> = warned.into_iter().collect();
    assert_eq!(distinct.len(), due.len());
}

/// Of many that begin a renewal at once, one does.
pub async fn rotations_are_begun_by_one_of_many(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let begins = (0..MANY).map(|_| async {
        let mut tx = begin(vault).await;
        let new = rotation(&of, at(1));
        let begun = tx.rotations().begin(&new).await.unwrap();
        tx.commit().await.unwrap();
        begun.then_some(new)
    });
    let begun: Vec<_> = join_all(begins).await.into_iter().flatten().collect();
    assert_eq!(begun.len(), 1);
    assert_eq!(read(vault).await.rotations().list(of.id, 9).await.unwrap(), begun);
}

/// Of many that take the same step at once, one does: the forge is asked once.
pub async fn rotations_step_is_taken_by_one_of_many(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let seen = rotation(&of, at(1));
    let mut tx = begin(vault).await;
    assert!(tx.rotations().begin(&seen).await.unwrap());
    tx.commit().await.unwrap();
    let steps = (0..MANY).map(|_| async {
        let asked = RotationRecord {
            state: RotationState::Asked,
            holder: Some(holder()),
            attempts: 1,
            changed_at: at(2),
            ..seen.clone()
        };
        let mut tx = begin(vault).await;
        let done = tx.rotations().step(&asked, seen.state, seen.changed_at).await.unwrap();
        tx.commit().await.unwrap();
        done.then_some(asked)
    });
    let done: Vec<_> = join_all(steps).await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1);
    assert_eq!(read(vault).await.rotations().list(of.id, 9).await.unwrap(), done);
}
