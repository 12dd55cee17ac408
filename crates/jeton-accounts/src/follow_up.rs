//! What follows when an account gets another token: the places that have a copy of the old one get the new one, and the old one may be
//! ended. It is written down in the transaction that changes the token, and done by the room that knows the forges' CI.

use jeton_domain::{AccountId, Diagnosis, JobId, OldTokenId};
use jeton_vault::{AccountRecord, NewJob, TargetRecord, TargetState, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AccountError, Accounts};

/// More targets than an account can have.
pub(crate) const MOST_TARGETS: u32 = 1_000;

/// The job that pushes an account's token to its targets. Safe to do twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushTargets {
    /// Whose token.
    pub account: AccountId,
    /// Which token, by the digits of its fingerprint. One that comes later brings a job of its own, so that this one has nothing to do any
    /// more.
    pub fingerprint: String,
    /// Whether it is the one job of this token that stays until all is done, and to which the others leave what has to wait.
    #[serde(default)]
    pub stays: bool,
}

impl PushTargets {
    /// The kind of job in rows.
    pub const KIND: &'static str = "targets.push";

    /// For the token that an account has.
    pub fn of(account: &AccountRecord) -> Self {
        Self {
            account: account.id,
            fingerprint: account.fingerprint.to_string(),
            stays: false,
        }
    }

    /// The job of a change: never taken for one that runs or waits already, which may have looked before the change, or may be due much
    /// later. It tries once, and leaves the rest to [`PushTargets::staying`].
    pub fn job(&self, id: JobId, run_at: Timestamp) -> NewJob {
        let job = Self {
            stays: false,
            ..self.clone()
        };
        job.job_like(id, id.to_string(), run_at)
    }

    /// The job that stays until all targets have the token or are given up; there is one of a token.
    pub fn staying(&self, id: JobId, run_at: Timestamp) -> NewJob {
        let job = Self {
            stays: true,
            ..self.clone()
        };
        job.job_like(id, job.dedup(), run_at)
    }

    /// By what the job that stays is found.
    pub fn dedup(&self) -> String {
        format!("{}/{}", self.account, self.fingerprint)
    }

    fn job_like(&self, id: JobId, dedup: String, run_at: Timestamp) -> NewJob {
        NewJob {
            id,
            kind: Self::KIND.to_owned(),
            payload: json!(self),
            dedup: Some(dedup),
            run_at,
        }
    }
}

/// The job that ends a token which was replaced. Safe to do twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndOldToken {
    /// Which.
    pub old_token: OldTokenId,
}

impl EndOldToken {
    /// The kind of job in rows.
    pub const KIND: &'static str = "old_token.end";

    /// The job that stays until the token has ended, or is given up.
    pub fn job(&self, id: JobId, run_at: Timestamp) -> NewJob {
        self.job_like(id, self.old_token.to_string(), run_at)
    }

    /// One more look, because what the token waits for has come about.
    pub fn hurry(&self, id: JobId, run_at: Timestamp) -> NewJob {
        self.job_like(id, id.to_string(), run_at)
    }

    fn job_like(&self, id: JobId, dedup: String, run_at: Timestamp) -> NewJob {
        NewJob {
            id,
            kind: Self::KIND.to_owned(),
            payload: json!(self),
            dedup: Some(dedup),
            run_at,
        }
    }
}

impl Accounts {
    /// An account has another token: all its targets are to get it. How many targets there are.
    pub(crate) async fn await_pushes(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        now: Timestamp,
    ) -> Result<u64, AccountError> {
        let waiting = tx.targets().await_push(account.id, now).await?;
        if waiting > 0 {
            let job = PushTargets::of(account).job(self.new_job_id(), now);
            tx.jobs().add(&job).await?;
        }
        Ok(waiting)
    }

    /// Makes the targets that lack the account's token due now, as if it had just been put in, those that were given up too. How many there
    /// are; the worker is to be woken then.
    ///
    /// # Errors
    /// When the vault cannot be used.
    pub async fn push_again(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        now: Timestamp,
    ) -> Result<u64, AccountError> {
        let rows = tx.targets().list(account.id, MOST_TARGETS).await?;
        let lacks =
            |row: &TargetRecord| row.state != TargetState::Current || row.pushed.as_ref() != Some(&account.fingerprint);
        let mut waiting = 0;
        for row in rows.into_iter().filter(lacks) {
            waiting += 1;
            let next = TargetRecord {
                state: TargetState::Pending,
                attempts: 0,
                due_at: None,
                waited_seconds: 0,
                changed_at: now.max(row.changed_at + SignedDuration::from_millis(1)),
                ..row.clone()
            };
            // Who was faster has just tried it.
            tx.targets().change(&next, row.changed_at).await?;
        }
        if waiting > 0 {
            let job = PushTargets::of(account).job(self.new_job_id(), now);
            tx.jobs().add(&job).await?;
        }
        Ok(waiting)
    }

    pub(crate) fn new_job_id(&self) -> JobId {
        JobId::generate(self.0.clock.now(), &*self.0.entropy)
    }

    /// Queues a message about an account to everybody who wants it, in the transaction in which it happens; nothing when it is gone.
    ///
    /// # Errors
    /// When the vault cannot be used.
    pub async fn notify_about(
        &self,
        tx: &mut dyn VaultTx,
        account: AccountId,
        event: &'static str,
        diagnosis: Option<&Diagnosis>,
    ) -> Result<(), AccountError> {
        let found = tx.accounts().find(account).await?;
        match found {
            Some(record) => self.notify(tx, &record, event, diagnosis).await,
            None => Ok(()),
        }
    }
}
