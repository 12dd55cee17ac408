use futures_util::future::join;
use jeton_domain::{
    AccountId, AccountLabel, AccountScope, CredentialKind, Entropy as _, ForgeEndpoint, KeyId, RotationId, Sealed,
    Validity,
};

use super::{
    ci_fixtures::{old_token, runner},
    fixtures::{Counting, app, at, begin, data_key, fingerprint, job, key, read, token},
};
use crate::{
    AccountRecord, DataKeyRecord, OldTokenRecord, RotationRecord, RotationState, SealedCount, SealedPlace, SealedRow,
    TokenRecord, Vault, VaultError,
};

fn key_id(number: u8) -> KeyId {
    data_key(number, at(0)).id
}

/// What looks like a value that this data key sealed; no two are the same.
fn sealed(number: u8) -> Sealed {
    let mut bytes = vec![1, 0, 0, 0, 0, 0, number];
    bytes.resize(80, 0);
    Counting.fill(&mut bytes[40..]);
    Sealed::from_bytes(bytes)
}

fn sealed_token(number: u8) -> TokenRecord {
    TokenRecord {
        token: Some(sealed(number)),
        ..token(key(number), at(3600))
    }
}

fn account(token: Sealed) -> AccountRecord {
    let id = AccountId::generate(at(0), &Counting);
    AccountRecord {
        id,
        label: AccountLabel::parse(&format!("a{}", id.as_uuid().simple())).unwrap(),
        note: None,
        scope: AccountScope::Shared,
        added_by: "operator".to_owned(),
        forge: ForgeEndpoint::github_com(),
        kind: CredentialKind::GitHubFineGrained,
        username: None,
        email: None,
        token,
        fingerprint: fingerprint(&id.to_string()),
        serves: Vec::new(),
        is_default: false,
        active: true,
        auto_rotate: false,
        identity_id: None,
        identity_name: None,
        scopes: None,
        expires_at: None,
        end_is_known: false,
        validity: Validity::Unknown,
        finding: None,
        report: None,
        checked_at: None,
        verdict_at: None,
        next_check_at: at(0),
        next_warning_at: None,
        rotate_at: None,
        token_since: at(0),
        created_at: at(0),
        updated_at: at(0),
    }
}

fn rotation(of: &AccountRecord, new_token: Sealed) -> RotationRecord {
    RotationRecord {
        id: RotationId::generate(at(0), &Counting),
        account: of.id,
        state: RotationState::Received,
        old_fingerprint: of.fingerprint.clone(),
        new_token: Some(new_token),
        new_expires_at: None,
        new_fingerprint: Some(fingerprint("new")),
        holder: None,
        attempts: 1,
        asked_by: "jeton".to_owned(),
        error: None,
        created_at: at(0),
        changed_at: at(0),
        alarmed_at: None,
    }
}

/// Puts one value of this key into a place, in a transaction of its own; the row.
async fn put(vault: &dyn Vault, place: SealedPlace, number: u8) -> Result<SealedRow, VaultError> {
    let value = sealed(number);
    let mut tx = begin(vault).await;
    let row = match place {
        SealedPlace::AppKey => {
            let mut app = app("any");
            app.name = jeton_domain::AppName::parse(&format!("a{}", app.id.as_uuid().simple())).unwrap();
            app.private_key = value.clone();
            tx.apps().add(&app).await?;
            app.id.to_string()
        }
        SealedPlace::Token => {
            let record = TokenRecord {
                token: Some(value.clone()),
                ..sealed_token(number)
            };
            tx.tokens().add(&record).await?;
            record.id.to_string()
        }
        SealedPlace::AccountToken => {
            let record = account(value.clone());
            tx.accounts().add(&record).await?;
            record.id.to_string()
        }
        SealedPlace::RotatedToken => {
            let of = account(Sealed::from_bytes(vec![0; 9]));
            tx.accounts().add(&of).await?;
            let record = rotation(&of, value.clone());
            assert!(tx.rotations().begin(&record).await?);
            record.id.to_string()
        }
        SealedPlace::RunnerToken => {
            let mut record = runner("any");
            record.name = record.id.to_string();
            record.token = Some(value.clone());
            assert!(tx.runners().add(&record).await?);
            record.id.to_string()
        }
        SealedPlace::OldToken => {
            let of = account(Sealed::from_bytes(vec![0; 9]));
            let record = OldTokenRecord {
                token: Some(value.clone()),
                ..old_token(&of, at(0))
            };
            tx.old_tokens().add(&record).await?;
            record.id.to_string()
        }
        SealedPlace::LedgerKey => {
            tx.settings().put(SealedPlace::LEDGER_KEY, value.as_bytes()).await?;
            SealedPlace::LEDGER_KEY.to_owned()
        }
    };
    tx.commit().await?;
    Ok(SealedRow { row, value })
}

async fn add_keys(vault: &dyn Vault, keys: &[DataKeyRecord]) {
    let mut tx = begin(vault).await;
    for key in keys {
        assert!(tx.data_keys().add(key, false).await.unwrap());
    }
    tx.commit().await.unwrap();
}

