//! What lies in directories.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Code, Diagnosis, FilePath, ForgeKind, ObjectId};
use jeton_forge::content::{Entry, EntryKind, ListAsk, Listed};

use super::{
    Base, Reader, shown,
    walk::{Known, Pending, Reach, SharedListing, Walk},
};
use crate::{
    ContentError, TreeListing, TreeQuery,
    sources::{Failed, Way},
};

/// Entries of one listing that are kept at most.
const MOST_ENTRIES: usize = 500_000;
/// Calls of one request at most, or twice as many where the forge cuts each.
const MOST_STEPS: usize = 300;

/// Which listing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ListKey {
    repository: Arc<str>,
    commit: ObjectId,
    directory: FilePath,
    deep: bool,
}

/// Why a directory is not listed.
enum Unlisted {
    /// Nothing has its path.
    Nothing,
    Failed(ContentError),
}

impl From<ContentError> for Unlisted {
    fn from(error: ContentError) -> Self {
        Self::Failed(error)
    }
}

impl Reader {
    /// A page of a listing; a short one where more would be too many calls at once.
    pub(crate) async fn tree(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &TreeQuery,
        from: Option<&Place>,
    ) -> Result<TreeListing, ContentError> {
        let offset = from.map_or(0, |from| from.offset);
        let wanted = offset.saturating_add(query.limit.max(1));
        let order = from.map(|from| from.sorted);
        let known = match self.directory(way, base, query, order, wanted).await {
            Ok(known) => known,
            Err(Unlisted::Failed(error)) => return Err(error),
            Err(Unlisted::Nothing) => return Err(self.no_directory(way, base, &query.directory).await),
        };
        let length = known.entries.len();
        if order.is_some_and(|sorted| sorted != known.sorted) {
            return Err(ContentError::Cursor);
        }
        if offset > length || (offset == length && !known.complete) {
            return Err(if known.complete {
                ContentError::Cursor
            } else {
                too_many_calls(way)
            });
        }
        let end = wanted.min(length);
        let more = end < length || !known.complete;
        let next = more.then(|| cursor(&base.commit, end, known.sorted));
        Ok(TreeListing::new(known.entries, offset..end, next))
    }

    /// Every entry of a commit, by path, if one call brings it.
    pub(crate) async fn listing_of_one_call(&self, way: &Arc<Way>, base: &Base) -> Option<Arc<Vec<Entry>>> {
        let whole = list_key(way, base, &FilePath::root(), true);
        let known = self.listing(way, base, &whole, base.tree, 1).await.ok()?;
        (known.complete && known.sorted).then_some(known.entries)
    }

    /// Every entry of a commit, by path.
    pub(crate) async fn whole_listing(&self, way: &Arc<Way>, base: &Base) -> Result<Arc<Vec<Entry>>, ContentError> {
        let key = list_key(way, base, &FilePath::root(), true);
        let known = match self.listing(way, base, &key, base.tree, usize::MAX).await {
            Ok(known) if known.complete => known,
            Ok(_) => return Err(too_many_calls(way)),
            Err(Unlisted::Failed(error)) => return Err(error),
            // git keeps no directory without anything in it, but an empty commit has an empty tree.
            Err(Unlisted::Nothing) => return Ok(Arc::default()),
        };
        match self.listings.get(&key).await {
            Some(listing) if listing.known().complete => Ok(listing.by_path().await),
            _ => Ok(SharedListing::of(&known, 0).by_path().await),
        }
    }

    /// What is known of one place from a listing that is here; the inner `None`: nothing is there.
    pub(crate) async fn in_listing(&self, way: &Way, base: &Base, path: &FilePath) -> Option<Option<Arc<Entry>>> {
        let key = list_key(way, base, &FilePath::root(), true);
        let known = self.listings.get(&key).await?.known();
        if !known.complete || !known.sorted {
            return None;
        }
        let found = known.entries.binary_search_by(|entry| entry.path.cmp(path)).ok();
        Some(found.map(|at| Arc::new(known.entries[at].clone())))
    }

