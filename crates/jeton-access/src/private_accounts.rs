//! What becomes of the accounts of somebody who goes.

use jeton_domain::{AccountScope, Caller, IdentityKey};
use jeton_ledger::{Event, events};
use jeton_vault::{VaultError, VaultTx};
use jiff::Timestamp;
use serde_json::json;

/// Switches off all private accounts of an owner who is no more: nobody could use them, and their tokens would go on being looked at
/// and renewed. They stay until an operator removes them. An entry for the record each.
pub(crate) async fn switch_off(
    tx: &mut dyn VaultTx,
    by: &Caller,
    request_id: Option<&str>,
    owner: IdentityKey,
    now: Timestamp,
) -> Result<Vec<Event>, VaultError> {
    let scope = AccountScope::Private(owner.to_string());
    let off = tx.accounts().switch_off_in(&scope, now).await?;
    let entries = off.iter().map(|account| {
        Event::new(events::ACCOUNT_CHANGED, by)
            .with("account", account.label.as_str())
            .with("account_id", account.id.to_string())
            .with("source", format!("account:own/{}", account.label))
            .with("forge", account.forge.host())
            .with("changed", json!(["active"]))
            .with("active", false)
            .with("reason", "its owner is no more")
            .with_fingerprint(account.fingerprint.clone())
            .in_request(request_id)
    });
    Ok(entries.collect())
}
