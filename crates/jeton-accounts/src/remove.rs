use jeton_domain::{AccountLabel, AccountScope, Caller};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, OldTokenState, VaultTx};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    AccountError, Accounts, account::source_of, accounts::Inner, add::facts, find::not_found, follow_up::MOST_TARGETS,
    rights::Want,
};

/// How many holders are named.
const NAMED: u32 = 5;
/// So many old tokens of an account are looked through.
const OLD_TOKENS: u32 = 100;

/// An account that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its label.
    pub label: AccountLabel,
    /// How many grants of its token were marked as given back. The token itself lives on at the forge.
    pub ended_grants: u64,
    /// How many copies of its token stay where they were pushed, at the forges' CI.
    pub copies: u64,
    /// Until when at most a token lives on that it had before and that is to be ended: copies of it may still be in use.
    pub old_token_ends_by: Option<Timestamp>,
}

impl Removed {
    /// What is left to do by hand, in words; `None` when nothing is.
    pub fn warning(&self) -> Option<String> {
        let copies = match self.copies {
            0 => None,
            1 => Some("A copy of its token stays as a secret of a forge's CI".to_owned()),
            many => Some(format!("{many} copies of its token stay as secrets of the forges' CI")),
        };
        let copies = copies.map(|copies| {
            format!("{copies}, and nobody renews them any more: revoke the token at its forge, and remove the secrets there.")
        });
        let old = self.old_token_ends_by.map(|at| {
            format!("A token that it had before lives on until {at}, for copies that are in use: jeton ends it at its forge then.")
        });
        let words: Vec<String> = [copies, old].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}

impl Accounts {
    /// Forgets an account with its token, if nothing uses it any more; in spite of that with `force`.
    ///
    /// # Errors
    /// [`AccountError::InUse`] names what uses it.
    pub async fn remove(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        force: bool,
    ) -> Result<Removed, AccountError> {
        let inner = &self.0;
        let policies = inner.policy_sources().await;
        let now = inner.now();
        let mut tx = inner.vault.begin().await?;
        let record = inner.find_stored(&mut *tx, caller, account).await?;
        inner.permit(caller, request_id, &record, Want::End)?;
        let uses = inner.uses(&mut *tx, &record, &policies).await?;
        if !uses.is_empty() && !force {
            return Err(AccountError::InUse {
                label: record.label.to_string(),
                uses,
            });
        }
        let ended_grants = tx.grants().release_account(record.id, None, now).await?;
        // One whose first push failed has none of it: such a target is never added.
        let copies = tx.targets().list(record.id, MOST_TARGETS).await?.len() as u64;
        let old = tx.old_tokens().list(record.id, OLD_TOKENS).await?;
        let waiting = old.iter().filter(|old| old.state == OldTokenState::Waiting);
        let old_token_ends_by = waiting.map(|old| old.ends_by).max();
        if !tx.accounts().remove(record.id).await? {
            return Err(not_found(account));
        }
        let event = facts(Event::new(events::ACCOUNT_REMOVED, caller), &record)
            .with("ended_grants", ended_grants)
            .with("copies_at_forges", copies)
            .with("old_token_ends_by", json!(old_token_ends_by.map(|at| at.to_string())))
            .with("in_spite_of", json!(uses))
            .in_request(request_id);
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::info!(account.label = %record.label, forge.host = record.forge.host(), "an account was removed");
        Ok(Removed {
            label: record.label,
            ended_grants,
            copies,
            old_token_ends_by,
        })
    }
}

impl Inner {
    /// Every policy with the sources that it names.
    async fn policy_sources(&self) -> Vec<(String, Vec<String>)> {
        let views = self.access.list_policies().await.policies;
        let named = views.into_iter().filter(|view| !view.spec.sources.is_empty());
        named.map(|view| (view.spec.name, view.spec.sources)).collect()
    }

    /// What uses an account, each in words.
    async fn uses(
        &self,
        tx: &mut dyn VaultTx,
        record: &AccountRecord,
        policies: &[(String, Vec<String>)],
    ) -> Result<Vec<String>, AccountError> {
        let mut uses = Vec::new();
        let held = tx.grants().held_of_account(record.id, self.now(), NAMED + 1).await?;
        for grant in held.iter().take(NAMED as usize) {
            uses.push(format!("{} holds its token until {}", grant.holder, grant.expires_at));
        }
        if held.len() > NAMED as usize {
            uses.push("others hold it as well".to_owned());
        }
        // The name of a private account is everybody's own: a policy that has it is not about this one alone.
        if record.scope == AccountScope::Shared {
            let source = source_of(&record.scope, &record.label);
            let naming = policies.iter().filter(|(_, sources)| sources.contains(&source));
            uses.extend(naming.map(|(name, _)| format!("the policy `{name}` names it")));
        }
        if tx.rotations().find_open(record.id).await?.is_some() {
            uses.push("its token is being renewed".to_owned());
        }
        Ok(uses)
    }
}
