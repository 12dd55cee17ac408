use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::file::SealedFile;

/// A file that is read or written has its room for so long without a step, even when another needs it. It is well below the time that
/// a request may take, so that who needs the room gets it in time.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes for which a file has its room for a second more: who reads or writes more slowly has to leave when there is need.
const BYTES_PER_SECOND: u64 = 64 * 1024;

/// Files by their number. They are seen here, not held.
type Files = HashMap<u64, (Arc<Share>, Weak<SealedFile>)>;

/// The room of the disk, and who has it.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    used: AtomicU64,
    files: Mutex<Files>,
    begun: Instant,
}

/// What one file has.
#[derive(Debug)]
struct Share {
    bytes: AtomicU64,
    /// In milliseconds since [`Room::begun`].
    safe_until: AtomicU64,
}

/// Room that a file has. It is free again with this.
#[derive(Debug)]
pub(super) struct Space {
    room: Arc<Room>,
    number: u64,
    share: Arc<Share>,
}

impl Room {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            files: Mutex::default(),
            begun: Instant::now(),
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// For a file that has nothing yet.
    pub(super) fn space(self: &Arc<Self>, number: u64) -> Space {
        Space {
            room: Arc::clone(self),
            number,
            share: Arc::new(Share {
                bytes: AtomicU64::new(0),
                safe_until: AtomicU64::new(self.now() + millis(PATIENCE)),
            }),
        }
    }

    /// From now on the file may be driven out.
    pub(super) fn add(&self, file: &Arc<SealedFile>) {
        let space = file.space();
        let entry = (Arc::clone(&space.share), Arc::downgrade(file));
        self.files().insert(space.number, entry);
    }

    /// Whether it would fit if nobody else were there.
    pub(super) fn fits(&self, space: &Space, bytes: u64) -> bool {
        let all = space.share.bytes.load(Ordering::Acquire).checked_add(bytes);
        all.is_some_and(|all| all <= self.limit)
    }

    /// Takes what is free. It waits for nothing.
    #[must_use]
    pub(super) fn take(&self, space: &Space, bytes: u64) -> bool {
        let taken = self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
            used.checked_add(bytes).filter(|used| *used <= self.limit)
        });
        if taken.is_ok() {
            space.share.bytes.fetch_add(bytes, Ordering::AcqRel);
        }
        taken.is_ok()
    }

    /// Files that are so slow that they have to leave for so many bytes, the slowest first. None, if all of them would not be enough:
    /// nobody leaves in vain.
    pub(super) fn slow(&self, space: &Space, bytes: u64) -> Vec<Arc<SealedFile>> {
        let now = self.now();
        let files = self.files();
        let mut slow: Vec<_> = files
            .iter()
            .filter(|(number, _)| **number != space.number)
            .filter_map(|(number, (share, _))| {
                let until = share.safe_until.load(Ordering::Acquire);
                let bytes = share.bytes.load(Ordering::Acquire);
                (until < now && bytes > 0).then_some((until, bytes, *number))
            })
            .collect();
        slow.sort_unstable();
        let used = self.used.load(Ordering::Acquire);
        let lacking = used.saturating_add(bytes).saturating_sub(self.limit);
        let mut gained = 0;
        let enough = slow.iter().position(|(_, bytes, _)| {
            gained += bytes;
            gained >= lacking
        });
        let Some(last) = enough else {
            return Vec::new();
        };
        let numbers = slow.get(..=last).unwrap_or_default();
        numbers
            .iter()
            .filter_map(|(_, _, number)| files.get(number)?.1.upgrade())
            .collect()
    }

    fn now(&self) -> u64 {
        millis(self.begun.elapsed())
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // Each change is one step.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Space {
    /// Somebody has got the file.
    pub(super) fn touch(&self) {
        let until = self.room.now() + millis(PATIENCE);
        self.share.safe_until.fetch_max(until, Ordering::AcqRel);
    }

    /// Somebody has read or written so much of it.
    pub(super) fn advance(&self, bytes: u64) {
        let now = self.room.now();
        let (earned, most) = (bytes.saturating_mul(1000) / BYTES_PER_SECOND, now + millis(PATIENCE));
        let later = |until: u64| Some((until.max(now).saturating_add(earned)).min(most.max(until)));
        // It never fails, because `later` always says something.
        let _ = self
            .share
            .safe_until
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
    }

    /// It is not to be driven out, or not again.
    pub(super) fn hold(&self) {
        self.share.safe_until.store(u64::MAX, Ordering::Release);
    }

    /// Gives all back.
    pub(super) fn free(&self) {
        let bytes = self.share.bytes.swap(0, Ordering::AcqRel);
        self.room.used.fetch_sub(bytes, Ordering::AcqRel);
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.free();
        self.room.files().remove(&self.number);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
