//! What is left of a forge's limit, and how much of it each caller may use when it runs low.

use std::collections::HashMap;

use jeton_domain::{IdentityKey, Quota};
use jiff::{SignedDuration, Timestamp};

/// Below this part of the limit the rest is shared out.
const LOW_PERCENT: u64 = 20;
/// Who asked within this time has a share.
const ACTIVE: SignedDuration = SignedDuration::from_mins(10);
/// So many callers are told apart; the others have a share together with whoever came before.
const MOST_CALLERS: usize = 10_000;
/// No window of a forge is longer. However far the clock was set back, nothing stays shut for longer.
pub(super) const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// How long a window is taken to be whose end the forge does not tell.
const UNNAMED: SignedDuration = SignedDuration::from_mins(1);

/// What is known of one credential's limit.
#[derive(Debug, Default)]
pub(super) struct Shares {
    quota: Option<Quota>,
    active: HashMap<IdentityKey, Timestamp>,
    low: Option<Low>,
}

/// What was left when it began to run low, and who has used how much of it since.
#[derive(Debug)]
struct Low {
    left: u64,
    until: Timestamp,
    used: HashMap<IdentityKey, u64>,
}

impl Shares {
    /// Whether a caller has something left of their share; else until when they have not.
    pub(super) fn check(&mut self, who: IdentityKey, now: Timestamp) -> Result<(), Timestamp> {
        self.note_active(who, now);
        if self.low.as_ref().is_some_and(|low| !lies_ahead(low.until, now)) {
            self.low = None;
        }
        let Some(low) = &self.low else { return Ok(()) };
        let is_active = |at: &&Timestamp| now.duration_since(**at).abs() <= ACTIVE;
        let callers = self.active.values().filter(is_active).count().max(1) as u64;
        let share = (low.left / callers).max(1);
        if low.used.get(&who).is_some_and(|used| *used >= share) {
            return Err(low.until);
        }
        Ok(())
    }

    /// Takes one call from a caller's share.
    pub(super) fn charge(&mut self, who: IdentityKey) {
        if let Some(low) = &mut self.low {
            *low.used.entry(who).or_default() += 1;
        }
    }

    /// Gives back what a call did not cost.
    pub(super) fn refund(&mut self, who: IdentityKey) {
        if let Some(used) = self.low.as_mut().and_then(|low| low.used.get_mut(&who)) {
            *used = used.saturating_sub(1);
        }
    }

    /// Takes in what the forge said. Until when nothing is left, if nothing is.
    pub(super) fn note(&mut self, told: Quota, now: Timestamp) -> Option<Timestamp> {
        let mut seen = told;
        if let Some(before) = self.quota
            && before.resets_at.is_some()
            && before.resets_at == told.resets_at
        {
            // Answers overtake each other.
            seen.remaining = seen.remaining.min(before.remaining);
        }
        self.quota = Some(seen);
        let end = now.checked_add(LONGEST).unwrap_or(now);
        let until = match seen.resets_at {
            Some(until) => until.min(end),
            None => now.checked_add(UNNAMED).unwrap_or(now),
        };
        if seen.limit == 0 || !lies_ahead(until, now) {
            return None;
        }
        let is_low = u128::from(seen.remaining) * 100 < u128::from(seen.limit) * u128::from(LOW_PERCENT);
        if !is_low {
            self.low = None;
        } else if self.low.as_ref().is_none_or(|low| !lies_ahead(low.until, now)) {
            self.low = Some(Low {
                left: seen.remaining,
                until,
                used: HashMap::new(),
            });
        }
        (seen.remaining == 0).then_some(until)
    }

    /// How much is left, of a thousand; all of it where nothing is known.
    pub(super) fn left(&self, now: Timestamp) -> u64 {
        let known = self
            .quota
            .filter(|quota| quota.resets_at.is_none_or(|end| lies_ahead(end, now)));
        let permille = known.and_then(|quota| {
            let left = u128::from(quota.remaining.min(quota.limit)) * 1000;
            left.checked_div(u128::from(quota.limit))
        });
        permille.and_then(|left| u64::try_from(left).ok()).unwrap_or(1000)
    }

