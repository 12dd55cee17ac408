use super::fixtures::{add_tokens, app, at, begin, job, key, read, token};
use crate::Vault;

/// Not committed is not done, for every part of it.
pub async fn transactions_dropped_roll_back(vault: &dyn Vault) {
    let one = token(key(1), at(3600));
    let mut tx = begin(vault).await;
    tx.tokens().add(&one).await.unwrap();
    assert!(tx.jobs().add(&job("revoke", None, at(0))).await.unwrap());
    assert!(
        tx.tokens().find(one.id).await.unwrap().is_some(),
        "it sees its own writes"
    );
    drop(tx);
    let mut tx = read(vault).await;
    assert_eq!(tx.tokens().find(one.id).await.unwrap(), None);
    assert_eq!(tx.jobs().count().await.unwrap(), (0, 0));
}

/// What was committed is there for readers and writers that begin afterwards.
pub async fn transactions_committed_are_seen_by_the_next(vault: &dyn Vault) {
    let one = token(key(1), at(3600));
    add_tokens(vault, &[&one]).await;
    assert!(read(vault).await.tokens().find(one.id).await.unwrap().is_some());
    assert!(begin(vault).await.tokens().find(one.id).await.unwrap().is_some());
}

/// A reader waits for no writer, and what it sees does not change under it.
pub async fn transactions_that_read_see_one_state(vault: &dyn Vault) {
    let (one, two) = (token(key(1), at(3600)), token(key(1), at(7200)));
    add_tokens(vault, &[&one]).await;
    let mut writer = begin(vault).await;
    writer.tokens().add(&two).await.unwrap();
    let mut reader = read(vault).await;
    let live = reader.tokens().find_live(&key(1), at(0)).await.unwrap();
    assert_eq!(live, Some(one.clone()), "not what is not committed");
    writer.commit().await.unwrap();
    let live = reader.tokens().find_live(&key(1), at(0)).await.unwrap();
    assert_eq!(live, Some(one), "not what was committed since");
    drop(reader);
    let live = read(vault).await.tokens().find_live(&key(1), at(0)).await.unwrap();
    assert_eq!(live, Some(two));
}

/// A transaction that only reads refuses to write.
pub async fn transactions_that_read_cannot_write(vault: &dyn Vault) {
    let mut tx = read(vault).await;
    let error = tx.apps().add(&app("main")).await.unwrap_err();
    assert!(matches!(error, crate::VaultError::ReadOnly { .. }), "{error}");
    drop(tx);
    assert_eq!(read(vault).await.apps().list().await.unwrap(), []);
}

/// A transaction that failed or was given up does not spoil the connection for the next.
pub async fn transactions_dropped_leave_the_next_one_clean(vault: &dyn Vault) {
    let one = token(key(1), at(3600));
    for _ in 0..12 {
        let mut tx = begin(vault).await;
        tx.tokens().add(&one).await.unwrap();
        let again = tx.tokens().add(&one).await.unwrap_err();
        assert!(matches!(again, crate::VaultError::Conflict(_)), "{again}");
        drop(tx);
        drop(read(vault).await);
    }
    add_tokens(vault, &[&one]).await;
    assert!(read(vault).await.tokens().find(one.id).await.unwrap().is_some());
}

/// The check writes, and leaves nothing that a second one would trip over.
pub async fn checks_pass_again_and_again(vault: &dyn Vault) {
    for _ in 0..3 {
        vault.check().await.unwrap();
    }
    assert!(!vault.place().is_empty());
}
