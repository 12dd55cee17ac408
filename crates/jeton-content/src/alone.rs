use std::{fmt, sync::Arc};

use dashmap::DashMap;
use jeton_domain::{Clock, Credential, Entropy, ForgeEndpoint, RepoPath};
use jeton_forge::content::ContentForges;
use jeton_outbound::Outbound;

use crate::{
    Blobs, CommitsQuery, ContentError, ContentSettings, FileRead, HistoryPage, RawRead, Read, TreeListing, TreeQuery,
    reader::Reader, sources::Way,
};

/// What reading without a server is made of.
pub struct AloneParts {
    /// The client of the forge.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What may be tuned.
    pub settings: ContentSettings,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// As whom; as nobody, which is enough for what is public.
    pub credential: Option<Credential>,
}

/// Reads repositories with one credential and without a server, policies or a record: the command line alone.
pub struct AloneContent {
    reader: Reader,
    forges: ContentForges,
    clock: Arc<dyn Clock>,
    settings: Arc<ContentSettings>,
    forge: ForgeEndpoint,
    credential: Option<Credential>,
    /// What was learnt of each repository's limits and rights lies in its way.
    ways: DashMap<RepoPath, Arc<Way>>,
}

impl AloneContent {
    /// Puts the parts together; asks nobody anything.
    pub fn new(parts: AloneParts) -> Self {
        let settings = Arc::new(parts.settings);
        let blobs = Blobs::new(settings.blobs.clone(), settings.max_file_bytes, &*parts.entropy);
        Self {
            reader: Reader::new(Arc::clone(&settings), blobs),
            forges: ContentForges::new(parts.outbound),
            clock: parts.clock,
            settings,
            forge: parts.forge,
            credential: parts.credential,
            ways: DashMap::new(),
        }
    }

    fn way(&self, repository: &str) -> Result<Arc<Way>, ContentError> {
        let kind = self.forge.kind();
        let path = RepoPath::parse(kind, repository.trim_matches('/')).map_err(|error| {
            let shown: String = repository.chars().filter(|c| !c.is_control()).take(120).collect();
            ContentError::Invalid(format!("`{shown}` is no repository of {kind}: {error}"))
        })?;
        if let Some(way) = self.ways.get(&path) {
            return Ok(Arc::clone(&way));
        }
        let (clock, settings) = (Arc::clone(&self.clock), Arc::clone(&self.settings));
        let (forges, credential) = (self.forges.clone(), self.credential.clone());
        let way = Way::alone(forges, self.forge.clone(), path.clone(), credential, clock, settings)?;
        Ok(Arc::clone(&self.ways.entry(path).or_insert(way)))
    }

    /// A page of a tree.
    ///
    /// # Errors
    /// [`ContentError`] says what is wrong and what to do.
    pub async fn tree(
        &self,
        repository: &str,
        reference: Option<&str>,
        query: TreeQuery,
    ) -> Result<Read<TreeListing>, ContentError> {
        Box::pin(self.reader.read_tree(&self.way(repository)?, reference, false, query)).await
    }

    /// A file, whole.
    ///
    /// # Errors
    /// As [`AloneContent::tree`].
    pub async fn file(
        &self,
        repository: &str,
        reference: Option<&str>,
        path: &str,
    ) -> Result<Read<FileRead>, ContentError> {
        Box::pin(self.reader.read_file(&self.way(repository)?, reference, false, path)).await
    }

    /// A file, whose bytes may still be on their way.
    ///
    /// # Errors
    /// As [`AloneContent::tree`].
    pub async fn raw(
        &self,
        repository: &str,
        reference: Option<&str>,
        path: &str,
    ) -> Result<Read<RawRead>, ContentError> {
        Box::pin(self.reader.read_raw(&self.way(repository)?, reference, false, path)).await
    }

    /// A page of the history.
    ///
    /// # Errors
    /// As [`AloneContent::tree`].
    pub async fn commits(
        &self,
        repository: &str,
        reference: Option<&str>,
        query: CommitsQuery,
    ) -> Result<Read<HistoryPage>, ContentError> {
        Box::pin(
            self.reader
                .read_commits(&self.way(repository)?, reference, false, query),
        )
        .await
    }
}

impl fmt::Debug for AloneContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AloneContent")
            .field("forge", &self.forge)
            .finish_non_exhaustive()
    }
}
