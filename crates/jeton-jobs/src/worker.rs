use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_domain::{Clock, Entropy, LeaseHolder};
use jeton_vault::{JobRecord, Vault, VaultError};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{sync::Notify, time::MissedTickBehavior};

use crate::{backoff, running::Running};

/// How long a claimed job is ours without a heartbeat.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// How often a running job's lease is extended, in real time.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How often the queue is looked at when nothing wakes the worker.
const POLL: Duration = Duration::from_secs(2);
/// How many jobs run side by side.
pub(crate) const BATCH: usize = 16;

/// Does the jobs of one kind. Each must be safe to do twice.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Which jobs; kept in rows, never renamed.
    fn kind(&self) -> &'static str;

    /// How many of them one worker runs side by side, so that a kind whose other end is slow does not hold up the others.
    fn most_at_once(&self) -> usize {
        BATCH
    }

    /// Does one. `attempt` counts from 1.
    async fn run(&self, payload: &Value, attempt: u32) -> Result<(), JobError>;
}

/// Why a job is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may work later.
    #[error("{reason}")]
    Retry {
        /// What went wrong, without secrets.
        reason: String,
        /// Not before this has passed; a growing pause is chosen when absent.
        after: Option<Duration>,
    },
    /// It never will.
    #[error("{reason}")]
    Fail {
        /// What went wrong, without secrets.
        reason: String,
    },
}

/// The handlers by the kind of job.
pub(crate) type Handlers = BTreeMap<&'static str, Arc<dyn Handler>>;

/// Takes due jobs from the vault and hands them to their handlers.
#[derive(Clone)]
pub struct Worker {
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    holder: LeaseHolder,
    handlers: Arc<Handlers>,
    wake: Arc<Notify>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("holder", &self.holder)
            .field("kinds", &self.handlers.keys())
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker for these handlers. `wake` makes it look at the queue at once.
    pub fn new(
        vault: Arc<dyn Vault>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        handlers: Vec<Arc<dyn Handler>>,
        wake: Arc<Notify>,
    ) -> Self {
        let holder = LeaseHolder::generate(clock.now(), &*entropy);
        let handlers = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        Self {
            vault,
            clock,
            entropy,
            holder,
            handlers: Arc::new(handlers),
            wake,
        }
    }

    /// Does what is due until nothing is; how many jobs were begun.
    ///
    /// # Errors
    /// [`VaultError`] when the queue cannot be read. What was begun is finished first.
    pub async fn run_due(&self) -> Result<usize, VaultError> {
        let mut running = Running::of(&self.handlers);
        let mut begun = 0;
        loop {
            match self.take_up(&mut running).await {
                Ok(taken) => begun += taken,
                Err(error) => {
                    running.finish().await;
                    return Err(error);
                }
            }
            if running.tasks.join_next().await.is_none() {
                return Ok(begun);
            }
        }
    }

    /// Works until `stop` resolves, then finishes what it has begun.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut running = Running::of(&self.handlers);
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.wake.notified() => {}
                _ = poll.tick() => {}
                // Room for what waits.
                Some(_) = running.tasks.join_next() => if !running.more_waits { continue },
            }
            if let Err(error) = self.take_up(&mut running).await {
                tracing::warn!(%error, "the queue cannot be read; trying again");
            }
        }
        running.finish().await;
    }

    /// Claims what is due, as far as there is room for it, and begins it; how many jobs.
    async fn take_up(&self, running: &mut Running) -> Result<usize, VaultError> {
        let wants = running.wants(&self.handlers);
        if wants.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let mut jobs = Vec::new();
        let mut tx = self.vault.begin().await?;
        for want in wants {
            let free = BATCH.saturating_sub(running.tasks.len() + jobs.len());
            let limit = u32::try_from(want.most.min(free)).unwrap_or(u32::MAX);
            if limit == 0 {
                running.more_waits = true;
                break;
            }
            let claimed = tx
                .jobs()
                .claim(&want.kinds, self.holder, now, now + LEASE, limit)
                .await?;
            running.more_waits |= claimed.len() >= limit as usize;
            jobs.extend(claimed);
        }
        tx.commit().await?;
        let taken = jobs.len();
        for job in jobs {
            let place = running.place(&job.kind);
            let worker = self.clone();
            running.tasks.spawn(async move {
                worker.run_one(job).await;
                drop(place);
            });
        }
        Ok(taken)
    }

    async fn run_one(&self, job: JobRecord) {
        let Some(handler) = self.handlers.get(job.kind.as_str()).cloned() else {
            return;
        };
        let work = handler.run(&job.payload, job.attempts);
        tokio::pin!(work);
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.tick().await;
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                _ = beat.tick() => match self.extend(&job).await {
                    Ok(true) => {}
                    Ok(false) => {
                        tracing::warn!(job.id = %job.id, job.kind, "another worker took the job over");
                        return;
                    }
                    Err(error) => tracing::warn!(job.id = %job.id, %error, "the job's lease could not be extended"),
                },
            }
        };
        if let Err(error) = self.settle(&job, outcome).await {
            tracing::warn!(job.id = %job.id, job.kind, %error, "the job's outcome could not be noted; it will run again");
        }
    }

    async fn extend(&self, job: &JobRecord) -> Result<bool, VaultError> {
        let mut tx = self.vault.begin().await?;
        let ours = tx
            .jobs()
            .heartbeat(job.id, self.holder, self.clock.now() + LEASE)
            .await?;
        tx.commit().await?;
        Ok(ours)
    }

    async fn settle(&self, job: &JobRecord, outcome: Result<(), JobError>) -> Result<(), VaultError> {
        let mut tx = self.vault.begin().await?;
        match outcome {
            Ok(()) => tx.jobs().finish(job.id, self.holder).await?,
            Err(JobError::Retry { reason, after }) => {
                let run_at = self.next_try(job.attempts, after);
                tracing::info!(job.id = %job.id, job.kind, job.attempts, reason, %run_at, "the job will be tried again");
                tx.jobs().retry(job.id, self.holder, run_at, &reason).await?
            }
            Err(JobError::Fail { reason }) => {
                tracing::error!(job.id = %job.id, job.kind, reason, "the job was given up");
                tx.jobs().bury(job.id, self.holder, &reason).await?
            }
        };
        tx.commit().await
    }

    fn next_try(&self, attempts: u32, after: Option<Duration>) -> Timestamp {
        let mut random = [0_u8; 1];
        self.entropy.fill(&mut random);
        let pause = after.unwrap_or_else(|| {
            backoff(
                attempts.saturating_sub(1),
                Duration::from_secs(1),
                Duration::from_mins(5),
                random[0],
            )
        });
        self.clock.now() + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_secs(300))
    }
}
