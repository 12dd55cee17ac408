//! What lies in directories.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{FilePath, ForgeKind, ObjectId};
use jeton_forge::content::{Entry, EntryKind, ListAsk};
use tokio::sync::Mutex;

use super::{Base, Reader, shown};
use crate::{ContentError, TreeListing, TreeQuery, sources::Failed, sources::Way};

/// Entries of one listing that are kept at most.
const MOST_ENTRIES: usize = 1_000_000;

/// Which listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    repository: Arc<str>,
    commit: ObjectId,
    directory: FilePath,
    deep: bool,
}

/// A listing, as far as it was asked for. It only grows, so that a place in it stays a place in it.
#[derive(Debug)]
pub(crate) struct SharedListing {
    known: ArcSwap<Known>,
    walk: Mutex<Walk>,
    weight: AtomicUsize,
}

#[derive(Debug, Default, Clone)]
struct Known {
    entries: Arc<Vec<Entry>>,
    /// Nothing comes after them.
    complete: bool,
    /// They are in the order of their paths, and can be searched.
    sorted: bool,
}

/// What is still to be listed, in order.
#[derive(Debug)]
struct Walk {
    pending: VecDeque<Pending>,
    steps: usize,
}

#[derive(Debug)]
struct Pending {
    directory: FilePath,
    tree: Option<ObjectId>,
    deep: bool,
    page: Option<String>,
}

impl SharedListing {
    fn new(directory: FilePath, tree: Option<ObjectId>, deep: bool) -> Self {
        let first = Pending {
            directory,
            tree,
            deep,
            page: None,
        };
        Self {
            known: ArcSwap::default(),
            walk: Mutex::new(Walk {
                pending: VecDeque::from([first]),
                steps: 0,
            }),
            weight: AtomicUsize::new(1024),
        }
    }

    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }
}

impl Reader {
    /// A page of a listing.
    pub(crate) async fn tree(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &TreeQuery,
        offset: usize,
    ) -> Result<TreeListing, ContentError> {
        let limit = query.limit.max(1);
        let wanted = offset.saturating_add(limit);
        let known = self
            .directory(way, base, &query.directory, query.recursive, wanted)
            .await?;
        let length = known.entries.len();
        if offset > length {
            return Err(ContentError::Cursor);
        }
        let end = wanted.min(length);
        let more = end < length || !known.complete;
        let next = more.then(|| cursor(&base.commit, end));
        Ok(TreeListing::new(known.entries, offset..end, next))
    }

