//! What stands before each credential: turns, its limit, and whether the forge takes it at all.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use jeton_domain::{AppId, Clock, Code, Diagnosis, Fingerprint, IdentityKey, Quota};
use jiff::{SignedDuration, Timestamp};

use super::{
    shares::{LONGEST, Shares, lies_ahead},
    turns::{Turn, Turns},
};

/// For how long a credential is passed over that the forge has refused.
const REJECTED: SignedDuration = SignedDuration::from_mins(1);
/// For how long a caller waits for their turn. Whoever hears nothing for longer asks again, and makes the queue longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// So many gates are remembered; beyond, those that nobody uses are forgotten.
const MOST_GATES: usize = 10_000;

/// What a limit of a forge is about. A token that was renewed keeps its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum GateKey {
    /// An App's installation on an owner, in lower case.
    App(AppId, String),
    /// A token at an endpoint.
    Token(Arc<str>, Fingerprint),
    /// Nobody, at an endpoint: this machine's address.
    Anonymous(Arc<str>),
}

/// The gates of all credentials.
#[derive(Debug)]
pub(super) struct Gates {
    all: DashMap<GateKey, Arc<Gate>>,
    at_once: usize,
    patience: Duration,
}

/// The gate of one credential.
#[derive(Debug)]
pub(super) struct Gate {
    host: String,
    turns: Arc<Turns>,
    patience: Duration,
    state: Mutex<State>,
    /// When the forge last refused it, in milliseconds: what it was seen to read before says nothing any more.
    rejected_at: AtomicI64,
}

#[derive(Debug, Default)]
struct State {
    shares: Shares,
    closed: Option<(Timestamp, Diagnosis)>,
    rejected: Option<(Timestamp, Diagnosis)>,
}

/// Why a call is not made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shut {
    /// The forge limits the credential.
    Closed {
        /// Until then.
        until: Timestamp,
        /// In its words.
        diagnosis: Box<Diagnosis>,
    },
    /// The caller has used their share of what is left.
    Share {
        /// Until then.
        until: Timestamp,
    },
    /// Too many wait, or for too long.
    Full,
}

/// The right to make a call.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    who: IdentityKey,
    _turn: Turn,
}

impl Gates {
    pub(super) fn new(at_once: usize, patience: Duration) -> Self {
        Self {
            all: DashMap::new(),
            at_once,
            patience,
        }
    }

    pub(super) fn of(&self, key: GateKey, host: &str) -> Arc<Gate> {
        if let Some(gate) = self.all.get(&key) {
            return Arc::clone(&gate);
        }
        if self.all.len() >= MOST_GATES {
            // One that somebody holds is in use.
            self.all.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let gate = || {
            Arc::new(Gate {
                host: host.to_owned(),
                turns: Turns::new(self.at_once),
                patience: self.patience,
                state: Mutex::default(),
                rejected_at: AtomicI64::new(i64::MIN),
            })
        };
        Arc::clone(&self.all.entry(key).or_insert_with(gate))
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn of this credential, unless it makes no sense to wait.
    pub(super) async fn enter(self: &Arc<Self>, who: IdentityKey, clock: &dyn Clock) -> Result<Permit, Shut> {
        self.check(who, clock.now())?;
        let turn = self.turns.wait(who, self.patience).await.map_err(|_| Shut::Full)?;
        // Those who went before may have met a limit.
        self.check(who, clock.now())?;
        self.lock().shares.charge(who);
        Ok(Permit {
            gate: Arc::clone(self),
            who,
            _turn: turn,
        })
    }

    /// Whether a call could be made now.
    pub(super) fn check(&self, who: IdentityKey, now: Timestamp) -> Result<(), Shut> {
        let mut state = self.lock();
        if let Some((until, diagnosis)) = &state.closed {
            if lies_ahead(*until, now) {
                return Err(Shut::Closed {
                    until: *until,
                    diagnosis: Box::new(diagnosis.clone()),
                });
            }
            state.closed = None;
        }
        state.shares.check(who, now).map_err(|until| Shut::Share { until })
    }

    /// Whether somebody may be asked with it at all, as far as limits go.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.lock()
            .closed
            .as_ref()
            .is_none_or(|(until, _)| !lies_ahead(*until, now))
    }

    /// Takes in what an answer said of the limit.
    pub(super) fn note(&self, quota: Quota, now: Timestamp) {
        let mut state = self.lock();
        if let Some(until) = state.shares.note(quota, now) {
            let diagnosis = used_up(&self.host, until);
            state.close(until, diagnosis);
        }
    }

    /// Closes it, as the forge said.
    pub(super) fn close(&self, until: Timestamp, diagnosis: Diagnosis, now: Timestamp) {
        let latest = now.checked_add(LONGEST).unwrap_or(now);
        self.lock().close(until.min(latest), diagnosis);
    }

    /// Notes that the forge does not take the credential; whether that is news.
    pub(super) fn reject(&self, diagnosis: Diagnosis, now: Timestamp) -> bool {
        let is_news = self.rejected(now).is_none();
        self.rejected_at.store(now.as_millisecond(), Ordering::Relaxed);
        self.lock().rejected = Some((now, diagnosis));
        is_news
    }

    /// Notes that the forge takes it again.
    pub(super) fn accept(&self) {
        if self.rejected_at.load(Ordering::Relaxed) != i64::MIN {
            self.rejected_at.store(i64::MIN, Ordering::Relaxed);
            self.lock().rejected = None;
        }
    }

    /// What is wrong with the credential, while it is passed over for that.
    pub(super) fn rejected(&self, now: Timestamp) -> Option<Diagnosis> {
        if self.rejected_at.load(Ordering::Relaxed) == i64::MIN {
            return None;
        }
        let state = self.lock();
        let (at, diagnosis) = state.rejected.as_ref()?;
        (now.duration_since(*at).abs() < REJECTED).then(|| diagnosis.clone())
    }

    /// When the forge last refused the credential, in milliseconds of the epoch; long ago if never.
    pub(super) fn rejected_at(&self) -> i64 {
        self.rejected_at.load(Ordering::Relaxed)
    }

    /// How much is left of its limit, of a thousand.
    pub(super) fn left(&self, now: Timestamp) -> u64 {
        self.lock().shares.left(now)
    }
}

impl State {
    fn close(&mut self, until: Timestamp, diagnosis: Diagnosis) {
        // An answer that was on its way must not shorten what another has said.
        if self.closed.as_ref().is_none_or(|(before, _)| *before < until) {
            self.closed = Some((until, diagnosis));
        }
    }
}

impl Permit {
    /// Another call is made with it.
    pub(super) fn charge(&self) {
        self.gate.lock().shares.charge(self.who);
    }

    /// The call cost nothing of the limit.
    pub(super) fn refund(&self) {
        self.gate.lock().shares.refund(self.who);
    }
}

fn used_up(host: &str, until: Timestamp) -> Diagnosis {
    let words = until.strftime("%Y-%m-%d %H:%M:%S UTC");
    Diagnosis {
        code: Code::ForgeRateLimited,
        cause: format!("the limit of {host} for this credential is used up until {words}"),
        remedy: format!(
            "Wait until {words}. What is pinned to a commit and was read before costs nothing; another App or account for the \
             repository would have a limit of its own."
        ),
        url: None,
        retry_at: Some(until),
    }
}
