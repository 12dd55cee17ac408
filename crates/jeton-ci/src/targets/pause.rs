//! When a target is tried again.

use jeton_vault::TargetRecord;
use jiff::{SignedDuration, Timestamp};

/// Nothing is due earlier than this after it was tried.
const SHORTEST: SignedDuration = SignedDuration::from_secs(15);
/// Nor later, unless its forge wants to be left in peace for longer.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// A forge that wants to be asked later than this is asked all the same.
const LONGEST_PEACE: SignedDuration = SignedDuration::from_hours(1);

/// The next pause of a target that was put off for so many seconds already: each is twice the one before. In whole seconds.
pub(super) fn pause(waited_seconds: u32, retry_at: Option<Timestamp>, now: Timestamp) -> SignedDuration {
    let doubled = (SignedDuration::from_secs(i64::from(waited_seconds)) + SHORTEST).min(LONGEST);
    // A part of a second is a second.
    let peace = retry_at.map(|at| SignedDuration::from_secs(at.duration_since(now).as_secs().saturating_add(1)));
    peace.map_or(doubled, |peace| doubled.max(peace)).min(LONGEST_PEACE)
}

/// When a target is to be tried next; `None` for at once.
pub(super) fn due_at(row: &TargetRecord, now: Timestamp) -> Option<Timestamp> {
    // A clock that was wrong when the row was written holds nothing up.
    row.due_at.filter(|at| at.duration_since(now) <= LONGEST_PEACE)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{LONGEST, LONGEST_PEACE, SHORTEST, pause};

    #[test]
    fn pauses_grow_within_their_bounds() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(pause(0, None, now), SHORTEST);
        assert_eq!(pause(15, None, now), SHORTEST * 2);
        assert_eq!(pause(45, None, now), SHORTEST * 4);
        assert_eq!(pause(u32::MAX, None, now), LONGEST);
        // A day of trying is about a hundred tries.
        let tries = (1..).scan(0, |waited, _| {
            let pause = pause(*waited, None, now).as_secs();
            *waited += u32::try_from(pause).unwrap();
            Some(*waited)
        });
        let in_a_day = tries.take_while(|waited| *waited <= 24 * 3_600).count();
        assert!((90..110).contains(&in_a_day), "{in_a_day}");
    }

    #[test]
    fn a_forge_is_left_in_peace_for_an_hour_at_most() {
        let now = Timestamp::UNIX_EPOCH;
        let in_ = |seconds| Some(now + SignedDuration::from_secs(seconds));
        for (wanted, expected) in [
            (600, SignedDuration::from_secs(601)),
            (-600, SHORTEST),
            (1, SHORTEST),
            (86_400, LONGEST_PEACE),
        ] {
            assert_eq!(pause(0, in_(wanted), now), expected, "{wanted}");
        }
        assert_eq!(pause(0, Some(Timestamp::MAX), now), LONGEST_PEACE);
    }
}
