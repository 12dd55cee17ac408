use futures_util::future::join_all;
use jeton_domain::Role;

use super::fixtures::{at, begin, client, client_key, entry, mark, policy, read, user};
use crate::{Vault, VaultError};

/// How many append at once: more than a small pool has connections.
const APPENDERS: usize = 20;

/// However many append at once, also to a record that is empty: no gap, no number twice, and the head is the last one.
pub async fn ledger_is_appended_to_by_many_at_once(vault: &dyn Vault) {
    for round in 1..=3_usize {
        let appends = (0..APPENDERS).map(|_| async {
            let mut tx = begin(vault).await;
            let seq = tx.ledger().head().await.unwrap().map_or(1, |head| head.seq + 1);
            // Others ask for the head while this one has it.
            tokio::task::yield_now().await;
            tx.ledger().append(&[entry(seq, "a.b")], &mark(seq)).await.unwrap();
            tx.commit().await.unwrap();
            seq
        });
        let mut numbers = join_all(appends).await;
        numbers.sort_unstable();
        let first = u64::try_from((round - 1) * APPENDERS + 1).unwrap();
        let last = u64::try_from(round * APPENDERS).unwrap();
        assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
        let mut tx = read(vault).await;
        assert_eq!(tx.ledger().head().await.unwrap(), Some(mark(last)));
        let scanned: Vec<_> = tx.ledger().scan(0, 100).await.unwrap();
        assert_eq!(
            scanned.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
            (1..=last).collect::<Vec<_>>()
        );
    }
}

/// Whoever does not ask for the head first cannot harm: one has the number, the others hear of a conflict.
pub async fn ledger_numbers_are_taken_by_one_of_many_at_once(vault: &dyn Vault) {
    let appends = (0..8).map(|_| async {
        let mut tx = begin(vault).await;
        let appended = tx.ledger().append(&[entry(1, "a.b")], &mark(1)).await;
        match appended {
            Ok(()) => tx.commit().await.map(|()| true),
            Err(VaultError::Conflict(_)) => Ok(false),
            Err(other) => Err(other),
        }
    });
    let done = join_all(appends)
        .await
        .into_iter()
        .filter(|done| *done.as_ref().unwrap());
    assert_eq!(done.count(), 1);
    assert_eq!(read(vault).await.ledger().scan(0, 10).await.unwrap(), [entry(1, "a.b")]);
}