    /// Every entry of a commit, by path.
    pub(crate) async fn whole_listing(&self, way: &Arc<Way>, base: &Base) -> Result<Arc<Vec<Entry>>, ContentError> {
        let known = self.directory(way, base, &FilePath::root(), true, usize::MAX).await?;
        if known.sorted {
            return Ok(known.entries);
        }
        let mut entries = Vec::clone(&known.entries);
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Arc::new(entries))
    }

    /// What is known of one place from a listing that is here; the inner `None`: nothing is there.
    pub(crate) async fn in_listing(&self, way: &Way, base: &Base, path: &FilePath) -> Option<Option<Arc<Entry>>> {
        let key = list_key(way, base, &FilePath::root(), true);
        let listing = self.listings.get(&key).await?;
        let known = listing.known.load();
        if !known.complete || !known.sorted {
            return None;
        }
        let found = known.entries.binary_search_by(|entry| entry.path.cmp(path)).ok();
        Some(found.map(|at| Arc::new(known.entries[at].clone())))
    }

    /// A directory's listing, with at least so many entries if there are.
    async fn directory(
        &self,
        way: &Arc<Way>,
        base: &Base,
        directory: &FilePath,
        deep: bool,
        wanted: usize,
    ) -> Result<Known, ContentError> {
        // The whole tree of a commit answers for every directory in it, and is one call where the forge does not cut it;
        // Bitbucket's comes in pages of 100.
        let whole = list_key(way, base, &FilePath::root(), true);
        let is_part = !directory.is_root() || (!deep && self.listings.contains_key(&whole));
        if way.kind() != ForgeKind::Bitbucket && is_part {
            let known = self.listing(way, base, &whole, base.tree, 1).await?;
            if known.complete {
                return part(&known, directory, deep);
            }
        }
        let tree = self.tree_of(way, base, directory).await?;
        self.listing(way, base, &list_key(way, base, directory, deep), tree, wanted)
            .await
    }

    /// The tree of a directory, where the forge lists by trees (GitHub): found level by level.
    async fn tree_of(
        &self,
        way: &Arc<Way>,
        base: &Base,
        directory: &FilePath,
    ) -> Result<Option<ObjectId>, ContentError> {
        if way.kind() != ForgeKind::GitHub || directory.is_root() {
            return Ok(base.tree.filter(|_| directory.is_root()));
        }
        let parts: Vec<&str> = directory.parts().collect();
        let (mut at, mut tree) = (FilePath::root(), base.tree);
        for depth in 1..=parts.len() {
            let level = self
                .listing(way, base, &list_key(way, base, &at, false), tree, usize::MAX)
                .await?;
            at = parts[..depth]
                .join("/")
                .parse()
                .map_err(|_| ContentError::Internal("a part of a path is no path"))?;
            let entry = level.entries.iter().find(|entry| entry.path == at);
            tree = match entry {
                Some(entry) if entry.kind == EntryKind::Directory => entry.id,
                other => return Err(no_directory(other, &at)),
            };
        }
        Ok(tree)
    }

    async fn listing(
        &self,
        way: &Arc<Way>,
        base: &Base,
        key: &ListKey,
        tree: Option<ObjectId>,
        wanted: usize,
    ) -> Result<Known, ContentError> {
        let new = async { Arc::new(SharedListing::new(key.directory.clone(), tree, key.deep)) };
        let listing = self.listings.get_with(key.clone(), new).await;
        let enough = |known: &Known| known.complete || known.entries.len() >= wanted;
        let known = listing.known.load_full();
        if enough(&known) {
            self.ensure_right(way).await?;
            return Ok(Known::clone(&known));
        }
        let mut walk = listing.walk.lock().await;
        loop {
            let known = listing.known.load_full();
            if enough(&known) {
                // Somebody else's credential may have brought it.
                self.ensure_right(way).await?;
                return Ok(Known::clone(&known));
            }
            let known = self.step(way, base, &mut walk, &known).await?;
            let weight = known.entries.len() * 200 + 1024;
            listing.known.store(Arc::new(known));
            listing.weight.store(weight, Ordering::Relaxed);
            // So that its new weight counts.
            self.listings.insert(key.clone(), Arc::clone(&listing)).await;
        }
    }

    /// One call, and what it adds.
    async fn step(&self, way: &Arc<Way>, base: &Base, walk: &mut Walk, known: &Known) -> Result<Known, ContentError> {
        let Some(next) = walk.pending.front() else {
            return Ok(Known {
                complete: true,
                ..known.clone()
            });
        };
        let ask = ListAsk {
            commit: &base.commit,
            directory: &next.directory,
            tree: next.tree.as_ref(),
            deep: next.deep,
            page: next.page.as_deref(),
        };
        let listed = match way.list(&ask).await {
            Ok(listed) => listed,
            Err(Failed::NotFound(_) | Failed::NoSuchName(_)) => {
                self.commit_is_there(way, base).await?;
                return Err(self.no_directory(way, base, &next.directory).await);
            }
            Err(failed) => return Err(self.failed(way, &next.directory, failed)),
        };
        let Some(done) = walk.pending.pop_front() else {
            return Ok(known.clone());
        };
        let first = walk.steps == 0;
        walk.steps += 1;
        let mut entries = Vec::clone(&known.entries);
        if listed.cut && done.deep {
            // Too much for one answer: this directory by itself, then each one below.
            walk.pending.push_front(Pending {
                deep: false,
                page: None,
                ..done
            });
            // To find them, its own level is listed now; what lies below comes after it.
            return self.level(way, base, walk, known).await;
        }
        entries.extend(listed.entries);
        if let Some(page) = listed.next {
            walk.pending.push_front(Pending {
                page: Some(page),
                ..done
            });
        }
        if entries.len() > MOST_ENTRIES {
            return Err(ContentError::Invalid(format!(
                "the tree has more than {MOST_ENTRIES} entries: list its directories one by one, with `path`"
            )));
        }
        let complete = walk.pending.is_empty();
        let sorted = complete && first;
        if sorted {
            entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Ok(Known {
            entries: Arc::new(entries),
            complete,
            sorted,
        })
    }

    /// One directory by itself; the ones in it are to be listed whole after it.
    async fn level(&self, way: &Arc<Way>, base: &Base, walk: &mut Walk, known: &Known) -> Result<Known, ContentError> {
        let Some(next) = walk.pending.front() else {
            return Ok(known.clone());
        };
        let ask = ListAsk {
            commit: &base.commit,
            directory: &next.directory,
            tree: next.tree.as_ref(),
            deep: false,
            page: None,
        };
        let listed = way.list(&ask).await;
        let listed = listed.map_err(|failed| self.failed(way, &next.directory, failed))?;
        if let (Some(done), Some(page)) = (walk.pending.pop_front(), listed.next) {
            walk.pending.push_front(Pending {
                page: Some(page),
                deep: false,
                ..done
            });
        }
        let below = listed.entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
        let below: Vec<Pending> = below
            .map(|entry| Pending {
                directory: entry.path.clone(),
                tree: entry.id,
                deep: true,
                page: None,
            })
            .collect();
        for pending in below.into_iter().rev() {
            walk.pending.push_front(pending);
        }
        let mut entries = Vec::clone(&known.entries);
        entries.extend(listed.entries);
        Ok(Known {
            entries: Arc::new(entries),
            complete: walk.pending.is_empty(),
            sorted: false,
        })
    }

    async fn no_directory(&self, way: &Arc<Way>, base: &Base, directory: &FilePath) -> ContentError {
        let key = Self::key(way, base.commit, directory);
        if let Some(Some(entry)) = self.places.get(&key).await
            && entry.kind != EntryKind::Directory
        {
            return ContentError::IsFile(shown(directory));
        }
        ContentError::PathNotFound {
            repository: way.repository().to_string(),
            path: shown(directory),
            reference: base.words(),
            similar: Vec::new(),
        }
    }
}

