use jeton_domain::{AccountScope, ForgeEndpoint, ForgeKind, Serves, Validity};

use super::{
    accounts_fixtures::{
        account, account_grant, add_accounts, find_account, full_account, label, private, private_account, rotation,
    },
    fixtures::{add_grants, at, begin, fingerprint, read},
};
use crate::{AccountRecord, Vault, VaultError};

/// What went in comes out, whole, by id and by label; on each kind of forge.
pub async fn accounts_are_found_as_they_were_added(vault: &dyn Vault) {
    let (plain, full) = (account("plain"), full_account("full"));
    let mut others = Vec::new();
    for (number, forge) in [
        ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap(),
        // An API at the root of its host.
        ForgeEndpoint::github("http://127.0.0.1:7001").unwrap(),
        ForgeEndpoint::of_kind(ForgeKind::GitHub, Some("https://acme.ghe.com")).unwrap(),
        ForgeEndpoint::gitlab_com(),
        ForgeEndpoint::bitbucket_org(),
        ForgeEndpoint::bitbucket("http://127.0.0.1:7003").unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        let base = account(&format!("forge-{number}"));
        others.push(AccountRecord { forge, ..base });
    }
    let all: Vec<_> = [&plain, &full].into_iter().chain(&others).collect();
    add_accounts(vault, &all).await;
    let mut tx = read(vault).await;
    for one in all {
        assert_eq!(tx.accounts().find(one.id).await.unwrap().as_ref(), Some(one));
        let by_label = tx.accounts().find_by_label(&one.scope, &one.label).await.unwrap();
        assert_eq!(by_label.as_ref(), Some(one));
    }
    assert_eq!(tx.accounts().find(account("never").id).await.unwrap(), None);
    let elsewhere = tx.accounts().find_by_label(&private(), &plain.label).await.unwrap();
    assert_eq!(elsewhere, None, "a label is one scope's");
}

/// A label that is taken in its scope is a conflict that names it, and the transaction can go on.
pub async fn accounts_labels_are_unique_in_their_scope(vault: &dyn Vault) {
    let (first, mine) = (account("work"), private_account("work"));
    let mut tx = begin(vault).await;
    tx.accounts().add(&first).await.unwrap();
    let error = tx.accounts().add(&account("work")).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("labelled work")),
        "{error}"
    );
    tx.accounts().add(&mine).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(find_account(vault, first.id).await, Some(first));
    assert_eq!(find_account(vault, mine.id).await, Some(mine));
}

/// A scope has one default on a host at most; taking it from the one makes room for the other.
pub async fn accounts_defaults_are_one_per_scope_and_host(vault: &dyn Vault) {
    let default = |name: &str, of: AccountRecord| AccountRecord {
        label: label(name),
        is_default: true,
        ..of
    };
    let first = default("a", account("a"));
    let second = default("b", account("b"));
    let mine = default("c", private_account("c"));
    let elsewhere = AccountRecord {
        forge: ForgeEndpoint::gitlab_com(),
        ..default("d", account("d"))
    };
    add_accounts(vault, &[&first, &mine, &elsewhere]).await;
    let mut tx = begin(vault).await;
    let error = tx.accounts().add(&second).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("default account on github.com")),
        "{error}"
    );
    let shared = AccountScope::Shared;
    assert_eq!(tx.accounts().clear_default(&shared, "github.com").await.unwrap(), 1);
    assert_eq!(tx.accounts().clear_default(&shared, "github.com").await.unwrap(), 0);
    tx.accounts().add(&second).await.unwrap();
    tx.commit().await.unwrap();
    for (one, is_default) in [(first, false), (second, true), (mine, true), (elsewhere, true)] {
        assert_eq!(
            find_account(vault, one.id).await.unwrap().is_default,
            is_default,
            "{}",
            one.label
        );
    }
}

