use std::{fmt, future::Future, pin::Pin, time::Duration};

use jiff::Timestamp;

/// What [`Clock::sleep`] gives back.
pub type Pause<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The time of day, passed in so that tests own it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now, by this clock.
    fn now(&self) -> Timestamp;

    /// Waits for as long as this clock takes to pass `pause`: the back-off between two tries of an outside call.
    fn sleep(&self, pause: Duration) -> Pause<'_>;
}
