use std::{
    fs::TryLockError,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tokio::fs;

use crate::{
    Event, Ledger, LedgerError, anchor,
    archive_file::{self, Draft},
    chain::{MarkName, Place},
    events,
    shared::Shared,
    walk::{Step, Walk},
};

/// What was moved out of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archived {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// The first entry that was removed from the database.
    pub first: Option<u64>,
    /// The last entry that was removed from the database.
    pub last: Option<u64>,
    /// How many were removed.
    pub entries: u64,
}

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Entries in a file, at most.
    pub(crate) file: u64,
    /// Entries that are removed in one transaction: nobody can append meanwhile.
    pub(crate) step: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            file: 100_000,
            step: 1_000,
        }
    }
}

/// A file that is whole and on disk, and whose entries may still be in the database.
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    /// Where each step of the removal ends.
    pub(crate) steps: Vec<Place>,
}

pub(crate) async fn archive(
    ledger: &Ledger,
    before: Timestamp,
    dir: &Path,
    sizes: Sizes,
) -> Result<Archived, LedgerError> {
    let shared = ledger.shared();
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).await;
    made.map_err(|error| LedgerError::file(dir, error))?;
    let _lock = lock(dir)?;
    let mut archived = Archived::default();
    if let Some(left) = left_over(shared, dir, sizes).await? {
        remove(shared, &left, &mut archived).await?;
    }
    let mut tx = shared.vault.read().await?;
    // Once, or what is recorded about the archiving would be archived too, and so on for ever.
    let last_before = tx.ledger().last_before(before).await?.unwrap_or(0);
    drop(tx);
    while let Some(written) = write(shared, before, last_before, dir, sizes).await? {
        remove(shared, &written, &mut archived).await?;
    }
    Ok(archived)
}

