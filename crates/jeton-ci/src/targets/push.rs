//! The job that pushes an account's token to its targets.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_accounts::PushTargets;
use jeton_jobs::{Handler, JobError};
use jeton_vault::JobState;
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use super::{round::Round, turn_of};
use crate::{CiError, ci::Inner};

/// When to look again at what another process works on.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// The shortest time between two rounds, in which other jobs have their turn.
const BREATH: Duration = Duration::from_secs(1);

/// Pushes an account's token to every target that lacks it, in their order; one that fails holds up none after it, and is tried again
/// later. Safe to run twice: pushes of one account take turns, and each begins with what is true then.
pub(crate) struct PushAllTargets(pub(crate) Arc<Inner>);

#[async_trait]
impl Handler for PushAllTargets {
    fn kind(&self) -> &'static str {
        PushTargets::KIND
    }

    /// Forges may be slow.
    fn most_at_once(&self) -> usize {
        4
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let inner = &self.0;
        let job = PushTargets::deserialize(payload).map_err(|error| JobError::Fail {
            reason: format!("payload: {error}"),
        })?;
        // In a task of its own, which a process that ends waits for.
        let (task, of) = (Arc::clone(inner), job.clone());
        let round = inner.tasks.spawn(async move { task.round_in_turn(&of).await }).await;
        let round = round.unwrap_or(Err(CiError::Internal(
            "a push to targets was lost; the queue takes it up",
        )));
        let ended = match round {
            Ok(Round::Until(at)) if !job.stays => inner.leave_to_the_staying(&job, at).await,
            ended => ended,
        };
        let retry = |reason: String, after| Err(JobError::Retry { reason, after });
        match ended {
            Ok(Round::Over) => Ok(()),
            Ok(Round::Elsewhere) => retry(
                "another process pushes this account's token".to_owned(),
                Some(ELSEWHERE),
            ),
            Ok(Round::Until(at)) => {
                let left = Duration::try_from(at.duration_since(inner.clock.now())).unwrap_or_default();
                retry("targets do not have the token yet".to_owned(), Some(left.max(BREATH)))
            }
            Err(error) => retry(error.to_string(), None),
        }
    }
}

impl Inner {
    async fn round_in_turn(&self, job: &PushTargets) -> Result<Round, CiError> {
        if self.is_ending() {
            return Ok(Round::Elsewhere);
        }
        let Some(turn) = self.try_turn(turn_of(job.account)).await? else {
            return Ok(Round::Elsewhere);
        };
        let round = self.push_round(job, &turn).await;
        turn.end().await;
        round
    }

    /// What has to wait is left to the one job of this token that stays, so that a forge that is down for long does not gather jobs.
    async fn leave_to_the_staying(&self, job: &PushTargets, at: Timestamp) -> Result<Round, CiError> {
        let mut tx = self.vault.begin().await?;
        if tx.jobs().add(&job.staying(self.new_job(), at)).await? {
            tx.commit().await?;
            return Ok(Round::Over);
        }
        let staying = tx.jobs().find(PushTargets::KIND, &job.dedup()).await?;
        Ok(match staying {
            Some(staying) if staying.state == JobState::Queued && staying.run_at <= at => Round::Over,
            // It may have looked before this one did, or comes later than is wanted.
            _ => Round::Until(at),
        })
    }
}

impl fmt::Debug for PushAllTargets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PushTargets::KIND)
    }
}
