use std::time::Duration;

use jeton_domain::{Code, Diagnosis};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState};
use jiff::{SignedDuration, Timestamp};

use super::{
    Moved,
    advance::{about, words},
};
use crate::{AccountError, Accounts};

/// A renewal that does not move on for so long needs a person.
const TOO_LONG: SignedDuration = SignedDuration::from_hours(6);
/// So long before the old token's end one needs a person at once.
const NEAR_END: SignedDuration = SignedDuration::from_hours(24);
/// The shortest and the longest wait before the next look at a forge that gives no clear word.
const SHORTEST_WAIT: Duration = Duration::from_mins(2);
const LONGEST_WAIT: Duration = Duration::from_hours(1);

impl Accounts {
    /// The forge gave no clear word about the old token: later, and not in silence for ever.
    pub(super) async fn wait_for_a_word(
        &self,
        rotation: RotationRecord,
        account: &AccountRecord,
        diagnoses: &[Diagnosis],
    ) -> Result<Option<Moved>, AccountError> {
        let now = self.0.now();
        let later = later(diagnoses, "the forge gave no clear word", &rotation, now);
        let Moved::Later { reason, .. } = &later else {
            return Ok(Some(later));
        };
        let is_old = now.duration_since(rotation.created_at) >= TOO_LONG;
        if is_old && rotation.state == RotationState::Intended {
            let reason = format!(
                "the forge gave no clear word about the old token for {} hours: {reason}",
                TOO_LONG.as_hours()
            );
            return self.fail(rotation, account, &reason, None, None).await;
        }
        let is_near = account.expires_at.is_some_and(|end| end.duration_since(now) < NEAR_END);
        if (is_old || is_near) && rotation.alarmed_at.is_none() {
            self.alarm(&rotation, account, reason, now).await?;
        }
        Ok(Some(later))
    }

    /// Tells people once that a renewal does not move on; it goes on trying.
    async fn alarm(
        &self,
        rotation: &RotationRecord,
        account: &AccountRecord,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), AccountError> {
        let inner = &self.0;
        let asked = match rotation.state {
            RotationState::Intended => "The forge was not asked yet, and the old token is as it was.",
            _ => "The forge was asked, and its answer is not known.",
        };
        let diagnosis = Diagnosis {
            code: Code::RotationUnclear,
            cause: format!(
                "the renewal of the token of `{}` does not move on: {reason}",
                account.label
            ),
            remedy: format!(
                "{asked} See whether {} can be reached from here; jeton goes on by itself when it gives a clear word about the old \
                 token. `jeton account show {}` says how it stands.",
                account.forge.host(),
                account.label
            ),
            url: None,
            retry_at: None,
        };
        // `changed_at` stays: the quiet time counts from the request.
        let next = RotationRecord {
            alarmed_at: Some(now),
            error: Some(words(&diagnosis)),
            ..rotation.clone()
        };
        let mut tx = inner.vault.begin().await?;
        if !tx.rotations().step(&next, rotation.state, rotation.changed_at).await? {
            return Ok(());
        }
        let event = about(Event::by_system(events::ACCOUNT_ROTATION_UNCLEAR), account)
            .with("code", diagnosis.code.as_str())
            .with("reason", diagnosis.cause.as_str());
        self.notify(&mut *tx, account, events::ACCOUNT_ROTATION_UNCLEAR, Some(&diagnosis))
            .await?;
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::error!(
            account.label = %account.label, forge.host = account.forge.host(), reason,
            "a renewal does not move on; it is tried further"
        );
        Ok(())
    }
}

/// Not before the forge wants it; less and less often for one that stays silent.
pub(super) fn later(diagnoses: &[Diagnosis], otherwise: &str, rotation: &RotationRecord, now: Timestamp) -> Moved {
    let gravest = diagnoses.first();
    let age = now.duration_since(rotation.created_at).unsigned_abs();
    let wait = (age / 8).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    let wanted = gravest
        .and_then(|one| one.retry_at)
        .and_then(|at| Duration::try_from(at.duration_since(now)).ok());
    Moved::Later {
        reason: gravest.map_or_else(|| otherwise.to_owned(), words),
        after: wanted.map_or(wait, |wanted| {
            wanted.min(Duration::from_hours(24)).max(Duration::from_secs(1))
        }),
    }
}
