use std::{fmt, sync::Arc};

use jeton_broker::{Asker, Broker};
use jeton_domain::{Clock, Entropy};
use jeton_forge::content::ContentForges;
use jeton_outbound::Outbound;
use jiff::SignedDuration;

use crate::{
    At, Blobs, CommitsQuery, ContentError, ContentSettings, FileRead, HistoryPage, Meta, RawRead, Read, Standing,
    TreeListing, TreeQuery,
    read::path,
    reader::{Base, Reader, read_history_cursor, read_tree_cursor},
    sources::{Right, Sources, Way},
};

/// What the reading of content is made of.
pub struct ContentParts {
    /// Apps' tokens, accounts, policies and the record.
    pub broker: Broker,
    /// The client of the forges.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What an operator may tune.
    pub settings: ContentSettings,
}

/// Reads repositories for callers. Cheap to clone.
#[derive(Clone)]
pub struct Content {
    sources: Sources,
    reader: Reader,
}

impl Content {
    /// Puts the parts together; asks nobody anything.
    pub fn new(parts: ContentParts) -> Self {
        let settings = Arc::new(parts.settings);
        let blobs = Blobs::new(settings.blobs.clone(), settings.max_file_bytes, &*parts.entropy);
        let forges = ContentForges::new(parts.outbound);
        Self {
            sources: Sources::new(parts.broker, forges, parts.clock, Arc::clone(&settings)),
            reader: Reader::new(settings, blobs),
        }
    }

    /// A page of a tree.
    ///
    /// # Errors
    /// [`ContentError`] says whose fault it is and what to do.
    pub async fn tree(&self, asker: &Asker, at: &At<'_>, query: TreeQuery) -> Result<Read<TreeListing>, ContentError> {
        let way = self.sources.way(asker, at.forge, at.repository).await?;
        Box::pin(self.reader.read_tree(&way, at.reference, at.revalidate, query)).await
    }

    /// Every entry of a tree, by path.
    ///
    /// # Errors
    /// As [`Content::tree`].
    pub async fn whole_tree(&self, asker: &Asker, at: &At<'_>) -> Result<Read<TreeListing>, ContentError> {
        let way = self.sources.way(asker, at.forge, at.repository).await?;
        Box::pin(self.reader.read_whole_tree(&way, at.reference, at.revalidate)).await
    }

    /// A file, whole.
    ///
    /// # Errors
    /// As [`Content::tree`].
    pub async fn file(&self, asker: &Asker, at: &At<'_>, path: &str) -> Result<Read<FileRead>, ContentError> {
        let way = self.sources.way(asker, at.forge, at.repository).await?;
        Box::pin(self.reader.read_file(&way, at.reference, at.revalidate, path)).await
    }

    /// A file, whose bytes may still be on their way.
    ///
    /// # Errors
    /// As [`Content::tree`].
    pub async fn raw(&self, asker: &Asker, at: &At<'_>, path: &str) -> Result<Read<RawRead>, ContentError> {
        let way = self.sources.way(asker, at.forge, at.repository).await?;
        Box::pin(self.reader.read_raw(&way, at.reference, at.revalidate, path)).await
    }

    /// A page of the history.
    ///
    /// # Errors
    /// As [`Content::tree`].
    pub async fn commits(
        &self,
        asker: &Asker,
        at: &At<'_>,
        query: CommitsQuery,
    ) -> Result<Read<HistoryPage>, ContentError> {
        let way = self.sources.way(asker, at.forge, at.repository).await?;
        Box::pin(self.reader.read_commits(&way, at.reference, at.revalidate, query)).await
    }

    /// The host that the compatible routes read from.
    ///
    /// # Errors
    /// When several hosts of GitHub are known and none is named.
    pub fn compat_host(&self) -> Result<String, ContentError> {
        self.sources.compat_host()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("reader", &self.reader)
            .finish_non_exhaustive()
    }
}

