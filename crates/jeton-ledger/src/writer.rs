use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::FutureExt as _;
use jeton_domain::Code;
use tokio::time::Instant;

use crate::{
    Event, LedgerError,
    chain::Draft,
    events,
    grants::{self, Added},
    queue::{Batch, Job},
    shared::Shared,
};

/// How long notes wait before the database is tried again for them alone: at first, and at most. A write that somebody
/// waits for takes them along at once.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(15);

impl Shared {
    /// Writes jobs and notes in one transaction. `Ok` has, for each job, why it alone was refused.
    async fn commit(&self, jobs: &[Job], notes: &[Draft]) -> Result<Vec<Option<LedgerError>>, LedgerError> {
        AssertUnwindSafe(self.commit_all(jobs, notes))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                tracing::error!(code = %Code::Internal, "writing to the record panicked");
                Err(LedgerError::Panicked)
            })
    }

    async fn commit_all(&self, jobs: &[Job], notes: &[Draft]) -> Result<Vec<Option<LedgerError>>, LedgerError> {
        let mut refused: Vec<Option<LedgerError>> = vec![None; jobs.len()];
        loop {
            let before = refused.iter().flatten().count();
            match self.commit_once(jobs, notes, &mut refused).await {
                Ok(true) => return Ok(refused),
                Ok(false) => {}
                // A conflict may end the whole transaction (PostgreSQL ends it at a violated constraint), and then any
                // later step fails for its sake: once more, without those that were refused.
                Err(_) if refused.iter().flatten().count() > before => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One try; whether it is done. It is not when a conflict came up and nothing after it tells whether the
    /// transaction still stands.
    async fn commit_once(
        &self,
        jobs: &[Job],
        notes: &[Draft],
        refused: &mut [Option<LedgerError>],
    ) -> Result<bool, LedgerError> {
        if notes.is_empty() && refused.iter().all(Option::is_some) {
            return Ok(true);
        }
        let mut tx = self.vault.begin().await?;
        let mut conflict = false;
        for (job, refusal) in jobs.iter().zip(refused.iter_mut()) {
            if refusal.is_none()
                && let Some(grant) = &job.grant
                && let Added::TokenEnded(error) = grants::add(&mut *tx, grant).await?
            {
                *refusal = Some(error.into());
                conflict = true;
            }
        }
        let accepted = jobs.iter().zip(&*refused).filter(|(_, refusal)| refusal.is_none());
        let drafts: Vec<&Draft> = accepted.flat_map(|(job, _)| &job.drafts).chain(notes).collect();
        if conflict && drafts.is_empty() {
            return Ok(false);
        }
        let place = self.append(&mut *tx, &drafts).await?;
        tx.commit().await?;
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(drafts.len() as u64, Ordering::Relaxed);
        if let Some(place) = place {
            self.saw(place);
        }
        Ok(true)
    }

    /// Writes a batch; what became of its notes.
    async fn write(&self, batch: Batch) -> Result<(), LedgerError> {
        let Batch { jobs, notes, dropped } = batch;
        let with_dropped = self.with_dropped(notes.clone(), dropped);
        match self.commit(&jobs, &with_dropped).await {
            Ok(refused) => {
                for (job, refusal) in jobs.into_iter().zip(refused) {
                    let _ = job.reply.send(refusal.map_or(Ok(()), Err));
                }
                Ok(())
            }
            // A conflict here is over a token that somebody else added just now: the second try finds it.
            Err(error) if error.is_of_all() || (jobs.len() + with_dropped.len() == 1 && !error.is_conflict()) => {
                answer_all(jobs, &error);
                self.keep(notes, dropped, &error)
            }
            Err(_) => self.write_one_by_one(jobs, notes, dropped).await,
        }
    }

    /// Something in a batch cannot be written: each by itself, so that only it fails.
    async fn write_one_by_one(&self, jobs: Vec<Job>, notes: Vec<Draft>, dropped: u64) -> Result<(), LedgerError> {
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            let outcome = match self.commit(std::slice::from_ref(&job), &[]).await {
                Ok(refused) => refused.into_iter().flatten().next().map_or(Ok(()), Err),
                Err(error) => Err(error),
            };
            let _ = job.reply.send(outcome.clone());
            if let Err(error) = outcome
                && error.is_of_all()
            {
                answer_all(jobs.collect(), &error);
                return self.keep(notes, dropped, &error);
            }
        }
        let mut left = notes.into_iter();
        while let Some(note) = left.next() {
            match self.commit(&[], std::slice::from_ref(&note)).await {
                Ok(_) => {}
                Err(error) if error.is_of_all() => {
                    let left = std::iter::once(note).chain(left).collect();
                    return self.keep(left, dropped, &error);
                }
                Err(error) => {
                    log_dropped(&note, &error);
                    self.queue.put_back(Vec::new(), 1);
                }
            }
        }
        self.queue.put_back(Vec::new(), dropped);
        Ok(())
    }

    /// Puts notes back until the database can be written again; drops those that it will never take.
    fn keep(&self, notes: Vec<Draft>, dropped: u64, error: &LedgerError) -> Result<(), LedgerError> {
        if notes.is_empty() && dropped == 0 {
            return Ok(());
        }
        if error.is_of_all() {
            self.queue.put_back(notes, dropped);
        } else {
            for note in &notes {
                log_dropped(note, error);
            }
            self.queue.put_back(Vec::new(), dropped + notes.len() as u64);
        }
        Err(error.clone())
    }

    fn with_dropped(&self, mut notes: Vec<Draft>, dropped: u64) -> Vec<Draft> {
        if dropped > 0 {
            let event = Event::by_system(events::RECORD_DROPPED).with("count", dropped);
            notes.push(event.into_draft(self.clock.now()));
        }
        notes
    }
}

fn answer_all(jobs: Vec<Job>, error: &LedgerError) {
    for job in jobs {
        let _ = job.reply.send(Err(error.clone()));
    }
}

/// Lets nobody wait for a writer that is gone, for whatever reason.
struct LastWords(Arc<Shared>);

impl Drop for LastWords {
    fn drop(&mut self) {
        let left = self.0.queue.abandon();
        if left > 0 {
            tracing::error!(code = %Code::RecordUnwritable, count = left, "the server ends, and refusals could not be recorded");
        }
    }
}

fn log_dropped(note: &Draft, error: &LedgerError) {
    tracing::error!(
        code = %Code::RecordUnwritable, event = %note.event, error = error as &dyn std::error::Error,
        "an entry cannot be written and is dropped"
    );
}

/// When notes are tried again.
struct Retry {
    at: Instant,
    pause: Duration,
}

impl Retry {
    /// After one more failure. A failure that came with a write says little about how long the database will be away,
    /// for writes come when they come.
    fn after(last: Option<&Self>, had_jobs: bool) -> Self {
        let pause = match last {
            None => RETRY_FIRST,
            Some(last) if had_jobs => last.pause,
            Some(last) => (last.pause * 2).min(RETRY_MOST),
        };
        Self {
            at: Instant::now() + pause,
            pause,
        }
    }
}

/// Writes what is put into the queue until it is closed and empty.
pub(crate) async fn run(shared: Arc<Shared>) {
    let _words = LastWords(Arc::clone(&shared));
    let queue = &shared.queue;
    // While it is set, notes wait for the database.
    let mut retry: Option<Retry> = None;
    loop {
        // Before the queue is looked at, so that nothing slips in between that and the end.
        let closing = queue.is_closing();
        let batch = queue.take(retry.as_ref().is_some_and(|retry| Instant::now() < retry.at));
        if batch.is_empty() {
            queue.answer_idle();
            if closing {
                return;
            }
            match &retry {
                None => queue.woken().await,
                Some(retry) => drop(tokio::time::timeout_at(retry.at, queue.woken()).await),
            }
            continue;
        }
        let (had_jobs, had_notes) = (!batch.jobs.is_empty(), batch.has_notes());
        match shared.write(batch).await {
            Ok(()) if had_notes => retry = None,
            Ok(()) => {}
            Err(error) => {
                if retry.is_none() {
                    tracing::error!(
                        code = %Code::RecordUnwritable, error = &error as &dyn std::error::Error,
                        "refusals cannot be recorded now, and are kept"
                    );
                }
                retry = Some(Retry::after(retry.as_ref(), had_jobs));
                queue.answer_flushes(&Err(error));
                if closing {
                    return;
                }
            }
        }
    }
}
