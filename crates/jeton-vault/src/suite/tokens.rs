use super::fixtures::{add_grants, add_tokens, at, begin, fingerprint, grant, key, read, token};
use crate::{TokenRecord, TokenState, Vault};

/// What went in comes out.
pub async fn tokens_are_found_as_they_were_added(vault: &dyn Vault) {
    let (one, other) = (token(key(1), at(3600)), token(key(2), at(3600)));
    add_tokens(vault, &[&one, &other]).await;
    let mut tx = read(vault).await;
    assert_eq!(tx.tokens().find(one.id).await.unwrap(), Some(one.clone()));
    assert_eq!(tx.tokens().find_live(&key(2), at(0)).await.unwrap(), Some(other));
    let absent = token(key(3), at(3600));
    assert_eq!(tx.tokens().find(absent.id).await.unwrap(), None);
    assert_eq!(tx.tokens().find_live(&key(3), at(0)).await.unwrap(), None);
}

/// Of several live tokens of a key, the one that serves longest.
pub async fn tokens_find_live_gives_the_one_that_ends_last(vault: &dyn Vault) {
    let tokens = [3600, 7200, 1800].map(|ends| token(key(1), at(ends)));
    let other_key = token(key(2), at(9000));
    add_tokens(vault, &[&tokens[0], &tokens[1], &tokens[2], &other_key]).await;
    let found = read(vault).await.tokens().find_live(&key(1), at(0)).await.unwrap();
    assert_eq!(found, Some(tokens[1].clone()));
}

/// A token that ends now has ended; one that is being revoked is never given out.
pub async fn tokens_find_live_gives_none_that_ended_or_is_revoked(vault: &dyn Vault) {
    let (short, long) = (token(key(1), at(100)), token(key(1), at(200)));
    add_tokens(vault, &[&short, &long]).await;
    let mut tx = begin(vault).await;
    assert!(tx.tokens().begin_revoke(long.id).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.tokens().find_live(&key(1), at(99)).await.unwrap(), Some(short));
    assert_eq!(tx.tokens().find_live(&key(1), at(100)).await.unwrap(), None);
}

/// All live ones with the fingerprint, none that ended or is being revoked.
pub async fn tokens_are_found_by_fingerprint(vault: &dyn Vault) {
    let shown = fingerprint("shown");
    let with = |ends| TokenRecord {
        fingerprint: shown.clone(),
        ..token(key(1), at(ends))
    };
    let (ended, revoking, live, other) = (with(10), with(3600), with(3600), token(key(1), at(3600)));
    add_tokens(vault, &[&ended, &revoking, &live, &other]).await;
    let mut tx = begin(vault).await;
    tx.tokens().begin_revoke(revoking.id).await.unwrap();
    tx.commit().await.unwrap();
    let found = read(vault)
        .await
        .tokens()
        .find_by_fingerprint(&shown, at(10))
        .await
        .unwrap();
    assert_eq!(found, [live]);
}

/// Live, revoking, revoked: each step says whether it was one, and the last takes the bytes away.
pub async fn tokens_are_revoked_in_two_steps(vault: &dyn Vault) {
    let one = token(key(1), at(3600));
    add_tokens(vault, &[&one]).await;
    let mut tx = begin(vault).await;
    assert!(tx.tokens().begin_revoke(one.id).await.unwrap());
    assert!(!tx.tokens().begin_revoke(one.id).await.unwrap());
    let found = tx.tokens().find(one.id).await.unwrap().unwrap();
    // The bytes are still there: the forge wants to see the token that it is to revoke.
    assert_eq!((found.state, &found.token), (TokenState::Revoking, &one.token));
    assert!(tx.tokens().finish_revoke(one.id).await.unwrap());
    let found = tx.tokens().find(one.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.token), (TokenState::Revoked, None));
    assert!(!tx.tokens().begin_revoke(one.id).await.unwrap());
    let absent = token(key(1), at(3600)).id;
    assert!(!tx.tokens().begin_revoke(absent).await.unwrap());
    assert!(!tx.tokens().finish_revoke(absent).await.unwrap());
}

