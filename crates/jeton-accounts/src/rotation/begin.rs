use jeton_domain::{AccountId, Caller, JobId, RotationId};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, NewJob, RotationRecord, RotationState};
use jiff::SignedDuration;
use serde_json::json;

use super::{RotateAccount, RotatePayload};
use crate::{AccountError, Accounts};

/// When the queue takes a renewal up that somebody waits for, in case that the process dies meanwhile.
const RESCUE: SignedDuration = SignedDuration::from_secs(60);

/// Who wants a renewal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RotationAsk<'a> {
    /// Somebody, who waits for it.
    Caller {
        caller: &'a Caller,
        request_id: Option<&'a str>,
    },
    /// The watch.
    Watch,
}

impl Accounts {
    /// Writes the intent down, with its entry in the record and its job, in one transaction. Nothing is asked of the forge yet.
    ///
    /// # Errors
    /// [`AccountError::RotationUnderWay`], [`AccountError::RotationUnsupported`], or what the vault said.
    pub(crate) async fn begin_rotation(
        &self,
        account: AccountId,
        ask: RotationAsk<'_>,
    ) -> Result<RotationId, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let id = RotationId::generate(inner.clock.now(), &*inner.entropy);
        let mut tx = inner.vault.begin().await?;
        let record = tx.accounts().find(account).await?;
        let record = record.ok_or_else(|| AccountError::NotFound(account.to_string()))?;
        check_kind(&record)?;
        let rotation = RotationRecord {
            id,
            account,
            state: RotationState::Intended,
            old_fingerprint: record.fingerprint.clone(),
            new_token: None,
            new_expires_at: None,
            new_fingerprint: None,
            holder: None,
            attempts: 0,
            asked_by: match ask {
                RotationAsk::Caller { caller, .. } => caller.identity.to_string(),
                RotationAsk::Watch => "the watch".to_owned(),
            },
            error: None,
            created_at: now,
            changed_at: now,
        };
        if !tx.rotations().begin(&rotation).await? {
            return Err(AccountError::RotationUnderWay(record.label.to_string()));
        }
        let (event, run_at) = match ask {
            RotationAsk::Caller { caller, request_id } => {
                let event = Event::new(events::ACCOUNT_ROTATION_STARTED, caller).in_request(request_id);
                (event, now + RESCUE)
            }
            RotationAsk::Watch => (Event::by_system(events::ACCOUNT_ROTATION_STARTED), now),
        };
        let job = NewJob {
            id: JobId::generate(inner.clock.now(), &*inner.entropy),
            kind: RotateAccount::KIND.to_owned(),
            payload: json!(RotatePayload { rotation: id }),
            dedup: Some(id.to_string()),
            run_at,
        };
        tx.jobs().add(&job).await?;
        let event = event
            .with("account", record.label.as_str())
            .with("forge", record.forge.host())
            .with_fingerprint(record.fingerprint.clone());
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        inner.wake_worker.notify_one();
        Ok(id)
    }
}

/// Only GitLab renews tokens, and only those that may renew themselves.
pub(crate) fn check_kind(account: &AccountRecord) -> Result<(), AccountError> {
    let unsupported = |cause: String, remedy: String| Err(AccountError::RotationUnsupported { cause, remedy });
    let label = &account.label;
    if !account.kind.renews_itself() {
        return unsupported(
            format!("{} has no way to renew {}", account.forge.kind(), account.kind),
            format!(
                "Make a new token at {}, then put it in with `jeton account replace {label}`: jeton tests the new one \
                 before the old one goes.",
                account.forge.host()
            ),
        );
    }
    let may = account
        .scopes
        .as_ref()
        .is_none_or(|scopes| scopes.iter().any(|scope| scope == "api" || scope == "self_rotate"));
    if !may {
        return unsupported(
            "the token may not renew itself: it has neither the scope `self_rotate` nor `api`".to_owned(),
            format!(
                "Make a new token with the scope `self_rotate` besides those that it has, and put it in with `jeton account replace \
                 {label}`."
            ),
        );
    }
    Ok(())
}
