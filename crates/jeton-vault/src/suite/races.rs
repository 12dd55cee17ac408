use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::fixtures::{
    add_grants, add_jobs, add_tokens, app, at, begin, data_key, grant, holder, job, key, read, token,
};
use crate::{Lease, TokenState, Vault, VaultError};

/// How many act at once: fewer than a small pool has connections, so that each has one of its own.
const MANY: u8 = 8;

/// Of many that ask at once, one has the lease.
pub async fn leases_go_to_one_of_many_at_once(vault: &dyn Vault) {
    let asks = (0..MANY).map(|_| async {
        let lease = Lease {
            name: "mint/a".to_owned(),
            holder: holder(),
            until: at(30),
        };
        vault.leases().acquire(&lease, at(0)).await.unwrap()
    });
    let won = join_all(asks).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

/// Servers that start on an empty database at once end with one key.
pub async fn data_keys_first_is_one_of_many_at_once(vault: &dyn Vault) {
    let adds = (0..MANY).map(|number| async move {
        let mut tx = begin(vault).await;
        let added = tx.data_keys().add(&data_key(number, at(0)), true).await.unwrap();
        tx.commit().await.unwrap();
        added
    });
    let added = join_all(adds).await.into_iter().filter(|added| *added).count();
    assert_eq!(added, 1);
    assert_eq!(read(vault).await.data_keys().list().await.unwrap().len(), 1);
}

/// Of many that add one name at once, one succeeds and the others hear of a conflict.
pub async fn apps_names_are_unique_among_many_at_once(vault: &dyn Vault) {
    let adds = (0..MANY).map(|_| async {
        let mut tx = begin(vault).await;
        let added = tx.apps().add(&app("main")).await;
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
    assert_eq!(read(vault).await.apps().list().await.unwrap().len(), 1);
}

/// Each job goes to one worker, and all jobs go.
pub async fn jobs_are_claimed_once_by_many_at_once(vault: &dyn Vault) {
    let jobs: Vec<_> = (0..60).map(|_| job("revoke", None, at(0))).collect();
    add_jobs(vault, &jobs.iter().collect::<Vec<_>>()).await;
    let workers = (0..MANY).map(|_| async {
        let worker = holder();
        let mut mine = Vec::new();
        loop {
            let mut tx = begin(vault).await;
            let claimed = tx.jobs().claim(&["revoke"], worker, at(1), at(60), 3).await.unwrap();
            // Others try while this one has not committed yet.
            tokio::task::yield_now().await;
            tx.commit().await.unwrap();
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.into_iter().map(|job| job.id));
        }
    });
    let claimed: Vec<_> = join_all(workers).await.concat();
    assert_eq!(claimed.len(), jobs.len());
    let distinct: BTreeSet<_> = claimed.into_iter().collect();
    assert_eq!(distinct, jobs.iter().map(|job| job.id).collect());
}

/// Of many twins at once, one is queued.
pub async fn jobs_have_no_twin_among_many_at_once(vault: &dyn Vault) {
    let adds = (0..MANY).map(|_| async {
        let mut tx = begin(vault).await;
        let added = tx.jobs().add(&job("revoke", Some("token-1"), at(0))).await.unwrap();
        tx.commit().await.unwrap();
        added
    });
    let added = join_all(adds).await.into_iter().filter(|added| *added).count();
    assert_eq!(added, 1);
    assert_eq!(read(vault).await.jobs().count().await.unwrap(), (1, 0));
}

/// The last holder gives a token back while another caller gets it: either the caller is refused, or the token lives.
pub async fn grants_and_revocation_never_pass_each_other(vault: &dyn Vault) {
    for round in 0..20 {
        let on = token(key(round), at(3600));
        let (last, next) = (grant(&on, at(1)), grant(&on, at(2)));
        add_tokens(vault, &[&on]).await;
        add_grants(vault, &[&last]).await;
        let release = async {
            let mut tx = begin(vault).await;
            assert!(tx.grants().release(last.id, at(3)).await.unwrap());
            let revoked = tx.grants().count_held(on.id).await.unwrap() == 0;
            if revoked {
                assert!(tx.tokens().begin_revoke(on.id).await.unwrap());
            }
            tx.commit().await.unwrap();
            revoked
        };
        let hand_out = async {
            let mut tx = begin(vault).await;
            let added = tx.grants().add(&next).await;
            match added {
                Ok(()) => {
                    tx.commit().await.unwrap();
                    true
                }
                Err(VaultError::Conflict(_)) => false,
                Err(error) => panic!("{error}"),
            }
        };
        // Each goes first in half of the rounds.
        let (revoked, handed_out) = if round % 2 == 0 {
            tokio::join!(release, hand_out)
        } else {
            let (handed_out, revoked) = tokio::join!(hand_out, release);
            (revoked, handed_out)
        };
        assert_ne!(revoked, handed_out, "round {round}");
    }
}

/// However many holders give a token back at once, it is revoked, and once.
pub async fn tokens_are_revoked_by_the_last_of_many_releases(vault: &dyn Vault) {
    // In the first round a pool may still be making its connections, one after the other.
    for round in 0..5 {
        let on = token(key(round), at(3600));
        let grants: Vec<_> = (0..i64::from(MANY)).map(|second| grant(&on, at(second))).collect();
        add_tokens(vault, &[&on]).await;
        add_grants(vault, &grants.iter().collect::<Vec<_>>()).await;
        let releases = grants.iter().map(|grant| async {
            let mut tx = begin(vault).await;
            assert!(tx.grants().release(grant.id, at(100)).await.unwrap());
            let last = tx.grants().count_held(on.id).await.unwrap() == 0;
            if last {
                assert!(tx.tokens().begin_revoke(on.id).await.unwrap());
            }
            tx.commit().await.unwrap();
            last
        });
        let last = join_all(releases).await.into_iter().filter(|last| *last).count();
        assert_eq!(last, 1, "round {round}");
        let found = read(vault).await.tokens().find(on.id).await.unwrap().unwrap();
        assert_eq!(found.state, TokenState::Revoking);
    }
}
