//! When the next look, warning and renewal of an account are due. Pure: times in, times out. `standing.rs` uses them whenever a
//! report comes in (`Inner::apply` for a row that is written anew, `Inner::check_of` for `put_check`).

use jeton_domain::{AccountId, CredentialKind};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::AccountSettings;

/// A forge that gives no clear word is left in peace for at least so long.
const SHORTEST_TRY: SignedDuration = SignedDuration::from_mins(10);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// When the watch looks next after a look at `now`. An account has its own place in the day, by its id: 100,000 that were
/// imported in one minute spread out after their first look.
pub(crate) fn next_check(settings: &AccountSettings, id: AccountId, now: Timestamp) -> Timestamp {
    let every = settings.check_every.max(SignedDuration::from_mins(1)).as_secs();
    let place = i64::from(place_in_day(id)) * every / i64::from(u32::MAX);
    let begun = now.as_second().div_euclid(every) * every;
    // The next time at this account's place that is at least half a round away.
    let mut at = begun + place;
    while at < now.as_second() + every / 2 {
        at += every;
    }
    Timestamp::from_second(at).unwrap_or(now)
}

/// When to look again at an account whose forge gives no clear word: after a quarter of the time for which it has given none, so soon
/// at first, and then less and less soon.
pub(crate) fn next_try(settings: &AccountSettings, last_word: Timestamp, now: Timestamp) -> Timestamp {
    let silence = now.duration_since(last_word).max(SignedDuration::ZERO);
    let longest = settings.check_every.max(SHORTEST_TRY);
    now + (silence / 4).clamp(SHORTEST_TRY, longest)
}

