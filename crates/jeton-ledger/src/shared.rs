use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicU64};

use jeton_domain::{Clock, Code};
use jeton_vault::{LedgerMark, Vault, VaultError, VaultTx};

use crate::{
    LedgerError,
    chain::{ChainKey, Draft, MarkName, Place},
    queue::Queue,
};

/// What the handle and its writer share.
pub(crate) struct Shared {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) key: ChainKey,
    pub(crate) queue: Queue,
    /// The newest place that this process knows to be in the database.
    head: Mutex<Option<Place>>,
    pub(crate) batches: AtomicU64,
    pub(crate) entries: AtomicU64,
}

impl Shared {
    pub(crate) fn new(vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, key: ChainKey) -> Self {
        Self {
            vault,
            clock,
            key,
            queue: Queue::default(),
            head: Mutex::new(None),
            batches: AtomicU64::new(0),
            entries: AtomicU64::new(0),
        }
    }

    pub(crate) fn head(&self) -> Option<Place> {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a place is in the database for good.
    pub(crate) fn saw(&self, place: Place) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if head.is_none_or(|known| known.seq < place.seq) {
            *head = Some(place);
        }
    }

    /// The database went back: what it holds from now on is what is known.
    pub(crate) fn went_back(&self, place: Place) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    /// The end of the chain, when jeton wrote it. In a transaction that writes, nobody else appends from here on.
    pub(crate) async fn end(&self, tx: &mut dyn VaultTx) -> Result<Place, LedgerError> {
        let Some(mark) = tx.ledger().head().await? else {
            let mut ledger = tx.ledger();
            return if ledger.base().await?.is_none() && ledger.scan(0, 1).await?.is_empty() {
                Ok(Place::START)
            } else {
                Err(LedgerError::Broken("the mark on its end is gone".to_owned()))
            };
        };
        if self.key.is_ours(MarkName::Head, &mark) {
            Ok(Place::of(&mark))
        } else {
            Err(LedgerError::Broken(format!(
                "the mark on its end (entry {}) is not jeton's",
                mark.seq
            )))
        }
    }

    /// Appends in a transaction and gives the new end, or `None` when there was nothing to append.
    pub(crate) async fn append(&self, tx: &mut dyn VaultTx, drafts: &[&Draft]) -> Result<Option<Place>, LedgerError> {
        if drafts.is_empty() {
            return Ok(None);
        }
        let end = self.end(tx).await?;
        if let Some(known) = self.head()
            && end.seq < known.seq
        {
            tracing::error!(
                code = %Code::RecordBroken, known = known.seq, found = end.seq,
                "entries of the record are gone: the database is older than what this server wrote to it"
            );
            self.went_back(end);
        }
        let entries = self.key.chain(end, drafts.iter().copied())?;
        let Some(last) = entries.last() else { return Ok(None) };
        let place = Place {
            seq: last.seq,
            hash: last.hash,
        };
        let head: LedgerMark = self.key.mark(MarkName::Head, place);
        match tx.ledger().append(&entries, &head).await {
            Ok(()) => Ok(Some(place)),
            // The end was locked, so nobody of ours has taken it.
            Err(VaultError::Conflict(_)) => Err(LedgerError::Broken(format!(
                "there are entries after number {}, where its mark says it ends",
                end.seq
            ))),
            Err(error) => Err(error.into()),
        }
    }
}