async fn list(vault: &dyn Vault, place: SealedPlace, number: u8, after: Option<&str>, limit: u32) -> Vec<SealedRow> {
    let mut tx = read(vault).await;
    tx.sealed_rows()
        .list(place, &key_id(number), after, limit)
        .await
        .unwrap()
}

async fn remove_key(vault: &dyn Vault, number: u8) -> bool {
    let mut tx = begin(vault).await;
    let removed = tx.data_keys().remove(&key_id(number)).await.unwrap();
    tx.commit().await.unwrap();
    removed
}

/// A key becomes active once, and later than every other, whatever the clock says.
pub async fn data_keys_become_active_one_after_the_other(vault: &dyn Vault) {
    let coming = DataKeyRecord {
        activated_at: None,
        ..data_key(2, at(1))
    };
    add_keys(vault, &[data_key(1, at(100)), coming]).await;
    let mut tx = begin(vault).await;
    assert!(tx.data_keys().activate(&key_id(2), at(5)).await.unwrap());
    assert!(!tx.data_keys().activate(&key_id(2), at(500)).await.unwrap());
    assert!(!tx.data_keys().activate(&key_id(9), at(5)).await.unwrap());
    tx.commit().await.unwrap();
    let listed = read(vault).await.data_keys().list().await.unwrap();
    let found = |number| listed.iter().find(|record| record.id == key_id(number)).unwrap();
    assert!(found(2).activated_at > found(1).activated_at);
    assert!(found(2).activated_at < Some(at(101)), "and not at the second try");
}

