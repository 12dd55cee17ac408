use jeton_domain::{AccountId, AccountScope, Caller, Code, Diagnosis, JobId, RotationId};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, NewJob, RotationRecord, RotationState, VaultTx};
use jiff::SignedDuration;
use serde_json::json;

use super::{RotateAccount, RotatePayload, about, end::again_at};
use crate::{AccountError, Accounts, schedule::may_renew_itself};

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
        let begun = self.try_to_begin(account, ask).await;
        if let (Err(AccountError::RotationUnsupported { cause, remedy }), RotationAsk::Watch) = (&begun, ask) {
            self.tell_unsupported(account, cause, remedy).await?;
        }
        begun
    }

    async fn try_to_begin(&self, account: AccountId, ask: RotationAsk<'_>) -> Result<RotationId, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let id = RotationId::generate(inner.clock.now(), &*inner.entropy);
        let mut tx = inner.vault.begin().await?;
        let record = tx.accounts().find(account).await?;
        let record = record.ok_or_else(|| AccountError::NotFound(account.to_string()))?;
        check_kind(&record)?;
        self.check_twins(&mut *tx, &record, ask).await?;
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
            alarmed_at: None,
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

    /// A token that two accounts hold has one keeper who renews it, or none: the other account's would be dead, and to renew
    /// a dead one ends the whole family.
    async fn check_twins(
        &self,
        tx: &mut dyn VaultTx,
        record: &AccountRecord,
        ask: RotationAsk<'_>,
    ) -> Result<(), AccountError> {
        let found = tx.accounts().find_by_fingerprint(&record.fingerprint).await?;
        let Some(twin) = found.iter().find(|one| one.id != record.id && one.auto_rotate) else {
            return Ok(());
        };
        let may_see = match ask {
            RotationAsk::Caller { caller, .. } => self.0.sight_of(caller).sees(twin),
            // People who may see the one account read of it.
            RotationAsk::Watch => twin.scope == AccountScope::Shared || twin.scope == record.scope,
        };
        let (other, it) = if may_see {
            (format!("the account `{}`", twin.label), format!("`{}`", twin.label))
        } else {
            ("another account".to_owned(), "the other account".to_owned())
        };
        Err(AccountError::RotationUnsupported {
            cause: format!(
                "{other} holds the same token as `{}`: renewed for one, it would be dead for the other",
                record.label
            ),
            remedy: format!(
                "Remove one of the two, give one a token of its own with `jeton account replace`, or switch the renewal of {it} off                  with `jeton account update LABEL --auto-rotate false`."
            ),
        })
    }

    /// Alarms that a renewal which is due cannot be. One that people can make possible is tried again a day later.
    async fn tell_unsupported(&self, account: AccountId, cause: &str, remedy: &str) -> Result<(), AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.begin().await?;
        let Some(record) = tx.accounts().find(account).await? else {
            return Ok(());
        };
        let now = inner.now();
        // Another server told it.
        if record.rotate_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        let again = again_at(&record, now).filter(|_| check_kind(&record).is_ok());
        tx.accounts().set_rotate_at(account, again).await?;
        let diagnosis = Diagnosis {
            code: Code::RotationUnsupported,
            cause: cause.to_owned(),
            remedy: remedy.to_owned(),
            url: None,
            retry_at: None,
        };
        let event = about(Event::by_system(events::ACCOUNT_ROTATION_FAILED), &record)
            .with("code", diagnosis.code.as_str())
            .with("reason", cause);
        self.notify(&mut *tx, &record, events::ACCOUNT_ROTATION_FAILED, Some(&diagnosis))
            .await?;
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::error!(
            account.label = %record.label, forge.host = record.forge.host(), reason = cause, "a token cannot be renewed"
        );
        Ok(())
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
    if !may_renew_itself(account.scopes.as_deref()) {
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
