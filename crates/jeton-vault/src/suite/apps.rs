use jeton_domain::AppName;

use super::fixtures::{app, begin, installation, read};
use crate::{Vault, VaultError};

/// What went in comes out, in the order of the names.
pub async fn apps_are_listed_by_name_and_found_as_they_were_added(vault: &dyn Vault) {
    // `-` and `_` and digits: a database that sorts as people do would put them elsewhere.
    let names = ["0main", "_main", "ci-bot", "ci.bot", "ci_bot", "cibot"];
    let mut sorted = names;
    sorted.sort_unstable();
    let mut tx = begin(vault).await;
    for name in names.iter().rev() {
        tx.apps().add(&app(name)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let listed = tx.apps().list().await.unwrap();
    let found: Vec<&str> = listed.iter().map(|app| app.name.as_str()).collect();
    assert_eq!(found, sorted);
    let one = listed.iter().find(|app| app.name.as_str() == "cibot").unwrap();
    assert_eq!(tx.apps().find(&one.name).await.unwrap().as_ref(), Some(one));
    let like_the_one_added = app("cibot");
    assert_eq!(one.forge, like_the_one_added.forge);
    assert_eq!(one.issuer, like_the_one_added.issuer);
    assert_eq!(one.private_key, like_the_one_added.private_key);
    assert_eq!(one.key_fingerprint, like_the_one_added.key_fingerprint);
    assert_eq!(one.created_at, like_the_one_added.created_at);
    let absent = AppName::parse("absent").unwrap();
    assert_eq!(tx.apps().find(&absent).await.unwrap(), None);
}

/// A taken name is a conflict that names it, and the transaction can go on.
pub async fn apps_names_are_unique(vault: &dyn Vault) {
    let first = app("main");
    let mut tx = begin(vault).await;
    tx.apps().add(&first).await.unwrap();
    let error = tx.apps().add(&app("main")).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("main")),
        "{error}"
    );
    tx.apps().add(&app("other")).await.unwrap();
    tx.commit().await.unwrap();
    let listed = read(vault).await.apps().list().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0], first);
}

/// A removed App leaves no installation behind, and no other App loses one.
pub async fn apps_take_their_installations_with_them(vault: &dyn Vault) {
    let (gone, stays) = (app("gone"), app("stays"));
    let mut tx = begin(vault).await;
    for app in [&gone, &stays] {
        tx.apps().add(app).await.unwrap();
        tx.installations().put(&installation(app.id, "acme", 7)).await.unwrap();
    }
    assert!(tx.apps().remove(gone.id).await.unwrap());
    assert!(!tx.apps().remove(gone.id).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.apps().list().await.unwrap(), std::slice::from_ref(&stays));
    assert_eq!(tx.installations().find(gone.id, "acme").await.unwrap(), None);
    assert!(tx.installations().find(stays.id, "acme").await.unwrap().is_some());
}

/// One per App and owner, the last word wins; an App without a row of its own may have some too.
pub async fn installations_are_put_over_what_was_known(vault: &dyn Vault) {
    let configured = app("configured").id;
    let mut tx = begin(vault).await;
    tx.installations()
        .put(&installation(configured, "acme", 1))
        .await
        .unwrap();
    tx.installations()
        .put(&installation(configured, "umbrella", 2))
        .await
        .unwrap();
    let newest = installation(configured, "acme", 3);
    tx.installations().put(&newest).await.unwrap();
    tx.installations().remove(configured, "umbrella").await.unwrap();
    tx.installations().remove(configured, "never-there").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.installations().find(configured, "acme").await.unwrap(), Some(newest));
    assert_eq!(tx.installations().find(configured, "umbrella").await.unwrap(), None);
    assert_eq!(tx.installations().find(app("another").id, "acme").await.unwrap(), None);
}
