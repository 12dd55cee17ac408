//! Keys that change while the server works, on both databases.

use std::sync::atomic::{AtomicBool, Ordering};

use jeton_broker::open_key_ring;
use jeton_domain::{Clock as _, Coded as _, Sealed};
use jeton_seal::{SealingKey, SealingKeys};
use jeton_testkit::{TestEntropy, TestJeton, both_databases};
use jeton_vault::SealedPlace;
use serde_json::{Value, json};

use crate::key_world::{GRACE, add_tokens, data_keys, finish, ring_of, rotate, sealed, status};

fn keys(t: &TestJeton) -> SealingKeys {
    SealingKeys::new(t.sealing_key.clone(), "the test")
}

async fn events(t: &TestJeton, name: &str) -> Vec<Value> {
    let page = t.get(&format!("/v1/record?event={name}")).await.json();
    page["entries"].as_array().unwrap().clone()
}

both_databases! {
    async fn everything_is_sealed_anew_while_tokens_are_asked_for(t: TestJeton) {
        t.install("acme", &["a", "b", "c", "d"]);
        let first = t.issue("acme/a").await;
        let (ring, _) = ring_of(&*t.vault, &keys(&t)).await;
        add_tokens(&*t.vault, &ring, t.clock.now(), 350).await;
        let old = data_keys(&status(&t).await);
        let new = rotate(&t).await;
        let over = AtomicBool::new(false);
        let asking = async {
            let mut answers = 0;
            while !over.load(Ordering::Acquire) || answers < 8 {
                for repository in ["acme/a", "acme/b", "acme/c", "acme/d"] {
                    t.issue(repository).await;
                    let answer = t.get_anonymously(&format!("/api/{repository}")).await;
                    assert_eq!(answer.status, 200, "{}", answer.text);
                    answers += 1;
                }
                // Whatever is committed at any moment opens with the keys that are there at that moment: this is what a
                // server finds that starts after a `kill -9`.
                ring_of(&*t.vault, &keys(&t)).await;
            }
        };
        let sealing = async {
            finish(&t).await;
            over.store(true, Ordering::Release);
        };
        tokio::join!(asking, sealing);
        let after = status(&t).await;
        assert_eq!(data_keys(&after), std::slice::from_ref(&new), "{old:?} is retired");
        assert_eq!(after["data_keys"][0]["state"], "sealing");
        let by_table = sealed(&after, &new);
        assert!(by_table["tokens"] >= 354 && by_table["apps"] == 1 && by_table["settings"] == 1, "{by_table:?}");
        assert_eq!(after["lost"], json!([]));
        let mints = t.sim.calls().mints();
        let t = t.restart().await;
        assert_eq!(t.issue("acme/a").await["token"], first["token"]);
        assert_eq!(t.sim.calls().mints(), mints, "what was kept before opens after");
        assert_eq!(events(&t, "key.rotated").await[0]["details"]["data_key"], json!(new));
        assert_eq!(events(&t, "key.retired").await[0]["details"]["data_key"], json!(old[0]));
        let finished = events(&t, "key.reseal_finished").await;
        assert_eq!(finished[0]["details"]["left"], 0);
        assert_eq!(finished[0]["details"]["retired"], json!(old));
    }

    async fn a_second_rotation_waits_for_the_first(t: TestJeton) {
        let new = rotate(&t).await;
        let again = t.post("/v1/keys/rotate", json!({})).await;
        assert_eq!((again.status, &again.json()["started"]), (202, &json!(false)));
        assert_eq!(again.json()["data_key"], json!(new));
        let during = status(&t).await;
        assert_eq!(data_keys(&during).len(), 2);
        assert_eq!((&during["reseal"]["data_key"], &during["reseal"]["left"]), (&json!(new), &json!(2)));
        finish(&t).await;
        assert_eq!(events(&t, "key.rotated").await.len(), 1);
        assert_ne!(rotate(&t).await, new, "and then there may be another");
    }

    async fn a_key_in_use_is_not_retired_and_what_uses_it_is_named(t: TestJeton) {
        t.install("acme", &["a"]);
        t.issue("acme/a").await;
        let before = data_keys(&status(&t).await)[0].clone();
        let refused = async |id: &str, status: u16, code: &str| {
            let answer = t.delete(&format!("/v1/keys/{id}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.text);
            assert!(answer.json()["remedy"].is_string(), "{}", answer.text);
            answer.json()["detail"].as_str().unwrap().to_owned()
        };
        let words = refused(&before, 409, "seal.key_in_use").await;
        for part in ["seals new values", "1 value of apps.private_key", "1 value of tokens.token", "settings.value"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let words = refused(t.sealing_key.id().as_str(), 409, "seal.key_in_use").await;
        assert!(words.contains("sealing key of this server"), "{words}");
        refused("0123456789ab", 404, "seal.key_not_found").await;
        refused("no-key", 404, "seal.key_not_found").await;
        let new = rotate(&t).await;
        refused(&new, 409, "seal.key_in_use").await;
        let words = refused(&before, 409, "seal.key_in_use").await;
        assert!(words.contains("1 value of apps.private_key"), "{words}");
        assert_eq!(data_keys(&status(&t).await).len(), 2, "nothing was changed");
    }

    async fn another_sealing_key_takes_the_place_of_the_first(t: TestJeton) {
        t.install("acme", &["a"]);
        let token = t.issue("acme/a").await["token"].clone();
        let mut t = t;
        let (old, new) = (t.sealing_key.clone(), SealingKey::generate(&TestEntropy::default()));
        // With the new key alone, the vault stays shut, and says what it wants.
        let alone = SealingKeys::new(new.clone(), "the test");
        let entropy = TestEntropy::default();
        let error = open_key_ring(&*t.vault, &alone, &t.clock, &entropy).await.unwrap_err();
        assert_eq!(error.code().as_str(), "seal.wrong_key");
        for part in [old.id().as_str(), new.id().as_str()] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(error.remedy().unwrap().contains("seal.previous_key"), "{:?}", error.remedy());

        t.sealing_key = new.clone();
        t.options.previous_sealing_key = Some(old.clone());
        let t = t.restart().await;
        let before = status(&t).await;
        assert_eq!(before["sealing_key"], new.id().as_str());
        let both = |status: &Value| {
            let of = |id: &str| {
                let keys = status["sealing_keys"].as_array().unwrap();
                keys.iter().find(|key| key["id"] == id).unwrap()["data_keys"].as_u64().unwrap()
            };
            (of(old.id().as_str()), of(new.id().as_str()))
        };
        assert_eq!(both(&before), (1, 0));
        let needed = t.delete(&format!("/v1/keys/{}", old.id())).await;
        assert_eq!(needed.status, 409, "{}", needed.text);
        assert!(needed.text.contains(&data_keys(&before)[0]), "names the data key: {}", needed.text);
        rotate(&t).await;
        assert_eq!(both(&status(&t).await), (0, 2), "wrapped anew at once");
        finish(&t).await;
        let free = t.delete(&format!("/v1/keys/{}", old.id())).await;
        assert_eq!((free.status, &free.json()["kind"]), (200, &json!("sealing_key")), "{}", free.text);

        let mut t = t;
        t.options.previous_sealing_key = None;
        let t = t.restart().await;
        assert_eq!(t.issue("acme/a").await["token"], token);
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn a_value_that_does_not_open_stays_and_keeps_its_key(t: TestJeton) {
        let (ring, _) = ring_of(&*t.vault, &keys(&t)).await;
        add_tokens(&*t.vault, &ring, t.clock.now(), 3).await;
        let old = data_keys(&status(&t).await)[0].clone();
        let key = jeton_domain::KeyId::parse(&old).unwrap();
        let mut tx = t.vault.begin().await.unwrap();
        let rows = tx.sealed_rows().list(SealedPlace::Token, &key, None, 10).await.unwrap();
        let mut bytes = rows[1].value.as_bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = Sealed::from_bytes(bytes);
        assert!(tx.sealed_rows().replace(SealedPlace::Token, &rows[1].row, &rows[1].value, &damaged).await.unwrap());
        tx.commit().await.unwrap();
        let new = rotate(&t).await;
        finish(&t).await;
        let after = status(&t).await;
        assert_eq!(data_keys(&after), [old.clone(), new.clone()]);
        assert_eq!((sealed(&after, &old)["tokens"], sealed(&after, &new)["tokens"]), (1, 2));
        assert_eq!(events(&t, "key.reseal_finished").await[0]["details"]["left"], 1);
        let left = t.vault.read().await.unwrap().sealed_rows().list(SealedPlace::Token, &key, None, 10).await.unwrap();
        assert_eq!((left.len(), &left[0].value), (1, &damaged), "left as it is, to be looked into");
        // When somebody has removed it, the key can go.
        let mut tx = t.vault.begin().await.unwrap();
        tx.tokens().finish_revoke(left[0].row.parse().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(status(&t).await["data_keys"][0]["may_be_retired"], true);
        let retired = t.delete(&format!("/v1/keys/{old}")).await;
        assert_eq!((retired.status, &retired.json()["kind"]), (200, &json!("data_key")), "{}", retired.text);
        assert_eq!(data_keys(&status(&t).await), [new]);
    }

    async fn a_rotation_that_a_stopped_server_began_is_finished_by_the_next(t: TestJeton) {
        let (ring, _) = ring_of(&*t.vault, &keys(&t)).await;
        add_tokens(&*t.vault, &ring, t.clock.now(), 120).await;
        let new = rotate(&t).await;
        let t = t.restart().await;
        t.clock.advance(GRACE);
        finish(&t).await;
        assert_eq!(data_keys(&status(&t).await), [new]);
        let (_, seen) = ring_of(&*t.vault, &keys(&t)).await;
        assert_eq!(seen.iter().map(|(_, _, values)| values).sum::<u64>(), 122);
    }
}
