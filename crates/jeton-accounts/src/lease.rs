//! For how long an account's token is handed out.

use jiff::{SignedDuration, Timestamp};

use crate::{AccountError, AccountSettings, candidates::Candidate};

/// A renewal this near, or one that is under way, may end the token at any moment: it is lent for so long at most, and whoever asks
/// again gets the new one.
const RENEWAL_NEAR: SignedDuration = SignedDuration::from_secs(60);
/// The longest that a token can be asked to live.
const LONGEST_NEED: SignedDuration = SignedDuration::from_hours(24 * 366);

/// For how long a token has to live, when somebody says so.
///
/// # Errors
/// [`AccountError::Invalid`] for what no token could promise.
pub(crate) fn need_of(seconds: Option<i64>) -> Result<Option<SignedDuration>, AccountError> {
    let Some(seconds) = seconds.filter(|seconds| *seconds != 0) else {
        return Ok(None);
    };
    let need = SignedDuration::from_secs(seconds);
    if need.is_negative() || need > LONGEST_NEED {
        let most = LONGEST_NEED.as_secs();
        return Err(AccountError::Invalid(format!(
            "min_validity_seconds is {seconds}, but it can be 0 to {most}"
        )));
    }
    Ok(Some(need))
}

/// Until when a caller may use an account's token before asking again: as long as the settings say or the caller needs, and
/// never past the token's end or its renewal, which is the end of the token as it is.
///
/// # Errors
/// [`AccountError::Invalid`] when the token does not live for as long as the caller needs it; [`AccountError::RotationUnderWay`]
/// when the one that comes next may.
pub(crate) fn of(
    settings: &AccountSettings,
    candidate: &Candidate,
    is_renewing: bool,
    need: Option<SignedDuration>,
    now: Timestamp,
) -> Result<Timestamp, AccountError> {
    let end = candidate.end.time();
    let is_near = |at: &Timestamp| at.duration_since(now) <= RENEWAL_NEAR;
    let soon = is_renewing || candidate.rotate_at.as_ref().is_some_and(is_near);
    let renewed = if soon {
        now.checked_add(RENEWAL_NEAR).ok()
    } else {
        candidate.rotate_at
    };
    let last = [end, renewed].into_iter().flatten().min();
    let wanted = need.map_or(settings.lease, |need| need.max(settings.lease));
    let wanted = now.checked_add(wanted).unwrap_or(Timestamp::MAX);
    let Some(last) = last else { return Ok(wanted) };
    let left = last.duration_since(now);
    if let Some(need) = need.filter(|need| left < *need) {
        if soon && end != Some(last) {
            return Err(AccountError::RotationUnderWay(candidate.label.to_string()));
        }
        let what = if end == Some(last) { "ends" } else { "is renewed" };
        return Err(AccountError::Invalid(format!(
            "min_validity_seconds is {}, but the token of the account `{}` {what} in {} seconds, at {last}",
            need.as_secs(),
            candidate.label,
            left.as_secs()
        )));
    }
    Ok(wanted.min(last))
}
