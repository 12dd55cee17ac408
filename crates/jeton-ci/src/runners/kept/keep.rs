//! A token that the forge has just given is written down.

use std::time::Duration;

use jeton_domain::{Fingerprint, JobId};
use jeton_ledger::Event;
use jeton_vault::{NewJob, RunnerRecord, RunnerState, SealedPlace, VaultError};
use serde_json::json;

use super::{
    job::{RenewPayload, RenewRunner},
    row::{NewToken, next_change, renew_at},
};
use crate::{CiError, ci::Inner};

/// How often the token of a new runner is tried to be kept.
const MOST_TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries to write a token down that stands nowhere else.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a database that is away is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// For some seconds: a runner that nobody knows yet can be removed again.
    Short,
    /// As long as the process lives: the token before is dead, and machines work with it.
    Endless,
}

impl Inner {
    /// Keeps a token that the forge has just given: token, state, entry and the job that renews it in one transaction. `None` when nobody
    /// needs it any more, because the row was changed or removed meanwhile.
    pub(super) async fn keep(
        &self,
        row: &RunnerRecord,
        new: &NewToken,
        patience: Patience,
        event: impl Fn(&RunnerRecord) -> Event + Send + Sync,
        change: impl Fn(&mut RunnerRecord) + Send + Sync,
    ) -> Result<Option<RunnerRecord>, CiError> {
        let fingerprint = Fingerprint::of(&new.token);
        let (mut tries, mut pause) = (0, FIRST_PAUSE);
        loop {
            tries += 1;
            let error = match self.keep_once(row, new, &fingerprint, patience, &event, &change).await {
                Ok(Some(kept)) => {
                    self.looks.note_given(&kept, self.clock.now());
                    self.broker.accounts().wake_worker().notify_one();
                    return Ok(Some(kept));
                }
                Ok(None) => return Ok(None),
                Err(error) => error,
            };
            if patience == Patience::Short && tries == MOST_TRIES {
                return Err(error);
            }
            tracing::warn!(
                runner.id = %row.id, %error, pause_ms = pause.as_millis(),
                "a runner's token could not be kept yet; trying again"
            );
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let is_key_gone = matches!(&error, CiError::Vault(error) if matches!(**error, VaultError::DataKeyGone));
            // This process slept through a rotation of keys.
            if is_key_gone && let Err(error) = self.broker.reload_keys().await {
                tracing::warn!(%error, "the data keys could not be read yet");
            }
        }
    }

    async fn keep_once(
        &self,
        row: &RunnerRecord,
        new: &NewToken,
        fingerprint: &Fingerprint,
        patience: Patience,
        event: &(impl Fn(&RunnerRecord) -> Event + Send + Sync),
        change: &(impl Fn(&mut RunnerRecord) + Send + Sync),
    ) -> Result<Option<RunnerRecord>, CiError> {
        let mut tx = self.vault.begin().await?;
        let Some(found) = tx.runners().find(row.id).await? else {
            return Ok(None);
        };
        // A commit whose answer was lost.
        if found.fingerprint.as_ref() == Some(fingerprint) {
            return Ok(Some(found));
        }
        let is_ours = found.changed_at == row.changed_at;
        // After a long pause somebody gave the token up, or saw the one before alive while the request was still under way. There is
        // none after it but this one.
        let has_the_old_one = patience == Patience::Endless
            && matches!(found.state, RunnerState::Live | RunnerState::Lost)
            && found.fingerprint == row.fingerprint;
        if !is_ours && !has_the_old_one {
            return Ok(None);
        }
        let mut next = found.clone();
        change(&mut next);
        self.fill(&mut next, &found, new, fingerprint);
        if !tx.runners().change(&next, found.changed_at).await? {
            return Err(CiError::Busy);
        }
        if let Some(job) = self.renewal_of(&next) {
            tx.jobs().add(&job).await?;
        }
        let ledger = self.broker.access().ledger();
        ledger.append_in(&mut *tx, &[event(&next)]).await?;
        tx.commit().await?;
        Ok(Some(next))
    }

    fn fill(&self, next: &mut RunnerRecord, found: &RunnerRecord, new: &NewToken, fingerprint: &Fingerprint) {
        let now = self.now();
        let id = found.id.to_string();
        next.state = RunnerState::Live;
        // Sealed anew for each try: the data key of the one before may have been retired.
        next.token = Some(
            self.ring
                .seal(&new.token, SealedPlace::RunnerToken.of(&id), &*self.entropy),
        );
        next.fingerprint = Some(fingerprint.clone());
        next.expires_at = new.expires_at;
        next.renew_at = renew_at(new.expires_at, now);
        next.error = None;
        next.changed_at = next_change(found, now);
    }

    /// The job that renews a token: one for each token, so that the one that is at work does not stand in the way of the next.
    fn renewal_of(&self, row: &RunnerRecord) -> Option<NewJob> {
        let (run_at, fingerprint) = (row.renew_at?, row.fingerprint.clone()?);
        Some(NewJob {
            id: JobId::generate(self.clock.now(), &*self.entropy),
            kind: RenewRunner::KIND.to_owned(),
            dedup: Some(format!("{}/{fingerprint}", row.id)),
            payload: json!(RenewPayload {
                runner: row.id,
                fingerprint: Some(fingerprint.to_string()),
            }),
            run_at,
        })
    }
}
