//! Rows of runners.

use jeton_domain::{Fingerprint, JobId, RowRef, RunnerId, Secret};
use jeton_ledger::{Event, events};
use jeton_vault::{NewJob, RunnerRecord, RunnerState, SealedPlace, VaultError};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    super::{entries::Given, wish::KeptWish},
    job::{RenewPayload, RenewRunner},
};
use crate::{CiError, KeptRunner, ci::Inner};

/// A token is renewed so long before its end at the latest.
const LAST_MOMENT: SignedDuration = SignedDuration::from_mins(1);
/// How often a token that is in nobody else's hands is tried to be kept.
const MOST_TRIES: u32 = 6;

/// What a forge gave.
#[derive(Debug)]
pub(super) struct NewToken {
    pub(super) token: Secret,
    pub(super) expires_at: Option<Timestamp>,
}

/// Where a runner's token stands.
fn token_place(row: &str) -> RowRef<'_> {
    SealedPlace::RunnerToken.of(row)
}

/// The time of the next change of a row: later than the last one, whatever the clock says.
pub(super) fn next_change(row: &RunnerRecord, now: Timestamp) -> Timestamp {
    now.max(row.changed_at + SignedDuration::from_millis(1))
}

/// When a token is renewed: after two thirds of its life.
pub(super) fn renew_at(expires_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let end = expires_at?;
    let life = end.duration_since(now);
    let at = now + life * 2 / 3;
    Some(at.min(end - LAST_MOMENT).max(now))
}

/// What people see of a row.
pub(crate) fn kept_runner(row: RunnerRecord) -> Result<KeptRunner, CiError> {
    Ok(KeptRunner {
        labels: KeptWish::of(&row)?.labels,
        id: row.id,
        name: row.name,
        forge: row.forge,
        scope: row.scope,
        state: row.state,
        forge_id: row.forge_id,
        client_id: row.client_id,
        fingerprint: row.fingerprint,
        expires_at: row.expires_at,
        renew_at: row.renew_at,
        source: row.source,
        made_by: row.made_by,
        error: row.error,
        created_at: row.created_at,
    })
}

/// What every entry about a kept runner says.
pub(crate) fn entry(row: &RunnerRecord) -> Given<'_> {
    Given {
        forge: &row.forge,
        scope: &row.scope,
        source: &row.source,
        rule: None,
        expires_at: row.expires_at,
        fingerprint: row.fingerprint.as_ref(),
    }
}

/// Names the runner in an entry.
pub(crate) fn about(event: Event, row: &RunnerRecord) -> Event {
    let event = event
        .with("runner", row.name.as_str())
        .with("runner_id", row.id.to_string());
    match &row.forge_id {
        Some(id) => event.with("forge_id", id.as_str()),
        None => event,
    }
}

impl Inner {
    /// A row as it stands now.
    pub(crate) async fn find_runner(&self, id: RunnerId) -> Result<Option<RunnerRecord>, CiError> {
        Ok(self.vault.read().await?.runners().find(id).await?)
    }

    /// Opens the token of a row.
    pub(crate) fn open_runner(&self, row: &RunnerRecord) -> Result<Secret, CiError> {
        let sealed = row.token.as_ref();
        let sealed = sealed.ok_or(CiError::Internal("a runner without a token"))?;
        Ok(self.ring.open(sealed, token_place(&row.id.to_string()))?)
    }

