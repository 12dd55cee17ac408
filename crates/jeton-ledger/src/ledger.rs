use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use jeton_domain::{Clock, Coded as _, Entropy};
use jeton_seal::KeyRing;
use jeton_vault::{LedgerFilter, Vault, VaultTx};
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::{
    ArchiveVerdict, Archived, Event, LedgerError, Page, Verdict, VerifyOptions, Write, anchor,
    archive::{self, Sizes},
    archive_check, key, pages,
    queue::Job,
    repeated::Repeated,
    shared::Shared,
    verify, writer,
};

/// What a [`Ledger`] works with.
#[derive(Debug, Clone)]
pub struct LedgerParts {
    /// Where the entries are.
    pub vault: Arc<dyn Vault>,
    /// Opens the chain's key.
    pub ring: Arc<KeyRing>,
    /// Says when something happened.
    pub clock: Arc<dyn Clock>,
    /// For the chain's key, when there is none yet.
    pub entropy: Arc<dyn Entropy>,
    /// A file outside the database that names the newest entry, against a database that was set back as a whole.
    pub anchor_file: Option<PathBuf>,
}

/// How the record is doing, for metrics and the doctor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerStats {
    /// Transactions that were committed by this process for [`Ledger::record`] and [`Ledger::note`].
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// Notes that wait to be written.
    pub waiting: usize,
    /// Notes that were dropped, and whose number is not yet in the record itself.
    pub dropped: u64,
}

