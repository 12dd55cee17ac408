//! An issuer's keys: fetched when first needed, kept while the issuer is down, fetched anew when that may help.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use jeton_domain::{Clock, Coded as _, IssuerName};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::{
    Algorithm, FetchError, JwtError, KeySource,
    issuer::KeyFetcher,
    jwk::{Found, KeySet},
};

/// Keys older than this are fetched anew in the background. A key that was withdrawn opens for no longer than this
/// plus the pause between two rounds.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(15);
/// How often unknown key ids may lead to a fetch, and how soon a failed background fetch is tried again: anybody can
/// make up an id.
const MIN_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// While no keys are known at all, every token is refused; so the issuer is asked again sooner.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// How it stands with one issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerStatus {
    /// The operator's name for the issuer.
    pub name: IssuerName,
    /// How many keys can verify at the moment; 0 before they were first needed.
    pub keys: usize,
    /// How many keys the issuer publishes that are not for us: for encryption, too short, of another kind.
    pub skipped: usize,
    /// When the keys were last fetched; `None` if they never were, or need not be.
    pub fetched_at: Option<Timestamp>,
    /// Why the last fetch failed; `None` if it did not.
    pub last_error: Option<String>,
}

/// Keys, and how many different sets there were before them.
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) keys: KeySet,
}

#[derive(Default)]
struct Times {
    fetched: Option<Timestamp>,
    /// Whether it succeeded or not.
    tried: Option<Timestamp>,
    tried_for_unknown_key: Option<Timestamp>,
    last_error: Option<FetchError>,
}

/// The keys of one issuer.
pub(crate) struct KeyCache {
    fetcher: KeyFetcher,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Generation>,
    /// Held by the one fetch that is under way.
    flight: Arc<AsyncMutex<()>>,
    times: Mutex<Times>,
}

impl KeyCache {
    pub(crate) fn new(fetcher: KeyFetcher, clock: Arc<dyn Clock>) -> Self {
        let fixed = match &fetcher.config().keys {
            // checked with the rest of the configuration
            KeySource::Jwks(json) => KeySet::parse(json.as_bytes()).ok(),
            KeySource::SharedSecret(secret) => Some(KeySet::shared(secret)),
            KeySource::Discovery | KeySource::JwksUrl(_) => None,
        };
        let current = fixed.map(|keys| Arc::new(Generation { number: 1, keys }));
        Self {
            fetcher,
            clock,
            current: ArcSwapOption::new(current),
            flight: Arc::default(),
            times: Mutex::default(),
        }
    }

    pub(crate) fn fetcher(&self) -> &KeyFetcher {
        &self.fetcher
    }

    fn is_remote(&self) -> bool {
        matches!(self.fetcher.config().keys, KeySource::Discovery | KeySource::JwksUrl(_))
    }

    /// The number of the set that is in force; `None` when there is none.
    pub(crate) fn generation(&self) -> Option<u64> {
        self.current.load().as_ref().map(|current| current.number)
    }

