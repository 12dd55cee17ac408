use jeton_domain::{CheckReport, Code, Diagnosis};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState};
use jiff::SignedDuration;

use super::{
    Moved,
    advance::{about, elsewhere, words},
};
use crate::{AccountError, Accounts};

/// After a refusal it is tried again after so long, while the old token lives.
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_hours(24);

impl Accounts {
    /// Ends a renewal that did not happen; the old token is as it was. An alarm, because somebody has to act while it lives.
    pub(super) async fn fail(
        &self,
        rotation: RotationRecord,
        account: &AccountRecord,
        reason: &str,
        diagnosis: Option<Diagnosis>,
    ) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut next = rotation.clone();
        next.state = RotationState::Failed;
        next.error = Some(diagnosis.as_ref().map_or_else(|| reason.to_owned(), words));
        next.changed_at = now;
        let mut tx = inner.vault.begin().await?;
        if !tx.rotations().step(&next, rotation.state, rotation.changed_at).await? {
            return Ok(Some(elsewhere()));
        }
        if account.fingerprint == rotation.old_fingerprint {
            let again = Some(now + AFTER_REFUSAL).filter(|at| account.expires_at.is_none_or(|end| *at < end));
            tx.accounts()
                .set_rotate_at(account.id, again.filter(|_| account.auto_rotate))
                .await?;
        }
        let code = diagnosis.as_ref().map_or(Code::RotationUnsupported, |one| one.code);
        let event = about(Event::by_system(events::ACCOUNT_ROTATION_FAILED), account)
            .with("code", code.as_str())
            .with("reason", reason)
            .with(
                "old_token_ends_at",
                account
                    .expires_at
                    .map_or_else(|| "unknown".to_owned(), |end| end.to_string()),
            );
        self.notify(&mut *tx, account, events::ACCOUNT_ROTATION_FAILED, diagnosis.as_ref())
            .await?;
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::error!(
            account.label = %account.label, forge.host = account.forge.host(), code = %code, reason,
            "a token was not renewed; the old one is as it was"
        );
        Ok(Some(Moved::Over))
    }

    /// Ends a renewal that happened and whose new token is gone: nobody ever saw it.
    pub(super) async fn give_up(
        &self,
        rotation: RotationRecord,
        account: AccountRecord,
        mut report: CheckReport,
    ) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let diagnosis = lost(&account);
        report.diagnoses.insert(0, diagnosis.clone());
        let mut next = rotation.clone();
        next.state = RotationState::Lost;
        next.error = Some(words(&diagnosis));
        next.changed_at = now;
        let mut tx = inner.vault.begin().await?;
        if !tx.rotations().step(&next, rotation.state, rotation.changed_at).await? {
            return Ok(Some(elsewhere()));
        }
        let check = inner.check_of(&account, &report);
        tx.accounts()
            .put_check(account.id, &account.fingerprint, &check)
            .await?;
        tx.grants().release_account(account.id, None, now).await?;
        let event =
            about(Event::by_system(events::ACCOUNT_ROTATION_LOST), &account).with("code", diagnosis.code.as_str());
        self.notify(&mut *tx, &account, events::ACCOUNT_ROTATION_LOST, Some(&diagnosis))
            .await?;
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::error!(
            account.label = %account.label, forge.host = account.forge.host(), code = %diagnosis.code,
            "a token was renewed and the new one was lost on its way: make a new one by hand"
        );
        Ok(Some(Moved::Over))
    }
}

fn lost(account: &AccountRecord) -> Diagnosis {
    let page = format!("{}/-/user_settings/personal_access_tokens", account.forge.web_url());
    Diagnosis {
        code: Code::RotationLost,
        cause: format!(
            "{} renewed the token of `{}`, and the answer with the new one never arrived: the old one is dead, and nobody has the new one",
            account.forge.host(),
            account.label
        ),
        remedy: format!(
            "Make a new token at {page} and put it in with `jeton account replace {}`. Revoke the lost one there: it has the same name.",
            account.label
        ),
        url: Some(page),
        retry_at: None,
    }
}
