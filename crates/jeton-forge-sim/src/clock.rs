//! The clock of the simulated forges.

use std::fmt;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};

use crate::lock;

/// What time it is on the forge. Clones share one state.
///
/// The forge decides by this clock when a token ends, when an assertion is too old and when a rate
/// limit starts anew; the `Date` header of every answer shows it. Only latency is real time.
#[derive(Clone)]
pub struct SimClock {
    base: Base,
    shift: Arc<Mutex<Shift>>,
}

#[derive(Clone)]
enum Base {
    System,
    Fixed(Timestamp),
    From(Arc<dyn Fn() -> Timestamp + Send + Sync>),
}

#[derive(Clone, Copy, Default)]
struct Shift {
    advanced: SignedDuration,
    skew: SignedDuration,
}

impl SimClock {
    /// Follows the clock of this machine.
    pub fn system() -> Self {
        Self::over(Base::System)
    }

    /// Stands still at `start` until it is advanced.
    pub fn manual(start: Timestamp) -> Self {
        Self::over(Base::Fixed(start))
    }

    /// Follows another clock, for instance the one a test gives to the program under test.
    pub fn from_fn(now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self::over(Base::From(now))
    }

    fn over(base: Base) -> Self {
        Self {
            base,
            shift: Arc::default(),
        }
    }

    /// The time on the forge: the base, plus all advances, plus the skew.
    pub fn now(&self) -> Timestamp {
        let base = match &self.base {
            Base::System => system_now(),
            Base::Fixed(start) => *start,
            Base::From(now) => now(),
        };
        let shift = *lock(&self.shift);
        let moved = shift.advanced.saturating_add(shift.skew);
        // Only an absurd shift leaves the range of time; the base is then the better answer.
        base.checked_add(moved).unwrap_or(base)
    }

    /// Moves the forge's time on (or back, for a negative duration), whatever it follows.
    pub fn advance(&self, by: SignedDuration) {
        let mut shift = lock(&self.shift);
        shift.advanced = shift.advanced.saturating_add(by);
    }

    /// Sets how far the forge's clock is ahead of what it follows. Replaces an earlier skew.
    pub fn set_skew(&self, ahead: SignedDuration) {
        lock(&self.shift).skew = ahead;
    }
}

impl fmt::Debug for SimClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimClock").field(&self.now()).finish()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the simulator meets the machine's clock"
)]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = SimClock::manual(start);
        let same = clock.clone();
        assert_eq!(clock.now(), start);
        same.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now(), start + SignedDuration::from_secs(90));
        clock.set_skew(SignedDuration::from_secs(-30));
        assert_eq!(same.now(), start + SignedDuration::from_secs(60));
    }

    #[test]
    fn a_borrowed_clock_is_followed_and_can_be_skewed() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let theirs = SimClock::manual(start);
        let source = theirs.clone();
        let ours = SimClock::from_fn(Arc::new(move || source.now()));
        ours.set_skew(SignedDuration::from_secs(5));
        theirs.advance(SignedDuration::from_secs(10));
        assert_eq!(ours.now(), start + SignedDuration::from_secs(15));
    }
}