/// The record. Cheap to clone; the writer ends when the last clone is dropped, or by [`Ledger::close`].
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    repeated: Repeated,
    anchor_file: Option<PathBuf>,
    /// Closed when the writer has ended.
    ended: watch::Receiver<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("head", &self.head())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the record, and makes the key of its chain in a database that has none yet. Compares the chain with the
    /// anchor file; when they contradict each other, that is logged as an error, what the file says is kept beside it
    /// as `.conflict`, and the server goes on.
    ///
    /// Has to be called within a tokio runtime: it starts the writer.
    ///
    /// # Errors
    /// [`LedgerError::KeyGone`] when there are entries and no key, [`LedgerError::Seal`] when the key does not open;
    /// nothing is made anew then. [`LedgerError::Vault`] and [`LedgerError::File`] as the system says.
    pub async fn open(parts: LedgerParts) -> Result<Self, LedgerError> {
        let LedgerParts {
            vault,
            ring,
            clock,
            entropy,
            anchor_file,
        } = parts;
        let key = key::open(&*vault, &ring, &*entropy).await?;
        let shared = Arc::new(Shared::new(vault, clock, key));
        if let Some(file) = &anchor_file {
            match anchor::renew(&shared, file).await {
                // Writing is refused until somebody looks into it; reading and verifying must work for that.
                Err(error @ LedgerError::Broken(_)) => {
                    tracing::error!(code = %error.code(), %error, "the record cannot be written");
                }
                other => other?,
            }
        }
        let (end, ended) = watch::channel(());
        let writing = Arc::clone(&shared);
        tokio::spawn(async move {
            writer::run(writing).await;
            drop(end);
        });
        Ok(Self {
            inner: Arc::new(Inner {
                shared,
                repeated: Repeated::default(),
                anchor_file,
                ended,
            }),
        })
    }

    /// Appends inside a transaction of the caller's. Must be its last step before the commit: until then nobody else can
    /// append, on any server.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails, [`LedgerError::Broken`] when the chain's end is not jeton's. The
    /// transaction must not be committed then.
    pub async fn append_in(&self, tx: &mut dyn VaultTx, events: &[Event]) -> Result<(), LedgerError> {
        let now = self.now();
        let drafts: Vec<_> = events.iter().cloned().map(|event| event.into_draft(now)).collect();
        let drafts: Vec<_> = drafts.iter().collect();
        self.inner.shared.append(tx, &drafts).await.map(drop)
    }

    /// Writes events, and a grant with them; durable when the future returns. Calls that come at the same time share a
    /// transaction. The write is on its way as soon as this is called: dropping the future throws away the answer only.
    /// Not to be waited for within a transaction that writes: on SQLite there is one at a time. [`Ledger::append_in`] is
    /// for those.
    ///
    /// # Errors
    /// [`LedgerError::is_conflict`] when the grant's token was revoked meanwhile; nothing of this write is in the
    /// database then. [`LedgerError::Vault`] when the database fails, [`LedgerError::Broken`] when the chain's end is
    /// not jeton's, [`LedgerError::Busy`] when 10,000 writes wait already, [`LedgerError::Closed`] after
    /// [`Ledger::close`].
    pub fn record(&self, write: Write) -> impl Future<Output = Result<(), LedgerError>> + Send + use<> {
        let now = self.now();
        let (reply, done) = oneshot::channel();
        let drafts = write.events.into_iter().map(|event| event.into_draft(now)).collect();
        self.inner.shared.queue.push(Job {
            drafts,
            grant: write.grant,
            reply,
        });
        wait(done)
    }

    /// Puts a refusal on record without waiting. It is kept in memory until it is written: 10,000 of them or 16 MiB while
    /// the database is away; further ones are counted, and their number is recorded. Of what somebody did 4 KiB of details
    /// are kept; the largest are dropped first.
    pub fn note(&self, event: Event) {
        self.inner.shared.queue.note(event.into_note(self.now()));
    }

    /// [`Ledger::note`] for what is done over and over: the first is noted at once; further ones of the same event,
    /// actor, address (an IPv6 /64 is one) and details within a minute are counted, and noted as one entry with `times`.
    /// Beyond 16 different ones of the same event, actor and address (a stranger's IPv6 /48 is one) further ones are
    /// counted together, as `different`; likewise beyond 64 of the same known actor from many addresses. Only beyond
    /// 3,072 of known actors, and 1,024 or 600 new ones a minute of strangers, does nobody have a name any more.
    pub fn note_repeated(&self, event: Event) {
        if let Some(first) = self.inner.repeated.add(event, self.now()) {
            self.note(first);
        }
    }

    /// Waits until all that was given to [`Ledger::record`] and [`Ledger::note`] is written, or has been tried.
    ///
    /// # Errors
    /// Why notes could not be written; they are kept.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        wait(self.inner.shared.queue.flush()).await
    }

    /// Notes the counts of [`Ledger::note_repeated`] that are due, and renews the anchor file. To be called every few
    /// seconds.
    ///
    /// # Errors
    /// When the anchor could not be compared or written.
    pub async fn tick(&self) -> Result<(), LedgerError> {
        self.note_counts(false);
        match &self.inner.anchor_file {
            Some(file) => anchor::renew(&self.inner.shared, file).await,
            None => Ok(()),
        }
    }

    /// Lets nothing more in, writes what is there, renews the anchor file, and ends the writer. Refusals that cannot be
    /// written now are lost; the log says how many.
    pub async fn close(&self) {
        self.note_counts(true);
        self.inner.shared.queue.close();
        let mut ended = self.inner.ended.clone();
        // Nothing is ever sent: it ends with an error when the writer is gone.
        let _ = ended.changed().await;
        if let Some(file) = &self.inner.anchor_file
            && let Err(error) = anchor::renew(&self.inner.shared, file).await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the anchor of the record is not up to date"
            );
        }
    }

    /// A page, newest first: at most `limit` entries (1,000 at most) with a number below `before`. `next` is the next
    /// page's `before`.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails.
    pub async fn list(&self, filter: &LedgerFilter, before: Option<u64>, limit: u32) -> Result<Page, LedgerError> {
        pages::list(&*self.inner.shared.vault, filter, before, limit).await
    }

    /// The newest refusals: of tokens, of other things, of callers who could not show who they are, and of people who could
    /// not sign in; at most `limit`.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails.
    pub async fn refusals(&self, limit: u32) -> Result<Page, LedgerError> {
        let filter = LedgerFilter {
            events: crate::events::REFUSALS.map(str::to_owned).to_vec(),
            ..LedgerFilter::default()
        };
        self.list(&filter, None, limit).await
    }

    /// A page, oldest first, for export and replay: at most `limit` entries (1,000 at most) with a number above `after`.
    /// `next` is the next page's `after`. A filter that few entries pass can give a page that is not full, or empty,
    /// and still has a `next`: a call looks at about 10,000 entries.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails.
    pub async fn scan(&self, filter: &LedgerFilter, after: u64, limit: u32) -> Result<Page, LedgerError> {
        pages::scan(&*self.inner.shared.vault, filter, after, limit).await
    }

    /// Reads the whole chain and says what was changed, removed or moved. Others may append meanwhile.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails, [`LedgerError::File`] when archives cannot be read. What is wrong
    /// with the record is no error but a finding.
    pub async fn verify(&self, options: VerifyOptions) -> Result<Verdict, LedgerError> {
        verify::verify(&self.inner.shared, self.inner.anchor_file.as_deref(), options).await
    }

    /// Moves the oldest entries, up to the first that did not happen before `before`, to files in a directory, and
    /// records that. What a crash has left half done is finished first.
    ///
    /// # Errors
    /// [`LedgerError::Broken`] when the entries do not verify, [`LedgerError::Archive`] when a file of an earlier run
    /// does not fit to the database, [`LedgerError::File`] when a file cannot be written, [`LedgerError::Archiving`] when
    /// another process archives into the directory. Nothing that is not in a file was removed then.
    pub async fn archive(&self, before: Timestamp, dir: &Path) -> Result<Archived, LedgerError> {
        archive::archive(self, before, dir, Sizes::default()).await
    }

    /// Checks the archived files of a directory: each by itself, one to the next, and the last to the database.
    ///
    /// # Errors
    /// [`LedgerError::Vault`] when the database fails, [`LedgerError::File`] when the directory cannot be read.
    pub async fn verify_archives(&self, dir: &Path) -> Result<ArchiveVerdict, LedgerError> {
        archive_check::verify(&self.inner.shared, dir).await
    }

    /// The newest entry that this process knows to be in the database: its number, and its hash in hex.
    pub fn head(&self) -> Option<(u64, String)> {
        let place = self.inner.shared.head()?;
        Some((place.seq, hex::encode(place.hash)))
    }

    /// How it is doing.
    pub fn stats(&self) -> LedgerStats {
        let shared = &self.inner.shared;
        let (waiting, dropped) = shared.queue.waiting();
        LedgerStats {
            batches: shared.batches.load(Ordering::Relaxed),
            entries: shared.entries.load(Ordering::Relaxed),
            waiting,
            dropped,
        }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    fn now(&self) -> Timestamp {
        self.inner.shared.clock.now()
    }

    fn note_counts(&self, all: bool) {
        for event in self.inner.repeated.due(self.now(), all) {
            self.note(event);
        }
    }
}

/// Waits for the writer's word. A writer that is gone has dropped the other end.
async fn wait(done: oneshot::Receiver<Result<(), LedgerError>>) -> Result<(), LedgerError> {
    done.await.unwrap_or(Err(LedgerError::Closed))
}
