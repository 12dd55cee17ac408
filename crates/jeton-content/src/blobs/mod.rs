//! Files by their object id: immutable, so kept for as long as there is room, and fetched once for all who ask at the same time.
//!
//! Small files are in memory. Larger ones are on disk, in frames that are sealed with a key that only this process has; so what is
//! left on a disk after the process is gone tells nobody anything, and is never read again. Who may read a file is decided before,
//! by those who ask here.

mod arrival;
mod blob;
mod disk;
mod file;
mod flight;
mod home;
mod intake;
mod measure;
mod seal;
mod settings;
mod spool;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use jeton_domain::{Entropy, ObjectId};
use jeton_forge::content::BlobStream;
use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};

pub use arrival::Arrival;
pub use blob::Blob;
pub use settings::BlobSettings;

use self::{
    disk::Disk,
    flight::{Ask, Flights},
    home::Home,
};
use crate::ContentError;

/// The cache of files. Cheap to clone; all clones are the same cache.
#[derive(Clone)]
pub struct Blobs(Arc<Shared>);

struct Shared {
    memory: Cache<ObjectId, Blob>,
    disk: Arc<Disk>,
    flights: Mutex<Flights>,
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
            .eviction_listener(move |_, blob, cause| {
                if cause == RemovalCause::Size {
                    Disk::save_soon(&evicted_to, blob);
                }
            })
            .build();
        Self(Arc::new(Shared {
            memory,
            disk,
            flights: Mutex::default(),
            largest_in_memory: settings.largest_in_memory,
            max_file_bytes,
        }))
    }

    /// A file that is whole and in memory: one look into a concurrent map. It waits for nothing and takes no room.
    pub fn find_now(&self, id: &ObjectId) -> Option<Blob> {
        self.0.memory.get(id)
    }

    /// A file that is whole and here. A small one that had to leave memory comes back into it.
    pub async fn find(&self, id: &ObjectId) -> Option<Blob> {
        if let Some(blob) = self.find_now(id) {
            return Some(blob);
        }
        let blob = self.0.disk.find(id).await?;
        if blob.size() > self.0.largest_in_memory {
            return Some(blob);
        }
        // One that cannot be read any more has to be fetched anew, so it is not here.
        let blob = blob.into_memory().await.ok()?;
        self.0.memory.insert(*id, blob.clone());
        Some(blob)
    }

    /// Gives the file with this id, or joins the fetch of it that is under way, or begins one. `flight` names what is asked for
    /// where the id is not known yet: those who give the same share one fetch. `host` and `path` are for words about errors.
    ///
    /// The fetch runs in a task of its own, and goes on when who asked for it has gone: it must be called within a runtime.
    pub fn begin<F, Fut>(&self, flight: Arc<str>, id: Option<ObjectId>, host: &str, path: &str, fetch: F) -> Arrival
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<BlobStream, ContentError>> + Send + 'static,
    {
        if let Some(blob) = id.and_then(|id| self.find_now(&id)) {
            return blob.into();
        }
        flight::begin(&self.0, flight, Ask::new(id, host, path), fetch)
    }

    /// Keeps a file that came whole. Its id is computed, and compared where one is given.
    ///
    /// # Errors
    /// [`ContentError::Mismatch`], [`ContentError::TooLarge`], or [`ContentError::Cache`] of a file that needs the disk.
    pub async fn put(&self, id: Option<&ObjectId>, host: &str, path: &str, bytes: Bytes) -> Result<Blob, ContentError> {
        intake::put(&self.0, &Ask::new(id.copied(), host, path), bytes).await
    }
}

impl Shared {
    /// Keeps a file that is whole and what it should be.
    fn keep(&self, blob: &Blob) {
        if blob.in_memory().is_some() {
            self.memory.insert(blob.id(), blob.clone());
        } else {
            self.disk.keep(blob);
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