/// Keeps other processes from writing the same files at the same time: two that write one file leave none, and its entries
/// would be removed all the same. The system takes the lock back when the process ends.
fn lock(dir: &Path) -> Result<std::fs::File, LedgerError> {
    let path = dir.join(".lock");
    let failed = |error| LedgerError::file(&path, error);
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(false).mode(0o600);
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::Archiving { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The file of a run that ended before all of its entries were removed.
pub(crate) async fn left_over(shared: &Shared, dir: &Path, sizes: Sizes) -> Result<Option<Written>, LedgerError> {
    let base = base(shared).await?;
    let next = base.seq + 1;
    let files = archive_file::list(dir).await?;
    let Some(file) = files
        .into_iter()
        .find(|(first, last, _)| (*first..=*last).contains(&next))
    else {
        return Ok(None);
    };
    let content = archive_file::read(&shared.key, &file, sizes.step, base.seq).await?;
    let (_, _, path) = file;
    let refuse = |reason: String| LedgerError::Archive {
        path: path.clone(),
        reason,
    };
    if let Some(finding) = content.findings.first() {
        return Err(refuse(finding.words.clone()));
    }
    if content.wanted != Some(base.hash) {
        return Err(refuse(format!(
            "it holds another entry {} than the one archived last",
            base.seq
        )));
    }
    Ok(Some(Written {
        path,
        steps: content.steps,
    }))
}

/// Writes the next file, if there is anything up to `last_before` that happened before `before`.
pub(crate) async fn write(
    shared: &Shared,
    before: Timestamp,
    last_before: u64,
    dir: &Path,
    sizes: Sizes,
) -> Result<Option<Written>, LedgerError> {
    let base = base(shared).await?;
    if last_before <= base.seq {
        return Ok(None);
    }
    let mut draft = Draft::begin(&shared.key, dir, base).await?;
    match fill(shared, before, last_before, base, sizes, &mut draft).await {
        Ok(steps) if steps.is_empty() => {
            draft.discard().await;
            Ok(None)
        }
        Ok(steps) => {
            let path = draft.finish().await?;
            Ok(Some(Written { path, steps }))
        }
        Err(error) => {
            draft.discard().await;
            Err(error)
        }
    }
}

/// Checks entries and puts them into a file; where each step ends.
async fn fill(
    shared: &Shared,
    before: Timestamp,
    last_before: u64,
    base: Place,
    sizes: Sizes,
    draft: &mut Draft<'_>,
) -> Result<Vec<Place>, LedgerError> {
    let mut walk = Walk::after(&shared.key, base);
    let mut steps = Vec::new();
    let page_size = u32::try_from(sizes.step).unwrap_or(u32::MAX);
    'pages: loop {
        let mut tx = shared.vault.read().await?;
        let page = tx.ledger().scan(walk.last().seq, page_size).await?;
        drop(tx);
        let done = page.is_empty();
        for entry in page {
            // Clocks differ between servers: where a younger entry comes before older ones, they stay with it.
            if entry.at >= before || entry.seq > last_before {
                break 'pages;
            }
            must_fit(&mut walk, &entry)?;
            let count = entry.seq - base.seq;
            draft.push(entry).await?;
            if count.is_multiple_of(sizes.step) {
                steps.push(walk.last());
            }
            if count == sizes.file {
                break 'pages;
            }
        }
        if done {
            break;
        }
    }
    if walk.last() != base && steps.last() != Some(&walk.last()) {
        steps.push(walk.last());
    }
    Ok(steps)
}

fn must_fit(walk: &mut Walk<'_>, entry: &jeton_vault::LedgerEntry) -> Result<(), LedgerError> {
    match walk.step(entry) {
        Step::Fits => Ok(()),
        Step::Changed | Step::Missing(..) | Step::Backwards => Err(LedgerError::Broken(format!(
            "entry {} does not follow what was written before it, so nothing from there on is archived",
            entry.seq
        ))),
    }
}

/// Removes from the database what a file holds, step by step. The last one records that.
pub(crate) async fn remove(shared: &Shared, written: &Written, archived: &mut Archived) -> Result<(), LedgerError> {
    for (index, end) in written.steps.iter().enumerate() {
        let is_last = index + 1 == written.steps.len();
        remove_step(shared, &written.path, *end, is_last, archived).await?;
    }
    if archived.files.last() != Some(&written.path) {
        archived.files.push(written.path.clone());
    }
    Ok(())
}

pub(crate) async fn remove_step(
    shared: &Shared,
    path: &Path,
    end: Place,
    is_last: bool,
    archived: &mut Archived,
) -> Result<(), LedgerError> {
    let mut tx = shared.vault.begin().await?;
    // Keeps others from archiving the same at the same time.
    shared.end(&mut *tx).await?;
    let (base, is_ours) = anchor::base(shared, &mut *tx).await?;
    if !is_ours {
        return Err(base_forged());
    }
    if base.seq >= end.seq {
        return Ok(());
    }
    let mut walk = Walk::after(&shared.key, base);
    let count = u32::try_from(end.seq - base.seq).unwrap_or(u32::MAX);
    for entry in tx.ledger().scan(base.seq, count).await? {
        must_fit(&mut walk, &entry)?;
    }
    if walk.last() != end {
        return Err(LedgerError::Archive {
            path: path.to_owned(),
            reason: format!("it holds another entry {} than the database", end.seq),
        });
    }
    tx.ledger()
        .remove_archived(&shared.key.mark(MarkName::Base, end))
        .await?;
    let place = if is_last {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let event = Event::by_system(events::RECORD_ARCHIVED)
            .with("file", name)
            .with("last", end.seq);
        shared
            .append(&mut *tx, &[&event.into_draft(shared.clock.now())])
            .await?
    } else {
        None
    };
    tx.commit().await?;
    if let Some(place) = place {
        shared.saw(place);
    }
    archived.first.get_or_insert(base.seq + 1);
    archived.last = Some(end.seq);
    archived.entries += end.seq - base.seq;
    Ok(())
}

async fn base(shared: &Shared) -> Result<Place, LedgerError> {
    let mut tx = shared.vault.read().await?;
    match anchor::base(shared, &mut *tx).await? {
        (place, true) => Ok(place),
        (_, false) => Err(base_forged()),
    }
}

fn base_forged() -> LedgerError {
    LedgerError::Broken("the mark that says up to where entries were archived is not jeton's".to_owned())
}
