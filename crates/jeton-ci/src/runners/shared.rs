//! Tokens with which any number of runners come and go, held in memory as long as they live.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use jeton_domain::{Clock, Code, Coded as _, Fingerprint};
use jeton_forge::ci::RunnerToken;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::Purpose;
use crate::CiError;

/// So many different ones are held at most.
const MOST: usize = 10_000;
/// Those that have ended are dropped whenever so many new ones have come.
const SWEEP_EVERY: u64 = 256;

/// What makes a token another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SharedKey {
    pub(crate) api_url: String,
    pub(crate) scope_kind: &'static str,
    /// In lower case, as the forge compares it.
    pub(crate) path: String,
    /// What tells credentials apart.
    pub(crate) source: String,
    pub(crate) purpose: Purpose,
}

/// A token and what may be shown of it.
#[derive(Debug, Clone)]
pub(crate) struct SharedToken {
    pub(crate) token: RunnerToken,
    pub(crate) fingerprint: Fingerprint,
}

/// A token that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Obtained {
    pub(crate) token: Arc<SharedToken>,
    /// Whether it was there already.
    pub(crate) shared: bool,
}

/// The tokens. Of each one mint is in flight at most; who asks meanwhile gets its outcome, a failure too.
#[derive(Default)]
pub(crate) struct SharedTokens {
    cells: DashMap<SharedKey, Arc<Mutex<Cell>>>,
    /// Tells what was before what; clocks may stand still or jump.
    order: AtomicU64,
    added: AtomicU64,
}

#[derive(Default)]
struct Cell {
    /// The newest, and when its mint began.
    held: Option<(u64, Arc<SharedToken>)>,
    /// The last mint, when it failed.
    failed: Option<Failure>,
}

struct Failure {
    began: u64,
    ended: u64,
    need: SignedDuration,
    error: CiError,
}

impl SharedTokens {
    /// A token that lives for `need` at least: the one that is there, or one from `mint`. `fresh`: none whose mint began before this was
    /// asked.
    ///
    /// The mint ends with the one who asked for it when they hang up; the next one in the row begins anew, and a token that nobody has
    /// does no harm.
    pub(crate) async fn obtain<F>(
        &self,
        key: SharedKey,
        need: SignedDuration,
        fresh: bool,
        clock: &dyn Clock,
        mint: impl FnOnce() -> F,
    ) -> Result<Obtained, CiError>
    where
        F: Future<Output = Result<RunnerToken, CiError>>,
    {
        let asked = self.tick();
        let cell = self.cell(key, clock.now());
        let mut cell = cell.lock().await;
        let began_after = if fresh { asked } else { 0 };
        if let Some(token) = cell.serving(began_after, need, clock.now()) {
            return Ok(Obtained { token, shared: true });
        }
        if let Some(error) = cell.failing(began_after, asked, need) {
            return Err(error);
        }
        let began = self.tick();
        let outcome = mint().await;
        match outcome {
            Ok(token) => {
                let token = Arc::new(SharedToken {
                    fingerprint: Fingerprint::of(&token.token),
                    token,
                });
                cell.held = Some((began, Arc::clone(&token)));
                cell.failed = None;
                Ok(Obtained { token, shared: false })
            }
            Err(error) => {
                cell.failed = Some(Failure {
                    began,
                    ended: self.tick(),
                    need,
                    error: error.clone(),
                });
                Err(error)
            }
        }
    }

    /// The place of a key; one that is not kept when there is no room.
    fn cell(&self, key: SharedKey, now: Timestamp) -> Arc<Mutex<Cell>> {
        if let Some(cell) = self.cells.get(&key) {
            return Arc::clone(&cell);
        }
        let added = self.added.fetch_add(1, Ordering::Relaxed);
        if added.is_multiple_of(SWEEP_EVERY) || self.cells.len() >= MOST {
            self.sweep(now);
        }
        if self.cells.len() >= MOST {
            return Arc::default();
        }
        Arc::clone(&self.cells.entry(key).or_default())
    }

