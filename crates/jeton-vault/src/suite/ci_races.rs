use futures_util::future::{join, join_all};

use super::{
    accounts_fixtures::{account, add_accounts},
    ci_fixtures::{MANY, add_old_tokens, add_runners, add_targets, full_runner, old_token, runner, target},
    fixtures::{at, begin, fingerprint, read},
};
use crate::{OldTokenRecord, OldTokenState, RunnerRecord, TargetRecord, TargetState, Vault, VaultError};

/// Of many that ask for the same runner at once, one makes it.
pub async fn runners_are_added_by_one_of_many(vault: &dyn Vault) {
    let adds = (0..MANY).map(|_| async {
        let new = runner("build");
        let mut tx = begin(vault).await;
        let added = tx.runners().add(&new).await.unwrap();
        tx.commit().await.unwrap();
        added.then_some(new)
    });
    let added: Vec<_> = join_all(adds).await.into_iter().flatten().collect();
    assert_eq!(added.len(), 1);
    assert_eq!(read(vault).await.runners().list(None, None, 9).await.unwrap(), added);
}

/// Of many that have seen the same, one writes: the forge renews a runner's token once.
pub async fn runners_are_changed_by_one_of_many(vault: &dyn Vault) {
    let seen = runner("build");
    add_runners(vault, &[&seen]).await;
    let changes = (0..MANY).map(|n| {
        let new = RunnerRecord {
            made_by: format!("writer {n}"),
            ..full_runner(&seen)
        };
        async move {
            let mut tx = begin(vault).await;
            let done = tx.runners().change(&new, at(0)).await.unwrap();
            tx.commit().await.unwrap();
            done.then_some(new)
        }
    });
    let done: Vec<_> = join_all(changes).await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1);
    assert_eq!(read(vault).await.runners().list(None, None, 9).await.unwrap(), done);
}

/// Of many that add the same target at once, one does.
pub async fn targets_are_added_by_one_of_many(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let adds = (0..MANY).map(|n| {
        let new = target(&of, if n % 2 == 0 { "TOKEN" } else { "Token" });
        async move {
            let mut tx = begin(vault).await;
            let added = tx.targets().add(&new).await.unwrap();
            tx.commit().await.unwrap();
            added.then_some(new)
        }
    });
    let added: Vec<_> = join_all(adds).await.into_iter().flatten().collect();
    assert_eq!(added.len(), 1);
    assert_eq!(read(vault).await.targets().list(of.id, 9).await.unwrap(), added);
}

/// A push that ends while a new token comes never says that the target has it: whichever is first, the target waits.
pub async fn targets_never_miss_a_new_token(vault: &dyn Vault) {
    let of = account("work");
    add_accounts(vault, &[&of]).await;
    let mut seen = target(&of, "TOKEN");
    add_targets(vault, &[&seen]).await;
    for _ in 0..20 {
        let pushed = TargetRecord {
            state: TargetState::Current,
            pushed: Some(fingerprint("old")),
            attempts: 1,
            changed_at: seen.changed_at + jiff::SignedDuration::from_millis(1),
            ..seen.clone()
        };
        let push = async {
            let mut tx = begin(vault).await;
            let done = tx.targets().change(&pushed, seen.changed_at).await.unwrap();
            tx.commit().await.unwrap();
            done
        };
        let renew = async {
            let mut tx = begin(vault).await;
            let waiting = tx.targets().await_push(of.id, at(0)).await.unwrap();
            tx.commit().await.unwrap();
            waiting
        };
        let (done, waiting) = join(push, renew).await;
        assert_eq!(waiting, 1);
        let found = read(vault).await.targets().find(seen.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.attempts), (TargetState::Pending, 0), "{done}");
        assert!(found.changed_at > seen.changed_at);
        seen = found;
    }
}

/// A target that comes while its account goes is refused, or goes too.
pub async fn targets_never_outlive_their_account(vault: &dyn Vault) {
    for n in 0..10 {
        let of = account(&format!("work-{n}"));
        add_accounts(vault, &[&of]).await;
        let new = target(&of, "TOKEN");
        let add = async {
            let mut tx = begin(vault).await;
            tx.targets().add(&new).await?;
            tx.commit().await
        };
        let remove = async {
            let mut tx = begin(vault).await;
            let removed = tx.accounts().remove(of.id).await.unwrap();
            tx.commit().await.unwrap();
            removed
        };
        let (added, removed) = join(add, remove).await;
        assert!(removed);
        assert!(matches!(added, Ok(()) | Err(VaultError::Conflict(_))), "{added:?}");
        assert_eq!(read(vault).await.targets().find(new.id).await.unwrap(), None);
    }
}

/// Of many that end the same token at once, one writes what became of it.
pub async fn old_tokens_are_changed_by_one_of_many(vault: &dyn Vault) {
    let of = account("work");
    let seen = old_token(&of, at(1));
    add_old_tokens(vault, &[&seen]).await;
    let changes = (0..MANY).map(|n| {
        let new = OldTokenRecord {
            state: if n % 2 == 0 {
                OldTokenState::Ended
            } else {
                OldTokenState::Kept
            },
            token: None,
            error: Some(serde_json::json!(n)),
            changed_at: at(2),
            ..seen.clone()
        };
        async move {
            let mut tx = begin(vault).await;
            let done = tx.old_tokens().change(&new, at(1)).await.unwrap();
            tx.commit().await.unwrap();
            done.then_some(new)
        }
    });
    let done: Vec<_> = join_all(changes).await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1);
    assert_eq!(read(vault).await.old_tokens().list(of.id, 9).await.unwrap(), done);
}
