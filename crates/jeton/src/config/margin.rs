//! How long before its end a token is renewed.

use jiff::SignedDuration;

use super::{ConfigWarning, Origin, settings::Settings};

/// The smallest margin, in seconds. A renewal is looked for every five seconds, takes a few, and is tried again when it
/// fails; a margin below this leaves no room for that, and tokens would end in callers' hands.
const MIN_RENEW_MARGIN: u32 = 30;

/// The older name allowed any number. A deployment that set a smaller one goes on working, with the smallest there is.
pub(super) fn renew_margin(set: &mut Settings) -> SignedDuration {
    const KEY: &str = "broker.renew_margin_seconds";
    const OLDER: &str = "TOKEN_RENEW_AT";
    let origin = set.origin(KEY);
    let older = match &origin {
        Origin::Environment(name) | Origin::EnvFile { name, .. } => name == OLDER,
        _ => false,
    };
    let smallest = if older { 0 } else { MIN_RENEW_MARGIN };
    let given = set.number(KEY, smallest..=2700, 300);
    if given < MIN_RENEW_MARGIN {
        set.warnings.push(ConfigWarning {
            what: format!("{OLDER} is {given} ({origin}), less than the smallest margin; {MIN_RENEW_MARGIN} is taken"),
            remedy: format!("set {OLDER} to {MIN_RENEW_MARGIN} or more, or remove it for the default of 300"),
        });
    }
    SignedDuration::from_secs(given.max(MIN_RENEW_MARGIN).into())
}
