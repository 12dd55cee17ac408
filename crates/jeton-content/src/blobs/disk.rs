use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Blob, Key, blocking,
    file::SealedFile,
    home::Home,
    room::{PATIENCE, Room, Space},
    spool::{Spool, unwritable},
};
use crate::ContentError;

/// So many unnamed files are kept: each is held open.
const MOST_UNNAMED: usize = 64;
/// So many files are kept: what is known of each is in memory.
const MOST: usize = 65_536;
/// So many files may be on their way from memory to the disk. When more are, files go faster than a disk takes them.
const MOST_SAVING: usize = 16;
/// So long a file waits for room: long enough that whoever is too slow has lost theirs.
const LONGEST_WAIT: Duration = PATIENCE.saturating_add(Duration::from_secs(5));
/// So often it is looked whether there is room.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The files on disk, and the room that they have.
#[derive(Debug)]
pub(super) struct Disk {
    home: Home,
    room: Arc<Room>,
    index: Mutex<Index>,
    saving: AtomicUsize,
}

/// Whole files, and by when they were last asked for.
#[derive(Debug, Default)]
struct Index {
    files: HashMap<Key, (Blob, u64)>,
    order: BTreeMap<u64, Key>,
    tick: u64,
}

impl Index {
    fn find(&mut self, key: &Key) -> Option<Blob> {
        let (blob, used) = self.files.get_mut(key)?;
        self.tick += 1;
        self.order.remove(used);
        self.order.insert(self.tick, key.clone());
        *used = self.tick;
        Some(blob.clone())
    }

    #[must_use = "dropping it may remove a file, which blocks"]
    fn insert(&mut self, key: Key, blob: Blob) -> Option<Blob> {
        let before = self.remove(&key);
        self.tick += 1;
        self.order.insert(self.tick, key.clone());
        self.files.insert(key, (blob, self.tick));
        before
    }

    #[must_use = "dropping it may remove a file, which blocks"]
    fn remove(&mut self, key: &Key) -> Option<Blob> {
        let (blob, used) = self.files.remove(key)?;
        self.order.remove(&used);
        Some(blob)
    }

    /// Takes out the file that was not asked for the longest and that nobody reads.
    #[must_use = "dropping it removes a file, which blocks"]
    fn remove_oldest(&mut self) -> Option<Blob> {
        let idle = |key: &&Key| self.files.get(*key).is_some_and(|(blob, _)| blob.is_idle());
        let key = self.order.values().find(idle)?.clone();
        self.remove(&key)
    }
}

impl Disk {
    pub(super) fn new(home: Home, limit: u64) -> Self {
        Self {
            home,
            room: Arc::new(Room::new(limit)),
            index: Mutex::default(),
            saving: AtomicUsize::new(0),
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // Nothing in here panics half-way.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a file that has no room yet. It blocks.
    pub(super) fn create(&self) -> Result<(Arc<SealedFile>, Arc<File>), ContentError> {
        let file = self.home.create().map_err(|error| unwritable(&error))?;
        let space = self.room.space(file.number.0);
        let (file, handle) = SealedFile::new(file, Arc::clone(self.home.key()), space);
        let file = Arc::new(file);
        self.room.add(&file);
        Ok((file, handle))
    }

    /// Gives room to a file. Others have to leave for it: those that nobody uses at once, and then those that are used too slowly.
    /// It waits until there are enough of them, so that slow readers cannot keep a large file from everybody else.
    pub(super) async fn room(disk: &Arc<Self>, file: &Arc<SealedFile>, bytes: u64) -> Result<(), ContentError> {
        if disk.room.take(file.space(), bytes) {
            return Ok(());
        }
        let until = Instant::now() + LONGEST_WAIT;
        loop {
            let (disk, file) = (Arc::clone(disk), Arc::clone(file));
            let (fits, taken) = blocking(move || {
                let space = file.space();
                (disk.room.fits(space, bytes), disk.take(space, bytes, true))
            })
            .await?;
            if taken.is_ok() || !fits || Instant::now() >= until {
                return taken;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Gives room to a file, if others have it that nobody uses, or, if `slow`, that are used too slowly. It blocks.
    fn take(&self, space: &Space, bytes: u64, slow: bool) -> Result<(), ContentError> {
        // A file that would not fit an empty disk drives nobody out.
        let fits = self.room.fits(space, bytes);
        loop {
            if self.room.take(space, bytes) {
                return Ok(());
            }
            let oldest = if fits { self.index().remove_oldest() } else { None };
            if oldest.is_none() {
                break;
            }
            // Outside of the lock it is removed, for which a warm reader should not wait.
            drop(oldest);
        }
        if fits && slow {
            for file in self.room.slow(space, bytes) {
                file.revoke();
            }
            if self.room.take(space, bytes) {
                return Ok(());
            }
        }
        Err(ContentError::Cache(format!(
            "it may have {} bytes, and there is no room for {bytes} more",
            self.room.limit()
        )))
    }

    /// A file that can still be read.
    pub(super) async fn find(&self, key: &Key) -> Option<Blob> {
        let blob = self.index().find(key)?;
        let (blob, good) = blocking(move || {
            let good = blob.on_disk().is_some_and(|file| file.is_good(blob.size()));
            (blob, good)
        })
        .await
        .ok()?;
        if good {
            if let Some(file) = blob.on_disk() {
                file.space().touch();
            }
            return Some(blob);
        }
        let mut index = self.index();
        // Unless somebody has put a good one in its place by now.
        let spoilt = index.files.get(key).is_some_and(|(found, _)| found.is_same(&blob));
        let removed = if spoilt { index.remove(key) } else { None };
        drop(index);
        drop(removed);
        None
    }

    /// Keeps a whole file.
    pub(super) fn keep(&self, key: Key, blob: &Blob) {
        let most = match blob.on_disk() {
            Some(file) if file.is_unnamed() => MOST_UNNAMED,
            _ => MOST,
        };
        let mut index = self.index();
        let replaced = index.insert(key, blob.clone());
        let oldest = if index.files.len() > most {
            index.remove_oldest()
        } else {
            None
        };
        drop(index);
        drop((replaced, oldest));
    }

    /// Writes a file that has to leave memory, in the background and if that is easily done: it is a favour, not a promise.
    pub(super) fn save_soon(disk: &Arc<Self>, key: Key, blob: Blob) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !disk.home.is_lasting() || disk.index().find(&key).is_some() {
            return;
        }
        if disk.saving.fetch_add(1, Ordering::AcqRel) >= MOST_SAVING {
            disk.saving.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let disk = Arc::clone(disk);
        drop(runtime.spawn_blocking(move || {
            if let Ok(saved) = disk.save(&blob) {
                disk.keep(key, &saved);
            }
            disk.saving.fetch_sub(1, Ordering::AcqRel);
        }));
    }

    fn save(&self, blob: &Blob) -> Result<Blob, ContentError> {
        let bytes = blob
            .in_memory()
            .ok_or(ContentError::Internal("a file on disk is saved again"))?;
        let mut spool = Spool::begin(self)?;
        let room = spool.lacks(blob.size());
        self.take(spool.file().space(), room, false)?;
        spool.widen(room);
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
