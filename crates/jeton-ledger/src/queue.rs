use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_vault::{GrantRecord, TokenRecord};
use tokio::sync::{Notify, oneshot};

use crate::{Event, LedgerError, chain::Draft};

/// How many writes share one transaction at most. More would make the first of them wait for the last.
pub(crate) const BATCH: usize = 256;
/// How many notes are kept while the database is away, and how many bytes of them.
pub(crate) const NOTES: usize = 10_000;
pub(crate) const NOTE_BYTES: usize = 16 * 1024 * 1024;
/// How many notes a transaction takes along with writes that somebody waits for.
pub(crate) const NOTES_ALONG: usize = 64;
/// How many bytes of notes a transaction takes, but for a single one: a write may come that has to wait for it.
pub(crate) const BATCH_BYTES: usize = 256 * 1024;
/// How many writes may wait. Each has a caller that waits too, unless it went away.
const WRITES: usize = 10_000;

/// What is to be durable before somebody goes on.
#[derive(Debug, Clone, Default)]
pub struct Write {
    /// What happened, in this order.
    pub events: Vec<Event>,
    /// The grant that it is about, added in the same transaction; with the token, where it may not be in the database
    /// yet.
    pub grant: Option<(Option<TokenRecord>, GrantRecord)>,
}

impl Write {
    /// Of one event and no grant.
    pub fn event(event: Event) -> Self {
        Self {
            events: vec![event],
            grant: None,
        }
    }
}

/// A write on its way, and who waits for it.
pub(crate) struct Job {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) grant: Option<(Option<TokenRecord>, GrantRecord)>,
    pub(crate) reply: oneshot::Sender<Result<(), LedgerError>>,
}

/// What the writer takes at once.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) jobs: Vec<Job>,
    pub(crate) notes: Vec<Draft>,
    /// How many notes were dropped since the last time that it was recorded.
    pub(crate) dropped: u64,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty() && !self.has_notes()
    }

    pub(crate) fn has_notes(&self) -> bool {
        !self.notes.is_empty() || self.dropped > 0
    }
}

type Flush = oneshot::Sender<Result<(), LedgerError>>;

#[derive(Default)]
struct Lines {
    jobs: VecDeque<Job>,
    notes: VecDeque<Draft>,
    /// Of the notes, in all.
    note_bytes: usize,
    dropped: u64,
    flushes: Vec<Flush>,
    closing: bool,
}

impl Lines {
    /// The notes that have waited longest, as many as one transaction takes.
    fn take_notes(&mut self, most: usize) -> Vec<Draft> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        while taken.len() < most
            && let Some(size) = self.notes.front().map(Draft::size)
            && (taken.is_empty() || bytes + size <= BATCH_BYTES)
        {
            bytes += size;
            taken.extend(self.notes.pop_front());
        }
        self.note_bytes -= bytes;
        taken
    }
}

/// What waits to be written. Nothing in here waits itself.
#[derive(Default)]
pub(crate) struct Queue {
    lines: Mutex<Lines>,
    wake: Notify,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, job: Job) {
        let mut lines = self.lock();
        let refusal = if lines.closing {
            LedgerError::Closed
        } else if lines.jobs.len() >= WRITES {
            LedgerError::Busy
        } else {
            lines.jobs.push_back(job);
            drop(lines);
            self.wake.notify_one();
            return;
        };
        drop(lines);
        // Whoever waited may be gone.
        let _ = job.reply.send(Err(refusal));
    }

    pub(crate) fn note(&self, draft: Draft) {
        let mut lines = self.lock();
        if lines.closing {
            tracing::warn!(event = %draft.event, "not recorded: the record is closed");
            return;
        }
        let size = draft.size();
        if lines.notes.len() >= NOTES || lines.note_bytes + size > NOTE_BYTES {
            lines.dropped += 1;
            let first = lines.dropped == 1;
            drop(lines);
            if first {
                tracing::error!(
                    code = %jeton_domain::Code::RecordUnwritable, event = %draft.event,
                    "too many refusals wait to be recorded: further ones are only counted"
                );
            }
            return;
        }
        lines.note_bytes += size;
        lines.notes.push_back(draft);
        drop(lines);
        self.wake.notify_one();
    }

    pub(crate) fn flush(&self) -> oneshot::Receiver<Result<(), LedgerError>> {
        let (reply, done) = oneshot::channel();
        let mut lines = self.lock();
        if lines.closing {
            let _ = reply.send(Err(LedgerError::Closed));
            return done;
        }
        lines.flushes.push(reply);
        drop(lines);
        self.wake.notify_one();
        done
    }

    /// Lets nothing more in; what is in is still written.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// Whether the writer should end when nothing is left.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Waits until something was put in since the last call.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The next batch; empty when there is nothing. Notes that wait for the database to come back stay when nothing
    /// else is there, unless somebody asked for all to be written.
    pub(crate) fn take(&self, holding_back: bool) -> Batch {
        let mut lines = self.lock();
        let with_notes = !holding_back || !lines.flushes.is_empty() || lines.closing || !lines.jobs.is_empty();
        let jobs = lines.jobs.len().min(BATCH);
        let jobs = lines.jobs.drain(..jobs).collect();
        let mut batch = Batch {
            jobs,
            ..Batch::default()
        };
        if with_notes {
            let most = if batch.jobs.is_empty() { BATCH } else { NOTES_ALONG };
            batch.notes = lines.take_notes(most);
            batch.dropped = std::mem::take(&mut lines.dropped);
        }
        batch
    }

    /// Puts notes back to where they were.
    pub(crate) fn put_back(&self, notes: Vec<Draft>, dropped: u64) {
        let mut lines = self.lock();
        for note in notes.into_iter().rev() {
            lines.note_bytes += note.size();
            lines.notes.push_front(note);
        }
        lines.dropped += dropped;
    }

    /// Tells those who asked for all to be written how it went.
    pub(crate) fn answer_flushes(&self, outcome: &Result<(), LedgerError>) {
        let flushes = std::mem::take(&mut self.lock().flushes);
        for flush in flushes {
            let _ = flush.send(outcome.clone());
        }
    }

    /// Tells those who asked for all to be written that nothing is left, if so.
    pub(crate) fn answer_idle(&self) {
        let mut lines = self.lock();
        if !lines.jobs.is_empty() || !lines.notes.is_empty() || lines.dropped > 0 {
            return;
        }
        let flushes = std::mem::take(&mut lines.flushes);
        drop(lines);
        for flush in flushes {
            let _ = flush.send(Ok(()));
        }
    }

    /// How many notes wait, and how many were dropped and not yet recorded as such.
    pub(crate) fn waiting(&self) -> (usize, u64) {
        let lines = self.lock();
        (lines.notes.len(), lines.dropped)
    }

    /// Empties it for good: whoever waits hears that it is closed.
    pub(crate) fn abandon(&self) -> usize {
        let mut lines = self.lock();
        lines.closing = true;
        let left = lines.notes.len();
        let (jobs, flushes) = (std::mem::take(&mut lines.jobs), std::mem::take(&mut lines.flushes));
        lines.notes.clear();
        lines.note_bytes = 0;
        drop(lines);
        // Their senders are dropped, which the receivers read as closed.
        drop((jobs, flushes));
        left
    }
}
