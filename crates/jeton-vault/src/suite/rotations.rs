use jeton_domain::Sealed;

use super::{
    accounts_fixtures::{account, add_accounts, rotation},
    fixtures::{at, begin, fingerprint, holder, read},
};
use crate::{RotationRecord, RotationState, Vault, VaultError};

/// What went in comes out, whole.
pub async fn rotations_are_found_as_they_were_begun(vault: &dyn Vault) {
    let (one, other) = (account("one"), account("other"));
    add_accounts(vault, &[&one, &other]).await;
    let plain = rotation(&one, at(1));
    let full = RotationRecord {
        state: RotationState::Received,
        new_token: Some(Sealed::from_bytes(vec![5; 60])),
        new_expires_at: Some(at(9000)),
        new_fingerprint: Some(fingerprint("new")),
        holder: Some(holder()),
        attempts: u32::MAX,
        asked_by: "user:ada".to_owned(),
        error: Some("forge.unreachable: no answer".to_owned()),
        changed_at: at(7),
        alarmed_at: Some(at(6)),
        ..rotation(&other, at(2))
    };
    let mut tx = begin(vault).await;
    assert!(tx.rotations().begin(&plain).await.unwrap());
    assert!(tx.rotations().begin(&full).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.rotations().find(plain.id).await.unwrap().as_ref(), Some(&plain));
    assert_eq!(tx.rotations().find_open(one.id).await.unwrap(), Some(plain));
    assert_eq!(tx.rotations().find(full.id).await.unwrap().as_ref(), Some(&full));
    assert_eq!(tx.rotations().find_open(other.id).await.unwrap(), Some(full));
    assert_eq!(tx.rotations().find(rotation(&one, at(3)).id).await.unwrap(), None);
}

/// One at a time: while one is open no other begins, in whatever state it is; then the next one may.
pub async fn rotations_are_open_one_at_a_time(vault: &dyn Vault) {
    let (one, other) = (account("one"), account("other"));
    add_accounts(vault, &[&one, &other]).await;
    let mut tx = begin(vault).await;
    let mut last = None;
    for closed in [RotationState::Done, RotationState::Failed, RotationState::Lost] {
        let mut now = rotation(&one, at(1));
        assert!(tx.rotations().begin(&now).await.unwrap());
        for next in [RotationState::Asked, RotationState::Received, closed] {
            assert!(!tx.rotations().begin(&rotation(&one, at(2))).await.unwrap());
            assert_eq!(tx.rotations().find_open(one.id).await.unwrap().as_ref(), Some(&now));
            let before = now.clone();
            now.state = next;
            assert!(
                tx.rotations()
                    .step(&now, before.state, before.changed_at)
                    .await
                    .unwrap()
            );
        }
        assert_eq!(tx.rotations().find_open(one.id).await.unwrap(), None);
        last = Some(now);
    }
    assert!(
        tx.rotations().begin(&rotation(&other, at(1))).await.unwrap(),
        "another account's"
    );
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let listed = tx.rotations().list(one.id, 10).await.unwrap();
    assert_eq!(listed.len(), 3, "what was not begun is not there");
    assert_eq!(listed.first(), last.as_ref());
}

/// One at a time of the same token, whichever account has it: a second renewal of it would be taken for theft.
pub async fn rotations_of_one_token_are_open_one_at_a_time(vault: &dyn Vault) {
    let (one, mut twin) = (account("one"), account("twin"));
    twin.fingerprint = one.fingerprint.clone();
    add_accounts(vault, &[&one, &twin]).await;
    let mut now = rotation(&one, at(1));
    let mut tx = begin(vault).await;
    assert!(tx.rotations().begin(&now).await.unwrap());
    for next in [RotationState::Asked, RotationState::Received, RotationState::Done] {
        assert!(!tx.rotations().begin(&rotation(&twin, at(2))).await.unwrap());
        assert_eq!(tx.rotations().find_open(twin.id).await.unwrap(), None);
        let before = now.clone();
        now.state = next;
        let stepped = tx.rotations().step(&now, before.state, before.changed_at).await;
        assert!(stepped.unwrap());
    }
    assert!(tx.rotations().begin(&rotation(&twin, at(3))).await.unwrap());
}

