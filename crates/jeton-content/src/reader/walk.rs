//! Listings as they grow, call by call.

use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use jeton_domain::{FilePath, ObjectId};
use jeton_forge::content::{Entry, EntryKind, Listed};
use tokio::sync::Mutex;

/// Bytes of one entry in memory, roughly.
const ENTRY: usize = 200;
/// More entries are put in order apart from the requests that wait.
const MANY: usize = 20_000;

/// A listing, as far as it was asked for. It only grows, so that a place in it stays a place in it.
#[derive(Debug)]
pub(crate) struct SharedListing {
    known: ArcSwap<Known>,
    pub(super) walk: Mutex<Walk>,
    weight: AtomicUsize,
    /// The most that one listing counts for: a single one must not be too heavy to be kept.
    most_weight: usize,
    by_path: OnceLock<Arc<Vec<Entry>>>,
}

/// What is known of a listing.
#[derive(Debug, Default, Clone)]
pub(super) struct Known {
    pub(super) entries: Arc<Vec<Entry>>,
    /// Nothing comes after them.
    pub(super) complete: bool,
    /// They are in the order of their paths, and can be searched.
    pub(super) sorted: bool,
}

impl Known {
    pub(super) fn is_enough(&self, wanted: usize) -> bool {
        self.complete || self.entries.len() >= wanted
    }
}

/// What was listed so far, and what is still to be listed, in order.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) entries: Vec<Entry>,
    pub(super) pending: VecDeque<Pending>,
    /// Whether all came in one answer.
    pub(super) at_once: bool,
}

/// A directory that is to be listed.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) directory: FilePath,
    pub(super) tree: Option<ObjectId>,
    pub(super) reach: Reach,
    pub(super) page: Option<String>,
}

/// How far a directory is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What lies in it.
    Flat,
    /// With all that lies below, in one go.
    Deep,
    /// What lies in it, and each directory in it after that: the forge does not give it in one go.
    ByLevels,
}

impl SharedListing {
    pub(super) fn new(directory: FilePath, tree: Option<ObjectId>, deep: bool, most_weight: usize) -> Self {
        let first = Pending {
            directory,
            tree,
            reach: if deep { Reach::Deep } else { Reach::Flat },
            page: None,
        };
        Self {
            known: ArcSwap::default(),
            walk: Mutex::new(Walk {
                entries: Vec::new(),
                pending: VecDeque::from([first]),
                at_once: true,
            }),
            weight: AtomicUsize::new(1024),
            most_weight,
            by_path: OnceLock::new(),
        }
    }

    /// A listing that is known whole.
    pub(super) fn of(known: &Known, most_weight: usize) -> Self {
        let listing = Self::new(FilePath::root(), None, false, most_weight);
        listing.show(known.clone());
        listing
    }

    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }

    pub(super) fn known(&self) -> Arc<Known> {
        self.known.load_full()
    }

    fn show(&self, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        let weight = (known.entries.len() * ENTRY + 1024).min(self.most_weight);
        self.weight.store(weight, Ordering::Relaxed);
        self.known.store(Arc::clone(&known));
        known
    }

    /// Takes what was shown back into the walk, to go on with it. Nobody reads it meanwhile but those who have it already.
    pub(super) fn take_back(&self, walk: &mut Walk) {
        let known = self.known.swap(Arc::default());
        if walk.entries.is_empty() {
            let entries = Arc::clone(&known.entries);
            drop(known);
            walk.entries = Arc::try_unwrap(entries).unwrap_or_else(|shared| Vec::clone(&shared));
        }
    }

    /// Shows what was listed to those who do not wait.
    pub(super) async fn publish(&self, walk: &mut Walk) -> Arc<Known> {
        let complete = walk.pending.is_empty();
        let sorted = complete && walk.at_once;
        let mut entries = std::mem::take(&mut walk.entries);
        if sorted {
            entries = in_order(entries).await;
        }
        self.show(Known {
            entries: Arc::new(entries),
            complete,
            sorted,
        })
    }

    /// All entries of a listing that is complete, by path.
    pub(super) async fn by_path(&self) -> Arc<Vec<Entry>> {
        let known = self.known();
        if known.sorted {
            return Arc::clone(&known.entries);
        }
        if let Some(entries) = self.by_path.get() {
            return Arc::clone(entries);
        }
        let entries = Arc::new(in_order(Vec::clone(&known.entries)).await);
        Arc::clone(self.by_path.get_or_init(|| entries))
    }
}

impl Walk {
    /// Takes one answer in.
    pub(super) fn take_in(&mut self, done: Pending, reach: Reach, listed: Listed) {
        self.at_once &= self.entries.is_empty() && reach != Reach::ByLevels && listed.next.is_none();
        if reach == Reach::ByLevels {
            let below = listed.entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
            self.pending.extend(below.map(|entry| Pending {
                directory: entry.path.clone(),
                tree: entry.id,
                reach: Reach::Deep,
                page: None,
            }));
        }
        if let Some(page) = listed.next {
            self.pending.push_front(Pending {
                page: Some(page),
                reach,
                ..done
            });
        }
        self.entries.extend(listed.entries);
    }
}

async fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    let by_path = |a: &Entry, b: &Entry| a.path.cmp(&b.path);
    if entries.len() < MANY {
        entries.sort_by(by_path);
        return entries;
    }
    let sorting = tokio::task::spawn_blocking(move || {
        entries.sort_by(by_path);
        entries
    });
    // Ends early only when the process does.
    sorting.await.unwrap_or_default()
}
