//! The job that pushes an account's token to its targets.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_accounts::{AccountError, EndOldToken, PushTargets};
use jeton_domain::{Fingerprint, TargetId};
use jeton_jobs::{Handler, JobError};
use jeton_vault::{OldTokenState, TargetRecord, TargetState};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    MOST_TARGETS, OLD_TOKENS,
    attempt::{Given, due_at},
    kept_source::as_diagnosis,
    lacks, turn_of,
};
use crate::{CiError, ci::Inner};

/// When to look again at what another process works on.
const ELSEWHERE: Duration = Duration::from_secs(5);

/// Pushes an account's token to every target that lacks it, in their order; one that fails holds up none after it, and is tried again
/// later. Safe to run twice: pushes of one account take turns, and each begins with what is true then.
pub(crate) struct PushAllTargets(pub(crate) Arc<Inner>);

/// How a round ended.
enum Round {
    /// All is done, or somebody else does it.
    Over,
    /// Targets wait until then.
    Until(Timestamp),
}

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
        let retry = |error: CiError| JobError::Retry {
            reason: error.to_string(),
            after: None,
        };
        let Some(turn) = inner.try_turn(turn_of(job.account)).await.map_err(retry)? else {
            return Err(JobError::Retry {
                reason: "another process pushes this account's token".to_owned(),
                after: Some(ELSEWHERE),
            });
        };
        let round = inner.push_round(&job).await;
        turn.end().await;
        match round.map_err(retry)? {
            Round::Over => Ok(()),
            Round::Until(at) => {
                let left = at.duration_since(inner.clock.now());
                Err(JobError::Retry {
                    reason: "targets do not have the token yet".to_owned(),
                    after: Some(Duration::try_from(left).unwrap_or_default().max(Duration::from_secs(1))),
                })
            }
        }
    }
}

impl Inner {
    /// One try of each target that is due.
    async fn push_round(&self, job: &PushTargets) -> Result<Round, CiError> {
        let mut tried = BTreeSet::new();
        loop {
            let mut tx = self.vault.read().await?;
            let Some(account) = tx.accounts().find(job.account).await? else {
                return Ok(Round::Over); // its targets have gone with it
            };
            // Another token has a job of its own.
            if account.fingerprint.as_str() != job.fingerprint {
                return Ok(Round::Over);
            }
            let rows = tx.targets().list(account.id, MOST_TARGETS).await?;
            drop(tx);
            let now = self.now();
            let Some(row) = Self::next_of(&rows, &account.fingerprint, &tried, now) else {
                return self.end_of_round(&rows, &account.fingerprint, now).await;
            };
            tried.insert(row.id);
            let given = match self.broker.accounts().present_token(account.id).await {
                Ok(Some(token)) if token.fingerprint == account.fingerprint => Given::Token(Box::new(token)),
                // Replaced or removed this very moment: the next turn of the loop sees it.
                Ok(_) => continue,
                // Somebody has switched it off and will know what to do when they switch it on.
                Err(error @ AccountError::Inactive(_)) => Given::Never(as_diagnosis(&error)),
                // A look may find it alive again, so that this is a failure like another.
                Err(error @ (AccountError::Broken { .. } | AccountError::EndsSoon { .. } | AccountError::Seal(_))) => {
                    Given::NotNow(as_diagnosis(&error))
                }
                Err(error) => return Err(error.into()),
            };
            self.try_target(row.clone(), &account.fingerprint, given).await?;
        }
    }

    /// The first target that lacks the token, is due, and was not tried in this round.
    fn next_of<'a>(
        rows: &'a [TargetRecord],
        present: &Fingerprint,
        tried: &BTreeSet<TargetId>,
        now: Timestamp,
    ) -> Option<&'a TargetRecord> {
        rows.iter().find(|row| {
            row.state != TargetState::Failed
                && lacks(row, present)
                && !tried.contains(&row.id)
                && due_at(row, now).is_none_or(|due| due <= now)
        })
    }

    async fn end_of_round(
        &self,
        rows: &[TargetRecord],
        present: &Fingerprint,
        now: Timestamp,
    ) -> Result<Round, CiError> {
        let lacking = || rows.iter().filter(|row| lacks(row, present));
        let waiting = lacking().filter(|row| row.state != TargetState::Failed);
        let next = waiting.map(|row| due_at(row, now).unwrap_or(now)).min();
        if let Some(first) = rows.first().filter(|_| lacking().next().is_none()) {
            self.hurry_old_tokens(first).await?;
        }
        Ok(next.map_or(Round::Over, Round::Until))
    }

    /// All targets have the new token: what waits for that need not wait any longer.
    async fn hurry_old_tokens(&self, target: &TargetRecord) -> Result<(), CiError> {
        let now = self.now();
        let mut tx = self.vault.begin().await?;
        let old = tx.old_tokens().list(target.account, OLD_TOKENS).await?;
        let waiting = old.iter().filter(|one| one.state == OldTokenState::Waiting);
        let mut any = false;
        for one in waiting {
            let job = EndOldToken { old_token: one.id };
            tx.jobs().add(&job.hurry(self.new_job(), now)).await?;
            any = true;
        }
        if any {
            tx.commit().await?;
            self.broker.accounts().wake_worker().notify_one();
        }
        Ok(())
    }
}

impl fmt::Debug for PushAllTargets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PushTargets::KIND)
    }
}

/// Nothing is due earlier than this after it was tried.
pub(super) const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(15);
/// Nor later.
pub(super) const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
