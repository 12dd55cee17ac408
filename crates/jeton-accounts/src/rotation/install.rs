use jeton_domain::{CheckReport, Credential, Diagnosis, Secret, Validity};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState};
use jiff::SignedDuration;

use super::{
    Moved,
    advance::{about, words},
    new_token_place,
};
use crate::{AccountError, Accounts, accounts::token_place};

/// For so long a new token that the forge does not take yet is looked at again before it is put in all the same: the old one is dead, so
/// that nothing is won by waiting.
const PATIENCE: SignedDuration = SignedDuration::from_secs(90);

/// When a new token that the forge did not take is looked at again.
const SOON: SignedDuration = SignedDuration::from_mins(10);

impl Accounts {
    /// Looks at the new token and puts it into the account.
    pub(super) async fn install(
        &self,
        rotation: RotationRecord,
        account: AccountRecord,
    ) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        let Some(sealed) = &rotation.new_token else {
            return Err(AccountError::Internal("a renewal without its new token"));
        };
        let token = inner.ring.open(sealed, new_token_place(&rotation.id.to_string()))?;
        let credential = Credential {
            token: token.clone(),
            ..inner.open(&account)?
        };
        let report = self.quick_look(&account, &credential).await;
        let waited = inner.clock.now().duration_since(rotation.changed_at).abs();
        if report.validity == Validity::Invalid && waited < PATIENCE {
            return Ok(Some(Moved::Later {
                reason: report
                    .diagnoses
                    .first()
                    .map_or_else(|| "the forge does not take the new token yet".to_owned(), words),
                after: std::time::Duration::from_secs(10),
            }));
        }
        let moved = self.put_in(&rotation, &account, &token, &report).await?;
        if moved {
            tracing::info!(
                account.label = %account.label, forge.host = account.forge.host(),
                token.validity = %report.validity, "a token was renewed"
            );
        }
        Ok(Some(Moved::Over))
    }

    /// Token, standing, grants, targets, journal, record and messages in one transaction; whether this process did it. The forge ended
    /// the old token when it gave the new one, so that nothing of it is kept, and its copies are dead: the targets get the new one at
    /// once.
    async fn put_in(
        &self,
        rotation: &RotationRecord,
        account: &AccountRecord,
        token: &Secret,
        report: &CheckReport,
    ) -> Result<bool, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut tx = inner.vault.begin().await?;
        // As it stands now: names and switches may have been changed while the forge was asked.
        let Some(mut renewed) = tx.accounts().find(account.id).await? else {
            return Ok(false);
        };
        renewed.token = inner
            .ring
            .seal(token, token_place(&account.id.to_string()), &*inner.entropy);
        renewed.fingerprint = rotation.new_fingerprint.clone().ok_or(AccountError::Internal(
            "a renewal without the fingerprint of its new token",
        ))?;
        renewed.token_since = now;
        let mut report = report.clone();
        if report.end.time().is_none()
            && let Some(end) = rotation.new_expires_at
        {
            // The forge said it when it renewed the token.
            report.end = jeton_domain::TokenEnd::At(end);
        }
        inner.apply(&mut renewed, &report, true);
        if report.validity == Validity::Invalid {
            // The forge may have been slow to know its new token.
            renewed.next_check_at = now + SOON;
        }
        let mut done = rotation.clone();
        done.state = RotationState::Done;
        done.new_token = None;
        done.changed_at = now.max(rotation.changed_at + SignedDuration::from_millis(1));
        if !tx
            .rotations()
            .step(&done, RotationState::Received, rotation.changed_at)
            .await?
        {
            return Ok(false);
        }
        if !tx.accounts().put_token(&renewed, &rotation.old_fingerprint).await? {
            // Replacing by hand is refused while a renewal is open.
            return Err(AccountError::Internal("the token changed while it was being renewed"));
        }
        // Who has the same token has a dead one now, and hears of it at once.
        let twins = tx.accounts().find_by_fingerprint(&rotation.old_fingerprint).await?;
        for twin in twins {
            tx.accounts().set_next_check(twin.id, now).await?;
        }
        tx.grants()
            .release_account(account.id, Some(&renewed.fingerprint), now)
            .await?;
        let targets = self.await_pushes(&mut *tx, &renewed, now).await?;
        let event = about(Event::by_system(events::ACCOUNT_ROTATED), &renewed)
            .with("old_fingerprint", rotation.old_fingerprint.as_str())
            .with("asked_by", rotation.asked_by.as_str())
            .with("validity", report.validity.as_str())
            .with("targets", targets)
            .with(
                "expires_at",
                renewed
                    .expires_at
                    .map_or_else(|| "unknown".to_owned(), |end| end.to_string()),
            );
        let worst: Option<&Diagnosis> = report
            .diagnoses
            .first()
            .filter(|_| report.validity == Validity::Invalid);
        self.notify(&mut *tx, &renewed, events::ACCOUNT_ROTATED, worst).await?;
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        if targets > 0 {
            inner.wake_worker.notify_one();
        }
        Ok(true)
    }
}
