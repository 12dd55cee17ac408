use std::time::Duration;

use jeton_domain::{Fingerprint, JobId, Secret, TokenEnd};
use jeton_vault::{AccountRecord, NewJob, RotationRecord, RotationState};
use jiff::SignedDuration;
use serde_json::json;

use super::{RotateAccount, RotatePayload, new_token_place};
use crate::{AccountError, Accounts};

/// The longest pause between two tries to write a token down that stands nowhere else.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Accounts {
    /// Seals the new token into the journal. From now on nothing is lost. Until then the token stands in this process's
    /// memory alone, so a vault that is away is tried again for as long as the process lives.
    pub(super) async fn keep(
        &self,
        asked: &RotationRecord,
        account: &AccountRecord,
        token: &Secret,
        end: TokenEnd,
    ) -> Result<(), AccountError> {
        let mut pause = Duration::from_millis(250);
        loop {
            match self.write_down(asked, token, end).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tracing::error!(
                        account.label = %account.label, forge.host = account.forge.host(),
                        "a renewed token is dropped: its account was removed, or got another token meanwhile"
                    );
                    return Err(AccountError::Internal("a renewal was moved on by somebody else"));
                }
                Err(error) => {
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    tracing::error!(
                        account.label = %account.label, %error, pause_ms = pause.as_millis(),
                        "a renewed token cannot be written down; trying again, the old token is dead already"
                    );
                    self.0.clock.sleep(pause).await;
                }
            }
        }
    }

    /// One try; `false` when nobody needs the token any more.
    async fn write_down(&self, asked: &RotationRecord, token: &Secret, end: TokenEnd) -> Result<bool, AccountError> {
        let inner = &self.0;
        let fingerprint = Fingerprint::of(token);
        let mut tx = inner.vault.begin().await?;
        let account = tx.accounts().find(asked.account).await?;
        let (Some(account), Some(found)) = (account, tx.rotations().find(asked.id).await?) else {
            return Ok(false);
        };
        // An earlier try was written down, and its answer was lost.
        if found.new_fingerprint.as_ref() == Some(&fingerprint) {
            return Ok(true);
        }
        let is_ours = found.attempts == asked.attempts && found.holder == asked.holder;
        // After a long pause of this machine another server may have given the token up.
        let was_given_up = found.state == RotationState::Lost && account.fingerprint == asked.old_fingerprint;
        if !is_ours || !(found.state == RotationState::Asked || was_given_up) {
            return Ok(false);
        }
        let now = inner.now();
        let next = RotationRecord {
            state: RotationState::Received,
            // Sealed anew for each try: the data key of the one before may have been retired.
            new_token: Some(
                inner
                    .ring
                    .seal(token, new_token_place(&asked.id.to_string()), &*inner.entropy),
            ),
            new_fingerprint: Some(fingerprint),
            new_expires_at: end.time(),
            error: None,
            changed_at: now.max(found.changed_at + SignedDuration::from_millis(1)),
            ..found.clone()
        };
        if !tx.rotations().step(&next, found.state, found.changed_at).await? {
            return Err(AccountError::Changed(account.label.to_string()));
        }
        if was_given_up {
            // Its job is over.
            let job = NewJob {
                id: JobId::generate(inner.clock.now(), &*inner.entropy),
                kind: RotateAccount::KIND.to_owned(),
                payload: json!(RotatePayload { rotation: asked.id }),
                dedup: Some(asked.id.to_string()),
                run_at: now,
            };
            tx.jobs().add(&job).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
