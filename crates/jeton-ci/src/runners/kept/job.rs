//! Renewals ahead of time.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_domain::RunnerId;
use jeton_jobs::{Handler, JobError};
use jeton_seal::SealError;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{helpers::Helpers, lost::Loss, renew::Renewal};
use crate::{CiError, ci::Inner};

/// When to look again at a runner that somebody works on.
const ELSEWHERE: Duration = Duration::from_secs(10);
/// So long after its end a token that could not be tried is given up.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(24);

/// What the job knows: no token.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RenewPayload {
    pub(super) runner: RunnerId,
    /// The token that is to be renewed; another has a job of its own.
    pub(super) fingerprint: Option<String>,
}

impl RenewPayload {
    /// Whether the runner still has the token that is meant.
    fn is_about(&self, row: &RunnerRecord) -> bool {
        match (&self.fingerprint, &row.fingerprint) {
            (Some(meant), Some(is)) => meant == is.as_str(),
            _ => true,
        }
    }
}

/// Renews the token of a runner, or finds out that it is lost. Safe to run twice, and by two workers at once.
pub(crate) struct RenewRunner(pub(crate) Arc<Inner>);

impl RenewRunner {
    pub(super) const KIND: &'static str = "runner.renew";
}

#[async_trait]
impl Handler for RenewRunner {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    /// A forge may be slow.
    fn most_at_once(&self) -> usize {
        8
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let payload: RenewPayload = serde_json::from_value(payload.clone()).map_err(|error| JobError::Fail {
            reason: format!("payload: {error}"),
        })?;
        // A token that the forge gave and that nobody keeps would be lost with the task.
        let inner = Arc::clone(&self.0);
        let task = self.0.tasks.spawn(async move { inner.renew_ahead(&payload).await });
        match task.await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(later))) => Err(later),
            Ok(Err(error)) => Err(JobError::Retry {
                reason: error.to_string(),
                after: None,
            }),
            Err(_) => Err(JobError::Retry {
                reason: "the renewal was lost".to_owned(),
                after: None,
            }),
        }
    }
}

impl Inner {
    async fn renew_ahead(&self, payload: &RenewPayload) -> Result<Option<JobError>, CiError> {
        let found = self.find_runner(payload.runner).await?;
        let Some(row) = found.filter(|row| payload.is_about(row)) else {
            return Ok(None);
        };
        let place = RunnerRecord::place(&row.forge, &row.scope, &row.name);
        let Some(turn) = self.try_turn(place).await? else {
            return Ok(Some(later("another works on it", Some(ELSEWHERE))));
        };
        let outcome = self.renew_in_turn(payload).await;
        turn.end().await;
        outcome
    }

    async fn renew_in_turn(&self, payload: &RenewPayload) -> Result<Option<JobError>, CiError> {
        let found = self.find_runner(payload.runner).await?;
        let Some(row) = found.filter(|row| payload.is_about(row)) else {
            return Ok(None);
        };
        if matches!(row.state, RunnerState::Making | RunnerState::Lost) {
            return Ok(None);
        }
        if row.state == RunnerState::Live {
            let Some(due) = row.renew_at else { return Ok(None) };
            let left = due.duration_since(self.clock.now());
            // The clock was set back.
            if left.is_positive() {
                return Ok(Some(later("it is not due", Duration::try_from(left).ok())));
            }
        }
        if let Some(why) = self.why_shut(&row).await? {
            return self.give_up(&row, why).await;
        }
        let renewal = match row.state {
            RunnerState::Renewing => self.look_back(row, &Helpers::Itself).await?,
            _ => self.renew_if_alive(row).await?,
        };
        match renewal {
            Renewal::Lost => Ok(None),
            // One that was found alive is still to be renewed.
            Renewal::Live(row) => Ok(payload
                .is_about(&row)
                .then(|| later("the old token is alive", Some(Duration::ZERO)))),
            Renewal::NotNow(not_now) => {
                let (why, now) = (&not_now.tried.diagnosis, self.clock.now());
                let found = self.find_runner(payload.runner).await?;
                if let Some(row) = found.filter(|row| payload.is_about(row) && ended_long_ago(row, now)) {
                    return self
                        .give_up(
                            &row,
                            format!("its token has ended, and nothing was heard of it: {}", why.cause),
                        )
                        .await;
                }
                let after = why
                    .retry_at
                    .and_then(|at| Duration::try_from(at.duration_since(now)).ok());
                Ok(Some(later(&why.cause, after)))
            }
        }
    }

    /// Why the token of a row does not open.
    async fn why_shut(&self, row: &RunnerRecord) -> Result<Option<String>, CiError> {
        let mut opened = self.open_runner(row);
        if let Err(CiError::Seal(SealError::UnknownDataKey { .. })) = opened {
            // This process may have slept through a rotation of keys.
            self.broker.reload_keys().await?;
            opened = self.open_runner(row);
        }
        match opened {
            Ok(_) => Ok(None),
            Err(CiError::Seal(error)) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn give_up(&self, row: &RunnerRecord, why: String) -> Result<Option<JobError>, CiError> {
        if self.lose(row, &Loss::Unusable(why)).await? {
            Ok(None)
        } else {
            Err(CiError::Busy)
        }
    }
}

fn ended_long_ago(row: &RunnerRecord, now: Timestamp) -> bool {
    row.expires_at.is_some_and(|end| now.duration_since(end) > LONG_AGO)
}

fn later(reason: &str, after: Option<Duration>) -> JobError {
    JobError::Retry {
        reason: reason.to_owned(),
        after,
    }
}

impl fmt::Debug for RenewRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND)
    }
}
