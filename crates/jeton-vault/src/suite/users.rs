use jeton_domain::{Role, Secret, UserName};

use super::fixtures::{at, begin, read, user, web_session};
use crate::{UserRecord, Vault, VaultError};

/// A record without `PartialEq`, as it holds a secret: all of it as text.
fn plain(user: &UserRecord) -> (String, Option<String>) {
    let password = user.password.as_ref().map(|password| password.expose().to_owned());
    (format!("{user:?}"), password)
}

async fn add_users(vault: &dyn Vault, users: &[&UserRecord]) {
    let mut tx = begin(vault).await;
    for user in users {
        tx.users().add(user).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn from_provider(name: &str, issuer: &str, subject: &str) -> UserRecord {
    UserRecord {
        provider: Some((issuer.to_owned(), subject.to_owned())),
        ..user(name, Role::Member)
    }
}

/// What went in comes out, by id, by name and by provider.
pub async fn users_are_found_as_they_were_added(vault: &dyn Vault) {
    assert!(!read(vault).await.users().any().await.unwrap());
    let ada = UserRecord {
        password: Some(Secret::new("$argon2id$a hash")),
        last_sign_in_at: Some(at(5)),
        disabled_at: Some(at(6)),
        ..user("ada", Role::Operator)
    };
    let bob = from_provider("bob@example.org", "https://id.example.org", "subject \"1\"");
    let eve = user("eve", Role::Auditor);
    add_users(vault, &[&ada, &bob, &eve]).await;
    let mut tx = read(vault).await;
    assert!(tx.users().any().await.unwrap());
    for user in [&ada, &bob, &eve] {
        let by_id = tx.users().find(user.id).await.unwrap().unwrap();
        assert_eq!(plain(&by_id), plain(user));
        let by_name = tx.users().find_by_name(&user.name).await.unwrap().unwrap();
        assert_eq!(plain(&by_name), plain(user));
    }
    let found = |issuer: &'static str, subject: &'static str| (issuer, subject);
    for ((issuer, subject), expected) in [
        (found("https://id.example.org", "subject \"1\""), Some(bob.id)),
        (found("https://id.example.org", "subject"), None),
        (found("https://other.example.org", "subject \"1\""), None),
    ] {
        let user = tx.users().find_by_provider(issuer, subject).await.unwrap();
        assert_eq!(user.map(|user| user.id), expected);
    }
    let absent = user("absent", Role::Member);
    assert!(tx.users().find(absent.id).await.unwrap().is_none());
    assert!(tx.users().find_by_name(&absent.name).await.unwrap().is_none());
}

/// A taken name or subject is a conflict, and the transaction can go on. Nobody's subject is nobody else's.
pub async fn users_names_and_subjects_are_unique(vault: &dyn Vault) {
    let mut tx = begin(vault).await;
    tx.users().add(&from_provider("ada", "https://id", "1")).await.unwrap();
    for taken in [user("ada", Role::Member), from_provider("other", "https://id", "1")] {
        let error = tx.users().add(&taken).await.unwrap_err();
        assert!(matches!(&error, VaultError::Conflict(_)), "{error}");
    }
    for free in [
        from_provider("bob", "https://id", "2"),
        from_provider("eve", "https://other", "1"),
        user("joe", Role::Member),
        user("zoe", Role::Member),
    ] {
        tx.users().add(&free).await.unwrap();
    }
    tx.commit().await.unwrap();
    let listed = read(vault).await.users().list(None, 10).await.unwrap();
    let names: Vec<_> = listed.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["ada", "bob", "eve", "joe", "zoe"]);
}

/// By name as bytes, each once.
pub async fn users_are_paged_by_name(vault: &dyn Vault) {
    let mut names = ["0", "a+b", "a-b", "a.b", "a@b", "a_b", "ab"];
    let users = names.map(|name| user(name, Role::Member));
    add_users(vault, &users.each_ref()).await;
    names.sort_unstable();
    let mut seen: Vec<UserName> = Vec::new();
    loop {
        let page = read(vault).await.users().list(seen.last(), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        seen.extend(page.into_iter().map(|user| user.name));
    }
    assert_eq!(seen.iter().map(UserName::as_str).collect::<Vec<_>>(), names);
}

/// Each change changes what it names, of one user, and says whether there is one.
pub async fn users_are_changed_one_thing_at_a_time(vault: &dyn Vault) {
    let (one, other) = (user("one", Role::Member), user("other", Role::Member));
    add_users(vault, &[&one, &other]).await;
    let absent = user("absent", Role::Member).id;
    let password = Secret::new("$argon2id$new");
    let mut tx = begin(vault).await;
    assert!(tx.users().set_role(one.id, Role::Auditor).await.unwrap());
    assert!(!tx.users().set_role(absent, Role::Auditor).await.unwrap());
    assert!(tx.users().set_password(one.id, &password).await.unwrap());
    assert!(!tx.users().set_password(absent, &password).await.unwrap());
    assert!(tx.users().set_disabled(one.id, Some(at(7))).await.unwrap());
    assert!(!tx.users().set_disabled(absent, Some(at(7))).await.unwrap());
    for second in [20, 30, 10] {
        tx.users().signed_in(one.id, at(second)).await.unwrap();
    }
    tx.users().signed_in(absent, at(20)).await.unwrap();
    tx.commit().await.unwrap();
    let changed = UserRecord {
        role: Role::Auditor,
        password: Some(password),
        last_sign_in_at: Some(at(30)),
        disabled_at: Some(at(7)),
        ..one.clone()
    };
    let mut tx = begin(vault).await;
    assert_eq!(plain(&tx.users().find(one.id).await.unwrap().unwrap()), plain(&changed));
    assert_eq!(plain(&tx.users().find(other.id).await.unwrap().unwrap()), plain(&other));
    assert!(tx.users().set_disabled(one.id, None).await.unwrap());
    assert_eq!(tx.users().find(one.id).await.unwrap().unwrap().disabled_at, None);
}

/// A user takes their own browsers with them.
pub async fn users_take_their_sessions_with_them(vault: &dyn Vault) {
    let (gone, stays) = (user("gone", Role::Member), user("stays", Role::Member));
    add_users(vault, &[&gone, &stays]).await;
    let sessions = [&gone, &stays].map(|user| web_session(user, at(0), at(900)));
    let mut tx = begin(vault).await;
    for session in &sessions {
        tx.web_sessions().add(session).await.unwrap();
    }
    assert!(tx.users().remove(gone.id).await.unwrap());
    assert!(!tx.users().remove(gone.id).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = begin(vault).await;
    assert!(tx.users().find(gone.id).await.unwrap().is_none());
    assert_eq!(tx.web_sessions().list(gone.id, at(1)).await.unwrap(), []);
    assert_eq!(tx.web_sessions().list(stays.id, at(1)).await.unwrap(), sessions[1..]);
    // The name is free again.
    tx.users().add(&user("gone", Role::Member)).await.unwrap();
}

/// Operators who are shut out do not count.
pub async fn users_operators_are_counted(vault: &dyn Vault) {
    let operators = ["a", "b", "c"].map(|name| user(name, Role::Operator));
    add_users(vault, &operators.each_ref()).await;
    add_users(vault, &[&user("m", Role::Member), &user("n", Role::Auditor)]).await;
    assert_eq!(read(vault).await.users().count_operators().await.unwrap(), 3);
    let mut tx = begin(vault).await;
    tx.users().set_disabled(operators[0].id, Some(at(1))).await.unwrap();
    assert_eq!(tx.users().count_operators().await.unwrap(), 2);
    tx.users().set_role(operators[1].id, Role::Member).await.unwrap();
    assert_eq!(tx.users().count_operators().await.unwrap(), 1);
    tx.users().remove(operators[2].id).await.unwrap();
    assert_eq!(tx.users().count_operators().await.unwrap(), 0);
    tx.users().set_disabled(operators[0].id, None).await.unwrap();
    assert_eq!(tx.users().count_operators().await.unwrap(), 1);
}
