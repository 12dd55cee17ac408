//! The system's own clock and randomness: the only place where the server gets either.

use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jeton_domain::{Clock, Entropy, Pause};
use jiff::Timestamp;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that is passed in everywhere else"
        )]
        Timestamp::now()
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(tokio::time::sleep(pause))
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub(crate) struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no key and no nonce may be made; there is nothing to fall back to.
        assert!(self.0.fill(buffer).is_ok(), "the operating system gives no randomness");
    }
}