/// The part of a whole listing that lies in a directory.
fn part(known: &Known, directory: &FilePath, deep: bool) -> Result<Known, ContentError> {
    let below = format!("{directory}/");
    let (all, depth) = (&known.entries, directory.parts().count() + 1);
    let inside: &[Entry] = if directory.is_root() || !known.sorted {
        all
    } else {
        let rest = &all[all.partition_point(|entry| entry.path.as_str() < below.as_str())..];
        &rest[..rest.partition_point(|entry| entry.path.as_str().starts_with(&below))]
    };
    let is_inside = |entry: &&Entry| directory.is_root() || known.sorted || entry.path.as_str().starts_with(&below);
    let is_wanted = |entry: &&Entry| deep || entry.path.parts().count() == depth;
    let mut entries: Vec<Entry> = inside.iter().filter(is_inside).filter(is_wanted).cloned().collect();
    if entries.is_empty() && !directory.is_root() {
        return Err(no_directory(
            all.iter().find(|entry| entry.path == *directory),
            directory,
        ));
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Known {
        entries: Arc::new(entries),
        complete: true,
        sorted: true,
    })
}

/// Why what is in one place is no directory.
fn no_directory(entry: Option<&Entry>, at: &FilePath) -> ContentError {
    match entry {
        Some(entry) if entry.kind == EntryKind::Submodule => ContentError::IsSubmodule {
            path: shown(at),
            commit: entry.id.map_or_else(|| "unknown".to_owned(), |id| id.to_string()),
        },
        Some(_) => ContentError::IsFile(shown(at)),
        None => ContentError::Internal(NO_DIRECTORY),
    }
}

/// By which a missing directory is told on its way to better words.
const NO_DIRECTORY: &str = "there is no such directory";

impl Reader {
    /// [`Reader::tree`] with words for a directory that is not there.
    pub(crate) async fn tree_or_words(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &TreeQuery,
        offset: usize,
    ) -> Result<TreeListing, ContentError> {
        match self.tree(way, base, query, offset).await {
            Err(ContentError::Internal(NO_DIRECTORY)) => Err(self.no_directory(way, base, &query.directory).await),
            other => other,
        }
    }
}

fn list_key(way: &Way, base: &Base, directory: &FilePath, deep: bool) -> ListKey {
    ListKey {
        repository: Arc::clone(way.key()),
        commit: base.commit,
        directory: directory.clone(),
        deep,
    }
}

/// A place in a listing of a commit.
fn cursor(commit: &ObjectId, offset: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{commit} {offset}"))
}

/// Reads a place in a listing back.
pub(crate) fn read_cursor(text: &str) -> Result<(ObjectId, usize), ContentError> {
    let read = || {
        let text = (text.len() <= 200).then_some(text)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (commit, offset) = text.split_once(' ')?;
        Some((commit.parse().ok()?, offset.parse().ok()?))
    };
    read().ok_or(ContentError::Cursor)
}
