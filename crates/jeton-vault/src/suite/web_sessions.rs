use jeton_domain::Role;

use super::fixtures::{at, begin, read, user, web_session};
use crate::{UserRecord, Vault, VaultError, WebSessionRecord};

/// Adds users, and sessions of theirs.
async fn add(vault: &dyn Vault, users: &[&UserRecord], sessions: &[&WebSessionRecord]) {
    let mut tx = begin(vault).await;
    for user in users {
        tx.users().add(user).await.unwrap();
    }
    for session in sessions {
        tx.web_sessions().add(session).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// What went in comes out, with the user.
pub async fn web_sessions_are_found_with_their_user(vault: &dyn Vault) {
    let (ada, bob) = (user("ada", Role::Operator), user("bob", Role::Member));
    let plain = web_session(&bob, at(2), at(900));
    let full = WebSessionRecord {
        last_seen_at: at(9),
        address: Some("192.0.2.7".to_owned()),
        browser: Some("Mozilla/5.0 'x'".to_owned()),
        ..web_session(&ada, at(3), at(800))
    };
    add(vault, &[&ada, &bob], &[&plain, &full]).await;
    let mut tx = read(vault).await;
    for (session, of) in [(&plain, &bob), (&full, &ada)] {
        let (found, user) = tx.web_sessions().find(&session.digest, at(5)).await.unwrap().unwrap();
        assert_eq!(&found, session);
        assert_eq!((user.id, user.created_at, user.role), (of.id, of.created_at, of.role));
    }
    let absent = web_session(&ada, at(0), at(900)).digest;
    assert!(tx.web_sessions().find(&absent, at(5)).await.unwrap().is_none());
}

/// A session belongs to somebody, and a cookie to one session.
pub async fn web_sessions_of_nobody_are_refused(vault: &dyn Vault) {
    let ada = user("ada", Role::Member);
    let session = web_session(&ada, at(0), at(900));
    let mut tx = begin(vault).await;
    let error = tx.web_sessions().add(&session).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    drop(tx);
    add(vault, &[&ada], &[&session]).await;
    let mut tx = begin(vault).await;
    let error = tx.web_sessions().add(&session).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
}

/// What ends now has ended; whoever is shut out has no session, and has it again when let in.
pub async fn web_sessions_that_ended_or_are_shut_out_are_not_found(vault: &dyn Vault) {
    let ada = user("ada", Role::Member);
    let session = web_session(&ada, at(0), at(100));
    add(vault, &[&ada], &[&session]).await;
    let mut tx = begin(vault).await;
    assert!(tx.web_sessions().find(&session.digest, at(99)).await.unwrap().is_some());
    assert!(
        tx.web_sessions()
            .find(&session.digest, at(100))
            .await
            .unwrap()
            .is_none()
    );
    tx.users().set_disabled(ada.id, Some(at(50))).await.unwrap();
    assert!(tx.web_sessions().find(&session.digest, at(99)).await.unwrap().is_none());
    tx.users().set_disabled(ada.id, None).await.unwrap();
    assert!(tx.web_sessions().find(&session.digest, at(99)).await.unwrap().is_some());
}

/// Newest first, of one user, without those that ended.
pub async fn web_sessions_are_listed_newest_first(vault: &dyn Vault) {
    let (ada, bob) = (user("ada", Role::Member), user("bob", Role::Member));
    let ended = web_session(&ada, at(4), at(100));
    let (old, new) = (web_session(&ada, at(1), at(900)), web_session(&ada, at(3), at(900)));
    let other = web_session(&bob, at(2), at(900));
    add(vault, &[&ada, &bob], &[&new, &ended, &other, &old]).await;
    let listed = read(vault).await.web_sessions().list(ada.id, at(100)).await.unwrap();
    assert_eq!(listed, [new, old]);
}

/// The latest use counts.
pub async fn web_sessions_last_use_never_moves_back(vault: &dyn Vault) {
    let ada = user("ada", Role::Member);
    let (one, other) = (web_session(&ada, at(1), at(900)), web_session(&ada, at(2), at(900)));
    add(vault, &[&ada], &[&one, &other]).await;
    let mut tx = begin(vault).await;
    for second in [20, 30, 10] {
        tx.web_sessions().touch(&one.digest, at(second)).await.unwrap();
    }
    let absent = web_session(&ada, at(0), at(900)).digest;
    tx.web_sessions().touch(&absent, at(20)).await.unwrap();
    tx.commit().await.unwrap();
    let used = WebSessionRecord {
        last_seen_at: at(30),
        ..one
    };
    let listed = read(vault).await.web_sessions().list(ada.id, at(100)).await.unwrap();
    assert_eq!(listed, [other, used]);
}

/// One, all of a user but one, or all of a user; never those of another.
pub async fn web_sessions_are_removed_one_or_all(vault: &dyn Vault) {
    let (ada, bob) = (user("ada", Role::Member), user("bob", Role::Member));
    let sessions: Vec<_> = (0..4).map(|second| web_session(&ada, at(second), at(900))).collect();
    let other = web_session(&bob, at(2), at(900));
    add(
        vault,
        &[&ada, &bob],
        &sessions.iter().chain([&other]).collect::<Vec<_>>(),
    )
    .await;
    let mut tx = begin(vault).await;
    assert!(tx.web_sessions().remove(&sessions[0].digest).await.unwrap());
    assert!(!tx.web_sessions().remove(&sessions[0].digest).await.unwrap());
    let kept = Some(&sessions[1].digest);
    assert_eq!(tx.web_sessions().remove_of_user(ada.id, kept).await.unwrap(), 2);
    assert_eq!(tx.web_sessions().list(ada.id, at(5)).await.unwrap(), sessions[1..2]);
    assert_eq!(tx.web_sessions().remove_of_user(ada.id, None).await.unwrap(), 1);
    assert_eq!(tx.web_sessions().remove_of_user(ada.id, None).await.unwrap(), 0);
    assert_eq!(tx.web_sessions().list(bob.id, at(5)).await.unwrap(), [other]);
}

/// By their end; the end itself is not before the end.
pub async fn web_sessions_are_purged_by_their_end(vault: &dyn Vault) {
    let ada = user("ada", Role::Member);
    let sessions = [99, 100, 900].map(|ends| web_session(&ada, at(0), at(ends)));
    add(vault, &[&ada], &sessions.each_ref()).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.web_sessions().purge(at(100)).await.unwrap(), 1);
    assert_eq!(tx.web_sessions().purge(at(100)).await.unwrap(), 0);
    assert_eq!(tx.web_sessions().list(ada.id, at(0)).await.unwrap().len(), 2);
}
