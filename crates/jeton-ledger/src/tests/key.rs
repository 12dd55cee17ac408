use std::sync::Arc;

use jeton_domain::{Code, Coded as _};
use jeton_seal::{DataKey, KeyRing};
use jeton_vault::Vault as _;

use super::world::{Counting, World, found, on_both, verify};
use crate::{Ledger, LedgerError, LedgerParts};

on_both! {
    async fn a_record_without_its_key_is_not_begun_anew(world: &World) {
        world.filled(2).await.close().await;
        world.sql("DELETE FROM settings WHERE name = 'ledger_key'").await;
        let error = Ledger::open(world.parts()).await.unwrap_err();
        assert!(matches!(error, LedgerError::KeyGone), "{error}");
        assert_eq!(error.code(), Code::RecordBroken);
        let row = world.vault.read().await.unwrap().settings().find("ledger_key").await.unwrap();
        assert_eq!(row, None);
    }

    async fn a_mark_alone_is_a_record_too(world: &World) {
        world.filled(2).await.close().await;
        world.drop_triggers().await;
        world.sql("DELETE FROM settings WHERE name = 'ledger_key'; DELETE FROM ledger").await;
        let error = Ledger::open(world.parts()).await.unwrap_err();
        assert!(matches!(error, LedgerError::KeyGone), "{error}");
    }

    async fn the_key_opens_with_the_right_ring_only(world: &World) {
        world.filled(1).await.close().await;
        let ring = Arc::new(KeyRing::new([], &DataKey::generate(&Counting)));
        let parts = LedgerParts { ring, ..world.parts() };
        let error = Ledger::open(parts).await.unwrap_err();
        assert_eq!(error.code(), Code::SealMissingKey);
        let bytes = world.bytes("00ff");
        world.sql(&format!("UPDATE settings SET value = {bytes} WHERE name = 'ledger_key'")).await;
        let error = Ledger::open(world.parts()).await.unwrap_err();
        assert_eq!(error.code(), Code::SealTampered);
    }

    async fn the_key_is_nowhere_in_the_open(world: &World) {
        let ledger = world.filled(1).await;
        assert!(!format!("{ledger:?} {:?}", ledger.shared().key).contains("Key {"));
        let row = world.vault.read().await.unwrap().settings().find("ledger_key").await.unwrap().unwrap();
        // Sealed: version, key and place in front, the tag behind; base64 of 32 bytes has 44.
        assert!(row.len() > 44 + 16);
        assert!(std::str::from_utf8(&row).is_err() || !row.is_ascii());
    }

    async fn servers_that_begin_at_once_end_with_one_key(world: &World) {
        let (one, two) = tokio::join!(world.ledger(), world.ledger());
        world.fill(&one, 1).await;
        world.fill(&two, 1).await;
        assert!(verify(&one).await.is_whole());
        assert_eq!(found(&two).await, []);
    }
}
