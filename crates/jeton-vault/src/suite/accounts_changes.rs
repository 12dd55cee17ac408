use jeton_domain::{AccountScope, CredentialKind, ForgeKind, Sealed, Validity};
use serde_json::json;

use super::{
    accounts_fixtures::{
        ADA, account, add_accounts, check, find_account, full_account, label, private, private_account, seen_by,
    },
    fixtures::{at, begin, fingerprint, read},
};
use crate::{AccountCheck, AccountRecord, Vault, VaultError};

/// Everything but the token and what a look finds, if nobody was faster.
pub async fn accounts_are_updated_if_nobody_was_faster(vault: &dyn Vault) {
    let before = account("before");
    add_accounts(vault, &[&before]).await;
    let wanted = AccountRecord {
        id: before.id,
        ..full_account("after")
    };
    let mut tx = begin(vault).await;
    assert!(
        !tx.accounts().update(&wanted, at(1)).await.unwrap(),
        "not as it was seen"
    );
    assert!(tx.accounts().update(&wanted, before.updated_at).await.unwrap());
    assert!(
        !tx.accounts().update(&before, before.updated_at).await.unwrap(),
        "too late"
    );
    assert!(!tx.accounts().update(&account("absent"), at(0)).await.unwrap());
    tx.commit().await.unwrap();
    let after = find_account(vault, before.id).await.unwrap();
    let left_alone = AccountRecord {
        kind: before.kind,
        token: before.token,
        fingerprint: before.fingerprint,
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
        next_check_at: before.next_check_at,
        next_warning_at: None,
        rotate_at: None,
        token_since: before.token_since,
        ..wanted
    };
    assert_eq!(after, left_alone);
}

/// A change can take neither a label nor a default from another; the transaction can go on.
pub async fn accounts_updates_conflict_as_additions_do(vault: &dyn Vault) {
    let first = AccountRecord {
        is_default: true,
        ..account("first")
    };
    let second = account("second");
    add_accounts(vault, &[&first, &second]).await;
    let mut tx = begin(vault).await;
    let renamed = AccountRecord {
        label: label("first"),
        ..second.clone()
    };
    let error = tx.accounts().update(&renamed, second.updated_at).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("labelled first")),
        "{error}"
    );
    let default = AccountRecord {
        is_default: true,
        updated_at: at(9),
        ..second.clone()
    };
    let error = tx.accounts().update(&default, second.updated_at).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("default account on github.com")),
        "{error}"
    );
    tx.accounts().clear_default(&first.scope, "github.com").await.unwrap();
    assert!(tx.accounts().update(&default, second.updated_at).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(find_account(vault, second.id).await, Some(default));
}

