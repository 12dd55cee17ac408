use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jeton_domain::{Clock, Pause};
use jeton_forge_sim::SimClock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until a test moves it. A sleep moves it by itself and takes no real time, so that back-off
/// and probing are tested without waiting. Clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl Default for TestClock {
    /// Stands at 2026-11-02 09:00 UTC.
    fn default() -> Self {
        let start = Timestamp::from_second(1_793_610_000).unwrap_or_default();
        Self(Arc::new(Mutex::new(start)))
    }
}

impl TestClock {
    /// Moves on.
    pub fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// The simulator's clock, showing the same time.
    pub fn for_sim(&self) -> SimClock {
        let clock = self.clone();
        SimClock::from_fn(Arc::new(move || clock.now()))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(async move {
            self.advance(SignedDuration::try_from(pause).unwrap_or_default());
            tokio::task::yield_now().await;
        })
    }
}
