//! What names mean.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jeton_domain::{Code, Coded as _, ObjectId, RefName};
use jeton_forge::content::{NameKind, Resolved};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{Reader, internal};
use crate::{
    ContentError,
    sources::{Failed, Known, Right, Way},
};

/// For how long somebody waits while another looks.
const PATIENCE: Duration = Duration::from_secs(3);
/// For how long a name that one thing had is taken to mean one thing.
const ONE_FOR: SignedDuration = SignedDuration::from_mins(10);
/// For how long a name that two things had is taken to mean two.
const TWO_FOR: SignedDuration = SignedDuration::from_secs(20);

/// What a name meant when it was last looked at.
#[derive(Debug)]
pub(crate) struct RefState {
    pub(crate) commit: ObjectId,
    pub(crate) tree: Option<ObjectId>,
    pub(crate) default_branch: Option<String>,
    known: Option<Known>,
    /// In milliseconds since the epoch: looks that found nothing new move it.
    checked_at: AtomicI64,
}

impl RefState {
    /// How long ago it was looked at. A clock that was set back makes it old.
    pub(crate) fn age(&self, now: Timestamp) -> SignedDuration {
        let then = Timestamp::from_millisecond(self.checked_at.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN);
        now.duration_since(then).abs()
    }

    pub(crate) fn is_fresh(&self, now: Timestamp, fresh: SignedDuration) -> bool {
        self.age(now) <= fresh
    }
}

/// The place of one name. One look at a time.
#[derive(Debug, Default)]
pub(crate) struct RefSlot {
    state: ArcSwapOption<RefState>,
    looking: Mutex<()>,
    /// How many looks were begun.
    begun: AtomicU64,
    /// When one thing was seen to have the name.
    one_at: AtomicI64,
    /// When a branch and a tag were seen to have it.
    two_at: AtomicI64,
}

/// The commit that is read.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) commit: ObjectId,
    pub(crate) tree: Option<ObjectId>,
    /// Through which name; `None` when it was asked for by its id.
    pub(crate) reference: Option<Arc<RefState>>,
    /// As it was asked, for words.
    pub(crate) name: Option<String>,
    /// How old what the name means is, where the forge could not be asked anew.
    pub(crate) stale: Option<SignedDuration>,
}

impl Base {
    /// The name for words: as it was asked, the default branch, or the commit.
    pub(crate) fn words(&self) -> String {
        let branch = || self.reference.as_ref().and_then(|state| state.default_branch.clone());
        self.name.clone().or_else(branch).unwrap_or_else(|| self.commit.short())
    }
}

impl Reader {
    /// What somebody asked for. A whole commit id is taken as it is: whether it is there shows when it is read.
    pub(crate) async fn base(
        &self,
        way: &Arc<Way>,
        name: Option<&str>,
        revalidate: bool,
    ) -> Result<Base, ContentError> {
        let asked = name.map(str::trim).filter(|name| !name.is_empty());
        // The forges' own word for the default branch.
        let named = asked.filter(|name| *name != "HEAD");
        let parsed = named.map(RefName::parse).transpose().map_err(|error| {
            let shown: String = named
                .unwrap_or_default()
                .chars()
                .filter(|c| !c.is_control())
                .take(80)
                .collect();
            ContentError::Invalid(format!("`{shown}` names no branch, tag or commit: {error}"))
        })?;
        if let Some(commit) = parsed.as_ref().and_then(RefName::as_commit) {
            return Ok(Base {
                commit,
                tree: None,
                reference: None,
                name: named.map(str::to_owned),
                stale: None,
            });
        }
        let (found, stale) = self.look(way, parsed.as_ref(), revalidate).await?;
        Ok(Base {
            commit: found.commit,
            tree: found.tree,
            reference: Some(found),
            name: named.map(str::to_owned),
            stale,
        })
    }

    /// What a name means, and how old that is where the forge is down. Whoever waits while somebody else looks takes what they
    /// found; with `revalidate` only if they began after this was asked.
    pub(crate) async fn look(
        &self,
        way: &Arc<Way>,
        name: Option<&RefName>,
        revalidate: bool,
    ) -> Result<(Arc<RefState>, Option<SignedDuration>), ContentError> {
        let key = (Arc::clone(way.key()), name.cloned());
        let slot = self.refs.get_with(key, async { Arc::default() }).await;
        let begun = slot.begun.load(Ordering::Acquire);
        if !revalidate && let Some(state) = self.at_hand(way, name, &slot) {
            return Ok((state, None));
        }
        // Whoever looks now may wait for a turn of their own credential: nobody stands behind that for long.
        let _one_at_a_time = tokio::time::timeout(PATIENCE, slot.looking.lock()).await;
        let looked_since = slot.begun.load(Ordering::Acquire) > begun;
        if (!revalidate || looked_since)
            && let Some(state) = self.at_hand(way, name, &slot)
        {
            return Ok((state, None));
        }
        match self.look_now(way, name, &slot).await {
            Ok(state) => Ok((state, None)),
            Err(error) => self.stale(way, &slot, error),
        }
    }

