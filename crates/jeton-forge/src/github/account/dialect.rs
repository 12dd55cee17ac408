//! How GitHub words its refusals and limits.

use std::time::Duration;

use http::HeaderMap;
use jeton_domain::Quota;
use jeton_outbound::Answer;
use jiff::Timestamp;

use super::wire::WireRefusal;
use crate::{
    headers,
    probe::{Dialect, Limit},
};

/// How long to wait out a limit for which GitHub names no time; its rate limit page says at least one minute.
const UNNAMED_WAIT: Duration = Duration::from_mins(1);

/// A part of the words of each refusal that has a reason of its own. The request that spent the budget may be refused for such a
/// reason, and its answer then counts no more requests left.
const NO_LIMIT: [&str; 8] = [
    "not accessible by",
    "IP allow list",
    "forbids access",
    "SAML enforcement",
    "suspended",
    "login attempts",
    "Must have",
    "self-hosted runners",
];

#[derive(Debug)]
pub(in crate::github) struct GitHubDialect;

impl Dialect for GitHubDialect {
    fn name(&self) -> &'static str {
        "GitHub"
    }

    fn status_page(&self) -> &'static str {
        "https://www.githubstatus.com"
    }

    fn request_id_header(&self) -> &'static str {
        "x-github-request-id"
    }

    fn words(&self, answer: &Answer) -> Option<String> {
        refusal(answer).map(|body| body.message)
    }

    fn limit(&self, answer: &Answer, now: Timestamp) -> Option<Limit> {
        if !matches!(answer.status, 403 | 429) {
            return None;
        }
        let body = refusal(answer);
        let message = body.as_ref().map(|body| body.message.as_str()).unwrap_or_default();
        if answer.status == 403 && NO_LIMIT.iter().any(|words| message.contains(words)) {
            return None;
        }
        let asked = headers::retry_after(&answer.headers, now);
        let limit = |wait: Duration, what: &str| Limit {
            retry_at: now.checked_add(wait).unwrap_or(now),
            what: what.to_owned(),
        };
        if headers::budget_is_spent(&answer.headers) {
            let wait = headers::until_reset(&answer.headers, now)
                .or(asked)
                .unwrap_or(UNNAMED_WAIT);
            let what = match headers::text(&answer.headers, "x-ratelimit-resource") {
                Some("actions_runner_registration") => {
                    "The hourly budget for registering runners, which is one of its own, is used up."
                }
                _ => "The hourly budget, which all tokens of the same person share, is used up.",
            };
            return Some(limit(wait, what));
        }
        let page = body
            .as_ref()
            .and_then(|body| body.documentation_url.as_deref())
            .unwrap_or_default();
        let secondary = page.ends_with("secondary-rate-limits")
            || page.ends_with("#abuse-rate-limits")
            || message.contains("secondary rate limit")
            || message.contains("API rate limit exceeded");
        if asked.is_some() || secondary || answer.status == 429 {
            return Some(limit(
                asked.unwrap_or(UNNAMED_WAIT),
                "It is the secondary limit, against many requests in a short time.",
            ));
        }
        None
    }
}

/// GitHub's own error body; `None` for anything else, such as a proxy's page.
pub(in crate::github) fn refusal(answer: &Answer) -> Option<WireRefusal> {
    serde_json::from_slice(&answer.body).ok()
}

/// What is left of the hourly budget.
pub(in crate::github) fn quota(headers: &HeaderMap) -> Option<Quota> {
    let number = |name| headers::text(headers, name).and_then(|text| text.parse::<u64>().ok());
    let reset = headers::text(headers, "x-ratelimit-reset").and_then(|text| text.parse().ok());
    Some(Quota {
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        resets_at: reset.and_then(|second| Timestamp::from_second(second).ok()),
    })
}
