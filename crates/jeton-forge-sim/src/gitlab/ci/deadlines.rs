//! When a new runner's token is to end, and until when it may be replaced.

use jiff::{SignedDuration, Timestamp};

use super::super::error;
use super::fields::Fields;
use crate::site::Refused;

/// A token lives at least this long when its maker chooses its end.
const SHORTEST: SignedDuration = SignedDuration::from_mins(5);
/// And at most this long.
const LONGEST: SignedDuration = SignedDuration::from_hours(15 * 24);

/// The end of the token and the last moment of its replacement. `usual` is the end by the settings, which a maker may
/// bring forward but not put off. Of what GitLab says to an end that is too near and to a deadline without an end,
/// only the beginnings are known.
pub(super) fn wanted(
    fields: &Fields,
    usual: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Refused> {
    let (end, deadline) = (
        fields.time("token_expires_at")?,
        fields.time("token_rotation_deadline")?,
    );
    let Some(end) = end else {
        return match deadline {
            None => Ok((usual, None)),
            Some(_) => Err(refused(
                "token_expires_at is required when token_rotation_deadline is set",
            )),
        };
    };
    if end.duration_since(now) < SHORTEST {
        return Err(refused("token_expires_at must be at least 5 minutes in the future"));
    }
    if end.duration_since(now) > LONGEST || usual.is_some_and(|usual| end > usual) {
        return Err(refused("token_expires_at is too far in the future"));
    }
    if deadline.is_some_and(|deadline| deadline < now) {
        return Err(refused("token_rotation_deadline cannot be in the past"));
    }
    if deadline.is_some_and(|deadline| deadline > end) {
        return Err(refused(
            "token_rotation_deadline must be less than or equal to token_expires_at",
        ));
    }
    Ok((Some(end), deadline))
}

fn refused(reason: &str) -> Refused {
    error::bad_request(reason)
}
