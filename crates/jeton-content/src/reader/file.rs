//! Files.

use std::sync::Arc;

use jeton_domain::{FilePath, ObjectId};
use jeton_forge::content::{Body, Entry, EntryKind, Opened};
use jiff::{SignedDuration, Timestamp};

use super::{Base, PlaceKey, Reader, shown};
use crate::{
    Arrival, Blob, ContentError, Fetch, Link,
    sources::{Failed, Way},
};

/// Links that lead to links, at most; as Linux has it, roughly.
const MOST_LINKS: usize = 8;
/// For how long nothing is taken to be where nothing was.
const ABSENT: SignedDuration = SignedDuration::from_mins(1);

/// A file that was found, and its bytes as far as they are here.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) entry: Arc<Entry>,
    pub(crate) link: Option<Link>,
    pub(crate) arrival: Arrival,
}

impl Reader {
    /// Finds a file and begins to bring it. Symbolic links are followed inside of the repository.
    pub(crate) async fn file(&self, way: &Arc<Way>, base: &Base, path: &FilePath) -> Result<Found, ContentError> {
        let mut at = path.clone();
        for _ in 0..=MOST_LINKS {
            let (entry, arrival) = match self.place(way, base, &at).await {
                Err(ContentError::PathNotFound { .. }) if at != *path => return Err(broken(path, at.as_str())),
                placed => placed?,
            };
            match entry.kind {
                EntryKind::File | EntryKind::Executable => {
                    // Where the forge followed a link by itself, the entry has the path of what it led to.
                    let to = entry.path.clone();
                    let link = (to != *path).then(|| Link { path: path.clone(), to });
                    let arrival = match arrival {
                        Some(arrival) => arrival,
                        None => self.bytes(way, base, &entry).await?,
                    };
                    return Ok(Found { entry, link, arrival });
                }
                EntryKind::Symlink => {
                    let arrival = match arrival {
                        Some(arrival) => arrival,
                        None => self.bytes(way, base, &entry).await?,
                    };
                    let blob = arrival.whole().await?;
                    let target = blob.read(0..blob.size().min(4096)).await?;
                    let target = String::from_utf8_lossy(&target).into_owned();
                    at = at
                        .follow(&target)
                        .filter(|to| !to.is_root())
                        .ok_or_else(|| broken(path, &target))?;
                }
                EntryKind::Directory => return Err(ContentError::IsDirectory(shown(&at))),
                EntryKind::Submodule => {
                    return Err(ContentError::IsSubmodule {
                        path: shown(&at),
                        commit: entry.id.map(|id| id.to_string()),
                    });
                }
            }
        }
        Err(broken(path, at.as_str()))
    }

    /// What lies in one place, with its bytes where they came along.
    async fn place(
        &self,
        way: &Arc<Way>,
        base: &Base,
        path: &FilePath,
    ) -> Result<(Arc<Entry>, Option<Arrival>), ContentError> {
        if path.is_root() {
            return Err(ContentError::IsDirectory(shown(path)));
        }
        let key = Self::key(way, base.commit, path);
        let known = match self.places.get(&key).await {
            Some(entry) => Some(Some(entry)),
            None => match self.in_listing(way, base, path).await {
                Some(known) => Some(known),
                None => self.is_absent(way, &key).await.then_some(None),
            },
        };
        if let Some(known) = known {
            self.ensure_right(way, base).await?;
            return match known {
                Some(entry) => Ok((entry, None)),
                None => Err(self.nothing_there(way, base, path).await),
            };
        }
        // One look for all who ask for the same at the same time. Another's failure is not ours: they may have other credentials.
        let mut brought = None;
        let mut own = None;
        let looked = self
            .places
            .try_get_with(key.clone(), async {
                let opened = self.open(way, base, path).await.map_err(Some);
                let (entry, arrival) = opened.map_err(|error| own = Some(error))?;
                brought = arrival;
                if entry.is_none() {
                    // Before those who wait hear of it: they need not look themselves.
                    self.absent.insert(key.clone(), way.now().as_millisecond()).await;
                    own = Some(None);
                }
                entry.ok_or(())
            })
            .await;
        match (looked, own) {
            (Ok(entry), _) => {
                // It may have been found by somebody else's credential.
                self.ensure_right(way, base).await?;
                return Ok((entry, brought));
            }
            (Err(_), Some(Some(error))) => return Err(error),
            (Err(_), Some(None)) => {}
            (Err(_), None) if self.is_absent(way, &key).await => self.ensure_right(way, base).await?,
            (Err(_), None) => {
                if let (Some(entry), arrival) = self.open(way, base, path).await? {
                    self.places.insert(key, Arc::clone(&entry)).await;
                    return Ok((entry, arrival));
                }
            }
        }
        Err(self.nothing_there(way, base, path).await)
    }

    /// Whether nothing was found there a moment ago. Not for long: a forge's replicas may lag, and who asked may have lost their right.
    async fn is_absent(&self, way: &Way, key: &PlaceKey) -> bool {
        let at = self
            .absent
            .get(key)
            .await
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        at.is_some_and(|at| way.now().duration_since(at).abs() <= ABSENT)
    }

