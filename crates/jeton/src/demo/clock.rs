use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jeton_domain::{Clock, Pause};
use jeton_forge_sim::SimClock;
use jiff::{SignedDuration, Timestamp};

use crate::system::SystemClock;

/// The machine's clock, moved ahead by as much as the demo says: an hour passes in a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct DemoClock {
    ahead_seconds: Arc<AtomicI64>,
}

impl DemoClock {
    /// Moves ahead.
    pub(crate) fn advance(&self, by: SignedDuration) {
        self.ahead_seconds.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    /// The forge's clock, showing the same time.
    pub(crate) fn for_sim(&self) -> SimClock {
        let clock = self.clone();
        SimClock::from_fn(Arc::new(move || clock.now()))
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.ahead_seconds.load(Ordering::Relaxed))
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(pause))
    }
}