    /// A directory's listing, with at least so many entries if there are. A cursor's `order` tells which of two listings it is from.
    async fn directory(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &TreeQuery,
        order: Option<bool>,
        wanted: usize,
    ) -> Result<Known, Unlisted> {
        let (directory, deep) = (&query.directory, query.recursive);
        // The whole tree of a commit answers for every directory in it, and is one call where the forge does not cut it;
        // Bitbucket's comes in pages of 100.
        let whole = list_key(way, base, &FilePath::root(), true);
        let own = list_key(way, base, directory, deep);
        let is_here = self.listings.contains_key(&whole);
        let is_part = match order {
            Some(sorted) => sorted && own != whole,
            None => !directory.is_root() || (!deep && is_here),
        };
        if way.kind() != ForgeKind::Bitbucket && is_part {
            let known = self.listing(way, base, &whole, base.tree, 1).await?;
            if known.complete {
                let here = self.listings.get(&own).await.map(|listing| listing.known());
                if let Some(part) = here.filter(|part| part.complete && part.sorted) {
                    return Ok(Known::clone(&part));
                }
                let part = part(&known, directory, deep)?;
                let listing = SharedListing::of(&part, self.most_weight());
                self.listings.insert(own, Arc::new(listing)).await;
                return Ok(part);
            }
        }
        let tree = self.tree_of(way, base, directory).await?;
        self.listing(way, base, &own, tree, wanted).await
    }

    /// The tree of a directory, where the forge lists by trees (GitHub): found level by level.
    async fn tree_of(&self, way: &Arc<Way>, base: &Base, directory: &FilePath) -> Result<Option<ObjectId>, Unlisted> {
        if way.kind() != ForgeKind::GitHub || directory.is_root() {
            return Ok(base.tree.filter(|_| directory.is_root()));
        }
        let parts: Vec<&str> = directory.parts().collect();
        let (mut at, mut tree) = (FilePath::root(), base.tree);
        for depth in 1..=parts.len() {
            let key = list_key(way, base, &at, false);
            let level = self.listing(way, base, &key, tree, usize::MAX).await?;
            at = parts[..depth]
                .join("/")
                .parse()
                .map_err(|_| ContentError::Internal("a part of a path is no path"))?;
            tree = match level.entries.iter().find(|entry| entry.path == at) {
                Some(entry) if entry.kind == EntryKind::Directory => entry.id,
                Some(entry) => return Err(not_listed(entry).into()),
                None if level.complete => return Err(Unlisted::Nothing),
                None => return Err(too_many_calls(way).into()),
            };
        }
        Ok(tree)
    }

    /// A listing with at least so many entries, if there are, or as many as one request may bring.
    async fn listing(
        &self,
        way: &Arc<Way>,
        base: &Base,
        key: &ListKey,
        tree: Option<ObjectId>,
        wanted: usize,
    ) -> Result<Known, Unlisted> {
        let most = self.most_weight();
        let new = async { Arc::new(SharedListing::new(key.directory.clone(), tree, key.deep, most)) };
        let listing = self.listings.get_with(key.clone(), new).await;
        let known = listing.known();
        if known.is_enough(wanted) {
            self.ensure_right(way, base).await?;
            return Ok(Known::clone(&known));
        }
        let mut walk = listing.walk.lock().await;
        let known = listing.known();
        if known.is_enough(wanted) {
            // Somebody else's credential has brought it.
            self.ensure_right(way, base).await?;
            return Ok(Known::clone(&known));
        }
        drop(known);
        listing.take_back(&mut walk);
        let (mut outcome, mut steps) = (Ok(()), 0);
        while outcome.is_ok() && !walk.pending.is_empty() && walk.entries.len() < wanted && steps < MOST_STEPS {
            outcome = self.step(way, base, &mut walk).await;
            steps += 1;
        }
        // What was listed before a failure stays.
        let known = listing.publish(&mut walk).await;
        // So that its new weight counts.
        self.listings.insert(key.clone(), Arc::clone(&listing)).await;
        outcome?;
        if steps == 0 {
            // All of it was brought by somebody who did not wait for it.
            self.ensure_right(way, base).await?;
        }
        Ok(Known::clone(&known))
    }

    /// One call, or two where the forge cuts the first, and what it adds.
    async fn step(&self, way: &Arc<Way>, base: &Base, walk: &mut Walk) -> Result<(), Unlisted> {
        if walk.entries.len() > MOST_ENTRIES {
            return Err(Unlisted::Failed(ContentError::Invalid(format!(
                "the tree has more than {MOST_ENTRIES} entries: list its directories one by one, with `path`"
            ))));
        }
        let Some(next) = walk.pending.front() else {
            return Ok(());
        };
        let mut reach = next.reach;
        let mut listed = self.list(way, base, next, reach == Reach::Deep).await?;
        if listed.cut && reach == Reach::Deep {
            reach = Reach::ByLevels;
            listed = self.list(way, base, next, false).await?;
        }
        if listed.cut {
            let directory = shown(&next.directory);
            let words = format!("`{directory}` has more entries than {} lists", way.host());
            return Err(Unlisted::Failed(ContentError::Invalid(words)));
        }
        // Nothing is changed before the answers are here: whoever goes on after a failure does the same once more.
        if let Some(done) = walk.pending.pop_front() {
            walk.take_in(done, reach, listed);
        }
        Ok(())
    }