/// Uniform over `u32`. Not the id itself: the first bits of its kind are a time.
fn place_in_day(id: AccountId) -> u32 {
    let digest = Sha256::digest(id.as_uuid().as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// When the next warning of an end is due: the nearest of `warn_days` before it that is not past. `after` is when one was last
/// given; warnings that were missed meanwhile are given as one, the latest. `None` when none is left to give.
pub(crate) fn next_warning(settings: &AccountSettings, end: Option<Timestamp>, after: Timestamp) -> Option<Timestamp> {
    let end = end?;
    let mut due: Vec<Timestamp> = settings
        .warn_days
        .iter()
        .filter_map(|days| end.checked_sub(DAY * i32::from(*days)).ok())
        .collect();
    due.sort_unstable();
    due.into_iter().find(|at| *at > after)
}

/// The first warning of a token that was just put in: when its end is nearer than the first of the days, that warning is due at once.
pub(crate) fn first_warning(settings: &AccountSettings, end: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let end = end?;
    let longest = settings.warn_days.iter().max()?;
    let first = end.checked_sub(DAY * i32::from(*longest)).unwrap_or(now);
    Some(first.max(now))
}

/// When jeton renews a token that ends at `end` and was made at `since`: so long before its end as the settings say, but
/// never before two thirds of its life are over. `None` for what jeton cannot or shall not renew.
pub(crate) fn rotate_at(
    settings: &AccountSettings,
    kind: CredentialKind,
    auto: bool,
    scopes: Option<&[String]>,
    since: Timestamp,
    end: Option<Timestamp>,
) -> Option<Timestamp> {
    let end = end.filter(|_| auto && kind.renews_itself() && may_renew_itself(scopes))?;
    let life = end.duration_since(since).max(SignedDuration::ZERO);
    let ahead = settings.rotate_before.min(life / 3);
    end.checked_sub(ahead).ok()
}

/// Whether a token may renew itself, as far as its scopes tell. A fine-grained one may hold the right without a word that shows it.
pub(crate) fn may_renew_itself(scopes: Option<&[String]>) -> bool {
    scopes.is_none_or(|scopes| {
        scopes
            .iter()
            .any(|scope| ["api", "self_rotate", "granular"].contains(&scope.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use jeton_domain::{AccountId, CredentialKind};
    use jiff::{SignedDuration, Timestamp};
    use uuid::Uuid;

    use super::{DAY, first_warning, next_check, next_try, next_warning, rotate_at};
    use crate::AccountSettings;

    fn at(days: i32) -> Timestamp {
        Timestamp::from_second(1_795_000_000).unwrap() + DAY * days
    }

    #[test]
    fn looks_are_spread_evenly_and_each_comes_once_a_day() {
        let settings = AccountSettings::default();
        let mut hours = [0_u32; 24];
        for number in 0..10_000_u128 {
            let id = AccountId::from_uuid(Uuid::from_u128(number));
            let next = next_check(&settings, id, at(0));
            let wait = next.duration_since(at(0));
            assert!(
                wait >= DAY / 2 && wait <= DAY * 3 / 2 + SignedDuration::from_secs(1),
                "{wait}"
            );
            let after = next_check(&settings, id, next).duration_since(next);
            assert!((after - DAY).abs() <= SignedDuration::from_secs(1), "{after}");
            hours[usize::try_from(next.as_second().rem_euclid(86_400) / 3_600).unwrap()] += 1;
        }
        assert!(hours.iter().all(|count| (300..550).contains(count)), "{hours:?}");
    }

    #[test]
    fn silence_is_asked_again_soon_and_then_less_soon() {
        let settings = AccountSettings::default();
        let waits: Vec<_> = [0, 1, 4, 24, 96, 500]
            .map(|hours| next_try(&settings, at(0) - SignedDuration::from_hours(hours), at(0)).duration_since(at(0)))
            .into();
        assert_eq!(waits[0], SignedDuration::from_mins(10));
        assert!(
            waits.is_sorted() && *waits.last().unwrap() == settings.check_every,
            "{waits:?}"
        );
    }

    #[test]
    fn warnings_come_at_each_threshold_and_a_late_start_gets_one() {
        let settings = AccountSettings::default();
        let end = Some(at(100));
        assert_eq!(first_warning(&settings, end, at(0)), Some(at(70)));
        assert_eq!(next_warning(&settings, end, at(70)), Some(at(86)));
        assert_eq!(next_warning(&settings, end, at(86)), Some(at(93)));
        assert_eq!(next_warning(&settings, end, at(93)), Some(at(99)));
        assert_eq!(next_warning(&settings, end, at(99)), None);
        // Added when ten days are left: one warning now, the next with seven days left.
        assert_eq!(first_warning(&settings, end, at(90)), Some(at(90)));
        assert_eq!(next_warning(&settings, end, at(90)), Some(at(93)));
        assert_eq!(first_warning(&settings, None, at(0)), None);
        assert_eq!(
            first_warning(
                &AccountSettings {
                    warn_days: vec![],
                    ..settings
                },
                end,
                at(0)
            ),
            None
        );
    }

    #[test]
    fn a_short_life_is_not_spent_renewing() {
        let settings = AccountSettings::default();
        let due = |kind, auto, end| rotate_at(&settings, kind, auto, None, at(0), end);
        let personal = CredentialKind::GitLabPersonal;
        assert_eq!(due(personal, true, Some(at(365))), Some(at(358)));
        assert_eq!(due(personal, true, Some(at(6))), Some(at(4)));
        assert_eq!(due(personal, false, Some(at(365))), None);
        assert_eq!(due(personal, true, None), None);
        assert_eq!(due(CredentialKind::GitHubClassic, true, Some(at(365))), None);
        for (scopes, may) in [
            (vec!["api"], true),
            (vec!["read_api", "self_rotate"], true),
            (vec!["granular"], true),
            (vec!["read_api"], false),
            (vec![], false),
        ] {
            let scopes: Vec<_> = scopes.into_iter().map(str::to_owned).collect();
            let due = rotate_at(&settings, personal, true, Some(&scopes), at(0), Some(at(365)));
            assert_eq!(due.is_some(), may, "{scopes:?}");
        }
    }
}
