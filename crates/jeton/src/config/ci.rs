//! Runners and secrets of the forges' CI.

use jeton_accounts::AccountSettings;
use jeton_ci::CiSettings;
use jiff::SignedDuration;

use super::settings::Settings;

/// Runners and secrets of the forges' CI.
#[derive(Debug, Clone)]
pub(crate) struct CiConfig {
    /// How they are asked for and pushed.
    pub(crate) settings: CiSettings,
    /// How long a token that was replaced waits for targets at most.
    pub(crate) old_token_grace: SignedDuration,
}

pub(super) fn read(set: &mut Settings) -> CiConfig {
    let (ci, accounts) = (CiSettings::default(), AccountSettings::default());
    let seconds = |number: u32| SignedDuration::from_secs(number.into());
    let of = |duration: SignedDuration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    CiConfig {
        settings: CiSettings {
            min_validity: seconds(set.number("ci.min_validity_seconds", 60..=3_300, of(ci.min_validity))),
            push_for: seconds(set.number("ci.push_for_seconds", 60..=2_592_000, of(ci.push_for))),
        },
        old_token_grace: seconds(set.number(
            "ci.old_token_grace_seconds",
            0..=2_592_000,
            of(accounts.old_token_grace),
        )),
    }
}
