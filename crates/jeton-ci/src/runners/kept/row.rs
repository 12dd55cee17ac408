//! Rows of runners.

use jeton_domain::{RunnerId, Secret};
use jeton_ledger::Event;
use jeton_vault::{RunnerRecord, SealedPlace};
use jiff::{SignedDuration, Timestamp};

use super::super::{entries::Given, wish::KeptWish};
use crate::{CiError, KeptRunner, ci::Inner};

/// A token is renewed so long before its end at the latest.
const LAST_MOMENT: SignedDuration = SignedDuration::from_mins(1);

/// What a forge gave.
#[derive(Debug)]
pub(super) struct NewToken {
    pub(super) token: Secret,
    pub(super) expires_at: Option<Timestamp>,
}

/// The time of the next change of a row: later than the last one, whatever the clock says.
pub(super) fn next_change(row: &RunnerRecord, now: Timestamp) -> Timestamp {
    now.max(row.changed_at + SignedDuration::from_millis(1))
}

/// When a token is renewed: when nine tenths of its life are over. GitLab's own runner renews its token after three quarters of it,
/// whereupon jeton's is dead; so late nobody renews what somebody else is about to.
pub(super) fn renew_at(expires_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let end = expires_at?;
    let life = end.duration_since(now);
    let at = now + life * 9 / 10;
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
        Ok(self
            .ring
            .open(sealed, SealedPlace::RunnerToken.of(&row.id.to_string()))?)
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
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::renew_at;

    #[test]
    fn a_token_is_renewed_later_than_runners_renew_theirs() {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        let at = |life: SignedDuration| renew_at(Some(now + life), now).map(|at| at.duration_since(now));
        assert_eq!(at(SignedDuration::from_hours(10)), Some(SignedDuration::from_hours(9)));
        // One minute before its end at the latest, and never in the past.
        assert_eq!(at(SignedDuration::from_secs(300)), Some(SignedDuration::from_secs(240)));
        assert_eq!(at(SignedDuration::from_secs(30)), Some(SignedDuration::ZERO));
        assert_eq!(at(SignedDuration::from_secs(-30)), Some(SignedDuration::ZERO));
        assert_eq!(renew_at(None, now), None);
    }
}