/// Those of one token, in all scopes: 20 at most.
pub async fn accounts_are_found_by_fingerprint(vault: &dyn Vault) {
    let token = fingerprint("one token");
    let twins: Vec<AccountRecord> = (0..25)
        .map(|number| AccountRecord {
            fingerprint: token.clone(),
            scope: AccountScope::Private(format!("user:{number}")),
            ..account("twin")
        })
        .collect();
    let twins: Vec<&AccountRecord> = twins.iter().collect();
    add_accounts(vault, &twins[..3]).await;
    add_accounts(vault, &[&account("other")]).await;
    let found = read(vault).await.accounts().find_by_fingerprint(&token).await.unwrap();
    assert_eq!(found.iter().collect::<Vec<_>>(), twins[..3]);
    add_accounts(vault, &twins[3..]).await;
    let mut tx = read(vault).await;
    assert_eq!(tx.accounts().find_by_fingerprint(&token).await.unwrap().len(), 20);
    assert_eq!(
        tx.accounts().find_by_fingerprint(&fingerprint("absent")).await.unwrap(),
        []
    );
}

/// With its renewals and what it serves; its grants stay on record.
pub async fn accounts_take_their_renewals_with_them(vault: &dyn Vault) {
    let gone = AccountRecord {
        serves: vec![Serves::parse("acme").unwrap()],
        ..account("gone")
    };
    let stays = account("stays");
    add_accounts(vault, &[&gone, &stays]).await;
    let (one, other) = (rotation(&gone, at(1)), rotation(&stays, at(1)));
    let held = account_grant(&gone, at(1), at(3600));
    add_grants(vault, &[&held]).await;
    let mut tx = begin(vault).await;
    assert!(tx.rotations().begin(&one).await.unwrap());
    assert!(tx.rotations().begin(&other).await.unwrap());
    assert!(tx.accounts().remove(gone.id).await.unwrap());
    assert!(!tx.accounts().remove(gone.id).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.accounts().find(gone.id).await.unwrap(), None);
    assert_eq!(tx.rotations().find(one.id).await.unwrap(), None);
    assert_eq!(tx.rotations().find(other.id).await.unwrap(), Some(other));
    assert_eq!(tx.grants().find(held.id).await.unwrap(), Some(held));
    // The name is free again.
    drop(tx);
    add_accounts(vault, &[&account("gone")]).await;
}

/// How many there are, of each kind and standing.
pub async fn accounts_are_counted_by_forge_and_standing(vault: &dyn Vault) {
    let on = |name: &str, forge: ForgeEndpoint, validity, ends: Option<i64>, active| AccountRecord {
        forge,
        validity,
        expires_at: ends.map(at),
        active,
        ..account(name)
    };
    let (github, gitlab) = (ForgeEndpoint::github_com, ForgeEndpoint::gitlab_com);
    let all = [
        on("a", github(), Validity::Valid, Some(100), true),
        on("b", github(), Validity::Valid, Some(199), true),
        on("c", github(), Validity::Invalid, Some(200), true),
        on("d", github(), Validity::Valid, Some(150), false),
        on("e", gitlab(), Validity::Unknown, Some(150), true),
        on("f", gitlab(), Validity::Unknown, None, true),
    ];
    assert_eq!(read(vault).await.accounts().count().await.unwrap(), []);
    add_accounts(vault, &all.each_ref()).await;
    let mut tx = read(vault).await;
    let mut counts = tx.accounts().count().await.unwrap();
    counts.sort();
    assert_eq!(
        counts,
        [
            (ForgeKind::GitHub, Validity::Valid, 3),
            (ForgeKind::GitHub, Validity::Invalid, 1),
            (ForgeKind::GitLab, Validity::Unknown, 2),
        ]
    );
    let mut ending = tx.accounts().count_ending(at(100), at(200)).await.unwrap();
    ending.sort();
    assert_eq!(ending, [(ForgeKind::GitHub, 2), (ForgeKind::GitLab, 1)]);
    assert_eq!(tx.accounts().count_ending(at(201), at(900)).await.unwrap(), []);
}
