//! How much the watch may still ask each forge.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_domain::{CheckReport, Code, Validity};
use jiff::{SignedDuration, Timestamp};

/// After so many looks in a row without a clear word a forge is left in peace for a while.
const SILENCES: u32 = 3;
/// How long that is, when the forge names no time.
const PEACE: SignedDuration = SignedDuration::from_mins(1);

/// How much each forge may still be asked.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Mutex<HashMap<String, Allowance>>);

#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Looks that are left; a bucket of a few seconds' worth.
    left: f64,
    since: Timestamp,
    /// Looks in a row that brought no clear word.
    silences: u32,
    in_peace_until: Option<Timestamp>,
}

impl Allowances {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Allowance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hosts that are not to be asked now.
    pub(crate) fn exhausted(&self, per_minute: u32, now: Timestamp) -> Vec<String> {
        let mut hosts = self.lock();
        // A forge that nobody asks any more is forgotten: its bucket is full again after a minute.
        hosts.retain(|_, one| one.silences > 0 || now.duration_since(one.since).abs() < SignedDuration::from_mins(10));
        let exhausted = hosts.iter_mut().filter_map(|(host, one)| {
            one.refill(per_minute, now);
            (one.left < 1.0 || one.is_in_peace(now)).then(|| host.clone())
        });
        exhausted.collect()
    }

    /// Whether a forge asked for peace, or gave no clear word too often.
    pub(crate) fn is_in_peace(&self, host: &str, now: Timestamp) -> bool {
        self.lock().get(host).is_some_and(|one| one.is_in_peace(now))
    }

    /// Takes one look from a host's allowance, if there is one left.
    pub(crate) fn take(&self, host: &str, per_minute: u32, now: Timestamp) -> bool {
        let mut hosts = self.lock();
        let one = hosts.entry(host.to_owned()).or_insert(Allowance {
            left: burst(per_minute),
            since: now,
            silences: 0,
            in_peace_until: None,
        });
        one.refill(per_minute, now);
        let may = one.left >= 1.0 && !one.is_in_peace(now);
        if may {
            one.left -= 1.0;
        }
        may
    }

    pub(crate) fn note(&self, host: &str, report: &CheckReport, now: Timestamp) {
        let mut hosts = self.lock();
        let Some(one) = hosts.get_mut(host) else { return };
        if report.validity != Validity::Unknown {
            (one.silences, one.in_peace_until) = (0, None);
            return;
        }
        one.silences += 1;
        // A limit may be one account's or the address's: a moment of peace for all, the named time for that account.
        let is_limit = report.diagnoses.iter().any(|one| one.code == Code::ForgeRateLimited);
        if is_limit || one.silences >= SILENCES {
            one.in_peace_until = Some(now + PEACE);
        }
    }
}

impl Allowance {
    fn refill(&mut self, per_minute: u32, now: Timestamp) {
        let passed = now.duration_since(self.since);
        self.since = now;
        // A clock that was set back refills nothing.
        // What comes in a minute and what the bucket holds are the limit together: no minute gets more, not even the first.
        let earned = passed.as_secs_f64().max(0.0) * (f64::from(per_minute) - burst(per_minute)).max(0.5) / 60.0;
        self.left = (self.left + earned).min(burst(per_minute));
    }

    fn is_in_peace(&self, now: Timestamp) -> bool {
        // However far the clock was set back, peace does not last longer than it was meant to.
        self.in_peace_until
            .is_some_and(|until| until > now && until.duration_since(now) <= PEACE)
    }
}

/// How many looks may come at once: a tenth of a minute's, and ten of a small limit or half of it.
fn burst(per_minute: u32) -> f64 {
    let limit = f64::from(per_minute);
    (limit / 10.0).max((limit / 2.0).min(10.0)).max(1.0)
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CheckReport, CredentialKind, TokenEnd, Validity};
    use jiff::{SignedDuration, Timestamp};

    use super::Allowances;

    fn report(validity: Validity) -> CheckReport {
        CheckReport {
            validity,
            kind: CredentialKind::GitHubClassic,
            identity: None,
            scopes: None,
            end: TokenEnd::Unknown,
            reach: Vec::new(),
            reaches_more: false,
            purposes: Vec::new(),
            diagnoses: Vec::new(),
            evidence: Vec::new(),
            quota: None,
            retry_at: None,
            checked_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn no_minute_gives_more_than_its_worth_to_a_host() {
        for per_minute in [1, 5, 60, 120, 6_000] {
            let (allowances, mut now) = (Allowances::default(), Timestamp::UNIX_EPOCH);
            let mut taken = std::collections::VecDeque::new();
            for _ in 0..1_800 {
                while allowances.take("a", per_minute, now) {
                    taken.push_back(now);
                }
                now += SignedDuration::from_millis(100);
                while taken.front().is_some_and(|at| *at < now - SignedDuration::from_mins(1)) {
                    taken.pop_front();
                }
                assert!(taken.len() <= per_minute as usize + 1, "{per_minute}: {}", taken.len());
            }
            assert!(
                taken.len() >= per_minute as usize * 4 / 10,
                "{per_minute}: {}",
                taken.len()
            );
        }
    }

    #[test]
    fn hosts_do_not_share_and_a_clock_that_is_set_back_gives_nothing() {
        let (allowances, mut now) = (Allowances::default(), Timestamp::UNIX_EPOCH);
        let taken = |host: &str, now| (0..500).filter(|_| allowances.take(host, 60, now)).count();
        assert_eq!((taken("a", now), taken("b", now)), (10, 10));
        assert_eq!(allowances.exhausted(60, now).len(), 2);
        now += SignedDuration::from_hours(1);
        assert_eq!(taken("a", now), 10, "what was not used is not saved up");
        now -= SignedDuration::from_hours(2);
        assert_eq!(taken("a", now), 0, "and nothing is taken for good");
        now += SignedDuration::from_mins(1);
        assert_eq!(taken("a", now), 10);
    }

    #[test]
    fn a_silent_forge_is_left_in_peace_for_a_minute() {
        let (allowances, now) = (Allowances::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..3 {
            assert!(allowances.take("a", 60, now));
            allowances.note("a", &report(Validity::Unknown), now);
        }
        assert!(!allowances.take("a", 60, now) && allowances.take("b", 60, now));
        let later = now + SignedDuration::from_secs(61);
        assert!(allowances.take("a", 60, later));
        allowances.note("a", &report(Validity::Valid), later);
        assert!(allowances.take("a", 60, later));
    }
}
