//! What GitLab means by an answer that is no success. The rows are those of its pages "REST API authentication", "REST API
//! troubleshooting" and "User and IP rate limits", and of `lib/gitlab/auth` and `lib/api/api_guard.rb` in its source.

use jeton_domain::Validity;
use jeton_outbound::Answer;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    clean::clean,
    headers,
    probe::{Dialect, Limit},
};

/// GitLab's limits count the requests of one minute; so long is waited when it names no time.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);

/// How GitLab speaks.
#[derive(Debug)]
pub(super) struct GitLabDialect;

impl Dialect for GitLabDialect {
    fn name(&self) -> &'static str {
        "GitLab"
    }

    fn status_page(&self) -> &'static str {
        "https://status.gitlab.com"
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn words(&self, answer: &Answer) -> Option<String> {
        ErrorBody::of(answer).map(|body| body.words())
    }

    /// The throttle before GitLab says `Retry later` in plain text (an administrator may change the words), the one in GitLab answers in
    /// JSON; only the status is the same.
    fn limit(&self, answer: &Answer, now: Timestamp) -> Option<Limit> {
        (answer.status == 429).then(|| Limit {
            retry_at: free_again(answer, now),
            what: match headers::text(&answer.headers, "ratelimit-name").map(clean) {
                Some(name) if !name.is_empty() => format!("It is the limit that GitLab calls `{name}`."),
                _ => "An administrator of that GitLab sets its limits under \"Admin\", \"Settings\", \"Network\"."
                    .to_owned(),
            },
        })
    }
}

/// What GitLab said, in its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 401: no such token here.
    Unknown,
    /// 401: its end has come.
    Expired,
    /// 401: it was revoked.
    Revoked,
    /// 401: an administrator made it in a user's name, and that is switched off.
    Impersonation,
    /// 401: its owner wants each request signed.
    Proof,
    /// 403: one of these scopes would have done.
    Scope(Vec<String>),
    /// 403 without a word on scopes.
    Forbidden(String),
    /// 404.
    NotFound(String),
    /// 400: this is no access token.
    WrongKind,
    /// 405.
    NotAllowed(String),
    /// Any other status, 400 for another reason, or a 401 in words that are not GitLab's.
    Other(u16, String),
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    message: Option<Value>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

impl ErrorBody {
    fn of(answer: &Answer) -> Option<Self> {
        let body: Self = serde_json::from_slice(&answer.body).ok()?;
        (body.message.is_some() || body.error.is_some()).then_some(body)
    }

    /// The one thing that GitLab says of a token that it does not know.
    fn is_bare_401(&self) -> bool {
        self.error.is_none() && self.message.as_ref().and_then(Value::as_str) == Some("401 Unauthorized")
    }

    fn words(&self) -> String {
        let message = self.message.as_ref().map(|message| match message {
            Value::String(text) => text.clone(),
            // validation errors are objects of lists
            other => other.to_string(),
        });
        let parts = [message, self.error.clone(), self.error_description.clone()];
        clean(&parts.into_iter().flatten().collect::<Vec<_>>().join(": "))
    }
}

impl Refusal {
    /// Reads a 4xx that has GitLab's words; `None` when it has none.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let body = ErrorBody::of(answer)?;
        Some(match answer.status {
            400 if body.words().contains("token type to be a personal access token") => Self::WrongKind,
            401 => Self::unauthorized(&body),
            403 if body.error.as_deref() == Some("insufficient_scope") => {
                let scopes = body.scope.as_deref().unwrap_or_default();
                Self::Scope(scopes.split_whitespace().map(clean).collect())
            }
            403 => Self::Forbidden(body.words()),
            404 => Self::NotFound(body.words()),
            405 => Self::NotAllowed(body.words()),
            status => Self::Other(status, body.words()),
        })
    }

    fn unauthorized(body: &ErrorBody) -> Self {
        if body.error.as_deref() == Some("dpop_error") {
            return Self::Proof;
        }
        let is_of_token = body.error.as_deref() == Some("invalid_token");
        let why = body
            .error_description
            .as_deref()
            .filter(|_| is_of_token)
            .unwrap_or_default();
        if why.contains("impersonation") {
            Self::Impersonation
        } else if why.contains("expired") {
            Self::Expired
        } else if why.contains("revoked") {
            Self::Revoked
        } else if is_of_token || body.is_bare_401() {
            Self::Unknown
        } else {
            // what stands before GitLab may speak JSON too
            Self::Other(401, body.words())
        }
    }

    /// What it says about the token, as the answer to a call for which any token will do. A refusal for want of a scope is a word
    /// that the token lives: GitLab looks at scopes only once it knows the token.
    pub(super) fn validity(&self) -> Validity {
        match self {
            Self::Unknown | Self::Expired | Self::Revoked | Self::Impersonation | Self::Proof => Validity::Invalid,
            Self::Scope(_) | Self::WrongKind => Validity::Valid,
            Self::Forbidden(_) | Self::NotFound(_) | Self::NotAllowed(_) | Self::Other(..) => Validity::Unknown,
        }
    }
}

/// When GitLab takes requests again: by `Retry-After`, else by `RateLimit-Reset` (epoch seconds).
fn free_again(answer: &Answer, now: Timestamp) -> Timestamp {
    let named = headers::retry_after(&answer.headers, now).and_then(|wait| now.checked_add(wait).ok());
    let reset = || {
        let second = headers::text(&answer.headers, "ratelimit-reset")?.parse().ok()?;
        let at = Timestamp::from_second(second).ok()?;
        // a reset in the past, or far away, is a mistake of somebody's
        (at > now && at.duration_since(now) <= SignedDuration::from_hours(1)).then_some(at)
    };
    named
        .or_else(reset)
        .or_else(|| now.checked_add(WINDOW).ok())
        .unwrap_or(now)
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
