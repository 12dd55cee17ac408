//! What this server has done in the last hours, counted in memory. A warm answer costs one addition more; nobody waits for
//! anybody else.

use std::{
    array,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use jeton_domain::{Blame, Code, Coded as _};
use jiff::Timestamp;

use crate::{Broker, BrokerError, LiveToken, broker::Inner};

/// How many hours are remembered, with the one that is running.
const HOURS: usize = 24;
const HOUR: i64 = 3_600;

/// What became of a request for a token; and what the forge was asked for, by whatever reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A token that the forge minted for this request went out.
    Minted,
    /// A token went out that was in memory or in the vault, or that was minted for somebody else who asked at the same time.
    FromCache,
    /// An account's token went out.
    Account,
    /// A policy refused it.
    Refused,
    /// The forge did not do its part.
    Failed,
    /// No request's outcome: the forge minted a token, for a request or ahead of time.
    Mint,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Minted,
        Self::FromCache,
        Self::Account,
        Self::Refused,
        Self::Failed,
        Self::Mint,
    ];

    /// As the metrics name what became of a request.
    fn of_request(self) -> Option<&'static str> {
        Some(match self {
            Self::Minted => "minted",
            Self::FromCache => "from_cache",
            Self::Account => "account",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Mint => return None,
        })
    }
}

/// What one process has done since it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// When the process began to count.
    pub since: Timestamp,
    /// The last 24 hours, the running one last, as far as the process has seen them; those without any request too.
    pub hours: Vec<HourTraffic>,
}

/// What one process has done in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourTraffic {
    /// The hour's beginning.
    pub hour: Timestamp,
    /// Tokens that went out to the requests for which the forge minted them.
    pub minted: u64,
    /// Tokens that went out without a mint of their own: from memory, from the vault, or minted for somebody else who asked at the
    /// same time.
    pub from_cache: u64,
    /// Tokens of accounts that went out.
    pub accounts: u64,
    /// Requests that a policy refused.
    pub refused: u64,
    /// Requests that the forge did not serve.
    pub failed: u64,
    /// Tokens that the forge minted, renewals ahead among them; some go out to nobody.
    pub mints: u64,
}

/// One hour. Its place is taken by the hour a day later.
#[derive(Debug)]
struct Slot {
    /// Hours since 1970.
    hour: AtomicI64,
    counts: [AtomicU64; Outcome::ALL.len()],
}

/// The counts of this process.
#[derive(Debug)]
pub(crate) struct Counts {
    since: Timestamp,
    slots: [Slot; HOURS],
    /// What was counted in hours that have lost their place.
    past: Mutex<[u64; Outcome::ALL.len()]>,
}

fn hour_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(HOUR)
}

impl Counts {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            since,
            slots: array::from_fn(|_| Slot {
                hour: AtomicI64::new(i64::MIN),
                counts: array::from_fn(|_| AtomicU64::new(0)),
            }),
            past: Mutex::default(),
        }
    }

    /// Counts one. An addition; once an hour the first to come makes place.
    pub(crate) fn count(&self, outcome: Outcome, now: Timestamp) {
        let hour = hour_of(now);
        let place = usize::try_from(hour.rem_euclid(24)).unwrap_or_default();
        let slot = &self.slots[place];
        if slot.hour.load(Ordering::Acquire) != hour {
            self.make_place(slot, hour);
        }
        slot.counts[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn make_place(&self, slot: &Slot, hour: i64) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody was faster. Any other hour of this place is a day off at least: it is over, or a clock was wrong.
        if slot.hour.load(Ordering::Acquire) == hour {
            return;
        }
        for (past, count) in past.iter_mut().zip(&slot.counts) {
            *past += count.swap(0, Ordering::Relaxed);
        }
        slot.hour.store(hour, Ordering::Release);
    }

    fn traffic(&self, now: Timestamp) -> Traffic {
        let last = hour_of(now);
        let first = (last - 23).max(hour_of(self.since).min(last));
        let hours = (first..=last).map(|hour| {
            let slot = self.slots.iter().find(|slot| slot.hour.load(Ordering::Acquire) == hour);
            let count = |outcome: Outcome| slot.map_or(0, |slot| slot.counts[outcome as usize].load(Ordering::Relaxed));
            HourTraffic {
                hour: Timestamp::from_second(hour * HOUR).unwrap_or(now),
                minted: count(Outcome::Minted),
                from_cache: count(Outcome::FromCache),
                accounts: count(Outcome::Account),
                refused: count(Outcome::Refused),
                failed: count(Outcome::Failed),
                mints: count(Outcome::Mint),
            }
        });
        Traffic {
            since: self.since,
            hours: hours.collect(),
        }
    }

    /// All that was counted, by outcome.
    fn totals(&self) -> [u64; Outcome::ALL.len()] {
        let mut totals = *self.past.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in &self.slots {
            for (total, count) in totals.iter_mut().zip(&slot.counts) {
                *total += count.load(Ordering::Relaxed);
            }
        }
        totals
    }

    /// Tells the metrics what was counted. They are told now and then, so that a warm answer does not pay for them.
    pub(crate) fn publish(&self) {
        for (outcome, total) in Outcome::ALL.iter().zip(self.totals()) {
            match outcome.of_request() {
                Some(outcome) => metrics::counter!("jeton_tokens_total", "outcome" => outcome).absolute(total),
                None => metrics::counter!("jeton_mints_total").absolute(total),
            }
        }
    }
}