/// Revoked or about to be, with time left: what ended by itself need not be told, and what lives must not.
pub async fn tokens_that_ended_early_are_listed(vault: &dyn Vault) {
    let (live, revoking, revoked, over) = (
        token(key(1), at(3600)),
        token(key(2), at(3600)),
        token(key(3), at(3600)),
        token(key(4), at(100)),
    );
    add_tokens(vault, &[&live, &revoking, &revoked, &over]).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.tokens().list_ended_early(at(0)).await.unwrap(), []);
    tx.tokens().begin_revoke(revoking.id).await.unwrap();
    tx.tokens().begin_revoke(over.id).await.unwrap();
    tx.tokens().finish_revoke(revoked.id).await.unwrap();
    tx.commit().await.unwrap();
    let mut listed = read(vault).await.tokens().list_ended_early(at(100)).await.unwrap();
    listed.sort_by_key(|(id, _)| *id);
    assert_eq!(listed, [(revoking.id, revoking.key), (revoked.id, revoked.key)]);
}

/// Rows go when their time and their last grant are over; the end itself is not before the end.
pub async fn tokens_are_purged_when_no_grant_is_left(vault: &dyn Vault) {
    let (ended, held, edge) = (token(key(1), at(100)), token(key(2), at(100)), token(key(3), at(200)));
    add_tokens(vault, &[&ended, &held, &edge]).await;
    add_grants(vault, &[&grant(&held, at(1))]).await;
    let mut tx = begin(vault).await;
    // One removed, one wiped.
    assert_eq!(tx.tokens().purge(at(200), 10).await.unwrap(), 2);
    assert_eq!(tx.tokens().find(ended.id).await.unwrap(), None);
    assert!(tx.tokens().find(held.id).await.unwrap().is_some());
    assert_eq!(tx.tokens().find(edge.id).await.unwrap(), Some(edge));
    assert_eq!(tx.grants().purge(at(200), 10).await.unwrap(), 1);
    assert_eq!(tx.tokens().purge(at(200), 10).await.unwrap(), 1);
    assert_eq!(tx.tokens().find(held.id).await.unwrap(), None);
}

/// Who held what stays on record; what opened something does not.
pub async fn tokens_with_grants_lose_their_bytes_when_they_end(vault: &dyn Vault) {
    let held = token(key(1), at(100));
    let lives = token(key(2), at(300));
    add_tokens(vault, &[&held, &lives]).await;
    add_grants(vault, &[&grant(&held, at(1)), &grant(&lives, at(1))]).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.tokens().purge(at(200), 10).await.unwrap(), 1);
    assert_eq!(tx.tokens().purge(at(200), 10).await.unwrap(), 0);
    let found = tx.tokens().find(held.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.token), (TokenState::Revoked, None));
    assert_eq!(tx.tokens().find(lives.id).await.unwrap(), Some(lives));
}

/// A long pause does not end in one long transaction: as long as a batch comes back full, there may be more.
pub async fn tokens_are_purged_up_to_a_limit(vault: &dyn Vault) {
    let tokens = [1, 2, 3, 4, 5].map(|number| token(key(number), at(100)));
    let held = [6, 7, 8].map(|number| token(key(number), at(100)));
    add_tokens(vault, &tokens.each_ref()).await;
    add_tokens(vault, &held.each_ref()).await;
    add_grants(vault, &held.each_ref().map(|held| grant(held, at(1))).each_ref()).await;
    let mut tx = begin(vault).await;
    let mut touched = Vec::new();
    for _ in 0..6 {
        touched.push(tx.tokens().purge(at(200), 2).await.unwrap());
    }
    // Five removed, three wiped; in the third batch one of each.
    assert_eq!(touched, [2, 2, 2, 2, 0, 0]);
    for held in &held {
        assert_eq!(tx.tokens().find(held.id).await.unwrap().unwrap().token, None);
    }
}

/// A policy let it end sooner than the forge does: until then it opens something, and its revocation needs its bytes.
pub async fn tokens_cut_short_keep_their_bytes_until_the_forge_ends_them(vault: &dyn Vault) {
    let short = |number| TokenRecord {
        forge_expires_at: at(3600),
        ..token(key(number), at(100))
    };
    let (free, held) = (short(1), short(2));
    add_tokens(vault, &[&free, &held]).await;
    add_grants(vault, &[&grant(&held, at(1))]).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.tokens().find_live(&key(1), at(100)).await.unwrap(), None);
    assert_eq!(tx.tokens().purge(at(3600), 10).await.unwrap(), 0);
    assert_eq!(tx.tokens().find(free.id).await.unwrap().as_ref(), Some(&free));
    assert_eq!(tx.tokens().find(held.id).await.unwrap().as_ref(), Some(&held));
    // One removed, one wiped.
    assert_eq!(tx.tokens().purge(at(3601), 10).await.unwrap(), 2);
    assert_eq!(tx.tokens().find(free.id).await.unwrap(), None);
    assert_eq!(tx.tokens().find(held.id).await.unwrap().unwrap().token, None);
}
