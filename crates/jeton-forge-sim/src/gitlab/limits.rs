//! The throttle in front of GitLab: so many calls a minute of each user.

use jiff::SignedDuration;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::GitLab;
use super::error;
use super::model::Charged;
use crate::reply::Reply;

const WINDOW_SECONDS: i64 = 60;
/// How often one large blob may be read in a minute.
const LARGE_READS: u32 = 5;

/// What the headers of one answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LimitView {
    known: bool,
    limit: u32,
    observed: u32,
    /// Seconds since 1970.
    reset: i64,
    /// Seconds until then.
    left: i64,
}

impl LimitView {
    pub(super) fn exceeded(&self) -> bool {
        self.observed > self.limit
    }

    /// Adds the headers that every answer has.
    pub(super) fn mark(&self, reply: &mut Reply) {
        let name = if self.known {
            "throttle_authenticated_api"
        } else {
            "throttle_unauthenticated_api"
        };
        reply.set("ratelimit-limit", &self.limit.to_string());
        reply.set(
            "ratelimit-remaining",
            &self.limit.saturating_sub(self.observed).to_string(),
        );
        reply.set("ratelimit-observed", &self.observed.to_string());
        reply.set("ratelimit-name", name);
        reply.set("ratelimit-reset", &self.reset.to_string());
        let at = jiff::Timestamp::from_second(self.reset).ok();
        let date = at.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        if let Some(date) = date {
            reply.set("ratelimit-resettime", &date);
        }
    }

    pub(super) fn refusal(&self) -> Reply {
        let mut reply = error::retry_later(self.left).into_reply();
        self.mark(&mut reply);
        reply
    }
}

impl GitLab {
    /// Counts one call.
    pub(super) fn spend(&self, charged: Charged) -> LimitView {
        let now = self.now().as_second();
        let mut state = self.state();
        // The numbers that gitlab.com and a new server come with.
        let limit = match (charged, state.settings.per_minute) {
            (Charged::User(_), Some(forced)) => forced,
            (Charged::User(_), None) => 2_000,
            (Charged::Address(_), _) => 500,
        };
        let start = now - now.rem_euclid(WINDOW_SECONDS);
        let window = state.windows.entry(charged).or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        window.1 = window.1.saturating_add(1);
        LimitView {
            known: matches!(charged, Charged::User(_)),
            limit,
            observed: window.1,
            reset: start + WINDOW_SECONDS,
            left: start + WINDOW_SECONDS - now,
        }
    }

    /// Counts one read of a large blob; `false`: it was one too many.
    pub(super) fn spend_large(&self, project: u64, blob: &str) -> bool {
        let now = self.now().as_second();
        let start = now - now.rem_euclid(WINDOW_SECONDS);
        let mut state = self.state();
        let window = state
            .large_reads
            .entry((project, blob.to_owned()))
            .or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        window.1 = window.1.saturating_add(1);
        window.1 <= LARGE_READS
    }

    /// The refusal of a user whose minute ends in `reset_in`.
    pub(super) fn throttled(&self, reset_in: SignedDuration) -> Reply {
        let left = reset_in.as_secs().max(0);
        let view = LimitView {
            known: true,
            limit: 2_000,
            observed: 2_001,
            reset: self.now().as_second() + left,
            left,
        };
        view.refusal()
    }
}