/// Operators who give up their role at once, each unless they are the last: one stays.
pub async fn users_the_last_operator_stays(vault: &dyn Vault) {
    for round in 0..5 {
        let names: Vec<_> = (0..8).map(|number| format!("op-{round}-{number}")).collect();
        let operators: Vec<_> = names.iter().map(|name| user(name, Role::Operator)).collect();
        let mut tx = begin(vault).await;
        for operator in &operators {
            tx.users().add(operator).await.unwrap();
        }
        tx.commit().await.unwrap();
        let steps = operators.iter().enumerate().map(|(number, operator)| async move {
            let mut tx = begin(vault).await;
            if tx.users().count_operators().await.unwrap() > 1 {
                // Others count while this one has counted.
                tokio::task::yield_now().await;
                assert!(match number % 3 {
                    0 => tx.users().set_role(operator.id, Role::Member).await.unwrap(),
                    1 => tx.users().set_disabled(operator.id, Some(at(1))).await.unwrap(),
                    _ => tx.users().remove(operator.id).await.unwrap(),
                });
            }
            tx.commit().await.unwrap();
        });
        join_all(steps).await;
        assert_eq!(
            read(vault).await.users().count_operators().await.unwrap(),
            1,
            "round {round}"
        );
        let mut tx = begin(vault).await;
        for operator in &operators {
            tx.users().remove(operator.id).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// Rotations at once follow each other: every one sees the keys that the one before has left.
pub async fn clients_rotations_follow_each_other(vault: &dyn Vault) {
    let one = client("one");
    let mut tx = begin(vault).await;
    tx.clients().add(&one).await.unwrap();
    tx.clients().add_key(&client_key(&one, at(0))).await.unwrap();
    tx.commit().await.unwrap();
    let rotations = (1..=8).map(|second| {
        let one = &one;
        async move {
            let mut tx = begin(vault).await;
            let seen = tx.clients().keys(one.id, at(0)).await.unwrap().len();
            tokio::task::yield_now().await;
            let new = client_key(one, at(second));
            tx.clients().add_key(&new).await.unwrap();
            tx.clients().end_other_keys(one.id, new.id, at(100)).await.unwrap();
            tx.commit().await.unwrap();
            seen
        }
    });
    let mut seen = join_all(rotations).await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=8).collect::<Vec<_>>());
    let left = read(vault).await.clients().keys(one.id, at(100)).await.unwrap();
    assert_eq!(left.len(), 1, "one key does not end");
}

/// A revocation and a new key at once: whichever comes first, no key is left.
pub async fn clients_that_are_revoked_get_no_key_meanwhile(vault: &dyn Vault) {
    for round in 0..20 {
        let one = client("one");
        let mut tx = begin(vault).await;
        tx.clients().add(&one).await.unwrap();
        tx.commit().await.unwrap();
        let revoke = async {
            let mut tx = begin(vault).await;
            assert!(tx.clients().revoke(one.id, at(2)).await.unwrap());
            tx.commit().await.unwrap();
        };
        let add = async {
            let mut tx = begin(vault).await;
            let added = tx.clients().add_key(&client_key(&one, at(1))).await;
            match added {
                Ok(()) => tx.commit().await.unwrap(),
                Err(VaultError::Conflict(_)) => {}
                Err(error) => panic!("{error}"),
            }
        };
        // Each goes first in half of the rounds.
        if round % 2 == 0 {
            tokio::join!(revoke, add);
        } else {
            tokio::join!(add, revoke);
        }
        let keys = read(vault).await.clients().keys(one.id, at(0)).await.unwrap();
        assert_eq!(keys, [], "round {round}");
    }
}

/// Of many that add one name at once, one succeeds and the others hear of a conflict.
pub async fn clients_names_are_unique_among_many_at_once(vault: &dyn Vault) {
    let adds = (0..8).map(|_| async {
        let mut tx = begin(vault).await;
        let added = tx.clients().add(&client("ci")).await;
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

/// Replicas that note the same clients in different orders do not wait for each other in a circle.
pub async fn clients_are_touched_by_many_at_once(vault: &dyn Vault) {
    let clients: Vec<_> = (0..20).map(|number| client(&format!("c{number}"))).collect();
    let mut tx = begin(vault).await;
    for client in &clients {
        tx.clients().add(client).await.unwrap();
    }
    tx.commit().await.unwrap();
    let touches = (1..=8).map(|second| {
        let mut used: Vec<_> = clients.iter().map(|client| (client.id, at(second))).collect();
        if second % 2 == 0 {
            used.reverse();
        }
        async move {
            let mut tx = begin(vault).await;
            tx.clients().touch(&used).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    join_all(touches).await;
    let listed = read(vault).await.clients().list(None, false, 100).await.unwrap();
    assert!(
        listed.iter().all(|client| client.last_used_at == Some(at(8))),
        "{listed:?}"
    );
}

/// Of many that put one new policy at once, one hears that it is new.
pub async fn policies_are_new_to_one_of_many_at_once(vault: &dyn Vault) {
    let puts = (0..8).map(|_| async {
        let mut tx = begin(vault).await;
        let new = tx.policies().put(&policy("ci")).await.unwrap();
        tx.commit().await.unwrap();
        new
    });
    assert_eq!(join_all(puts).await.into_iter().filter(|new| *new).count(), 1);
    assert_eq!(read(vault).await.policies().list().await.unwrap(), [policy("ci")]);
}
