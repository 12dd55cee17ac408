use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use jeton_domain::ObjectId;

use super::{
    Blob, blocking,
    file::SealedFile,
    home::Home,
    spool::{Spool, unwritable},
};
use crate::ContentError;

/// So many unnamed files are kept: each is held open.
const MOST_UNNAMED: usize = 64;
/// So many files are kept: what is known of each is in memory.
const MOST: usize = 65_536;
/// So many files may be on their way from memory to the disk. When more are, files go faster than a disk takes them.
const MOST_SAVING: usize = 16;

/// The files on disk, and the room that they have.
#[derive(Debug)]
pub(super) struct Disk {
    home: Home,
    limit: u64,
    used: Arc<AtomicU64>,
    index: Mutex<Index>,
    saving: AtomicUsize,
}

/// Room on the disk that somebody has.
#[derive(Debug)]
pub(super) struct Space {
    used: Arc<AtomicU64>,
    bytes: AtomicU64,
}

impl Drop for Space {
    fn drop(&mut self) {
        self.used.fetch_sub(*self.bytes.get_mut(), Ordering::AcqRel);
    }
}

/// Whole files by their id, and by when they were last asked for.
#[derive(Debug, Default)]
struct Index {
    files: HashMap<ObjectId, (Blob, u64)>,
    order: BTreeMap<u64, ObjectId>,
    tick: u64,
}

impl Index {
    fn find(&mut self, id: &ObjectId) -> Option<Blob> {
        let (blob, used) = self.files.get_mut(id)?;
        self.tick += 1;
        self.order.remove(used);
        self.order.insert(self.tick, *id);
        *used = self.tick;
        Some(blob.clone())
    }

    #[must_use = "dropping it may remove a file, which blocks"]
    fn insert(&mut self, blob: Blob) -> Option<Blob> {
        let id = blob.id();
        let before = self.remove(&id);
        self.tick += 1;
        self.order.insert(self.tick, id);
        self.files.insert(id, (blob, self.tick));
        before
    }

    #[must_use = "dropping it may remove a file, which blocks"]
    fn remove(&mut self, id: &ObjectId) -> Option<Blob> {
        let (blob, used) = self.files.remove(id)?;
        self.order.remove(&used);
        Some(blob)
    }

    /// Takes out the file that was not asked for the longest and that nobody reads.
    #[must_use = "dropping it removes a file, which blocks"]
    fn remove_oldest(&mut self) -> Option<Blob> {
        let idle = |id: &&ObjectId| self.files.get(*id).is_some_and(|(blob, _)| blob.is_idle());
        let id = *self.order.values().find(idle)?;
        self.remove(&id)
    }
}

impl Disk {
    pub(super) fn new(home: Home, limit: u64) -> Self {
        Self {
            home,
            limit,
            used: Arc::default(),
            index: Mutex::default(),
            saving: AtomicUsize::new(0),
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // Nothing in here panics half-way.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a file that has no room yet. It blocks.
    pub(super) fn create(&self) -> Result<(SealedFile, Arc<File>), ContentError> {
        let file = self.home.create().map_err(|error| unwritable(&error))?;
        let space = Space {
            used: Arc::clone(&self.used),
            bytes: AtomicU64::new(0),
        };
        Ok(SealedFile::new(file, Arc::clone(self.home.key()), space))
    }

    /// Gives room to a file. Others, which nobody reads, have to leave for it. It blocks.
    pub(super) fn take(&self, space: &Space, bytes: u64) -> Result<(), ContentError> {
        loop {
            let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(bytes).filter(|used| *used <= self.limit)
            });
            if taken.is_ok() {
                space.bytes.fetch_add(bytes, Ordering::AcqRel);
                return Ok(());
            }
            // A file that would not fit an empty disk drives nobody out.
            let oldest = if bytes > self.limit {
                None
            } else {
                self.index().remove_oldest()
            };
            // Outside of the lock it is removed, for which a warm reader should not wait.
            drop(oldest.ok_or_else(|| {
                ContentError::Cache(format!(
                    "it may have {} bytes, and there is no room for {bytes} more",
                    self.limit
                ))
            })?);
        }
    }

    /// A file that can still be read.
    pub(super) async fn find(&self, id: &ObjectId) -> Option<Blob> {
        let blob = self.index().find(id)?;
        let (blob, good) = blocking(move || {
            let good = blob.on_disk().is_some_and(|file| file.is_good(blob.size()));
            (blob, good)
        })
        .await
        .ok()?;
        if good {
            return Some(blob);
        }
        let mut index = self.index();
        // Unless somebody has put a good one in its place by now.
        let spoilt = index.files.get(id).is_some_and(|(found, _)| found.is_same(&blob));
        let removed = if spoilt { index.remove(id) } else { None };
        drop(index);
        drop(removed);
        None
    }

    /// Keeps a whole file.
    pub(super) fn keep(&self, blob: &Blob) {
        let most = match blob.on_disk() {
            Some(file) if file.is_unnamed() => MOST_UNNAMED,
            _ => MOST,
        };
        let mut index = self.index();
        let replaced = index.insert(blob.clone());
        let oldest = if index.files.len() > most {
            index.remove_oldest()
        } else {
            None
        };
        drop(index);
        drop((replaced, oldest));
    }

    /// Writes a file that has to leave memory, in the background and if that is easily done: it is a favour, not a promise.
    pub(super) fn save_soon(disk: &Arc<Self>, blob: Blob) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !disk.home.is_lasting() || disk.index().find(&blob.id()).is_some() {
            return;
        }
        if disk.saving.fetch_add(1, Ordering::AcqRel) >= MOST_SAVING {
            disk.saving.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let disk = Arc::clone(disk);
        drop(runtime.spawn_blocking(move || {
            if let Ok(saved) = disk.save(&blob) {
                disk.keep(&saved);
            }
            disk.saving.fetch_sub(1, Ordering::AcqRel);
        }));
    }

    fn save(self: &Arc<Self>, blob: &Blob) -> Result<Blob, ContentError> {
        let bytes = blob
            .in_memory()
            .ok_or(ContentError::Internal("a file on disk is saved again"))?;
        let mut spool = Spool::new(self, Some(blob.size()))?;
        spool.write(bytes)?;
        Ok(Blob::sealed(blob.id(), blob.facts().clone(), spool.finish()?))
    }
}

#[cfg(test)]
impl Disk {
    pub(super) fn is_saving(&self) -> bool {
        self.saving.load(Ordering::Acquire) > 0
    }
}