impl Broker {
    /// What this process has done in the last hours.
    pub fn traffic(&self) -> Traffic {
        self.0.traffic.traffic(self.0.clock.now())
    }

    /// Counts a token that went out again without the broker being asked for it, after [`Broker::is_still_good`].
    pub fn count_warm(&self) {
        self.0.traffic.count(Outcome::FromCache, self.0.clock.now());
    }
}

impl Inner {
    /// Counts a token of an App that went out, after its grant was noted.
    pub(crate) fn count_token(&self, token: &LiveToken) {
        let outcome = if token.is_new.swap(false, Ordering::Relaxed) {
            Outcome::Minted
        } else {
            Outcome::FromCache
        };
        self.traffic.count(outcome, self.clock.now());
    }

    /// Counts what a policy refused, and what the forge did not do or did not let us do.
    pub(crate) fn count_failure(&self, error: &BrokerError) {
        let outcome = match error.code() {
            Code::PolicyDenied | Code::PolicyCeiling => Outcome::Refused,
            code if matches!(code.blame(), Blame::Access | Blame::Forge) => Outcome::Failed,
            _ => return,
        };
        self.traffic.count(outcome, self.clock.now());
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Counts, Outcome};

    fn at(hour: i64, minute: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 / 3_600 * 3_600 + hour * 3_600 + minute * 60).unwrap()
    }

    #[test]
    fn each_hour_counts_for_itself_and_a_day_is_remembered() {
        let counts = Counts::new(at(0, 10));
        counts.count(Outcome::Minted, at(0, 11));
        counts.count(Outcome::FromCache, at(0, 59));
        counts.count(Outcome::FromCache, at(2, 0));
        let traffic = counts.traffic(at(2, 30));
        let told: Vec<_> = traffic
            .hours
            .iter()
            .map(|one| (one.hour, one.minted, one.from_cache))
            .collect();
        assert_eq!(told, [(at(0, 0), 1, 1), (at(1, 0), 0, 0), (at(2, 0), 0, 1)]);
        assert_eq!(traffic.since, at(0, 10));
        // A day later the first hour's place is taken, and it still counts in all.
        counts.count(Outcome::Refused, at(24, 5));
        counts.count(Outcome::Failed, at(24, 5));
        counts.count(Outcome::Account, at(24, 5));
        let traffic = counts.traffic(at(24, 10));
        assert_eq!(traffic.hours.len(), 24);
        assert_eq!(traffic.hours[0].hour, at(1, 0));
        let last = traffic.hours[23];
        assert_eq!((last.minted, last.refused, last.failed, last.accounts), (0, 1, 1, 1));
        assert_eq!(counts.totals(), [1, 2, 1, 1, 1, 0]);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_no_place_from_the_hours_that_follow() {
        let counts = Counts::new(at(0, 0));
        counts.count(Outcome::Minted, at(240, 0));
        counts.count(Outcome::Minted, at(0, 5));
        let now = *counts.traffic(at(0, 6)).hours.last().unwrap();
        assert_eq!((now.hour, now.minted), (at(0, 0), 1));
        assert_eq!(counts.totals()[0], 2);
    }

    #[test]
    fn many_who_count_at_once_lose_nothing() {
        let counts = Counts::new(at(0, 0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        counts.count(Outcome::FromCache, at(3, 1));
                    }
                });
            }
        });
        assert_eq!(counts.traffic(at(3, 2)).hours.last().unwrap().from_cache, 40_000);
    }
}