/// The operations, for whoever has a way to a repository.
impl Reader {
    pub(crate) async fn read_tree(
        &self,
        way: &Arc<Way>,
        reference: Option<&str>,
        revalidate: bool,
        query: TreeQuery,
    ) -> Result<Read<TreeListing>, ContentError> {
        let from = query.cursor.as_deref().map(read_tree_cursor).transpose()?;
        // A later page is of the commit of the first, wherever the branch is now.
        let pinned = from.as_ref().map(|from| from.commit.to_string());
        let base = self.base(way, pinned.as_deref().or(reference), revalidate).await?;
        let listing = self.tree(way, &base, &query, from.as_ref()).await?;
        Ok(answer(way, base, reference, listing))
    }

    pub(crate) async fn read_whole_tree(
        &self,
        way: &Arc<Way>,
        reference: Option<&str>,
        revalidate: bool,
    ) -> Result<Read<TreeListing>, ContentError> {
        let base = self.base(way, reference, revalidate).await?;
        let entries = self.whole_listing(way, &base).await?;
        let length = entries.len();
        Ok(answer(way, base, reference, TreeListing::new(entries, 0..length, None)))
    }

    pub(crate) async fn read_file(
        &self,
        way: &Arc<Way>,
        reference: Option<&str>,
        revalidate: bool,
        raw_path: &str,
    ) -> Result<Read<FileRead>, ContentError> {
        let path = path(raw_path)?;
        let base = self.base(way, reference, revalidate).await?;
        let found = self.file(way, &base, &path).await?;
        let blob = self.whole(way, &base, &found).await?;
        let file = FileRead {
            entry: (*found.entry).clone(),
            link: found.link,
            blob,
        };
        Ok(answer(way, base, reference, file))
    }

    pub(crate) async fn read_raw(
        &self,
        way: &Arc<Way>,
        reference: Option<&str>,
        revalidate: bool,
        raw_path: &str,
    ) -> Result<Read<RawRead>, ContentError> {
        let path = path(raw_path)?;
        let base = self.base(way, reference, revalidate).await?;
        let found = self.file(way, &base, &path).await?;
        let raw = RawRead {
            entry: (*found.entry).clone(),
            link: found.link,
            arrival: found.arrival,
        };
        Ok(answer(way, base, reference, raw))
    }

    pub(crate) async fn read_commits(
        &self,
        way: &Arc<Way>,
        reference: Option<&str>,
        revalidate: bool,
        query: CommitsQuery,
    ) -> Result<Read<HistoryPage>, ContentError> {
        if let (Some(since), Some(until)) = (query.since, query.until)
            && since > until
        {
            return Err(ContentError::Invalid("the first date is after the last".to_owned()));
        }
        let cursor = query.cursor.as_deref();
        let from = cursor.map(|cursor| read_history_cursor(cursor, &query)).transpose()?;
        let pinned = from.as_ref().map(|(commit, _)| commit.to_string());
        let base = self.base(way, pinned.as_deref().or(reference), revalidate).await?;
        let page = self.history(way, &base, &query, from.map(|(_, start)| start)).await?;
        Ok(answer(way, base, reference, page))
    }
}

fn answer<T>(way: &Arc<Way>, base: Base, reference: Option<&str>, value: T) -> Read<T> {
    let notices = way.notices();
    let default_branch = base.reference.as_ref().and_then(|state| state.default_branch.clone());
    let now = way.now();
    // What is pinned is as good as ever, and still shown on the strength of a right that the forge could not be asked about.
    let unseen = || way.seen_age(now).filter(|_| way.right(now) == Right::Missing);
    let stale = base.stale.or_else(unseen);
    Read {
        value,
        meta: Meta {
            host: way.host().to_owned(),
            repository: way.repository().to_string(),
            reference: reference.map(str::to_owned).or(default_branch),
            commit: base.commit,
            source: way.source(),
            stale: stale.filter(|age| *age > SignedDuration::ZERO),
            standing: Standing {
                once: stale.is_some() || !notices.is_empty(),
                way: Arc::clone(way),
                reference: base.reference,
            },
            notices,
        },
    }
}