    /// What was seen a moment ago, if the caller may know it.
    fn at_hand(&self, way: &Arc<Way>, name: Option<&RefName>, slot: &Arc<RefSlot>) -> Option<Arc<RefState>> {
        let now = way.now();
        let state = slot.state.load_full()?;
        if !state.is_fresh(now, self.settings.ref_fresh) {
            return None;
        }
        match way.right(now) {
            Right::Fresh => Some(state),
            Right::Due => {
                self.look_in_background(way, name, slot);
                Some(state)
            }
            Right::Missing => None,
        }
    }

    /// What was known before, when the forge is down and that is not too long ago.
    fn stale(
        &self,
        way: &Way,
        slot: &RefSlot,
        error: ContentError,
    ) -> Result<(Arc<RefState>, Option<SignedDuration>), ContentError> {
        let now = way.now();
        let Some(most) = self.stale_for(&error) else {
            return Err(error);
        };
        let was_read = way.seen_age(now).is_some_and(|age| age <= most);
        match slot.state.load_full().map(|state| (state.age(now), state)) {
            Some((age, state)) if was_read && age <= self.settings.stale => Ok((state, Some(age))),
            _ => Err(error),
        }
    }

    /// How long ago a credential must have been seen to read the repository for what is here to be shown in spite of this error. Only a
    /// forge that fails lets a right last longer; a caller's own queue or share does not.
    fn stale_for(&self, error: &ContentError) -> Option<SignedDuration> {
        let settings = &self.settings;
        match error.code() {
            Code::ForgeUnavailable | Code::ForgeTimeout | Code::ForgeGarbled | Code::ForgeRateLimited => {
                Some(settings.stale)
            }
            Code::ContentShare | Code::Overloaded => Some(settings.right_lasts.min(settings.stale)),
            _ => None,
        }
    }

    /// Looks again, unless somebody does already; nobody waits for it.
    fn look_in_background(&self, way: &Arc<Way>, name: Option<&RefName>, slot: &Arc<RefSlot>) {
        let (reader, way, name, slot) = (self.clone(), Arc::clone(way), name.cloned(), Arc::clone(slot));
        tokio::spawn(async move {
            let Ok(_one_at_a_time) = slot.looking.try_lock() else {
                return;
            };
            if let Err(error) = reader.look_now(&way, name.as_ref(), &slot).await {
                tracing::debug!(code = %error.code(), %error, "a look in the background failed");
            }
        });
    }

    async fn look_now(
        &self,
        way: &Arc<Way>,
        name: Option<&RefName>,
        slot: &RefSlot,
    ) -> Result<Arc<RefState>, ContentError> {
        slot.begun.fetch_add(1, Ordering::AcqRel);
        let before = slot.state.load_full();
        let known = before.as_ref().and_then(|before| before.known.as_ref());
        let (resolved, source) = match way.resolve(name, known).await {
            Ok(found) => found,
            Err(failed) => return Err(self.not_resolved(way, name, failed).await),
        };
        let now = way.now();
        if let Some(name) = name {
            self.is_one(way, name, slot).await?;
        }
        let state = match (resolved, before) {
            (Resolved::Unchanged, Some(before)) => {
                before.checked_at.store(now.as_millisecond(), Ordering::Relaxed);
                before
            }
            (Resolved::Unchanged, None) => return Err(internal("a name is unchanged that was never looked at")),
            (
                Resolved::At {
                    commit,
                    tree,
                    etag,
                    default_branch,
                },
                _,
            ) => Arc::new(RefState {
                commit,
                tree,
                default_branch,
                known: etag.map(|etag| Known { source, etag }),
                checked_at: AtomicI64::new(now.as_millisecond()),
            }),
        };
        self.confirm_commit(way, state.commit).await;
        slot.state.store(Some(Arc::clone(&state)));
        Ok(state)
    }

