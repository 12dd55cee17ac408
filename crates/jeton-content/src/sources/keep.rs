//! What was decided a moment ago.

use std::{
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use jeton_domain::{Caller, Clock};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{KEPT, Way};

/// So many are kept; the others are decided anew each time, which is slower and no less right.
const MOST: usize = 50_000;
/// How often it is looked whether some are over when nobody asks for any: they hold opened credentials, and those of an account that
/// was removed are not to stay.
const CLEARED_EVERY: Duration = Duration::from_mins(1);
/// Longer names are nobody's.
const LONGEST_NAME: usize = 1_024;

/// The ways that were found within the last seconds. Who comes while one is being looked for waits for it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    all: DashMap<Key, Arc<OnceCell<Arc<Way>>>>,
    swept_at: AtomicI64,
    /// Whether a task looks for what is over.
    is_cleared: AtomicBool,
}

#[derive(Debug, Clone, PartialEq)]
struct Key {
    /// With all that policies look at: claims, role, address.
    caller: Caller,
    forge: Box<str>,
    repository: Box<str>,
    generation: u64,
    /// Which stretch of [`KEPT`] it belongs to. They begin at another moment for each key, so that not all end at once.
    stretch: i64,
}

/// No claim is a number that differs from itself: JSON has none.
impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.caller.identity.key().hash(state);
        self.caller.address.hash(state);
        self.forge.hash(state);
        self.repository.hash(state);
        self.generation.hash(state);
        self.stretch.hash(state);
    }
}

impl Key {
    fn new(caller: &Caller, forge: &str, repository: &str, generation: u64, now: Timestamp) -> Self {
        let length = KEPT.as_millis().max(1);
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((caller.identity.key(), forge, repository));
        let offset = i64::from(u32::try_from(hash & 0xffff_ffff).unwrap_or(0)) % length;
        Self {
            caller: caller.clone(),
            forge: forge.into(),
            repository: repository.into(),
            generation,
            stretch: now.as_millisecond().saturating_add(offset).div_euclid(length),
        }
    }
}

impl Kept {
    /// Where the way of a caller stands, or is to be put. `None` when there is no room.
    pub(super) fn place(
        &self,
        caller: &Caller,
        forge: &str,
        repository: &str,
        generation: u64,
        now: Timestamp,
    ) -> Option<Arc<OnceCell<Arc<Way>>>> {
        if forge.len() > LONGEST_NAME || repository.len() > LONGEST_NAME {
            return None;
        }
        let key = Key::new(caller, forge, repository, generation, now);
        if let Some(place) = self.all.get(&key) {
            let is_kept = place.get().is_none_or(|way| way.is_stable());
            return is_kept.then(|| Arc::clone(&place));
        }
        self.sweep_if_due(now);
        if self.all.len() >= MOST {
            return None;
        }
        Some(Arc::clone(&self.all.entry(key).or_default()))
    }

    pub(super) fn find(
        &self,
        caller: &Caller,
        forge: &str,
        repository: &str,
        generation: u64,
        now: Timestamp,
    ) -> Option<Arc<Way>> {
        let key = Key::new(caller, forge, repository, generation, now);
        let way = Arc::clone(self.all.get(&key)?.get()?);
        way.is_stable().then_some(way)
    }

    /// Sees to it that what is kept now is dropped a minute after it is over, whoever asks or does not.
    pub(super) fn clear_later(self: &Arc<Self>, clock: &Arc<dyn Clock>) {
        self.clear_every(CLEARED_EVERY, clock);
    }

    fn clear_every(self: &Arc<Self>, pause: Duration, clock: &Arc<dyn Clock>) {
        if self.is_cleared.load(Ordering::Acquire) || self.is_cleared.swap(true, Ordering::AcqRel) {
            return;
        }
        let (kept, clock) = (Arc::downgrade(self), Arc::clone(clock));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(kept) = kept.upgrade() else { return };
                kept.sweep(clock.now());
                if kept.all.is_empty() {
                    kept.is_cleared.store(false, Ordering::Release);
                    // Who has put something there meanwhile may have seen a task that was at its end.
                    if kept.all.is_empty() || kept.is_cleared.swap(true, Ordering::AcqRel) {
                        return;
                    }
                }
            }
        });
    }

    /// Drops what is over: all of it each time that as much time has gone by.
    fn sweep_if_due(&self, now: Timestamp) {
        let (now_ms, length) = (
            now.as_millisecond(),
            i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX),
        );
        let last = self.swept_at.load(Ordering::Relaxed);
        let is_due = now_ms.abs_diff(last) >= length.unsigned_abs();
        let claim = || {
            self.swept_at
                .compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        if is_due && claim() {
            self.sweep(now);
        }
    }

    fn sweep(&self, now: Timestamp) {
        let length = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        // The stretches of all keys that are on are within one of this.
        let stretch = now.as_millisecond().div_euclid(length.max(1));
        self.all.retain(|key, _| key.stretch.abs_diff(stretch) <= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use jeton_domain::{Caller, Clock};
    use jiff::{SignedDuration, Timestamp};

    use super::Kept;
    use crate::sources::tests::world::SetClock;

    #[tokio::test]
    async fn what_is_over_is_dropped_though_nobody_asks_any_more() {
        let (kept, clock) = (Arc::<Kept>::default(), Arc::new(SetClock::default()));
        let as_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let put = || {
            let place = kept.place(&Caller::anonymous(None), "github.com", "a/b", 1, clock.now());
            assert!(place.is_some());
            kept.clear_every(Duration::from_millis(1), &as_clock);
        };
        let until_gone = async || {
            while !kept.all.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        for _ in 0..3 {
            put();
            clock.forward(SignedDuration::from_mins(1));
            let gone = tokio::time::timeout(Duration::from_secs(10), until_gone()).await;
            assert!(gone.is_ok(), "and again when something is put there later");
        }
    }

    #[test]
    fn what_was_decided_is_kept_for_seconds_and_for_one_caller_alone() {
        let (kept, caller, now) = (Kept::default(), Caller::anonymous(None), Timestamp::UNIX_EPOCH);
        let place =
            |caller: &Caller, generation, now| kept.place(caller, "github.com", "a/b", generation, now).unwrap();
        let first = place(&caller, 1, now);
        assert!(Arc::ptr_eq(&first, &place(&caller, 1, now)));
        assert!(!Arc::ptr_eq(&first, &place(&caller, 2, now)), "other policies");
        let elsewhere = Caller::anonymous(Some([192, 0, 2, 7].into()));
        assert!(!Arc::ptr_eq(&first, &place(&elsewhere, 1, now)), "another address");
        assert!(!Arc::ptr_eq(
            &first,
            &place(&caller, 1, now + SignedDuration::from_secs(5))
        ));
        for second in 0..1_000 {
            place(&caller, 1, now + SignedDuration::from_secs(second));
        }
        assert!(kept.all.len() < 10, "what is over is dropped: {}", kept.all.len());
        assert!(kept.place(&caller, &"a".repeat(2_000), "a/b", 1, now).is_none());
    }
}
