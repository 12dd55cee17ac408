//! When a kept token was last seen to be good.

use dashmap::DashMap;
use jeton_domain::{Fingerprint, RunnerId};
use jeton_vault::RunnerRecord;
use jiff::{SignedDuration, Timestamp};

/// For so long a token is believed to be good without asking the forge.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// So many are remembered.
const MOST: usize = 10_000;
/// A token of which so small a part of its life is over lives as long as another one would.
const NEW_PART: i32 = 20;

/// In memory alone: after a restart each is tried once.
#[derive(Debug, Default)]
pub(crate) struct Looks(DashMap<RunnerId, Look>);

#[derive(Debug)]
struct Look {
    fingerprint: Fingerprint,
    /// When the forge took it, or gave it.
    seen_at: Timestamp,
    /// When the forge gave it, if that was here.
    given_at: Option<Timestamp>,
}

impl Looks {
    /// Whether the token was seen to be good within the last hour.
    pub(crate) fn believes(&self, runner: &RunnerRecord, now: Timestamp) -> bool {
        let Some(look) = self.0.get(&runner.id) else {
            return false;
        };
        // A clock that was set back knows nothing of its future.
        look.is_about(runner) && look.seen_at <= now && now.duration_since(look.seen_at) < BELIEVED
    }

    /// Whether the forge gave the token so lately that another would not live longer.
    pub(crate) fn is_new(&self, runner: &RunnerRecord, now: Timestamp) -> bool {
        let given_at = self
            .0
            .get(&runner.id)
            .and_then(|look| look.given_at.filter(|_| look.is_about(runner)));
        let (Some(given_at), Some(end)) = (given_at, runner.expires_at) else {
            return false;
        };
        now.duration_since(given_at).abs() < end.duration_since(given_at) / NEW_PART
    }

    /// The forge has just taken the token.
    pub(crate) fn note(&self, runner: &RunnerRecord, now: Timestamp) {
        if let Some(mut look) = self.0.get_mut(&runner.id).filter(|look| look.is_about(runner)) {
            look.seen_at = now;
            return;
        }
        self.insert(runner, now, None);
    }

    /// The forge has just given the token.
    pub(crate) fn note_given(&self, runner: &RunnerRecord, now: Timestamp) {
        self.insert(runner, now, Some(now));
    }

    /// It is removed, or nobody knows any more.
    pub(crate) fn forget(&self, runner: RunnerId) {
        self.0.remove(&runner);
    }

    fn insert(&self, runner: &RunnerRecord, now: Timestamp, given_at: Option<Timestamp>) {
        if self.0.len() >= MOST {
            self.0
                .retain(|_, look| now.duration_since(look.seen_at).abs() < BELIEVED);
        }
        let Some(fingerprint) = runner.fingerprint.clone().filter(|_| self.0.len() < MOST) else {
            // What is known of the token before must not be taken for it.
            return self.forget(runner.id);
        };
        let look = Look {
            fingerprint,
            seen_at: now,
            given_at,
        };
        self.0.insert(runner.id, look);
    }
}

impl Look {
    fn is_about(&self, runner: &RunnerRecord) -> bool {
        runner.fingerprint.as_ref() == Some(&self.fingerprint)
    }
}
