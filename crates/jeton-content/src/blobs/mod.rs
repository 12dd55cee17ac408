//! Files by their forge and their object id: immutable, so kept for as long as there is room, and fetched once for all who ask at the same time.
//!
//! Small files are in memory. Larger ones are on disk, in frames that are sealed with a key that only this process has; so what is
//! left on a disk after the process is gone tells nobody anything, and is never read again. Who may read a file is decided before,
//! by those who ask here.
//!
//! The room on disk is bounded, and a file keeps its room while somebody reads it, as long as they read fast enough: 64 KiB a second,
//! and a break of 15 seconds. Who is slower loses it when another file needs the room, and their stream ends with an error; until
//! then that other file waits. So readers that take nothing cannot keep large files from all others.

mod arrival;
mod blob;
mod disk;
mod fetch;
mod file;
mod flight;
mod home;
mod intake;
mod measure;
mod room;
mod seal;
mod settings;
mod spool;
mod ticket;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use jeton_domain::{Entropy, ObjectId};
use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};

pub use arrival::Arrival;
pub use blob::Blob;
pub use fetch::Fetch;
pub use settings::BlobSettings;

use self::{
    disk::Disk,
    flight::{Ask, FlightKey, Flights},
    home::Home,
};
use crate::ContentError;

/// The ids of so many files are remembered whose forge does not tell them.
const MOST_BROUGHT: u64 = 10_000;

/// A file of a forge. A forge's word that a file has an id, and that somebody may read it, is worth nothing for the files of another
/// forge: so what came from one is never given to who asks another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    scope: Arc<str>,
    id: ObjectId,
}

impl Key {
    fn new(scope: &Arc<str>, id: ObjectId) -> Self {
        Self {
            scope: Arc::clone(scope),
            id,
        }
    }
}

/// The cache of files. Each `scope` is a forge of its own: its kind and its API's address. Cheap to clone; all clones are the same cache.
#[derive(Clone)]
pub struct Blobs(Arc<Shared>);

struct Shared {
    memory: Cache<Key, Blob>,
    disk: Arc<Disk>,
    flights: Mutex<Flights>,
    /// What came, where its id was not known before.
    brought: Cache<FlightKey, ObjectId>,
    largest_in_memory: u64,
    max_file_bytes: u64,
}

impl Blobs {
    /// An empty cache for files of at most `max_file_bytes`. Nothing is read or written before a file needs the disk.
    pub fn new(settings: BlobSettings, max_file_bytes: u64, entropy: &dyn Entropy) -> Self {
        let disk = Arc::new(Disk::new(Home::new(settings.directory, entropy), settings.disk_bytes));
        let evicted_to = Arc::clone(&disk);
        let memory = Cache::builder()
            .max_capacity(settings.memory_bytes)
            // By least recent use and not by frequency: what was just fetched is about to be read again, in parts.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_, blob: &Blob| u32::try_from(blob.weight()).unwrap_or(u32::MAX))
            .eviction_listener(move |key: Arc<Key>, blob, cause| {
                if cause == RemovalCause::Size {
                    Disk::save_soon(&evicted_to, Key::clone(&key), blob);
                }
            })
            .build();
        Self(Arc::new(Shared {
            memory,
            disk,
            flights: Mutex::default(),
            brought: Cache::new(MOST_BROUGHT),
            largest_in_memory: settings.largest_in_memory,
            max_file_bytes,
        }))
    }

    /// A file that is whole and in memory: one look into a concurrent map. It waits for nothing and takes no room.
    pub fn find_now(&self, scope: &Arc<str>, id: &ObjectId) -> Option<Blob> {
        self.0.memory.get(&Key::new(scope, *id))
    }

    /// A file that is whole and here. A small one that had to leave memory comes back into it.
    pub async fn find(&self, scope: &Arc<str>, id: &ObjectId) -> Option<Blob> {
        let key = Key::new(scope, *id);
        if let Some(blob) = self.0.memory.get(&key) {
            return Some(blob);
        }
        let blob = self.0.disk.find(&key).await?;
        if blob.size() > self.0.largest_in_memory {
            return Some(blob);
        }
        // One that cannot be read any more has to be fetched anew, so it is not here.
        let blob = blob.into_memory().await.ok()?;
        self.0.memory.insert(key, blob.clone());
        Some(blob)
    }

    /// Gives the file with this id, or joins a fetch that is under way, or begins one. Those who give the same `flight` share one
    /// fetch, so it names the repository and the file in it; without an `id` it names what can never change there, because the id that
    /// came is taken to be the one that comes again. `host` and `path` are for words about errors.
    ///
    /// Who joined another's fetch does not share its failure, which may be about a credential that is not theirs: then their own
    /// `fetch` is tried.
    ///
    /// The fetch runs in a task of its own, and goes on when who asked for it has gone, unless nobody else wants it for a while: it
    /// must be called within a runtime.
    pub fn begin(
        &self,
        scope: &Arc<str>,
        flight: Arc<str>,
        id: Option<ObjectId>,
        host: &str,
        path: &str,
        fetch: Fetch,
    ) -> Arrival {
        if let Some(blob) = id.and_then(|id| self.find_now(scope, &id)) {
            return blob.into();
        }
        flight::begin(&self.0, flight, Ask::new(scope, id, host, path), fetch)
    }

    /// Keeps a file that came whole. Its id is computed, and compared where one is given.
    ///
    /// # Errors
    /// [`ContentError::Mismatch`], [`ContentError::TooLarge`], or [`ContentError::Cache`] of a file that needs the disk.
    pub async fn put(
        &self,
        scope: &Arc<str>,
        id: Option<&ObjectId>,
        host: &str,
        path: &str,
        bytes: Bytes,
    ) -> Result<Blob, ContentError> {
        let ask = Ask::new(scope, id.copied(), host, path);
        // What takes a file in is large, and whoever waits for it should not be.
        Box::pin(intake::put(&self.0, &ask, bytes)).await
    }
}

impl Shared {
    /// Keeps a file that is whole and what it should be.
    fn keep(&self, scope: &Arc<str>, blob: &Blob) {
        let key = Key::new(scope, blob.id());
        if blob.in_memory().is_some() {
            self.memory.insert(key, blob.clone());
        } else {
            self.disk.keep(key, blob);
        }
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blobs")
            .field("in_memory", &self.0.memory.entry_count())
            .finish_non_exhaustive()
    }
}

/// Does what blocks where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ContentError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ContentError::Internal("work on the disk has ended early"))
}

/// A length as it is counted in files.
fn length(bytes: &[u8]) -> u64 {
    // No slice is longer than `isize::MAX`.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// For lengths of what is in memory.
fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