    /// Drops those that have ended and that nobody waits for.
    fn sweep(&self, now: Timestamp) {
        self.cells.retain(|_, cell| {
            // One that is locked is in use.
            Arc::strong_count(cell) > 1
                || cell.try_lock().is_ok_and(|cell| {
                    let held = cell.held.as_ref();
                    held.is_some_and(|(_, token)| token.token.expires_at > now)
                })
        });
    }

    fn tick(&self) -> u64 {
        self.order.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Cell {
    fn serving(&self, began_after: u64, need: SignedDuration, now: Timestamp) -> Option<Arc<SharedToken>> {
        let (began, token) = self.held.as_ref()?;
        let left = token.token.expires_at.duration_since(now);
        (*began > began_after && left >= need).then(|| Arc::clone(token))
    }

    /// What came of a mint that ended while somebody waited for it.
    fn failing(&self, began_after: u64, asked: u64, need: SignedDuration) -> Option<CiError> {
        let failed = self.failed.as_ref()?;
        // What was too short for another may do.
        let is_about_need = failed.error.code() == Code::RunnerTokenShort && failed.need > need;
        (failed.ended > asked && failed.began > began_after && !is_about_need).then(|| failed.error.clone())
    }
}

impl fmt::Debug for SharedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedTokens")
            .field("len", &self.cells.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex as StdMutex, time::Duration};

    use jeton_domain::{Clock, Code, Coded as _, Pause, Secret};
    use jeton_forge::ci::RunnerToken;
    use jiff::{SignedDuration, Timestamp};

    use super::{MOST, SharedKey, SharedTokens};
    use crate::{CiError, runners::Purpose};

    #[derive(Debug)]
    struct Hand(StdMutex<Timestamp>);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, _: Duration) -> Pause<'_> {
            Box::pin(std::future::ready(()))
        }
    }

    fn key(number: usize) -> SharedKey {
        SharedKey {
            api_url: "https://api.github.com".to_owned(),
            scope_kind: "repository",
            path: format!("acme/{number}"),
            source: "app:ci".to_owned(),
            purpose: Purpose::Registration,
        }
    }

    const NEED: SignedDuration = SignedDuration::from_secs(60);

    async fn fill(tokens: &SharedTokens, clock: &Hand, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let token = RunnerToken {
                token: Secret::new(format!("T{number}")),
                expires_at: clock.now() + SignedDuration::from_hours(1),
            };
            let obtained = tokens
                .obtain(key(number), NEED, false, clock, || async { Ok(token) })
                .await;
            assert!(!obtained.unwrap().shared);
        }
    }

    #[tokio::test]
    async fn what_has_ended_is_dropped_and_there_is_an_end_to_what_is_held() {
        let tokens = SharedTokens::default();
        let clock = Hand(StdMutex::new(Timestamp::UNIX_EPOCH));
        fill(&tokens, &clock, 0..MOST + 5).await;
        assert_eq!(tokens.cells.len(), MOST);
        *clock.0.lock().unwrap() += SignedDuration::from_hours(2);
        fill(&tokens, &clock, 0..1).await;
        fill(&tokens, &clock, MOST + 5..MOST + 300).await;
        assert!(tokens.cells.len() < 600, "{}", tokens.cells.len());
    }

    #[tokio::test]
    async fn a_mint_that_failed_before_is_tried_again() {
        let tokens = SharedTokens::default();
        let clock = Hand(StdMutex::new(Timestamp::UNIX_EPOCH));
        let fails = || async { Err(CiError::Busy) };
        let failed = tokens.obtain(key(1), NEED, false, &clock, fails).await;
        assert_eq!(failed.unwrap_err().code(), Code::Overloaded);
        fill(&tokens, &clock, 1..2).await;
    }
}