    async fn list(&self, way: &Arc<Way>, base: &Base, next: &Pending, deep: bool) -> Result<Listed, Unlisted> {
        let directory = &next.directory;
        let ask = ListAsk {
            commit: &base.commit,
            directory,
            tree: next.tree.as_ref(),
            deep,
            // A page is one of the listing that it belongs to.
            page: next.page.as_deref().filter(|_| deep == (next.reach == Reach::Deep)),
        };
        let trees = self.trees_of(way.host()).await;
        let _few_at_a_time = if deep { trees.acquire().await.ok() } else { None };
        match way.list(&ask).await {
            Ok(listed) => {
                self.confirm(way, base).await;
                Ok(listed)
            }
            Err(Failed::NotFound(_) | Failed::NoSuchName(_)) => {
                self.commit_is_there(way, base).await?;
                Err(Unlisted::Nothing)
            }
            Err(failed) => Err(self.failed(way, directory, failed).into()),
        }
    }

    async fn no_directory(&self, way: &Arc<Way>, base: &Base, directory: &FilePath) -> ContentError {
        let key = Self::key(way, base.commit, directory);
        let known = match self.places.get(&key).await {
            // There the whole tree is not at hand, which tells of a file elsewhere.
            None if way.kind() == ForgeKind::Bitbucket => {
                let opened = self.open(way, base, directory).await.ok();
                opened.and_then(|(entry, _)| entry)
            }
            known => known,
        };
        if let Some(entry) = known.filter(|entry| entry.kind != EntryKind::Directory) {
            return not_listed(&entry);
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
fn part(known: &Known, directory: &FilePath, deep: bool) -> Result<Known, Unlisted> {
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
        match all.iter().find(|entry| entry.path == *directory) {
            // What lies in it has names that are none here.
            Some(entry) if entry.kind == EntryKind::Directory => {}
            Some(entry) => return Err(not_listed(entry).into()),
            None => return Err(Unlisted::Nothing),
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Known {
        entries: Arc::new(entries),
        complete: true,
        sorted: true,
    })
}

/// Why what is in one place is not listed.
fn not_listed(entry: &Entry) -> ContentError {
    if entry.kind == EntryKind::Submodule {
        return ContentError::IsSubmodule {
            path: shown(&entry.path),
            commit: entry.id.map(|id| id.to_string()),
        };
    }
    ContentError::IsFile(shown(&entry.path))
}

fn too_many_calls(way: &Way) -> ContentError {
    ContentError::Forge(Box::new(Diagnosis {
        code: Code::Overloaded,
        cause: format!(
            "The tree of {} takes more than {MOST_STEPS} calls to {}, which is as many as one request makes.",
            way.repository(),
            way.host()
        ),
        remedy: "Ask again: what was listed is kept, and the next request goes on from there. Or list its directories one by one."
            .to_owned(),
        url: None,
        retry_at: way.now().checked_add(jiff::SignedDuration::from_secs(1)).ok(),
    }))
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) commit: ObjectId,
    offset: usize,
    /// Whether the listing is by path, or in the order in which the forge gave it.
    sorted: bool,
}

fn cursor(commit: &ObjectId, offset: usize, sorted: bool) -> String {
    let order = if sorted { 'p' } else { 'f' };
    URL_SAFE_NO_PAD.encode(format!("{commit} {offset} {order}"))
}

/// Reads a place in a listing back.
pub(crate) fn read_cursor(text: &str) -> Result<Place, ContentError> {
    let read = || {
        let text = (text.len() <= 200).then_some(text)?;
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split(' ');
        let (commit, offset, order) = (parts.next()?, parts.next()?, parts.next()?);
        let sorted = match order {
            "p" => true,
            "f" => false,
            _ => return None,
        };
        Some(Place {
            commit: commit.parse().ok()?,
            offset: offset.parse().ok()?,
            sorted,
        })
    };
    read().ok_or(ContentError::Cursor)
}