    /// Whether a name means one thing.
    async fn is_one(&self, way: &Way, name: &RefName, slot: &RefSlot) -> Result<(), ContentError> {
        let text = name.as_str();
        let explicit = ["refs/", "heads/", "tags/"].iter().any(|start| text.starts_with(start));
        if explicit || name.as_commit().is_some() {
            return Ok(());
        }
        let now = way.now();
        let is_within = |at: &AtomicI64, time: SignedDuration| {
            let then = Timestamp::from_millisecond(at.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN);
            now.duration_since(then).abs() < time
        };
        let ambiguous = || ContentError::RefAmbiguous {
            repository: way.repository().to_string(),
            name: text.to_owned(),
        };
        if is_within(&slot.two_at, TWO_FOR) {
            return Err(ambiguous());
        }
        if is_within(&slot.one_at, ONE_FOR) {
            return Ok(());
        }
        match way.name_kind(name).await {
            Ok(NameKind::Both) => {
                slot.two_at.store(now.as_millisecond(), Ordering::Relaxed);
                Err(ambiguous())
            }
            Ok(NameKind::Branch | NameKind::Tag | NameKind::Neither) => {
                slot.one_at.store(now.as_millisecond(), Ordering::Relaxed);
                Ok(())
            }
            // The name has just been resolved: a forge that cannot say more does not stop anybody.
            Err(failed) => {
                tracing::debug!(?failed, "whether a name means two things is not known");
                Ok(())
            }
        }
    }

    /// Why a name means nothing: the forges say "not found" for a repository that they do not show, too.
    async fn not_resolved(&self, way: &Arc<Way>, name: Option<&RefName>, failed: Failed) -> ContentError {
        match failed {
            Failed::Other(error) => error,
            Failed::Empty => ContentError::Empty(way.repository().to_string()),
            Failed::TooLarge { .. } => internal("a name is too large"),
            Failed::NoSuchName(_) => no_such_name(way, name),
            Failed::NotFound(_) => {
                if name.is_none() {
                    return way.not_shown();
                }
                match way.resolve(None, None).await {
                    Ok(_) => no_such_name(way, name),
                    Err(Failed::Empty) => ContentError::Empty(way.repository().to_string()),
                    Err(Failed::Other(error)) => error,
                    Err(_) => way.not_shown(),
                }
            }
        }
    }

    /// Makes sure that what is already here may be shown: a credential of the caller's was seen to read the repository lately, and
    /// a commit that was asked for by its id was seen to be in it. A repository that was made anew under its old name has other commits.
    pub(crate) async fn ensure_right(&self, way: &Arc<Way>, base: &Base) -> Result<(), ContentError> {
        let now = way.now();
        if base.reference.is_none() && !self.is_confirmed(way, base, now).await {
            return self.outlast(way, self.commit_is_there(way, base).await);
        }
        match way.right(now) {
            Right::Fresh => Ok(()),
            Right::Due => {
                let key = (Arc::clone(way.key()), None);
                let slot = self.refs.get_with(key, async { Arc::default() }).await;
                self.look_in_background(way, None, &slot);
                Ok(())
            }
            Right::Missing => self.outlast(way, self.look(way, None, true).await.map(drop)),
        }
    }

    /// Lets trouble of the forge pass for those who were seen to read not long ago.
    fn outlast(&self, way: &Way, looked: Result<(), ContentError>) -> Result<(), ContentError> {
        let Err(error) = looked else { return Ok(()) };
        let age = way.seen_age(way.now());
        match (self.stale_for(&error), age) {
            (Some(most), Some(age)) if age <= most => Ok(()),
            _ => Err(error),
        }
    }

    async fn is_confirmed(&self, way: &Way, base: &Base, now: Timestamp) -> bool {
        let key = (Arc::clone(way.key()), base.commit);
        let at = self
            .commits
            .get(&key)
            .await
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        at.is_some_and(|at| now.duration_since(at).abs() <= self.settings.right_lasts)
    }

    /// Notes that the forge has just shown something of this commit in this repository.
    pub(crate) async fn confirm(&self, way: &Way, base: &Base) {
        self.confirm_commit(way, base.commit).await;
    }

    async fn confirm_commit(&self, way: &Way, commit: ObjectId) {
        let key = (Arc::clone(way.key()), commit);
        self.commits.insert(key, way.now().as_millisecond()).await;
    }

    /// Whether a commit that was asked for by its id is in this repository at all.
    pub(crate) async fn commit_is_there(&self, way: &Arc<Way>, base: &Base) -> Result<(), ContentError> {
        if base.reference.is_some() {
            return Ok(());
        }
        let name = RefName::parse(&base.commit.to_string()).map_err(|_| internal("a commit's id is no name"))?;
        self.look(way, Some(&name), true).await.map(drop)
    }
}

fn no_such_name(way: &Way, name: Option<&RefName>) -> ContentError {
    ContentError::RefNotFound {
        repository: way.repository().to_string(),
        name: name.map_or_else(|| "HEAD".to_owned(), ToString::to_string),
    }
}
