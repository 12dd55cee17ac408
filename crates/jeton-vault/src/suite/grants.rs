use super::fixtures::{add_grants, add_tokens, at, begin, grant, if_live, key, of_holder, read, token};
use crate::{GrantRecord, Vault, VaultError};

/// What went in comes out.
pub async fn grants_are_found_as_they_were_added(vault: &dyn Vault) {
    let on = token(key(1), at(3600));
    let plain = grant(&on, at(1));
    let full = GrantRecord {
        holder: "client:ci".to_owned(),
        holder_key: "client:an id".to_owned(),
        rule: "file:ci".to_owned(),
        address: Some("2001:db8::7".to_owned()),
        request_id: Some("request-1".to_owned()),
        released_at: Some(at(9)),
        ..grant(&on, at(2))
    };
    add_tokens(vault, &[&on]).await;
    add_grants(vault, &[&plain, &full]).await;
    let mut tx = read(vault).await;
    assert_eq!(tx.grants().find(plain.id).await.unwrap(), Some(plain));
    assert_eq!(tx.grants().find(full.id).await.unwrap(), Some(full));
    assert_eq!(tx.grants().find(grant(&on, at(3)).id).await.unwrap(), None);
}

/// Neither a token that is being revoked, nor one that is, nor one that is gone can be handed out.
pub async fn grants_of_a_token_in_revocation_are_refused(vault: &dyn Vault) {
    let (revoking, revoked, absent) = (
        token(key(1), at(3600)),
        token(key(1), at(3600)),
        token(key(1), at(3600)),
    );
    add_tokens(vault, &[&revoking, &revoked]).await;
    let mut tx = begin(vault).await;
    tx.tokens().begin_revoke(revoking.id).await.unwrap();
    tx.tokens().finish_revoke(revoked.id).await.unwrap();
    for on in [&revoking, &revoked, &absent] {
        let error = tx.grants().add(&grant(on, at(1))).await.unwrap_err();
        assert!(
            matches!(&error, VaultError::Conflict(what) if what.contains("token is being revoked")),
            "{error}"
        );
    }
    tx.commit().await.unwrap();
    let listed = read(vault)
        .await
        .grants()
        .list(&if_live(false), None, at(0), 10)
        .await
        .unwrap();
    assert_eq!(listed, []);
}

/// Pages by key: newest first, and grants that come in between shift nothing.
pub async fn grants_are_paged_newest_first_without_gap_or_repeat(vault: &dyn Vault) {
    let on = token(key(1), at(3600));
    let mut all: Vec<GrantRecord> = (0..7).map(|second| grant(&on, at(second))).collect();
    add_tokens(vault, &[&on]).await;
    // In another order than that of time.
    add_grants(vault, &all.iter().rev().step_by(2).collect::<Vec<_>>()).await;
    add_grants(vault, &all.iter().rev().skip(1).step_by(2).collect::<Vec<_>>()).await;
    all.reverse();
    for only_live in [false, true] {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = read(vault)
                .await
                .grants()
                .list(&if_live(only_live), before, at(0), 3)
                .await
                .unwrap();
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            seen.extend(page);
            if !only_live && seen.len() == 3 {
                let meanwhile = grant(&on, at(100));
                add_grants(vault, &[&meanwhile]).await;
            }
        }
        // The one that came in meanwhile is newer than every page but the next list's first.
        seen.retain(|grant| grant.issued_at != at(100));
        assert_eq!(seen, all);
    }
}

