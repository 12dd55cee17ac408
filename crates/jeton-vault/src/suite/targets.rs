use jeton_domain::{CiScope, ForgeEndpoint, ForgeKind, SecretName};

use super::{
    accounts_fixtures::{account, add_accounts},
    ci_fixtures::{add_targets, full_target, gitlab, long_path, owner, repository, secret_name, target},
    fixtures::{at, begin, fingerprint, read},
};
use crate::{AccountRecord, TargetRecord, TargetState, Vault, VaultError};

async fn list(vault: &dyn Vault, of: &AccountRecord) -> Vec<TargetRecord> {
    read(vault).await.targets().list(of.id, 99).await.unwrap()
}

/// What went in comes out, whole: in every state, with and without what may be missing.
pub async fn targets_are_found_as_they_were_added(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let all = [
        target(&of, "PLAIN"),
        full_target(&target(&of, "FULL")),
        TargetRecord {
            state: TargetState::Current,
            environment: Some(String::new()),
            scope: owner(ForgeKind::GitHub, "acme"),
            ..target(&of, &"N".repeat(200))
        },
        TargetRecord {
            forge: gitlab(),
            scope: CiScope::Instance,
            // Only GitLab takes it.
            name: SecretName::parse(ForgeKind::GitLab, "1_GITHUB").unwrap(),
            environment: Some("größer/*".repeat(500)),
            ..target(&of, "X")
        },
        TargetRecord {
            forge: gitlab(),
            scope: repository(ForgeKind::GitLab, &long_path()),
            ..full_target(&target(&of, "DEEP"))
        },
    ];
    add_targets(vault, &all.each_ref()).await;
    for target in &all {
        let found = read(vault).await.targets().find(target.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(target));
    }
    let absent = target(&of, "ABSENT");
    assert_eq!(read(vault).await.targets().find(absent.id).await.unwrap(), None);
}

/// One of an account at one API, in one scope and environment, and of one name: scope and name without case.
pub async fn targets_are_one_per_place(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    add_accounts(vault, &[&of, &other]).await;
    let first = target(&of, "TOKEN");
    let in_environment = |name: &str, environment: &str| TargetRecord {
        environment: Some(environment.to_owned()),
        ..target(&of, name)
    };
    let in_scope = |scope| TargetRecord {
        scope,
        ..target(&of, "TOKEN")
    };
    add_targets(vault, &[&first, &in_environment("TOKEN", "live")]).await;
    let same = [
        target(&of, "TOKEN"),
        target(&of, "Token"),
        in_environment("TOKEN", ""),
        in_environment("token", "live"),
        in_scope(repository(ForgeKind::GitHub, "aCME/tOOLS")),
        TargetRecord {
            source: "account:other".to_owned(),
            state: TargetState::Failed,
            ..target(&of, "TOKEN")
        },
    ];
    let mut tx = begin(vault).await;
    for again in &same {
        assert!(!tx.targets().add(again).await.unwrap(), "{again:?}");
    }
    let others = [
        target(&other, "TOKEN"),
        target(&of, "TOKEN_"),
        in_environment("TOKEN", "Live"),
        // The same letters, cut elsewhere.
        in_environment("OKEN", "livet"),
        in_scope(repository(ForgeKind::GitHub, "acme/tools2")),
        in_scope(owner(ForgeKind::GitHub, "acme")),
        TargetRecord {
            forge: ForgeEndpoint::github("https://github.example.com/api/v3").unwrap(),
            ..target(&of, "TOKEN")
        },
    ];
    for other in &others {
        assert!(tx.targets().add(other).await.unwrap(), "{other:?}");
    }
    tx.commit().await.unwrap();
    let listed = list(vault, &of).await;
    assert_eq!(listed.len(), 8);
    assert_eq!(listed[0], first, "nothing was written over it");
    assert_eq!(list(vault, &other).await, others[..1]);
}

/// Nobody's token is pushed.
pub async fn targets_of_no_account_are_refused(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    let error = tx
        .targets()
        .add(&target(&account("absent"), "TOKEN"))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
}