    /// Asks the forge. `None`: nothing is there, in a commit that is.
    pub(super) async fn open(
        &self,
        way: &Arc<Way>,
        base: &Base,
        path: &FilePath,
    ) -> Result<(Option<Arc<Entry>>, Option<Arrival>), ContentError> {
        let Opened { mut entry, body } = match way.open(&base.commit, path).await {
            Ok(opened) => {
                self.confirm(way, base).await;
                opened
            }
            Err(Failed::NotFound(_) | Failed::NoSuchName(_)) => {
                self.commit_is_there(way, base).await?;
                return Ok((None, None));
            }
            Err(failed) => return Err(self.failed(way, path, failed)),
        };
        let arrival = match body {
            Body::Here(bytes) => {
                let (id, host) = (entry.id, way.host());
                let scope = way.endpoint_key();
                let blob = self.blobs.put(scope, id.as_ref(), host, path.as_str(), bytes).await?;
                entry.id = Some(blob.id());
                entry.size = Some(blob.size());
                Some(Arrival::from(blob))
            }
            Body::Coming(stream) => {
                let fetch = self.fetch(way, base.commit, entry.path.clone(), entry.id);
                Some(self.begin(way, base, &entry, fetch.with(stream)))
            }
            Body::Apart => None,
        };
        Ok((Some(Arc::new(entry)), arrival))
    }

    /// The bytes of a file that is known.
    async fn bytes(&self, way: &Arc<Way>, base: &Base, entry: &Arc<Entry>) -> Result<Arrival, ContentError> {
        let limit = self.settings.max_file_bytes;
        if entry.size.is_some_and(|size| size > limit) {
            return Err(ContentError::TooLarge {
                path: shown(&entry.path),
                limit,
                by_forge: false,
            });
        }
        if let Some(id) = &entry.id
            && let Some(blob) = self.blobs.find(way.endpoint_key(), id).await
        {
            return Ok(Arrival::from(blob));
        }
        let fetch = self.fetch(way, base.commit, entry.path.clone(), entry.id);
        Ok(self.begin(way, base, entry, fetch))
    }

    /// Brings a file, or joins those who wait for it.
    fn begin(&self, way: &Way, base: &Base, entry: &Entry, fetch: Fetch) -> Arrival {
        let (scope, flight) = (way.endpoint_key(), flight(way, &base.commit, entry));
        self.blobs
            .begin(scope, flight, entry.id, way.host(), entry.path.as_str(), fetch)
    }

    /// Asks the forge for the bytes of a file, as one of those who may be asked for this caller.
    fn fetch(&self, way: &Arc<Way>, commit: ObjectId, path: FilePath, id: Option<ObjectId>) -> Fetch {
        let (reader, way) = (self.clone(), Arc::clone(way));
        Fetch::new(async move || {
            let stream = way.blob(&commit, &path, id.as_ref()).await;
            stream.map_err(|failed| reader.failed(&way, &path, failed))
        })
    }

    /// Waits for a file to be whole, and remembers its id where the forge did not tell it (Bitbucket).
    pub(crate) async fn whole(&self, way: &Way, base: &Base, found: &Found) -> Result<Blob, ContentError> {
        let blob = found.arrival.whole().await?;
        if found.entry.id.is_none() {
            let entry = Entry {
                id: Some(blob.id()),
                size: Some(blob.size()),
                ..Entry::clone(&found.entry)
            };
            let key = Self::key(way, base.commit, &found.entry.path);
            self.places.insert(key, Arc::new(entry)).await;
        }
        Ok(blob)
    }

    /// What a failure means to the caller.
    pub(crate) fn failed(&self, way: &Way, path: &FilePath, failed: Failed) -> ContentError {
        match failed {
            Failed::Other(error) => error,
            Failed::Empty => ContentError::Empty(way.repository().to_string()),
            Failed::TooLarge { limit } => ContentError::TooLarge {
                path: shown(path),
                limit: limit.min(self.settings.max_file_bytes),
                by_forge: true,
            },
            // What was seen a moment ago is gone: the repository went away, or the right to it.
            Failed::NotFound(_) | Failed::NoSuchName(_) => way.not_shown(),
        }
    }

    async fn nothing_there(&self, way: &Arc<Way>, base: &Base, path: &FilePath) -> ContentError {
        ContentError::PathNotFound {
            repository: way.repository().to_string(),
            path: shown(path),
            reference: base.words(),
            similar: self.similar(way, base, path).await,
        }
    }
}

fn flight(way: &Way, commit: &ObjectId, entry: &Entry) -> Arc<str> {
    match &entry.id {
        Some(id) => format!("{}\n{id}", way.key()).into(),
        None => format!("{}\n{commit}\n{}", way.key(), entry.path).into(),
    }
}

fn broken(path: &FilePath, target: &str) -> ContentError {
    ContentError::LinkBroken {
        path: shown(path),
        target: target.chars().filter(|c| !c.is_control()).take(200).collect(),
    }
}