/// A key is wrapped anew over the bytes that were read, and over no others.
pub async fn data_keys_are_wrapped_anew_once(vault: &dyn Vault) {
    let old = data_key(1, at(0));
    add_keys(vault, std::slice::from_ref(&old)).await;
    let wrapped = |byte| DataKeyRecord {
        wrapped: Sealed::from_bytes(vec![byte; 60]),
        wrapped_by: KeyId::parse("eeeeeeeeeeee").unwrap(),
        ..old.clone()
    };
    let mut tx = begin(vault).await;
    assert!(tx.data_keys().rewrap(&old, &wrapped(7)).await.unwrap());
    assert!(!tx.data_keys().rewrap(&old, &wrapped(8)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(read(vault).await.data_keys().list().await.unwrap(), [wrapped(7)]);
}

/// A key that seals, or that a value names, stays; another goes. In every place.
pub async fn data_keys_in_use_stay(vault: &dyn Vault) {
    add_keys(vault, &[data_key(1, at(0)), data_key(2, at(1)), data_key(3, at(2))]).await;
    assert!(!remove_key(vault, 3).await, "it seals");
    assert!(!remove_key(vault, 9).await, "it is not there");
    assert!(remove_key(vault, 2).await);
    for place in SealedPlace::ALL {
        let row = put(vault, *place, 1).await.unwrap();
        assert!(!remove_key(vault, 1).await, "{place:?}");
        let mut tx = begin(vault).await;
        assert!(
            tx.sealed_rows()
                .replace(*place, &row.row, &row.value, &sealed(3))
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
    }
    assert!(remove_key(vault, 1).await);
    let left: Vec<_> = read(vault).await.data_keys().list().await.unwrap();
    assert_eq!(left, [data_key(3, at(2))]);
}

/// From one row to the next, in batches; values of other keys and other places are left out.
pub async fn sealed_rows_are_listed_by_their_key(vault: &dyn Vault) {
    for place in SealedPlace::ALL {
        let many = if *place == SealedPlace::LedgerKey { 1 } else { 3 };
        let mut rows = Vec::new();
        for _ in 0..many {
            rows.push(put(vault, *place, 1).await.unwrap());
        }
        rows.sort_by(|a, b| a.row.cmp(&b.row));
        assert_eq!(list(vault, *place, 1, None, 10).await, rows);
        assert_eq!(list(vault, *place, 1, None, 1).await, rows[..1]);
        assert_eq!(list(vault, *place, 1, Some(&rows[0].row), 10).await, rows[1..]);
        assert_eq!(list(vault, *place, 1, Some(&rows[many - 1].row), 10).await, []);
        assert_eq!(list(vault, *place, 2, None, 10).await, []);
    }
    // Settings that are not sealed are none of them.
    let mut tx = begin(vault).await;
    tx.settings().put("other", sealed(1).as_bytes()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(list(vault, SealedPlace::LedgerKey, 1, None, 10).await.len(), 1);
}

/// What was changed meanwhile is never overwritten.
pub async fn sealed_rows_are_replaced_if_they_are_as_they_were(vault: &dyn Vault) {
    for place in SealedPlace::ALL {
        let row = put(vault, *place, 1).await.unwrap();
        let (new, late) = (sealed(2), sealed(2));
        let mut tx = begin(vault).await;
        let mut rows = tx.sealed_rows();
        assert!(rows.replace(*place, &row.row, &row.value, &new).await.unwrap());
        assert!(!rows.replace(*place, &row.row, &row.value, &late).await.unwrap());
        drop(rows);
        tx.commit().await.unwrap();
        let found = list(vault, *place, 2, None, 10).await;
        assert_eq!(found, [SealedRow { value: new, ..row }], "{place:?}");
        assert_eq!(list(vault, *place, 1, None, 10).await, []);
    }
    let gone = put(vault, SealedPlace::Token, 1).await.unwrap();
    let mut tx = begin(vault).await;
    let id = gone.row.parse().unwrap();
    assert!(tx.tokens().finish_revoke(id).await.unwrap());
    let (place, new) = (SealedPlace::Token, sealed(2));
    let replaced = tx.sealed_rows().replace(place, &gone.row, &gone.value, &new).await;
    assert!(!replaced.unwrap(), "its bytes are gone, and do not come back");
}

/// By place and key; what is too short to name a key is counted as well.
pub async fn sealed_rows_are_counted_by_place_and_key(vault: &dyn Vault) {
    assert_eq!(read(vault).await.sealed_rows().count().await.unwrap(), []);
    let mut expected = Vec::new();
    for place in SealedPlace::ALL {
        let counts: &[(u8, u64)] = if *place == SealedPlace::LedgerKey {
            &[(1, 1)]
        } else {
            &[(1, 2), (2, 1)]
        };
        for (number, values) in counts {
            for _ in 0..*values {
                put(vault, *place, *number).await.unwrap();
            }
            expected.push(SealedCount {
                place: *place,
                key: Some(key_id(*number)),
                values: *values,
            });
        }
    }
    // The accounts whose tokens are being replaced, with a value that names no key.
    let mut tx = begin(vault).await;
    tx.tokens().add(&token(key(9), at(9))).await.unwrap();
    tx.commit().await.unwrap();
    let mut counts = read(vault).await.sealed_rows().count().await.unwrap();
    let unnamed = |place| move |count: &SealedCount| count.place == place && count.key.is_none() && count.values == 1;
    assert!(counts.iter().any(unnamed(SealedPlace::Token)));
    counts.retain(|count| {
        count
            .key
            .as_ref()
            .is_some_and(|key| *key == key_id(1) || *key == key_id(2))
    });
    counts.sort();
    expected.sort();
    assert_eq!(counts, expected);
}

/// A value that was sealed before its key was retired, and comes after, would never open: it is refused, new or over
/// another. So is none in a vault without any data key, as tests have it.
pub async fn sealed_rows_of_a_retired_key_are_refused(vault: &dyn Vault) {
    let mut rows = Vec::new();
    for place in SealedPlace::ALL {
        rows.push((*place, put(vault, *place, 2).await.unwrap()));
    }
    add_keys(vault, &[data_key(2, at(0))]).await;
    for (place, row) in rows {
        let mut tx = begin(vault).await;
        let replaced = tx.sealed_rows().replace(place, &row.row, &row.value, &sealed(1)).await;
        assert!(matches!(replaced, Err(VaultError::DataKeyGone)), "{place:?}");
        drop(tx);
        let added = put(vault, place, 1).await;
        assert!(matches!(added, Err(VaultError::DataKeyGone)), "{place:?}");
        put(vault, place, 2).await.unwrap();
    }
}

/// A key is retired before a value of it is written, or not at all: never in between.
pub async fn sealed_rows_and_retiring_never_pass_each_other(vault: &dyn Vault) {
    add_keys(vault, &[data_key(1, at(0)), data_key(2, at(1))]).await;
    for number in 10..30 {
        add_keys(
            vault,
            &[DataKeyRecord {
                activated_at: Some(at(0)),
                ..data_key(number, at(0))
            }],
        )
        .await;
        let (written, removed) = join(put(vault, SealedPlace::Token, number), remove_key(vault, number)).await;
        match written {
            Ok(_) => assert!(!removed, "a value was left without its key"),
            Err(VaultError::DataKeyGone) => assert!(removed),
            Err(error) => panic!("{error}"),
        }
    }
}

/// The one that waits or runs; not one that was given up.
pub async fn jobs_are_found_by_what_keeps_them_single(vault: &dyn Vault) {
    let (mine, other) = (job("reseal", Some("vault"), at(0)), job("reseal", Some("x"), at(0)));
    super::fixtures::add_jobs(vault, &[&mine, &other]).await;
    let found = read(vault).await.jobs().find("reseal", "vault").await.unwrap().unwrap();
    assert_eq!((found.id, found.run_at), (mine.id, at(0)));
    assert_eq!(read(vault).await.jobs().find("revoke", "vault").await.unwrap(), None);
    let worker = super::fixtures::holder();
    let mut tx = begin(vault).await;
    assert_eq!(
        tx.jobs()
            .claim(&["reseal"], worker, at(1), at(60), 9)
            .await
            .unwrap()
            .len(),
        2
    );
    assert!(tx.jobs().find("reseal", "vault").await.unwrap().is_some());
    assert!(tx.jobs().bury(mine.id, worker, "no").await.unwrap());
    assert!(tx.jobs().finish(other.id, worker).await.unwrap());
    tx.commit().await.unwrap();
    for dedup in ["vault", "x"] {
        assert_eq!(read(vault).await.jobs().find("reseal", dedup).await.unwrap(), None);
    }
}