/// Live is what is neither given back nor over; what ends now is over.
pub async fn grants_listed_live_leave_out_the_ended_and_the_released(vault: &dyn Vault) {
    let (ends, lives) = (token(key(1), at(100)), token(key(2), at(200)));
    let (ended, released, live) = (grant(&ends, at(1)), grant(&lives, at(2)), grant(&lives, at(3)));
    add_tokens(vault, &[&ends, &lives]).await;
    add_grants(vault, &[&ended, &released, &live]).await;
    let mut tx = begin(vault).await;
    assert!(tx.grants().release(released.id, at(50)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let page = tx.grants().list(&if_live(true), None, at(100), 10).await.unwrap();
    assert_eq!(page, std::slice::from_ref(&live));
    assert_eq!(
        tx.grants().list(&if_live(true), None, at(99), 10).await.unwrap(),
        [live.clone(), ended.clone()]
    );
    assert_eq!(
        tx.grants()
            .list(&if_live(true), Some(live.id), at(99), 10)
            .await
            .unwrap(),
        [ended]
    );
    assert_eq!(
        tx.grants()
            .list(&if_live(false), None, at(100), 10)
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(tx.grants().list(&if_live(true), None, at(100), 0).await.unwrap(), []);
}

/// However many newer ones are over, an old one that lives is found.
pub async fn grants_listed_live_are_found_behind_many_dead_ones(vault: &dyn Vault) {
    let (ends, lives) = (token(key(1), at(100)), token(key(2), at(9000)));
    let old: Vec<GrantRecord> = (0..3).map(|second| grant(&lives, at(second))).collect();
    let dead: Vec<GrantRecord> = (10..60).map(|second| grant(&ends, at(second))).collect();
    add_tokens(vault, &[&ends, &lives]).await;
    add_grants(vault, &old.iter().chain(&dead).collect::<Vec<_>>()).await;
    let mut tx = read(vault).await;
    let page = tx.grants().list(&if_live(true), None, at(200), 2).await.unwrap();
    assert_eq!(page, [old[2].clone(), old[1].clone()]);
    let page = tx
        .grants()
        .list(&if_live(true), Some(old[1].id), at(200), 2)
        .await
        .unwrap();
    assert_eq!(page, [old[0].clone()]);
}

/// The first release counts, with its time.
pub async fn grants_are_released_once(vault: &dyn Vault) {
    let on = token(key(1), at(3600));
    let (one, other) = (grant(&on, at(1)), grant(&on, at(2)));
    add_tokens(vault, &[&on]).await;
    add_grants(vault, &[&one, &other]).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.grants().count_held(on.id).await.unwrap(), 2);
    assert!(tx.grants().release(one.id, at(10)).await.unwrap());
    assert!(!tx.grants().release(one.id, at(20)).await.unwrap());
    assert!(!tx.grants().release(grant(&on, at(3)).id, at(20)).await.unwrap());
    assert_eq!(tx.grants().count_held(on.id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let found = tx.grants().find(one.id).await.unwrap().unwrap();
    assert_eq!(found.released_at, Some(at(10)));
    assert_eq!(tx.grants().find(other.id).await.unwrap(), Some(other));
    assert_eq!(tx.grants().count_held(on.id).await.unwrap(), 1);
}

/// All of one token, and none of another.
pub async fn grants_are_released_all_at_once(vault: &dyn Vault) {
    let (on, other) = (token(key(1), at(3600)), token(key(1), at(3600)));
    let grants = [
        grant(&on, at(1)),
        grant(&on, at(2)),
        grant(&on, at(3)),
        grant(&other, at(4)),
    ];
    add_tokens(vault, &[&on, &other]).await;
    add_grants(vault, &grants.each_ref()).await;
    let mut tx = begin(vault).await;
    tx.grants().release(grants[0].id, at(10)).await.unwrap();
    assert_eq!(tx.grants().release_all(on.id, at(20)).await.unwrap(), 2);
    assert_eq!(tx.grants().release_all(on.id, at(30)).await.unwrap(), 0);
    assert_eq!(tx.grants().count_held(on.id).await.unwrap(), 0);
    assert_eq!(tx.grants().count_held(other.id).await.unwrap(), 1);
    let times: Vec<_> = [0, 1, 2].map(|index| grants[index].id).to_vec();
    let mut released = Vec::new();
    for id in times {
        released.push(tx.grants().find(id).await.unwrap().unwrap().released_at.unwrap());
    }
    assert_eq!(released, [at(10), at(20), at(20)]);
}

/// By their end, up to a limit; released or not makes no difference.
pub async fn grants_are_purged_by_their_end(vault: &dyn Vault) {
    let (ends, lives) = (token(key(1), at(100)), token(key(2), at(200)));
    let dead = [grant(&ends, at(1)), grant(&ends, at(2)), grant(&ends, at(3))];
    let live = grant(&lives, at(4));
    add_tokens(vault, &[&ends, &lives]).await;
    add_grants(vault, &[&dead[0], &dead[1], &dead[2], &live]).await;
    let mut tx = begin(vault).await;
    tx.grants().release(dead[0].id, at(5)).await.unwrap();
    assert_eq!(tx.grants().purge(at(200), 2).await.unwrap(), 2);
    assert_eq!(tx.grants().purge(at(200), 2).await.unwrap(), 1);
    assert_eq!(tx.grants().purge(at(200), 2).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let listed = read(vault)
        .await
        .grants()
        .list(&if_live(false), None, at(0), 10)
        .await
        .unwrap();
    assert_eq!(listed, [live]);
}

/// Of one holder, whatever others hold: all and live ones, in pages, also where the newest are over.
pub async fn grants_are_listed_by_their_holder(vault: &dyn Vault) {
    let (ends, lives) = (token(key(1), at(100)), token(key(2), at(9000)));
    let held_by = |holder: &str, on, second| GrantRecord {
        holder_key: holder.to_owned(),
        ..grant(on, at(second))
    };
    let old: Vec<GrantRecord> = (0..3).map(|second| held_by("client:a", &lives, second)).collect();
    let others: Vec<GrantRecord> = (3..40).map(|second| held_by("client:b", &lives, second)).collect();
    let dead: Vec<GrantRecord> = (40..70).map(|second| held_by("client:a", &ends, second)).collect();
    add_tokens(vault, &[&ends, &lives]).await;
    add_grants(vault, &old.iter().chain(&others).chain(&dead).collect::<Vec<_>>()).await;
    let mut tx = read(vault).await;
    let page = tx
        .grants()
        .list(&of_holder(false, "client:a"), None, at(200), 2)
        .await
        .unwrap();
    assert_eq!(page, [dead[29].clone(), dead[28].clone()]);
    let before = Some(dead[0].id);
    let page = tx
        .grants()
        .list(&of_holder(false, "client:a"), before, at(200), 10)
        .await
        .unwrap();
    assert_eq!(page, [old[2].clone(), old[1].clone(), old[0].clone()]);
    let page = tx
        .grants()
        .list(&of_holder(true, "client:a"), None, at(200), 2)
        .await
        .unwrap();
    assert_eq!(page, [old[2].clone(), old[1].clone()]);
    let page = tx
        .grants()
        .list(&of_holder(true, "client:a"), Some(old[1].id), at(200), 2)
        .await
        .unwrap();
    assert_eq!(page, [old[0].clone()]);
    let page = tx
        .grants()
        .list(&of_holder(true, "client:b"), None, at(50), 50)
        .await
        .unwrap();
    assert_eq!(page.len(), others.len());
    let page = tx
        .grants()
        .list(&of_holder(false, "client:"), None, at(50), 50)
        .await
        .unwrap();
    assert_eq!(page, [], "a holder is meant whole");
}