    /// Writes a change; `None` when somebody else was faster. With an entry about it, where there is one.
    pub(super) async fn step(
        &self,
        row: &RunnerRecord,
        event: Option<Event>,
        change: impl FnOnce(&mut RunnerRecord),
    ) -> Result<Option<RunnerRecord>, CiError> {
        let mut next = row.clone();
        change(&mut next);
        next.changed_at = next_change(row, self.now());
        let mut tx = self.vault.begin().await?;
        if !tx.runners().change(&next, row.changed_at).await? {
            return Ok(None);
        }
        if let Some(event) = event {
            let ledger = self.broker.access().ledger();
            ledger.append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        Ok(Some(next))
    }

    /// Keeps a token that the forge has just given: token, state, entry and the job that renews it in one transaction. Nobody else has the
    /// token, so that the database gets several tries. `None` when somebody changed the row meanwhile.
    pub(super) async fn keep(
        &self,
        row: &RunnerRecord,
        new: &NewToken,
        event: impl Fn(&RunnerRecord) -> Event + Send + Sync,
        change: impl Fn(&mut RunnerRecord) + Send + Sync,
    ) -> Result<Option<RunnerRecord>, CiError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut next = row.clone();
            change(&mut next);
            self.fill(&mut next, row, new);
            let error = match self.keep_once(row, &next, event(&next)).await {
                Ok(true) => {
                    self.looks.note(&next, self.clock.now());
                    self.broker.accounts().wake_worker().notify_one();
                    return Ok(Some(next));
                }
                // A commit whose answer was lost.
                Ok(false) if tries > 1 => {
                    let found = self.find_runner(row.id).await?;
                    return Ok(found.filter(|found| found.fingerprint == next.fingerprint));
                }
                Ok(false) => return Ok(None),
                Err(error) => error,
            };
            if tries == MOST_TRIES {
                return Err(error);
            }
            tracing::warn!(runner.id = %row.id, %error, "a runner's token could not be kept yet; trying again");
            if matches!(&error, CiError::Vault(error) if matches!(**error, VaultError::DataKeyGone)) {
                // This process slept through a rotation of keys.
                self.broker.reload_keys().await?;
                continue;
            }
            self.clock.sleep(std::time::Duration::from_millis(100 << tries)).await;
        }
    }

    fn fill(&self, next: &mut RunnerRecord, row: &RunnerRecord, new: &NewToken) {
        let now = self.now();
        let id = row.id.to_string();
        next.state = RunnerState::Live;
        next.token = Some(self.ring.seal(&new.token, token_place(&id), &*self.entropy));
        next.fingerprint = Some(Fingerprint::of(&new.token));
        next.expires_at = new.expires_at;
        next.renew_at = renew_at(new.expires_at, now);
        next.error = None;
        next.changed_at = next_change(row, now);
    }

    async fn keep_once(&self, row: &RunnerRecord, next: &RunnerRecord, event: Event) -> Result<bool, CiError> {
        let mut tx = self.vault.begin().await?;
        if !tx.runners().change(next, row.changed_at).await? {
            return Ok(false);
        }
        if let Some(job) = self.renewal_of(next) {
            tx.jobs().add(&job).await?;
        }
        let ledger = self.broker.access().ledger();
        ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(true)
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

    /// A runner whose token is dead, and for which none could be had.
    pub(super) async fn lose(&self, row: &RunnerRecord, why: &str) -> Result<Option<RunnerRecord>, CiError> {
        let event = about(entry(row).event(events::RUNNER_LOST, None), row).with("reason", why);
        let lost = self
            .step(row, Some(event), |row| {
                row.state = RunnerState::Lost;
                row.renew_at = None;
                row.error = Some(why.to_owned());
            })
            .await?;
        if lost.is_some() {
            tracing::warn!(
                runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(), reason = why,
                "the token of a runner is dead, and no new one could be had"
            );
        }
        Ok(lost)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::renew_at;

    #[test]
    fn a_token_is_renewed_after_two_thirds_of_its_life() {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        let at = |life: SignedDuration| renew_at(Some(now + life), now).map(|at| at.duration_since(now));
        assert_eq!(at(SignedDuration::from_hours(3)), Some(SignedDuration::from_hours(2)));
        // One minute before its end at the latest, and never in the past.
        assert_eq!(at(SignedDuration::from_secs(120)), Some(SignedDuration::from_secs(60)));
        assert_eq!(at(SignedDuration::from_secs(30)), Some(SignedDuration::ZERO));
        assert_eq!(at(SignedDuration::from_secs(-30)), Some(SignedDuration::ZERO));
        assert_eq!(renew_at(None, now), None);
    }
}
