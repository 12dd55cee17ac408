use jeton_domain::ClientName;

use super::fixtures::{at, begin, client, client_key, read};
use crate::{ClientKeyRecord, ClientRecord, Vault, VaultError};

async fn add_clients(vault: &dyn Vault, clients: &[&ClientRecord]) {
    let mut tx = begin(vault).await;
    for client in clients {
        tx.clients().add(client).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn add_keys(vault: &dyn Vault, keys: &[&ClientKeyRecord]) {
    let mut tx = begin(vault).await;
    for key in keys {
        tx.clients().add_key(key).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// What went in comes out.
pub async fn clients_are_found_as_they_were_added(vault: &dyn Vault) {
    let plain = client("plain");
    let full = ClientRecord {
        description: Some("the \"build\" machines\n".to_owned()),
        networks: vec!["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()],
        expires_at: Some(at(900)),
        last_used_at: Some(at(3)),
        ..client("full")
    };
    add_clients(vault, &[&plain, &full]).await;
    let key = ClientKeyRecord {
        expires_at: Some(at(500)),
        ..client_key(&full, at(2))
    };
    add_keys(vault, &[&key]).await;
    let mut tx = read(vault).await;
    assert_eq!(tx.clients().find(&plain.name).await.unwrap().as_ref(), Some(&plain));
    assert_eq!(tx.clients().find(&full.name).await.unwrap().as_ref(), Some(&full));
    let absent = ClientName::parse("absent").unwrap();
    assert_eq!(tx.clients().find(&absent).await.unwrap(), None);
    assert_eq!(tx.clients().keys(full.id, at(0)).await.unwrap(), [key]);
    assert_eq!(tx.clients().keys(plain.id, at(0)).await.unwrap(), []);
}

/// A name serves again when the client that had it is revoked, and not before.
pub async fn clients_names_are_unique_among_those_not_revoked(vault: &dyn Vault) {
    let (first, second, third) = (client("ci"), client("ci"), client("ci"));
    add_clients(vault, &[&first]).await;
    let mut tx = begin(vault).await;
    let error = tx.clients().add(&second).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Conflict(what) if what.contains("client named ci")),
        "{error}"
    );
    assert!(tx.clients().revoke(first.id, at(5)).await.unwrap());
    tx.clients().add(&second).await.unwrap();
    assert!(tx.clients().revoke(second.id, at(6)).await.unwrap());
    tx.clients().add(&third).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.clients().find(&third.name).await.unwrap().as_ref(), Some(&third));
    let all = tx.clients().list(None, true, 10).await.unwrap();
    let revoked: Vec<_> = all.iter().map(|client| (client.id, client.revoked_at)).collect();
    assert_eq!(
        revoked,
        [(first.id, Some(at(5))), (second.id, Some(at(6))), (third.id, None)]
    );
}

/// By name as bytes, then by id, and each once; revoked ones only when asked for.
pub async fn clients_are_paged_by_name(vault: &dyn Vault) {
    let gone = [client("ci"), client("ci"), client("a")];
    let live = [
        client("0"),
        client("ci"),
        client("ci-1"),
        client("ci.1"),
        client("ci_1"),
        client("z"),
    ];
    for client in &gone {
        add_clients(vault, &[client]).await;
        let mut tx = begin(vault).await;
        assert!(tx.clients().revoke(client.id, at(1)).await.unwrap());
        tx.commit().await.unwrap();
    }
    add_clients(vault, &live.iter().rev().collect::<Vec<_>>()).await;
    for with_revoked in [false, true] {
        let mut expected: Vec<&ClientRecord> = live.iter().collect();
        if with_revoked {
            expected.extend(&gone);
        }
        expected.sort_by_key(|client| (client.name.as_str(), client.id));
        let mut seen: Vec<ClientRecord> = Vec::new();
        loop {
            let after = seen.last().map(|last| (&last.name, last.id));
            let page = read(vault).await.clients().list(after, with_revoked, 2).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 2);
            seen.extend(page);
        }
        let ids: Vec<_> = seen.iter().map(|client| client.id).collect();
        assert_eq!(ids, expected.iter().map(|client| client.id).collect::<Vec<_>>());
    }
}

/// All that a server must know at its start: no revoked client, and no key that ended.
pub async fn clients_are_loaded_with_their_keys(vault: &dyn Vault) {
    let (two, none, gone) = (client("two"), client("none"), client("gone"));
    add_clients(vault, &[&two, &none, &gone]).await;
    let ends = |ends, of| ClientKeyRecord {
        expires_at: Some(at(ends)),
        ..client_key(of, at(1))
    };
    let keys = [
        ends(100, &two),
        ends(101, &two),
        client_key(&two, at(2)),
        client_key(&gone, at(1)),
    ];
    add_keys(vault, &keys.each_ref()).await;
    let mut tx = begin(vault).await;
    assert!(tx.clients().revoke(gone.id, at(3)).await.unwrap());
    tx.commit().await.unwrap();
    let mut loaded = read(vault).await.clients().load(at(100)).await.unwrap();
    loaded.sort_by_key(|(client, _)| client.id);
    for (_, keys) in &mut loaded {
        keys.sort_by_key(|key| key.id);
    }
    let mut of_two = vec![keys[1].clone(), keys[2].clone()];
    of_two.sort_by_key(|key| key.id);
    assert_eq!(loaded, [(two, of_two), (none, Vec::new())]);
}

/// A revoked client has no key, and gets none.
pub async fn clients_that_are_revoked_lose_their_keys(vault: &dyn Vault) {
    let (gone, stays) = (client("gone"), client("stays"));
    add_clients(vault, &[&gone, &stays]).await;
    add_keys(vault, &[&client_key(&gone, at(1)), &client_key(&stays, at(1))]).await;
    let mut tx = begin(vault).await;
    assert!(tx.clients().revoke(gone.id, at(5)).await.unwrap());
    assert!(!tx.clients().revoke(gone.id, at(6)).await.unwrap());
    assert!(!tx.clients().revoke(client("absent").id, at(6)).await.unwrap());
    assert_eq!(tx.clients().keys(gone.id, at(0)).await.unwrap(), []);
    assert_eq!(tx.clients().keys(stays.id, at(0)).await.unwrap().len(), 1);
    for of in [&gone, &client("absent")] {
        let error = tx.clients().add_key(&client_key(of, at(7))).await.unwrap_err();
        assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    }
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.clients().find(&gone.name).await.unwrap(), None);
    let listed = tx.clients().list(None, true, 10).await.unwrap();
    assert_eq!(listed[0].revoked_at, Some(at(5)), "the first revocation counts");
}

