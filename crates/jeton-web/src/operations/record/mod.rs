//! The record: who got what, and who did what.

pub(crate) mod export_record;
mod filter;
mod list_record;
pub(crate) mod verify_record;

use jeton_api::RecordEntry;
use jeton_ledger::LedgerEntry;
use serde_json::{Map, Value};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render};
use crate::state::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_record::list_record))
        .routes(routes!(export_record::export_record))
        .routes(routes!(verify_record::verify_record))
}

/// An entry as it is shown.
pub(crate) fn entry(entry: LedgerEntry) -> RecordEntry {
    // What somebody has made unreadable is shown as it is: it is a finding, and no reason to show nothing.
    let mut details: Map<String, Value> = serde_json::from_str(&entry.body).unwrap_or_else(|_| {
        let mut unreadable = Map::new();
        unreadable.insert("unreadable".to_owned(), Value::String(entry.body.clone()));
        unreadable
    });
    let address = match details.remove("address") {
        Some(Value::String(address)) => Some(address),
        _ => None,
    };
    RecordEntry {
        seq: entry.seq,
        at: entry.at.to_string(),
        event: entry.event,
        actor: entry.actor_name,
        actor_key: entry.actor,
        fingerprint: entry.fingerprint,
        request_id: entry.request_id,
        address,
        details,
        hash: hex::encode(entry.hash),
    }
}

#[cfg(test)]
mod tests {
    use jeton_ledger::LedgerEntry;
    use serde_json::json;

    #[test]
    fn an_entry_that_was_made_unreadable_is_shown_all_the_same() {
        let entry = |body: &str| LedgerEntry {
            seq: 7,
            at: "2026-01-01T12:00:00Z".parse().unwrap(),
            event: "token.granted".to_owned(),
            actor: "client:1".to_owned(),
            actor_name: "client:ci".to_owned(),
            fingerprint: None,
            request_id: None,
            body: body.to_owned(),
            hash: [0xab; 32],
        };
        let whole = super::entry(entry(r#"{"address":"10.0.0.7","rule":"ci"}"#));
        assert_eq!((whole.address.as_deref(), whole.seq), (Some("10.0.0.7"), 7));
        assert_eq!(json!(whole.details), json!({"rule": "ci"}));
        assert_eq!(whole.hash, "ab".repeat(32));
        let broken = super::entry(entry("{\"rule\":"));
        assert_eq!(json!(broken.details), json!({"unreadable": "{\"rule\":"}));
    }
}
