use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jeton_broker::KeyReport;
use jeton_domain::Coded as _;
use jiff::{SignedDuration, Timestamp};

use crate::{examiner::DoctorFinding, state::WebState};

/// A check may take this long, unless a request as a whole may take less.
const LIMIT: Duration = Duration::from_secs(30);
/// A check is not made again within this time, whoever asks: each asks all forges.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// The checks of this server: one at a time, and the last is remembered until the server stops.
#[derive(Debug, Default)]
pub(crate) struct DoctorRuns {
    running: tokio::sync::Mutex<()>,
    last: Mutex<Last>,
}

#[derive(Debug, Default, Clone)]
struct Last {
    /// How many have ended, in whatever way.
    ended: u64,
    /// When the last of them did.
    ended_at: Option<Timestamp>,
    done: Option<Arc<Done>>,
    /// The one after `done`, when it failed.
    failed: Option<Failed>,
}

/// A check that came to its end.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) at: Timestamp,
    pub(super) findings: Vec<DoctorFinding>,
    /// How the vault was sealed then. Counting its values is too much work for each look at the page.
    pub(super) keys: Option<KeyReport>,
}

/// A check that did not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed {
    pub(super) begun_at: Timestamp,
    pub(super) why: Why,
}

/// Why a check came to no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    TooLong(Duration),
    Broke,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(limit) => write!(
                f,
                "did not end within {} seconds and was given up. Something that it asks does not answer; run `jeton doctor` on \
                 the server's machine, which waits longer.",
                limit.as_secs()
            ),
            Self::Broke => f.write_str("broke by a mistake in jeton. The server's log has the cause."),
        }
    }
}

impl DoctorRuns {
    /// The last check that came to its end, and the one after it that did not.
    pub(super) fn last(&self) -> (Option<Arc<Done>>, Option<Failed>) {
        let last = self.look();
        (last.done, last.failed)
    }

    /// Checks now. Whoever asks while a check runs, or right after one, gets that one.
    pub(super) async fn run(&self, state: &WebState) {
        let Some(examiner) = state.settings.examiner.clone() else {
            return;
        };
        let before = self.look().ended;
        let _running = self.running.lock().await;
        let last = self.look();
        let begun_at = state.access.now();
        // A clock that was set back must not keep checks from being made.
        let is_fresh = |at: Timestamp| at <= begun_at && begun_at < at + PAUSE;
        if last.ended != before || last.ended_at.is_some_and(is_fresh) {
            return;
        }
        // A little less than the request may take, so that it can still tell.
        let limit = LIMIT.min(state.settings.request_timeout.mul_f64(0.9));
        let addresses = state.addresses.get().cloned().unwrap_or_default();
        let examination = tokio::spawn(async move { examiner.examine(&addresses).await });
        let stop = examination.abort_handle();
        let outcome = match tokio::time::timeout(limit, examination).await {
            Ok(Ok(findings)) => Ok(findings),
            Ok(Err(error)) => {
                tracing::error!(%error, "a check of the server broke");
                Err(Why::Broke)
            }
            Err(_) => {
                stop.abort();
                Err(Why::TooLong(limit))
            }
        };
        let done = match outcome {
            Ok(findings) => Ok(Done {
                findings,
                keys: keys(state).await,
                at: state.access.now(),
            }),
            Err(why) => Err(Failed { begun_at, why }),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.ended += 1;
        last.ended_at = Some(state.access.now());
        last.failed = done.as_ref().err().copied();
        if let Ok(done) = done {
            last.done = Some(Arc::new(done));
        }
    }

    fn look(&self) -> Last {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn keys(state: &WebState) -> Option<KeyReport> {
    match state.broker.key_report().await {
        Ok(report) => Some(report),
        Err(error) => {
            // That the database cannot be read is among the findings.
            tracing::warn!(code = %error.code(), %error, "the state of the keys could not be read");
            None
        }
    }
}