/// In a rotation the older keys get an end, unless theirs is nearer; other clients' keys get none.
pub async fn clients_other_keys_end_in_a_rotation(vault: &dyn Vault) {
    let (one, other) = (client("one"), client("other"));
    add_clients(vault, &[&one, &other]).await;
    let sooner = ClientKeyRecord {
        expires_at: Some(at(50)),
        ..client_key(&one, at(1))
    };
    let later = ClientKeyRecord {
        expires_at: Some(at(9000)),
        ..client_key(&one, at(2))
    };
    let (endless, new, strange) = (
        client_key(&one, at(3)),
        client_key(&one, at(4)),
        client_key(&other, at(1)),
    );
    // In another order than that of time.
    add_keys(vault, &[&new, &later, &sooner, &endless, &strange]).await;
    let mut tx = begin(vault).await;
    let keys = tx.clients().keys(one.id, at(0)).await.unwrap();
    assert_eq!(keys, [sooner.clone(), later.clone(), endless.clone(), new.clone()]);
    assert_eq!(tx.clients().end_other_keys(one.id, new.id, at(100)).await.unwrap(), 2);
    assert_eq!(tx.clients().end_other_keys(one.id, new.id, at(200)).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    let keys = tx.clients().keys(one.id, at(0)).await.unwrap();
    let ends: Vec<_> = keys.iter().map(|key| (key.id, key.expires_at)).collect();
    let expected = [
        (sooner.id, Some(at(50))),
        (later.id, Some(at(100))),
        (endless.id, Some(at(100))),
        (new.id, None),
    ];
    assert_eq!(ends, expected);
    let left = tx.clients().keys(one.id, at(100)).await.unwrap();
    assert_eq!(left, std::slice::from_ref(&new), "what ends now has ended");
    assert_eq!(tx.clients().keys(other.id, at(0)).await.unwrap(), [strange]);
}

/// The latest use counts, in whatever order the words come, and several times in one.
pub async fn clients_last_use_never_moves_back(vault: &dyn Vault) {
    let (one, other) = (client("one"), client("other"));
    add_clients(vault, &[&one, &other]).await;
    let absent = client("absent").id;
    let mut tx = begin(vault).await;
    tx.clients().touch(&[]).await.unwrap();
    let used = [(one.id, at(20)), (absent, at(20)), (one.id, at(30)), (one.id, at(10))];
    tx.clients().touch(&used).await.unwrap();
    tx.clients()
        .touch(&[(other.id, at(5)), (one.id, at(25))])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let listed = read(vault).await.clients().list(None, false, 10).await.unwrap();
    let times: Vec<_> = listed.iter().map(|client| client.last_used_at).collect();
    assert_eq!(times, [Some(at(30)), Some(at(5))]);
}

/// Keys go when they ended; the end itself is not before the end.
pub async fn clients_keys_are_purged_by_their_end(vault: &dyn Vault) {
    let one = client("one");
    add_clients(vault, &[&one]).await;
    let ends = |ends| ClientKeyRecord {
        expires_at: Some(at(ends)),
        ..client_key(&one, at(1))
    };
    let keys = [ends(99), ends(100), client_key(&one, at(2))];
    add_keys(vault, &keys.each_ref()).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.clients().purge_keys(at(100)).await.unwrap(), 1);
    assert_eq!(tx.clients().purge_keys(at(100)).await.unwrap(), 0);
    assert_eq!(tx.clients().keys(one.id, at(0)).await.unwrap(), keys[1..]);
}