/// Nobody's token is renewed.
pub async fn rotations_of_no_account_are_refused(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    let error = tx
        .rotations()
        .begin(&rotation(&account("absent"), at(1)))
        .await
        .unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
}

/// From the state and the time that were seen only, and all of the row.
pub async fn rotations_step_from_what_was_seen(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let begun = rotation(&of, at(1));
    let received = RotationRecord {
        state: RotationState::Received,
        old_fingerprint: fingerprint("old"),
        new_token: Some(Sealed::from_bytes(vec![5; 60])),
        new_expires_at: Some(at(9000)),
        new_fingerprint: Some(fingerprint("new")),
        holder: Some(holder()),
        attempts: 2,
        asked_by: "user:ada".to_owned(),
        error: Some("forge.unreachable: no answer".to_owned()),
        created_at: at(2),
        changed_at: at(8),
        alarmed_at: Some(at(7)),
        ..begun.clone()
    };
    let mut tx = begin(vault).await;
    assert!(tx.rotations().begin(&begun).await.unwrap());
    assert!(
        !tx.rotations()
            .step(&received, RotationState::Asked, at(1))
            .await
            .unwrap()
    );
    assert!(
        !tx.rotations()
            .step(&received, RotationState::Intended, at(2))
            .await
            .unwrap()
    );
    assert!(
        !tx.rotations()
            .step(&rotation(&of, at(1)), RotationState::Intended, at(1))
            .await
            .unwrap()
    );
    assert!(
        tx.rotations()
            .step(&received, RotationState::Intended, at(1))
            .await
            .unwrap()
    );
    assert!(
        !tx.rotations()
            .step(&begun, RotationState::Intended, at(1))
            .await
            .unwrap()
    );
    assert_eq!(tx.rotations().find(begun.id).await.unwrap().as_ref(), Some(&received));
    let done = RotationRecord {
        state: RotationState::Done,
        new_token: None,
        changed_at: at(9),
        ..received
    };
    assert!(
        tx.rotations()
            .step(&done, RotationState::Received, at(8))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    assert_eq!(read(vault).await.rotations().find(begun.id).await.unwrap(), Some(done));
}

/// Of one account, newest first, up to a limit.
pub async fn rotations_are_listed_newest_first(vault: &dyn Vault) {
    let (one, other) = (account("one"), account("other"));
    add_accounts(vault, &[&one, &other]).await;
    let closed = |second| RotationRecord {
        state: RotationState::Done,
        ..rotation(&one, at(second))
    };
    let all = [
        closed(2),
        closed(5),
        closed(3),
        rotation(&other, at(4)),
        rotation(&one, at(4)),
    ];
    let mut tx = begin(vault).await;
    for rotation in &all {
        assert!(tx.rotations().begin(rotation).await.unwrap());
    }
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let listed = tx.rotations().list(one.id, 3).await.unwrap();
    assert_eq!(listed, [all[1].clone(), all[4].clone(), all[2].clone()]);
    assert_eq!(tx.rotations().list(one.id, 9).await.unwrap().len(), 4);
    assert_eq!(tx.rotations().list(account("absent").id, 9).await.unwrap(), []);
}

/// The closed ones that last moved before a time, up to a limit; an open one stays, however old.
pub async fn rotations_are_purged_when_they_are_closed(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let closed = |state, second| RotationRecord {
        state,
        changed_at: at(second),
        ..rotation(&of, at(1))
    };
    let stays = closed(RotationState::Done, 50);
    let open = rotation(&of, at(1));
    let mut tx = begin(vault).await;
    for rotation in [
        &closed(RotationState::Done, 10),
        &closed(RotationState::Failed, 20),
        &closed(RotationState::Lost, 49),
        &stays,
        &open,
    ] {
        assert!(tx.rotations().begin(rotation).await.unwrap());
    }
    assert_eq!(tx.rotations().purge(at(50), 2).await.unwrap(), 2);
    assert_eq!(tx.rotations().purge(at(50), 2).await.unwrap(), 1);
    assert_eq!(tx.rotations().purge(at(50), 2).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let listed = read(vault).await.rotations().list(of.id, 9).await.unwrap();
    assert_eq!(listed, [open, stays]);
}
