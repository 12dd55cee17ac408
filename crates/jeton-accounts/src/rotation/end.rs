use jeton_domain::{CheckReport, Code, CredentialKind, Diagnosis, Validity};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState, VaultTx};
use jiff::{SignedDuration, Timestamp};

use super::{
    Moved,
    advance::{about, elsewhere, words},
};
use crate::{AccountError, Accounts};

/// After a refusal it is tried again after so long, while the old token lives.
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_hours(24);
/// And not sooner than this, however near its end is.
const SOONEST: SignedDuration = SignedDuration::from_hours(1);

impl Accounts {
    /// Ends a renewal that did not happen; the old token is as it was. An alarm, because somebody has to act while it lives,
    /// unless somebody did already. `report` is what a look found that showed the old token dead.
    pub(super) async fn fail(
        &self,
        rotation: RotationRecord,
        account: &AccountRecord,
        reason: &str,
        diagnosis: Option<Diagnosis>,
        report: Option<&CheckReport>,
    ) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut next = rotation.clone();
        next.state = RotationState::Failed;
        next.error = Some(diagnosis.as_ref().map_or_else(|| reason.to_owned(), words));
        next.changed_at = now;
        let mut tx = inner.vault.begin().await?;
        // As it stands now, and before the renewal: whoever removes it locks the two in this order.
        let Some(account) = tx.accounts().find(account.id).await? else {
            return Ok(Some(Moved::Over));
        };
        if !tx.rotations().step(&next, rotation.state, rotation.changed_at).await? {
            return Ok(Some(elsewhere()));
        }
        if account.fingerprint != rotation.old_fingerprint {
            let event = about(Event::by_system(events::ACCOUNT_ROTATION_FAILED), &account).with("reason", reason);
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
            tracing::info!(account.label = %account.label, reason, "a renewal is not needed any more");
            return Ok(Some(Moved::Over));
        }
        let mut entries = Vec::new();
        if let Some(report) = report {
            entries.extend(self.note_dead(&mut *tx, &account, report).await?);
        } else {
            let again = again_at(&account, now);
            tx.accounts()
                .set_rotate_at(account.id, again.filter(|_| account.auto_rotate))
                .await?;
        }
        let code = diagnosis.as_ref().map_or(Code::RotationUnsupported, |one| one.code);
        let event = about(Event::by_system(events::ACCOUNT_ROTATION_FAILED), &account)
            .with("code", code.as_str())
            .with("reason", reason)
            .with(
                "old_token_ends_at",
                account
                    .expires_at
                    .map_or_else(|| "unknown".to_owned(), |end| end.to_string()),
            );
        self.notify(&mut *tx, &account, events::ACCOUNT_ROTATION_FAILED, diagnosis.as_ref())
            .await?;
        entries.push(event);
        inner.access.ledger().append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        tracing::error!(
            account.label = %account.label, forge.host = account.forge.host(), code = %code, reason,
            "a token was not renewed; the old one is as it was"
        );
        Ok(Some(Moved::Over))
    }

    /// A look found the token dead: the account stands so at once. The entry for the record, if that is news.
    async fn note_dead(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        report: &CheckReport,
    ) -> Result<Option<Event>, AccountError> {
        let check = self.0.check_of(account, report);
        tx.accounts()
            .put_check(account.id, &account.fingerprint, &check)
            .await?;
        if account.validity == Validity::Invalid {
            return Ok(None);
        }
        let diagnosis = report.diagnoses.first();
        let name = match diagnosis.map(|one| one.code) {
            Some(Code::CredentialExpired) => events::ACCOUNT_EXPIRED,
            _ => events::ACCOUNT_INVALID,
        };
        let now_known = AccountRecord {
            validity: check.validity,
            expires_at: check.expires_at,
            ..account.clone()
        };
        self.notify(tx, &now_known, name, diagnosis).await?;
        let code = diagnosis.map_or("", |one| one.code.as_str());
        Ok(Some(about(Event::by_system(name), account).with("code", code)))
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
        let mut tx = inner.vault.begin().await?;
        // As it stands now.
        let Some(account) = tx.accounts().find(account.id).await? else {
            return Ok(Some(Moved::Over));
        };
        let diagnosis = lost(&account);
        report.diagnoses.insert(0, diagnosis.clone());
        let mut next = rotation.clone();
        next.state = RotationState::Lost;
        next.error = Some(words(&diagnosis));
        next.changed_at = now;
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

/// When a renewal that did not happen is tried again, while the old token lives: after a day, sooner when less is left.
pub(super) fn again_at(account: &AccountRecord, now: Timestamp) -> Option<Timestamp> {
    let Some(end) = account.expires_at else {
        return Some(now + AFTER_REFUSAL);
    };
    let half = SignedDuration::from_secs(end.duration_since(now).as_secs() / 2);
    let at = now + half.clamp(SOONEST, AFTER_REFUSAL);
    (at < end).then_some(at)
}

fn lost(account: &AccountRecord) -> Diagnosis {
    let host = account.forge.host();
    // Where a project or group lies is not known here.
    let (place, url) = match account.kind {
        CredentialKind::GitLabProject => (
            format!("in its project on {host} under \"Settings\", \"Access tokens\""),
            None,
        ),
        CredentialKind::GitLabGroup => (
            format!("in its group on {host} under \"Settings\", \"Access tokens\""),
            None,
        ),
        _ => {
            let page = format!("{}/-/user_settings/personal_access_tokens", account.forge.web_url());
            (format!("at {page}"), Some(page))
        }
    };
    Diagnosis {
        code: Code::RotationLost,
        cause: format!(
            "{host} renewed the token of `{}`, and the answer with the new one never arrived: the old one is dead, and nobody has the new one",
            account.label
        ),
        remedy: format!(
            "Make a new token {place} and put it in with `jeton account replace {}`. Revoke the lost one there: it has the same name.",
            account.label
        ),
        url,
        retry_at: None,
    }
}