    /// The keys in force, if need be after a fetch, such that one fits the token where that is possible.
    pub(crate) async fn keys_for(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Generation>, JwtError> {
        let current = match self.current.load_full() {
            Some(current) => current,
            None => self.first().await.map_err(|source| JwtError::IssuerUnavailable {
                issuer: self.fetcher.config().name.clone(),
                source,
            })?,
        };
        if self.is_remote() && matches!(current.keys.find(kid, algorithm), Found::Nothing) {
            return Ok(self.after_unknown_key(current).await);
        }
        Ok(current)
    }

    /// Waits for the first set.
    async fn first(self: &Arc<Self>) -> Result<Arc<Generation>, FetchError> {
        let flight = Arc::clone(&self.flight).lock_owned().await;
        if let Some(current) = self.current.load_full() {
            return Ok(current);
        }
        let failed = {
            let times = self.times();
            let recent = !self.is_past(times.tried, FIRST_PAUSE);
            times.last_error.clone().filter(|_| recent)
        };
        match failed {
            Some(error) => Err(error),
            None => self.fetch(flight).await,
        }
    }

    /// The set in which an unknown key may be: fetched, if that was not done just now.
    async fn after_unknown_key(self: &Arc<Self>, seen: Arc<Generation>) -> Arc<Generation> {
        let flight = match Arc::clone(&self.flight).try_lock_owned() {
            Ok(flight) => flight,
            // somebody fetches already: their answer is as good
            Err(_) => Arc::clone(&self.flight).lock_owned().await,
        };
        let current = self.current.load_full().unwrap_or_else(|| Arc::clone(&seen));
        if current.number != seen.number {
            return current;
        }
        {
            let mut times = self.times();
            if !self.is_past(times.tried_for_unknown_key, MIN_PAUSE) {
                return current;
            }
            times.tried_for_unknown_key = Some(self.clock.now());
        }
        self.fetch(flight).await.unwrap_or(current)
    }

    /// Fetches keys that have grown old. A failure leaves those there are.
    pub(crate) async fn refresh_if_due(self: &Arc<Self>) {
        let due = {
            let times = self.times();
            times.fetched.is_some() && self.is_past(times.fetched, MAX_AGE) && self.is_past(times.tried, MIN_PAUSE)
        };
        if !due || !self.is_remote() {
            return;
        }
        // whoever fetches right now does what is due
        if let Ok(flight) = Arc::clone(&self.flight).try_lock_owned() {
            // the failure is in the log and in the status
            let _ = self.fetch(flight).await;
        }
    }

    /// Fetches in a task of its own: a caller who leaves in the middle must not use up the one try that all wait for.
    async fn fetch(self: &Arc<Self>, flight: OwnedMutexGuard<()>) -> Result<Arc<Generation>, FetchError> {
        let this = Arc::clone(self);
        let task = tokio::spawn(async move {
            let outcome = this.fetch_now().await;
            drop(flight);
            outcome
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Unreachable("the server is stopping".to_owned())),
        }
    }

    async fn fetch_now(&self) -> Result<Arc<Generation>, FetchError> {
        let now = self.clock.now();
        self.times().tried = Some(now);
        let outcome = self.fetcher.fetch().await;
        let name = &self.fetcher.config().name;
        match outcome {
            Ok(keys) => {
                let before = self.current.load_full();
                let current = match before {
                    Some(before) if before.keys == keys => before,
                    before => {
                        let number = before.map_or(1, |before| before.number + 1);
                        tracing::info!(issuer.name = %name, keys = keys.len(), skipped = keys.skipped(), "the issuer has new keys");
                        Arc::new(Generation { number, keys })
                    }
                };
                self.current.store(Some(Arc::clone(&current)));
                let mut times = self.times();
                times.fetched = Some(now);
                times.last_error = None;
                Ok(current)
            }
            Err(error) => {
                tracing::warn!(issuer.name = %name, code = %error.code(), %error, "the issuer's keys could not be fetched");
                self.times().last_error = Some(error.clone());
                Err(error)
            }
        }
    }

    pub(crate) fn status(&self) -> IssuerStatus {
        let current = self.current.load();
        let keys = current.as_ref().map(|current| &current.keys);
        let times = self.times();
        IssuerStatus {
            name: self.fetcher.config().name.clone(),
            keys: keys.map_or(0, KeySet::len),
            skipped: keys.map_or(0, KeySet::skipped),
            fetched_at: times.fetched,
            last_error: times.last_error.as_ref().map(ToString::to_string),
        }
    }

    /// Whether `pause` has passed since then, or the clock was set back.
    fn is_past(&self, then: Option<Timestamp>, pause: SignedDuration) -> bool {
        then.is_none_or(|then| {
            let passed = self.clock.now().duration_since(then);
            passed.is_negative() || passed >= pause
        })
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
