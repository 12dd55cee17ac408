use jeton_domain::PolicyName;

use super::fixtures::{at, begin, policy, read};
use crate::{PolicyRecord, Vault};

/// In the order in which they were added, whatever their names; a change keeps the place and the first time.
pub async fn policies_keep_their_place_when_they_change(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    for name in ["z", "a:b/c", "m"] {
        assert!(tx.policies().put(&policy(name)).await.unwrap());
    }
    let changed = PolicyRecord {
        spec: "{\"changed\": \"ü'\"}".to_owned(),
        created_at: at(50),
        updated_at: at(60),
        ..policy("z")
    };
    assert!(!tx.policies().put(&changed).await.unwrap());
    tx.commit().await.unwrap();
    let expected = PolicyRecord {
        created_at: at(1),
        ..changed
    };
    let mut tx = read(vault).await;
    let listed = tx.policies().list().await.unwrap();
    assert_eq!(listed, [expected.clone(), policy("a:b/c"), policy("m")]);
    assert_eq!(tx.policies().find(&expected.name).await.unwrap(), Some(expected));
    let absent = PolicyName::parse("absent").unwrap();
    assert_eq!(tx.policies().find(&absent).await.unwrap(), None);
}

/// One that is removed and added again is new, and the last.
pub async fn policies_are_removed_and_begin_anew(vault: &dyn Vault) {
    let (first, second) = (policy("first"), policy("second"));
    let mut tx = begin(vault).await;
    tx.policies().put(&first).await.unwrap();
    tx.policies().put(&second).await.unwrap();
    assert!(tx.policies().remove(&first.name).await.unwrap());
    assert!(!tx.policies().remove(&first.name).await.unwrap());
    assert_eq!(tx.policies().list().await.unwrap(), std::slice::from_ref(&second));
    let again = PolicyRecord {
        created_at: at(70),
        updated_at: at(70),
        ..first
    };
    assert!(tx.policies().put(&again).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(read(vault).await.policies().list().await.unwrap(), [second, again]);
}