/// A look changes what it found out, and that only; one at a token that is not there any more changes nothing.
pub async fn accounts_checks_are_of_the_token_that_was_seen(vault: &dyn Vault) {
    let before = account("work");
    add_accounts(vault, &[&before]).await;
    let found = AccountCheck {
        kind: CredentialKind::GitHubFineGrained,
        identity: Some(("7".to_owned(), "ada".to_owned())),
        scopes: Some(vec!["repo".to_owned()]),
        expires_at: Some(at(900)),
        end_is_known: true,
        finding: Some("account.expires_soon".to_owned()),
        report: json!({"said": "hello"}),
        verdict_at: Some(at(50)),
        next_warning_at: Some(at(60)),
        rotate_at: Some(at(70)),
        ..check(Validity::Valid, at(50))
    };
    let mut tx = begin(vault).await;
    assert!(
        !tx.accounts()
            .put_check(before.id, &fingerprint("an older one"), &found)
            .await
            .unwrap()
    );
    assert!(
        !tx.accounts()
            .put_check(account("absent").id, &before.fingerprint, &found)
            .await
            .unwrap()
    );
    assert!(
        tx.accounts()
            .put_check(before.id, &before.fingerprint, &found)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let after = AccountRecord {
        kind: found.kind,
        identity_id: Some("7".to_owned()),
        identity_name: Some("ada".to_owned()),
        scopes: found.scopes.clone(),
        expires_at: found.expires_at,
        end_is_known: true,
        validity: Validity::Valid,
        finding: found.finding.clone(),
        report: Some(found.report.clone()),
        checked_at: Some(at(50)),
        verdict_at: Some(at(50)),
        next_check_at: at(5000),
        next_warning_at: Some(at(60)),
        rotate_at: Some(at(70)),
        ..before.clone()
    };
    assert_eq!(find_account(vault, before.id).await, Some(after));
    // What a look does not find any more is not kept either.
    let mut tx = begin(vault).await;
    let nothing = check(Validity::Unknown, at(80));
    assert!(
        tx.accounts()
            .put_check(before.id, &before.fingerprint, &nothing)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let after = find_account(vault, before.id).await.unwrap();
    assert_eq!((after.identity_id, after.scopes, after.verdict_at), (None, None, None));
    assert_eq!(after.checked_at, Some(at(80)));
}

/// Another token with all that is known of it, in the place of the one that was seen; what people said of the account
/// stays, and the time of their last change never moves back.
pub async fn accounts_tokens_are_replaced_if_nobody_was_faster(vault: &dyn Vault) {
    let before = AccountRecord {
        updated_at: at(100),
        ..account("work")
    };
    add_accounts(vault, &[&before]).await;
    let wanted = AccountRecord {
        id: before.id,
        fingerprint: fingerprint("the new one"),
        ..full_account("other")
    };
    let mut tx = begin(vault).await;
    assert!(
        !tx.accounts()
            .put_token(&wanted, &fingerprint("an older one"))
            .await
            .unwrap()
    );
    assert!(tx.accounts().put_token(&wanted, &before.fingerprint).await.unwrap());
    assert!(
        !tx.accounts().put_token(&wanted, &before.fingerprint).await.unwrap(),
        "too late"
    );
    tx.commit().await.unwrap();
    let after = AccountRecord {
        label: before.label,
        note: before.note,
        scope: before.scope,
        added_by: before.added_by,
        forge: before.forge,
        serves: before.serves,
        is_default: before.is_default,
        active: before.active,
        auto_rotate: before.auto_rotate,
        created_at: before.created_at,
        updated_at: at(100),
        ..wanted
    };
    assert_eq!(find_account(vault, before.id).await.as_ref(), Some(&after));
    let later = AccountRecord {
        token: Sealed::from_bytes(vec![3; 70]),
        updated_at: at(200),
        ..after
    };
    let mut tx = begin(vault).await;
    assert!(tx.accounts().put_token(&later, &later.fingerprint).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(find_account(vault, later.id).await, Some(later));
}

/// Of one scope and of no other; whoever is off already is left as they are, and none is taken any more.
pub async fn accounts_of_a_scope_are_counted_and_switched_off(vault: &dyn Vault) {
    let renewed = |one: AccountRecord| AccountRecord {
        rotate_at: Some(at(40)),
        ..one
    };
    let off = AccountRecord {
        active: false,
        ..renewed(private_account("off"))
    };
    let all = [
        renewed(private_account("b")),
        renewed(private_account("a")),
        off,
        renewed(account("a")),
    ];
    add_accounts(vault, &all.each_ref()).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.accounts().count_in(&private(), 10).await.unwrap(), 3);
    assert_eq!(tx.accounts().count_in(&private(), 2).await.unwrap(), 2);
    let nobody = AccountScope::Private("user:nobody".to_owned());
    assert_eq!(tx.accounts().count_in(&nobody, 10).await.unwrap(), 0);
    assert_eq!(tx.accounts().switch_off_in(&nobody, at(50)).await.unwrap(), []);
    let switched = tx.accounts().switch_off_in(&private(), at(50)).await.unwrap();
    let expected = [1, 0].map(|number: usize| AccountRecord {
        active: false,
        rotate_at: None,
        updated_at: at(50),
        ..all[number].clone()
    });
    assert_eq!(switched, expected);
    assert_eq!(tx.accounts().switch_off_in(&private(), at(60)).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(find_account(vault, all[0].id).await.as_ref(), Some(&expected[1]));
    for untouched in &all[2..] {
        assert_eq!(find_account(vault, untouched.id).await.as_ref(), Some(untouched));
    }
    let mut tx = read(vault).await;
    let chosen = tx
        .accounts()
        .choose(&seen_by(ADA), ForgeKind::GitHub, None, &[], 9)
        .await
        .unwrap();
    assert_eq!(chosen, [all[3].clone()]);
}
