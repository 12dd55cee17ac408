//! When a kept token was last seen to be good.

use dashmap::DashMap;
use jeton_domain::{Fingerprint, RunnerId};
use jeton_vault::RunnerRecord;
use jiff::{SignedDuration, Timestamp};

/// For so long a token is believed to be good without asking the forge.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// So many are remembered.
const MOST: usize = 10_000;

/// In memory alone: after a restart each is tried once.
#[derive(Debug, Default)]
pub(crate) struct Looks(DashMap<RunnerId, (Fingerprint, Timestamp)>);

impl Looks {
    /// Whether the token was seen to be good within the last hour.
    pub(crate) fn believes(&self, runner: &RunnerRecord, now: Timestamp) -> bool {
        let Some(look) = self.0.get(&runner.id) else {
            return false;
        };
        let (fingerprint, at) = &*look;
        // A clock that was set back knows nothing of its future.
        runner.fingerprint.as_ref() == Some(fingerprint) && *at <= now && now.duration_since(*at) < BELIEVED
    }

    /// The forge has just taken the token, or given it.
    pub(crate) fn note(&self, runner: &RunnerRecord, now: Timestamp) {
        if self.0.len() >= MOST {
            self.0.retain(|_, (_, at)| now.duration_since(*at).abs() < BELIEVED);
        }
        if let Some(fingerprint) = &runner.fingerprint
            && self.0.len() < MOST
        {
            self.0.insert(runner.id, (fingerprint.clone(), now));
        }
    }

    /// It is removed.
    pub(crate) fn forget(&self, runner: RunnerId) {
        self.0.remove(&runner);
    }
}
