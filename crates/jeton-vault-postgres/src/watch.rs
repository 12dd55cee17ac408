use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use jeton_vault::VaultError;

use crate::errors::failed;

/// How long to wait for a server. One that vanishes without a word, as behind a broken link or in a machine that lost
/// its power, resets no connection: the kernel would wait for its answer for a quarter of an hour.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// For a connection: for the server's answer, or for one of the pool to be free.
    pub connection: Duration,
    /// For a statement, and for a COMMIT. Above the server's own limit for a lock (10 seconds), whose refusal says more.
    pub statement: Duration,
    /// For the sign of life of a connection that goes back to the pool: until then it counts as one of the pool.
    pub ping: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connection: Duration::from_secs(5),
            statement: Duration::from_secs(15),
            ping: Duration::from_secs(2),
        }
    }
}

/// What is known of one transaction's connection, for whoever waits for a statement on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch<'t> {
    pub(crate) place: &'t str,
    /// For one statement.
    pub(crate) limit: Duration,
    /// Whether a statement of this transaction went unanswered. Nobody knows whether it was done, so that nothing may
    /// be committed on top of it.
    pub(crate) silent: &'t AtomicBool,
}

/// A statement under way.
pub(crate) trait Watched<T>: Future<Output = Result<T, sqlx::Error>> + Send + Sized {
    /// Waits for the answer, but not for ever. A connection that did not give one is in the middle of a message; the pool
    /// finds that out when it gets the connection back, and closes it.
    fn watched(self, watch: Watch<'_>) -> impl Future<Output = Result<T, VaultError>> + Send {
        async move {
            if watch.silent.load(Ordering::Relaxed) {
                return Err(silence());
            }
            if let Ok(answer) = tokio::time::timeout(watch.limit, self).await {
                return answer.map_err(|error| failed(watch.place, error));
            }
            watch.silent.store(true, Ordering::Relaxed);
            Err(silence())
        }
    }
}

impl<T, S: Future<Output = Result<T, sqlx::Error>> + Send> Watched<T> for S {}

/// What is said of a server that does not answer.
pub(crate) fn silence() -> VaultError {
    VaultError::Unavailable {
        reason: "the server does not answer".to_owned(),
    }
}
