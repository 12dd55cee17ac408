//! What names mean, what lies where, and the history. What hangs on a commit's id is kept as long as there is room, because it never
//! changes; what a branch or tag means is asked for again and again. Everything is kept by repository: whoever may read one learns
//! nothing of another through a commit's id.

mod file;
mod history;
mod listing;
mod refs;
mod similar;
mod walk;

pub(crate) use history::read_cursor as read_history_cursor;
pub(crate) use listing::read_cursor as read_tree_cursor;
pub(crate) use refs::{Base, RefState};

use std::{fmt, sync::Arc};

use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_forge::content::Entry;
use moka::future::Cache;
use tokio::sync::Semaphore;

use self::{
    history::{Block, BlockKey},
    listing::ListKey,
    refs::RefSlot,
    walk::SharedListing,
};
use crate::{Blobs, ContentError, ContentSettings, sources::Way};

/// A place in a repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PlaceKey {
    pub(crate) repository: Arc<str>,
    pub(crate) commit: ObjectId,
    pub(crate) path: FilePath,
}

/// Reads repositories over [`Way`]s, which say who may be asked. Knows no callers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) settings: Arc<ContentSettings>,
    pub(crate) blobs: Blobs,
    refs: Cache<(Arc<str>, Option<RefName>), Arc<RefSlot>>,
    places: Cache<PlaceKey, Arc<Entry>>,
    /// Where nothing was found, and when, in milliseconds since the epoch.
    absent: Cache<PlaceKey, i64>,
    /// When a commit was last seen to be in a repository, in milliseconds since the epoch.
    commits: Cache<(Arc<str>, ObjectId), i64>,
    listings: Cache<ListKey, Arc<SharedListing>>,
    histories: Cache<BlockKey, Arc<Block>>,
    /// Whole trees on their way: each may be tens of megabytes.
    trees: Cache<Arc<str>, Arc<Semaphore>>,
}

/// Whole trees that are on their way from one host at a time.
const MOST_TREES: usize = 3;

impl Reader {
    pub(crate) fn new(settings: Arc<ContentSettings>, blobs: Blobs) -> Self {
        // Half for listings, which are large; the rest for the others.
        let part = |of: u64| settings.index_bytes / of;
        Self {
            blobs,
            refs: Cache::new(part(2048).max(64)),
            places: Cache::builder()
                .max_capacity(part(4))
                .weigher(|key: &PlaceKey, _| weight(300 + key.path.as_str().len() * 2))
                .build(),
            absent: Cache::builder()
                .max_capacity(part(16))
                .weigher(|key: &PlaceKey, _| weight(200 + key.path.as_str().len()))
                .build(),
            commits: Cache::new(part(1024).max(64)),
            trees: Cache::new(1_000),
            listings: Cache::builder()
                .max_capacity(part(2))
                .weigher(|_, listing: &Arc<SharedListing>| weight(listing.weight()))
                .build(),
            histories: Cache::builder()
                .max_capacity(part(8))
                .weigher(|_, block: &Arc<Block>| weight(block.weight()))
                .build(),
            settings,
        }
    }

    /// What one listing counts for at most: a third of the room for all of them.
    fn most_weight(&self) -> usize {
        usize::try_from(self.settings.index_bytes / 6).unwrap_or(usize::MAX)
    }

    async fn trees_of(&self, host: &str) -> Arc<Semaphore> {
        let new = async { Arc::new(Semaphore::new(MOST_TREES)) };
        self.trees.get_with(Arc::from(host), new).await
    }

    pub(crate) fn key(way: &Way, commit: ObjectId, path: &FilePath) -> PlaceKey {
        PlaceKey {
            repository: Arc::clone(way.key()),
            commit,
            path: path.clone(),
        }
    }
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A path as the errors name it: the root has a name there.
pub(crate) fn shown(path: &FilePath) -> String {
    if path.is_root() {
        "/".to_owned()
    } else {
        path.to_string()
    }
}

pub(crate) fn internal(words: &'static str) -> ContentError {
    ContentError::Internal(words)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("blobs", &self.blobs)
            .finish_non_exhaustive()
    }
}