    fn note_active(&mut self, who: IdentityKey, now: Timestamp) {
        if self.active.len() >= MOST_CALLERS && !self.active.contains_key(&who) {
            self.active.retain(|_, at| now.duration_since(*at).abs() <= ACTIVE);
            if self.active.len() >= MOST_CALLERS {
                return;
            }
        }
        self.active.insert(who, now);
    }
}

/// Whether a time is still to come, and not so far ahead that the clock must have been set back since it was noted.
pub(super) fn lies_ahead(until: Timestamp, now: Timestamp) -> bool {
    until > now && until.duration_since(now) <= LONGEST
}

#[cfg(test)]
mod tests {
    use jeton_domain::{IdentityKey, Quota};
    use jiff::{SignedDuration, Timestamp};

    use super::Shares;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn quota(remaining: u64, end: Timestamp) -> Quota {
        Quota {
            limit: 100,
            remaining,
            resets_at: Some(end),
        }
    }

    /// How many calls a caller may make until their share is used up.
    fn calls(shares: &mut Shares, who: u32, now: Timestamp) -> usize {
        let who = IdentityKey::Unix(who);
        let mut calls = 0;
        while calls < 1_000 && shares.check(who, now).is_ok() {
            shares.charge(who);
            calls += 1;
        }
        calls
    }

    #[test]
    fn what_is_left_is_shared_between_those_who_ask() {
        let (mut shares, end) = (Shares::default(), NOW + SignedDuration::from_mins(30));
        assert_eq!(calls(&mut shares, 1, NOW), 1_000, "nothing is known: nothing is short");
        for who in 1..=3 {
            assert_eq!(shares.check(IdentityKey::Unix(who), NOW), Ok(()));
        }
        assert_eq!(shares.note(quota(20, end), NOW), None);
        assert_eq!(calls(&mut shares, 1, NOW), 1_000, "a fifth is not low yet");
        assert_eq!(shares.note(quota(18, end), NOW), None);
        assert_eq!(calls(&mut shares, 1, NOW), 6);
        assert_eq!(shares.check(IdentityKey::Unix(1), NOW), Err(end));
        assert_eq!((calls(&mut shares, 2, NOW), calls(&mut shares, 3, NOW)), (6, 6));
        assert_eq!(
            calls(&mut shares, 4, NOW),
            4,
            "a newcomer has a share, and all shares are smaller then"
        );
        let later = end + SignedDuration::from_secs(1);
        assert_eq!(calls(&mut shares, 1, later), 1_000, "the window has ended");
    }

    #[test]
    fn what_cost_nothing_is_given_back() {
        let (mut shares, who) = (Shares::default(), IdentityKey::Unix(1));
        shares.note(quota(2, NOW + SignedDuration::from_mins(5)), NOW);
        for _ in 0..100 {
            assert_eq!(shares.check(who, NOW), Ok(()));
            shares.charge(who);
            shares.refund(who);
        }
        assert_eq!(calls(&mut shares, 1, NOW), 2);
    }

    #[test]
    fn an_answer_that_was_overtaken_says_nothing_new() {
        let (mut shares, end) = (Shares::default(), NOW + SignedDuration::from_mins(5));
        assert_eq!(shares.note(quota(0, end), NOW), Some(end));
        assert_eq!(shares.note(quota(40, end), NOW), Some(end));
        assert_eq!(shares.left(NOW), 0);
        let next = end + SignedDuration::from_mins(5);
        assert_eq!(shares.note(quota(40, next), end), None);
        assert_eq!(shares.left(end), 400);
        assert_eq!(shares.left(next), 1000, "of a window that has ended nothing is known");
    }

    #[test]
    fn nothing_stays_short_for_ever_when_the_clock_is_set_back() {
        let (mut shares, end) = (Shares::default(), NOW + SignedDuration::from_mins(30));
        shares.note(quota(3, end), NOW);
        assert_eq!(calls(&mut shares, 1, NOW), 3);
        let before = NOW - SignedDuration::from_hours(24);
        assert_eq!(calls(&mut shares, 1, before), 1_000);
        let far = NOW + SignedDuration::from_hours(24 * 365);
        let until = shares.note(quota(0, far), NOW).unwrap();
        assert_eq!(
            until,
            NOW + SignedDuration::from_hours(1),
            "nor by a forge that names a time far away"
        );
    }
}
