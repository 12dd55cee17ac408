use super::{
    accounts_fixtures::{account, account_grant, add_accounts},
    fixtures::{add_grants, add_tokens, at, begin, fingerprint, grant, if_live, key, of_holder, read, token},
};
use crate::{GrantRecord, Vault};

/// Also of an account that has no row, and beside those of minted tokens.
pub async fn grants_of_accounts_are_found_as_they_were_added(vault: &dyn Vault) {
    let minted = token(key(1), at(3600));
    let environment = account("environment");
    let of_token = grant(&minted, at(1));
    let of_account = account_grant(&environment, at(2), at(900));
    add_tokens(vault, &[&minted]).await;
    add_grants(vault, &[&of_token, &of_account]).await;
    let mut tx = read(vault).await;
    assert_eq!(
        tx.grants().find(of_account.id).await.unwrap().as_ref(),
        Some(&of_account)
    );
    for only_live in [false, true] {
        let page = tx.grants().list(&if_live(only_live), None, at(10), 9).await.unwrap();
        assert_eq!(page, [of_account.clone(), of_token.clone()]);
    }
    let filter = of_holder(true, "client:an id");
    assert_eq!(tx.grants().list(&filter, None, at(10), 9).await.unwrap(), [of_account]);
    assert_eq!(tx.grants().count_held(minted.id).await.unwrap(), 1);
}

/// What is held is neither given back nor over; newest first, up to a limit.
pub async fn grants_of_an_account_are_listed_while_held(vault: &dyn Vault) {
    let (one, other) = (account("one"), account("other"));
    add_accounts(vault, &[&one, &other]).await;
    let held: Vec<GrantRecord> = (1..=3)
        .map(|second| account_grant(&one, at(second), at(900 - second)))
        .collect();
    let ended = account_grant(&one, at(4), at(100));
    let released = account_grant(&one, at(5), at(900));
    let others = account_grant(&other, at(6), at(900));
    add_grants(
        vault,
        &held.iter().chain([&ended, &released, &others]).collect::<Vec<_>>(),
    )
    .await;
    let mut tx = begin(vault).await;
    assert!(tx.grants().release(released.id, at(50)).await.unwrap());
    assert!(!tx.grants().release(released.id, at(60)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let listed = tx.grants().held_of_account(one.id, at(100), 9).await.unwrap();
    assert_eq!(listed, [held[2].clone(), held[1].clone(), held[0].clone()]);
    assert_eq!(
        tx.grants().held_of_account(one.id, at(100), 2).await.unwrap(),
        listed[..2]
    );
    assert_eq!(tx.grants().held_of_account(one.id, at(99), 9).await.unwrap().len(), 4);
    assert_eq!(
        tx.grants()
            .held_of_account(account("absent").id, at(0), 9)
            .await
            .unwrap(),
        []
    );
}

/// All that are held of one account but for those of one token; neither what is over nor what was given back.
pub async fn grants_of_an_account_are_released_all_at_once(vault: &dyn Vault) {
    let (one, other) = (account("one"), account("other"));
    let new = fingerprint("the new token");
    let old: Vec<GrantRecord> = (1..=2).map(|second| account_grant(&one, at(second), at(900))).collect();
    let ended = account_grant(&one, at(3), at(100));
    let of_new = GrantRecord {
        fingerprint: new.clone(),
        ..account_grant(&one, at(4), at(900))
    };
    let others = account_grant(&other, at(5), at(900));
    add_grants(vault, &old.iter().chain([&ended, &of_new, &others]).collect::<Vec<_>>()).await;
    let mut tx = begin(vault).await;
    assert!(tx.grants().release(old[0].id, at(50)).await.unwrap());
    assert_eq!(
        tx.grants().release_account(one.id, Some(&new), at(100)).await.unwrap(),
        1
    );
    assert_eq!(
        tx.grants().release_account(one.id, Some(&new), at(110)).await.unwrap(),
        0
    );
    tx.commit().await.unwrap();
    let mut times = Vec::new();
    let mut tx = begin(vault).await;
    for grant in [&old[0], &old[1], &ended, &of_new, &others] {
        times.push(tx.grants().find(grant.id).await.unwrap().unwrap().released_at);
    }
    assert_eq!(times, [Some(at(50)), Some(at(100)), None, None, None]);
    assert_eq!(tx.grants().release_account(one.id, None, at(120)).await.unwrap(), 1);
    assert_eq!(tx.grants().held_of_account(one.id, at(120), 9).await.unwrap(), []);
    assert_eq!(
        tx.grants().held_of_account(other.id, at(120), 9).await.unwrap(),
        [others]
    );
}
