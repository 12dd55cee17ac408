//! What the provider says about itself, remembered: the sign-in page is open to everybody, and must not become a way
//! to have the provider called.

use std::sync::Arc;

use jeton_domain::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::{
    FetchError,
    issuer::{Discovered, KeyFetcher},
};

/// How long a document is used before it is fetched anew, and after a failed try as well.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(15);
/// How soon a failed fetch is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// The provider's discovery document.
pub(super) struct Discovery {
    clock: Arc<dyn Clock>,
    /// Locked during a fetch: one is enough for all who wait.
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    found: Option<(Timestamp, Discovered)>,
    failed: Option<(Timestamp, FetchError)>,
}

impl Discovery {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            kept: Mutex::default(),
        }
    }

    /// The document, fetched if need be. One that grew old is better than none.
    pub(super) async fn get(&self, fetcher: &KeyFetcher) -> Result<Discovered, FetchError> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let within = |then: Timestamp, span: SignedDuration| {
            let passed = now.duration_since(then);
            !passed.is_negative() && passed < span
        };
        if let Some((at, found)) = &kept.found
            && within(*at, MAX_AGE)
        {
            return Ok(found.clone());
        }
        let failed = kept.failed.clone().filter(|(at, _)| within(*at, PAUSE));
        let error = match failed {
            Some((_, error)) => error,
            None => match fetcher.discover().await {
                Ok(found) => {
                    *kept = Kept {
                        found: Some((now, found.clone())),
                        failed: None,
                    };
                    return Ok(found);
                }
                Err(error) => {
                    tracing::warn!(issuer.name = %fetcher.config().name, %error, "the provider's discovery document could not be fetched");
                    kept.failed = Some((now, error.clone()));
                    error
                }
            },
        };
        kept.found.as_ref().map(|(_, found)| found.clone()).ok_or(error)
    }
}
