//! Renewals ahead of time.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_domain::RunnerId;
use jeton_jobs::{Handler, JobError};
use jeton_vault::{RunnerRecord, RunnerState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::renew::{Helpers, Renewal};
use crate::{CiError, ci::Inner};

/// When to look again at a runner that somebody works on.
const ELSEWHERE: Duration = Duration::from_secs(10);

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
        let renewal = match row.state {
            RunnerState::Making | RunnerState::Lost => return Ok(None),
            RunnerState::Renewing => self.look_back(row, None, &Helpers::Itself).await?,
            RunnerState::Live => {
                let Some(due) = row.renew_at else { return Ok(None) };
                let left = due.duration_since(self.clock.now());
                // The clock was set back.
                if left.is_positive() {
                    let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
                    return Ok(Some(later("it is not due", Some(left))));
                }
                self.renew(row, &Helpers::Itself).await?
            }
        };
        Ok(match renewal {
            Renewal::Lost => None,
            // One that was found alive is still to be renewed.
            Renewal::Live(row) => payload
                .is_about(&row)
                .then(|| later("the old token is alive", Some(Duration::ZERO))),
            Renewal::NotNow(tried) => Some(later(&tried.diagnosis.cause, None)),
        })
    }
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
