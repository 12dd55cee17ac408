//! For how long a kept token has to live for somebody.

use jeton_domain::{Code, Diagnosis};
use jeton_vault::RunnerRecord;
use jiff::{SignedDuration, Timestamp};

use super::super::{short::SHORTEST, wish::shown};
use crate::{CiError, Tried, tried};

/// The longest that a token can be asked to live: longer than what GitLab gives.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

/// For how long a token has to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    /// So long, if that can be had without ending the token that others have.
    wanted: SignedDuration,
    /// So long at least.
    least: SignedDuration,
}

impl Need {
    /// What the caller named; otherwise `usual` if that can be had.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] for what no forge gives.
    pub(super) fn read(seconds: Option<i64>, usual: SignedDuration) -> Result<Self, CiError> {
        let Some(seconds) = seconds else {
            return Ok(Self {
                wanted: usual.max(SHORTEST),
                least: SHORTEST,
            });
        };
        let named = SignedDuration::from_secs(seconds);
        if named.is_negative() || named > LONGEST {
            return Err(CiError::asked(
                Code::RequestInvalid,
                format!(
                    "min_validity_seconds is {seconds}, but it can be 0 to {}",
                    LONGEST.as_secs()
                ),
                "Leave it out: jeton renews the tokens of runners ahead.",
            ));
        }
        let named = named.max(SHORTEST);
        Ok(Self {
            wanted: named,
            least: named,
        })
    }

    /// Whether a token lives for so long.
    pub(super) fn is_met(self, row: &RunnerRecord, now: Timestamp) -> bool {
        lives_for(row, self.wanted, now)
    }

    /// Whether a token will do if no better one can be had.
    pub(super) fn is_bearable(self, row: &RunnerRecord, now: Timestamp) -> bool {
        lives_for(row, self.least, now)
    }

    /// A token that others may have, and that is not renewed for one caller before its time.
    pub(super) fn ends_too_soon(self, row: &RunnerRecord, now: Timestamp) -> CiError {
        let (end, left) = end_of(row, now);
        let renewed = row
            .renew_at
            .map_or_else(String::new, |at| format!("jeton renews it at {at}. "));
        CiError::asked(
            Code::RunnerDiffers,
            format!(
                "the token of the runner `{}` ends at {end}, in {} seconds, and min_validity_seconds is {}",
                shown(&row.name),
                left.as_secs(),
                self.least.as_secs()
            ),
            format!(
                "Others may work with this token. {renewed}Ask for less; or with `fresh`, which ends the token that the others have; or \
                 with another name."
            ),
        )
    }

    /// The forge gives no token that lives for so long.
    pub(super) fn too_long(self, row: &RunnerRecord, now: Timestamp) -> CiError {
        let (_, left) = end_of(row, now);
        if left >= SHORTEST {
            return CiError::asked(
                Code::RequestInvalid,
                format!(
                    "min_validity_seconds is {}, but a new token of the runner `{}` lives for {} seconds",
                    self.least.as_secs(),
                    shown(&row.name),
                    left.as_secs()
                ),
                "Ask for less. jeton renews the token ahead; whoever asks again gets the new one.",
            );
        }
        tried::refused(vec![Tried {
            source: row.source.clone(),
            diagnosis: Diagnosis {
                code: Code::RunnerTokenShort,
                cause: format!(
                    "{} gives the runner `{}` tokens that live for {} seconds",
                    row.forge.host(),
                    shown(&row.name),
                    left.as_secs()
                ),
                remedy: "Compare the clock of this server with that of the forge, and look at how long the forge lets tokens of runners live."
                    .to_owned(),
                url: None,
                retry_at: None,
            },
            evidence: Vec::new(),
        }])
    }
}

fn lives_for(row: &RunnerRecord, need: SignedDuration, now: Timestamp) -> bool {
    row.expires_at.is_none_or(|end| end.duration_since(now) >= need)
}

fn end_of(row: &RunnerRecord, now: Timestamp) -> (Timestamp, SignedDuration) {
    let end = row.expires_at.unwrap_or(Timestamp::MAX);
    (end, end.duration_since(now))
}
