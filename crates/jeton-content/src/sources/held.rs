//! What keeps sources from being asked.

use jeton_domain::Diagnosis;
use jiff::{SignedDuration, Timestamp};

use super::{Failed, error::overloaded, gate::Shut};
use crate::ContentError;

/// What keeps those from being asked who were not.
#[derive(Default)]
pub(super) struct Held {
    closed: Option<(Timestamp, Diagnosis)>,
    share: Option<Timestamp>,
    full: bool,
}

impl Held {
    pub(super) fn add(&mut self, shut: Shut) {
        match shut {
            Shut::Closed { until, diagnosis } => {
                if self.closed.as_ref().is_none_or(|(before, _)| until < *before) {
                    self.closed = Some((until, *diagnosis));
                }
            }
            Shut::Share { until } => self.share = Some(self.share.map_or(until, |before| before.min(until))),
            Shut::Full => self.full = true,
        }
    }

    /// What to say when everybody who might have answered could not be asked: when the first of them can be.
    pub(super) fn failed(self, host: &str, now: Timestamp) -> Option<Failed> {
        if self.full {
            return Some(overloaded(host));
        }
        if let Some(until) = self.share
            && self.closed.as_ref().is_none_or(|(opens, _)| until <= *opens)
        {
            let retry_after = until.duration_since(now).max(SignedDuration::from_secs(1));
            return Some(Failed::Other(ContentError::Share {
                host: host.to_owned(),
                retry_after,
            }));
        }
        let (until, diagnosis) = self.closed?;
        Some(Failed::forge(Diagnosis {
            retry_at: Some(until),
            ..diagnosis
        }))
    }
}
