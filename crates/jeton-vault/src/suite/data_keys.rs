use super::fixtures::{at, begin, data_key, read};
use crate::Vault;

/// Keys come oldest first, whatever their ids.
pub async fn data_keys_are_listed_oldest_first(vault: &dyn Vault) {
    let (older, newer) = (data_key(9, at(0)), data_key(1, at(1)));
    let mut tx = begin(vault).await;
    assert!(tx.data_keys().add(&newer, false).await.unwrap());
    assert!(tx.data_keys().add(&older, false).await.unwrap());
    tx.commit().await.unwrap();
    let listed = read(vault).await.data_keys().list().await.unwrap();
    assert_eq!(listed, [older, newer]);
}

/// The first key is added only where there is none; later ones always.
pub async fn data_keys_first_is_added_once(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    assert!(tx.data_keys().add(&data_key(1, at(0)), true).await.unwrap());
    assert!(!tx.data_keys().add(&data_key(2, at(1)), true).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = begin(vault).await;
    assert!(!tx.data_keys().add(&data_key(3, at(2)), true).await.unwrap());
    assert!(tx.data_keys().add(&data_key(4, at(3)), false).await.unwrap());
    tx.commit().await.unwrap();
    let listed = read(vault).await.data_keys().list().await.unwrap();
    assert_eq!(listed, [data_key(1, at(0)), data_key(4, at(3))]);
}

/// The first value of a setting stays.
pub async fn settings_are_set_once(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    assert_eq!(tx.settings().find("salt").await.unwrap(), None);
    assert!(tx.settings().add("salt", &[0, 255, 1]).await.unwrap());
    assert!(!tx.settings().add("salt", b"other").await.unwrap());
    assert!(tx.settings().add("empty", b"").await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.settings().find("salt").await.unwrap(), Some(vec![0, 255, 1]));
    assert_eq!(tx.settings().find("empty").await.unwrap(), Some(Vec::new()));
}

/// The last value that is put stays, whether there was one or not.
pub async fn settings_are_put_over_what_was_there(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    tx.settings().put("ceiling", b"first").await.unwrap();
    tx.settings().put("ceiling", b"second").await.unwrap();
    assert!(!tx.settings().add("ceiling", b"third").await.unwrap());
    assert!(tx.settings().add("salt", b"one").await.unwrap());
    tx.settings().put("salt", b"other").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.settings().find("ceiling").await.unwrap(), Some(b"second".to_vec()));
    assert_eq!(tx.settings().find("salt").await.unwrap(), Some(b"other".to_vec()));
}
