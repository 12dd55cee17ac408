use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use dashmap::DashMap;
use jeton_broker::{Broker, Warm};

/// At most this many answers are kept; beyond it the others are written anew each time, which is slower and no less
/// right. With a token of 520 characters they take about 100 MB.
const MOST: usize = 100_000;

/// Answers of `GET /api/{namespace}/{repository}` that are written already, by the raw path after `/api/`. Only the
/// broker says whether one may go out again, and only a caller who was let in before asks here.
#[derive(Debug, Default)]
pub(crate) struct WarmAnswers(DashMap<Box<str>, Answer>);

#[derive(Debug)]
struct Answer {
    warm: Warm,
    body: Bytes,
    /// Whether it went out since the last sweep.
    used: AtomicBool,
}

impl WarmAnswers {
    /// The answer for a path, when its token is still good. Waits for nothing and asks no database.
    pub(crate) fn find(&self, path: &str, broker: &Broker) -> Option<Bytes> {
        let answer = self.0.get(path)?;
        if !broker.is_still_good(&answer.warm) {
            return None;
        }
        // Loaded first: a store by every caller would bounce the cache line between cores.
        if !answer.used.load(Ordering::Relaxed) {
            answer.used.store(true, Ordering::Relaxed);
        }
        Some(answer.body.clone())
    }

    pub(crate) fn keep(&self, path: &str, warm: Warm, body: Bytes) {
        if self.0.len() >= MOST && !self.0.contains_key(path) {
            return;
        }
        let used = AtomicBool::new(true);
        self.0.insert(path.into(), Answer { warm, body, used });
    }

    /// Drops what did not go out since the last sweep. Asking the broker instead would count as use, and would keep
    /// tokens renewed that nobody wants; a dropped answer costs its next caller some microseconds.
    pub(crate) fn sweep(&self) {
        self.0.retain(|_, answer| answer.used.swap(false, Ordering::Relaxed));
        if self.0.capacity() > 4 * self.0.len().max(1024) {
            self.0.shrink_to_fit();
        }
    }
}
