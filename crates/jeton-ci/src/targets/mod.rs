//! The places that get an account's token after every change, in order, until all have it.

mod add;
mod attempt;
mod kept_source;
mod options;
mod pause;
mod push;
mod round;
mod view;

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{AccountId, Code, Fingerprint, JobId, TargetId};
use jeton_jobs::Handler;
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, TargetRecord, TargetState, VaultTx};
use serde_json::json;

use crate::{AccountTargets, Ci, CiError, Target, ci::Inner, old_tokens::EndOldTokens, runners::runner_handlers};

/// So many targets an account has at most.
const MOST_TARGETS: u32 = 50;
/// So many of an account's old tokens are shown.
const OLD_TOKENS: u32 = 20;
/// Stands for the account itself where a source is named.
const ITSELF: &str = "itself";

impl Ci {
    /// The targets of an account, and its tokens that wait for them.
    ///
    /// # Errors
    /// That there is no such account, or it is not the caller's to see.
    pub async fn list_targets(&self, asker: &Asker, account: &str) -> Result<AccountTargets, CiError> {
        let inner = &self.0;
        let account = inner.broker.accounts().get(&asker.caller, account).await?;
        let mut tx = inner.vault.read().await?;
        let targets = tx.targets().list(account.id, MOST_TARGETS).await?;
        let old_tokens = tx.old_tokens().list(account.id, OLD_TOKENS).await?;
        Ok(AccountTargets {
            account: account.label.to_string(),
            targets: targets
                .into_iter()
                .map(|target| view::target(target, &account.fingerprint))
                .collect(),
            old_tokens: old_tokens.into_iter().map(view::old_token).collect(),
        })
    }

    /// Removes a target. The secret stays at its forge.
    ///
    /// # Errors
    /// That there is no such target.
    pub async fn remove_target(&self, asker: &Asker, account: &str, target: &str) -> Result<Target, CiError> {
        let inner = &self.0;
        let request_id = asker.request_id.as_deref();
        let account = inner
            .broker
            .accounts()
            .to_change(&asker.caller, request_id, account)
            .await?;
        let gone = || not_found(account.label.as_str());
        let id: TargetId = target.trim().parse().map_err(|_| gone())?;
        let mut tx = inner.vault.begin().await?;
        // The account first, as everybody locks them.
        let record = tx.accounts().find(account.id).await?.ok_or_else(gone)?;
        let found = tx.targets().find(id).await?.filter(|found| found.account == record.id);
        let found = found.ok_or_else(gone)?;
        if !tx.targets().remove(id).await? {
            return Err(gone());
        }
        let event = Event::new(events::TARGET_REMOVED, &asker.caller).in_request(request_id);
        let event = about(event, &record, &found);
        inner.broker.access().ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(view::target(found, &record.fingerprint))
    }

    /// Has all targets of an account pushed that do not have its present token, those that were given up too.
    ///
    /// # Errors
    /// That there is no such account, or it is not the caller's to change.
    pub async fn push_targets(&self, asker: &Asker, account: &str) -> Result<AccountTargets, CiError> {
        let inner = &self.0;
        let request_id = asker.request_id.as_deref();
        let accounts = inner.broker.accounts();
        let account = accounts.to_change(&asker.caller, request_id, account).await?;
        let mut tx = inner.vault.begin().await?;
        let record = tx.accounts().find(account.id).await?;
        if let Some(record) = record {
            accounts.push_again(&mut *tx, &record, inner.now()).await?;
            let event = Event::new(events::TARGET_PUSH_ASKED, &asker.caller)
                .with("account", record.label.as_str())
                .with("forge", record.forge.host())
                .with_fingerprint(record.fingerprint.clone())
                .in_request(request_id);
            inner.broker.access().ledger().append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        accounts.wake_worker().notify_one();
        self.list_targets(asker, &account.id.to_string()).await
    }

    /// What the worker must be able to do for runners, targets and old tokens.
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        let mut handlers: Vec<Arc<dyn Handler>> = vec![
            Arc::new(push::PushAllTargets(Arc::clone(&self.0))),
            Arc::new(EndOldTokens(Arc::clone(&self.0))),
        ];
        handlers.extend(runner_handlers(self));
        handlers
    }
}

impl Inner {
    pub(crate) fn new_job(&self) -> JobId {
        JobId::generate(self.clock.now(), &*self.entropy)
    }

    /// How many of an account's targets do not have its present token.
    pub(crate) async fn behind(&self, tx: &mut dyn VaultTx, account: &AccountRecord) -> Result<usize, CiError> {
        let rows = tx.targets().list(account.id, MOST_TARGETS).await?;
        Ok(rows.iter().filter(|row| lacks(row, &account.fingerprint)).count())
    }
}

/// Whether a target may not have a token. One that waits may have another by now, whatever was pushed before.
fn lacks(row: &TargetRecord, present: &Fingerprint) -> bool {
    row.state != TargetState::Current || row.pushed.as_ref() != Some(present)
}

/// An entry about a target.
fn about(event: Event, account: &AccountRecord, target: &TargetRecord) -> Event {
    let kind = target.forge.kind();
    event
        .with("account", account.label.as_str())
        .with("target", target.id.to_string())
        .with("forge", target.forge.host())
        .with("repositories", json!(target.scope.shown_names(kind)))
        .with("scope", target.scope.words(kind))
        .with("environment", json!(target.environment))
        .with("name", target.name.as_str())
        .with("source", target.source.as_str())
        .with("rule", target.rule.as_str())
        .with_fingerprint(account.fingerprint.clone())
}

fn not_found(label: &str) -> CiError {
    CiError::asked(
        Code::TargetNotFound,
        format!("the account `{label}` has no such target"),
        format!("`jeton account target list {label}` shows those that it has, with their ids."),
    )
}

/// What makes the pushes of one account's token take turns, on all servers.
fn turn_of(account: AccountId) -> [u8; 32] {
    let mut place = *b"targets of one..................";
    place[16..].copy_from_slice(account.as_uuid().as_bytes());
    place
}
