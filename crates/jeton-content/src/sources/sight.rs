//! Which credential was seen to read which repository.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use dashmap::DashMap;
use jeton_domain::Diagnosis;
use jiff::{SignedDuration, Timestamp};

use super::SourceKey;

/// For how long a credential is not asked again about a repository that the forge does not show to it.
const REFUSED: SignedDuration = SignedDuration::from_mins(1);
/// So many are remembered; beyond, those that nobody uses are forgotten, and asked for anew.
const MOST: usize = 50_000;
const NEVER: i64 = i64::MIN;

/// All that was seen, by repository and source.
#[derive(Debug, Default)]
pub(super) struct Sights(DashMap<(Arc<str>, SourceKey), Arc<Sight>>);

/// What was seen of one credential in one repository.
#[derive(Debug)]
pub(super) struct Sight {
    /// When it was last seen to read, in milliseconds.
    seen: AtomicI64,
    refused: Mutex<Option<Refused>>,
}

/// The forge did not show the repository.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    at: Timestamp,
    /// In its words.
    pub(super) diagnosis: Diagnosis,
    /// Whether they say more than "not found".
    pub(super) tells: bool,
}

impl Sights {
    pub(super) fn of(&self, repository: &Arc<str>, source: &SourceKey) -> Arc<Sight> {
        let key = (Arc::clone(repository), source.clone());
        if let Some(sight) = self.0.get(&key) {
            return Arc::clone(&sight);
        }
        if self.0.len() >= MOST {
            self.0.retain(|_, sight| Arc::strong_count(sight) > 1);
        }
        Arc::clone(&self.0.entry(key).or_insert_with(|| Arc::new(Sight::new())))
    }
}

impl Sight {
    fn new() -> Self {
        Self {
            seen: AtomicI64::new(NEVER),
            refused: Mutex::new(None),
        }
    }

    /// It has just read it.
    pub(super) fn see(&self, now: Timestamp) {
        self.seen.store(now.as_millisecond(), Ordering::Relaxed);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The forge has just not shown it: whatever was seen before is over.
    pub(super) fn refuse(&self, diagnosis: Diagnosis, tells: bool, now: Timestamp) {
        self.seen.store(NEVER, Ordering::Relaxed);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Refused {
            at: now,
            diagnosis,
            tells,
        });
    }

    /// Why it is not asked again, while that is so.
    pub(super) fn refused(&self, now: Timestamp) -> Option<Refused> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = refused
            .as_ref()
            .filter(|one| now.duration_since(one.at).abs() < REFUSED);
        recent.cloned()
    }

    /// How long ago it was seen to read, unless the credential was refused since. However the clock was set meanwhile, that is how far
    /// the two times are apart.
    pub(super) fn age(&self, rejected_at: i64, now: Timestamp) -> Option<SignedDuration> {
        let seen = self.seen.load(Ordering::Relaxed);
        if seen == NEVER || seen <= rejected_at {
            return None;
        }
        let apart = now.as_millisecond().abs_diff(seen);
        Some(SignedDuration::from_millis(i64::try_from(apart).unwrap_or(i64::MAX)))
    }
}