/// All of a row, from the time that was seen only; of one that is gone, nothing.
pub async fn targets_change_from_what_was_seen(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    add_accounts(vault, &[&of, &other]).await;
    let (added, beside) = (target(&of, "TOKEN"), target(&of, "BESIDE"));
    add_targets(vault, &[&added, &beside]).await;
    let changed = TargetRecord {
        account: other.id,
        forge: gitlab(),
        scope: CiScope::Instance,
        name: secret_name("RENAMED"),
        ..full_target(&added)
    };
    let mut tx = begin(vault).await;
    assert!(!tx.targets().change(&changed, at(1)).await.unwrap());
    assert!(!tx.targets().change(&target(&of, "ABSENT"), at(0)).await.unwrap());
    assert!(tx.targets().change(&changed, at(0)).await.unwrap());
    assert!(!tx.targets().change(&added, at(0)).await.unwrap(), "it is older now");
    assert_eq!(tx.targets().find(added.id).await.unwrap().as_ref(), Some(&changed));
    let back = TargetRecord {
        changed_at: at(8),
        ..added.clone()
    };
    assert!(tx.targets().change(&back, at(7)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(list(vault, &of).await, [back, beside]);
    assert_eq!(list(vault, &other).await, []);
}

/// To the place of another one no change leads.
pub async fn targets_changes_conflict_as_additions_do(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let (one, other) = (target(&of, "ONE"), target(&of, "OTHER"));
    add_targets(vault, &[&one, &other]).await;
    let moved = TargetRecord {
        name: secret_name("one"),
        environment: Some(String::new()),
        changed_at: at(1),
        ..other.clone()
    };
    let mut tx = begin(vault).await;
    let error = tx.targets().change(&moved, at(0)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    drop(tx);
    assert_eq!(list(vault, &of).await, [one, other]);
}

/// Of one account, in the order in which they were added, up to a limit.
pub async fn targets_are_listed_in_the_order_of_their_addition(vault: &dyn Vault) {
    let (of, other, none) = (account("work"), account("other"), account("none"));
    add_accounts(vault, &[&of, &other, &none]).await;
    let added = |name, second| TargetRecord {
        created_at: at(second),
        ..target(&of, name)
    };
    // The two of one moment in the order of their ids.
    let all = [
        added("A", 5),
        added("B", 3),
        added("C", 4),
        added("D", 4),
        target(&other, "A"),
    ];
    add_targets(vault, &all.each_ref()).await;
    let expected = [1, 2, 3, 0].map(|n| all[n].clone());
    assert_eq!(list(vault, &of).await, expected);
    let mut tx = read(vault).await;
    assert_eq!(tx.targets().list(of.id, 2).await.unwrap(), expected[..2]);
    assert_eq!(tx.targets().list(of.id, 0).await.unwrap(), []);
    assert_eq!(tx.targets().list(none.id, 9).await.unwrap(), []);
    assert_eq!(tx.targets().list(account("absent").id, 9).await.unwrap(), []);
}

/// All of an account wait anew, whatever became of them, and nobody who has read one before writes it after.
pub async fn targets_of_an_account_await_a_new_token(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    add_accounts(vault, &[&of, &other]).await;
    let in_state = |name, state, second| TargetRecord {
        state,
        attempts: 3,
        due_at: Some(at(90)),
        waited_seconds: 105,
        pushed: Some(fingerprint("pushed")),
        pushed_at: Some(at(1)),
        error: Some(serde_json::json!({"cause": "it was full"})),
        changed_at: at(second),
        ..target(&of, name)
    };
    let all = [
        in_state("FAILED", TargetState::Failed, 2),
        in_state("CURRENT", TargetState::Current, 10),
        in_state("LATER", TargetState::Current, 20),
        in_state("PENDING", TargetState::Pending, 3),
    ];
    let others = full_target(&target(&other, "FAILED"));
    add_targets(vault, &all.each_ref()).await;
    add_targets(vault, &[&others]).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.targets().await_push(of.id, at(10)).await.unwrap(), 4);
    assert_eq!(tx.targets().await_push(account("absent").id, at(10)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let later = |second| at(second) + jiff::SignedDuration::from_millis(1);
    let times = [at(10), later(10), later(20), at(10)];
    let expected: Vec<TargetRecord> = all
        .iter()
        .zip(times)
        .map(|(before, changed_at)| TargetRecord {
            state: TargetState::Pending,
            attempts: 0,
            due_at: None,
            waited_seconds: 0,
            changed_at,
            ..before.clone()
        })
        .collect();
    assert_eq!(list(vault, &of).await, expected);
    assert_eq!(list(vault, &other).await, [others]);
    let mut tx = begin(vault).await;
    for before in &all {
        let late = TargetRecord {
            state: TargetState::Current,
            changed_at: at(30),
            ..before.clone()
        };
        assert!(!tx.targets().change(&late, before.changed_at).await.unwrap());
    }
}

/// Once; then its place is free.
pub async fn targets_are_removed_once(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let (one, other) = (target(&of, "ONE"), target(&of, "OTHER"));
    add_targets(vault, &[&one, &other]).await;
    let mut tx = begin(vault).await;
    assert!(tx.targets().remove(one.id).await.unwrap());
    assert!(!tx.targets().remove(one.id).await.unwrap());
    assert!(!tx.targets().change(&one, one.changed_at).await.unwrap());
    let next = target(&of, "one");
    assert!(tx.targets().add(&next).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(list(vault, &of).await, [other, next]);
}

/// With their account, and no other's.
pub async fn targets_go_with_their_account(vault: &dyn Vault) {
    let (of, other) = (account("work"), account("other"));
    add_accounts(vault, &[&of, &other]).await;
    let (one, two, stays) = (target(&of, "ONE"), target(&of, "TWO"), target(&other, "ONE"));
    add_targets(vault, &[&one, &two, &stays]).await;
    let mut tx = begin(vault).await;
    assert!(tx.accounts().remove(of.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(list(vault, &of).await, []);
    let mut tx = read(vault).await;
    assert_eq!(tx.targets().find(two.id).await.unwrap(), None);
    assert_eq!(tx.targets().find(stays.id).await.unwrap(), Some(stays));
}
