//! What Bitbucket means by an answer that is no success. Bodies as they are quoted in public issues, because its documentation gives only
//! their shape (`{"type": "error", "error": {"message": …, "detail": …}}`).

use jeton_outbound::Answer;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    clean::clean,
    headers,
    probe::{Dialect, Limit},
};

/// How long a limit is waited out for which Bitbucket names no time. Its windows are an hour long and roll, so that some is free again soon.
const UNNAMED_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// How many scopes of a list are read; there are some 40.
const MOST_SCOPES: usize = 100;

/// How Bitbucket asks for a user name and password that fit.
const REALM: &str = "Bitbucket.org HTTP";

/// How Bitbucket speaks.
#[derive(Debug)]
pub(super) struct BitbucketDialect;

impl Dialect for BitbucketDialect {
    fn name(&self) -> &'static str {
        "Bitbucket"
    }

    fn status_page(&self) -> &'static str {
        "https://bitbucket.status.atlassian.com"
    }

    fn request_id_header(&self) -> &'static str {
        "x-request-id"
    }

    fn words(&self, answer: &Answer) -> Option<String> {
        match ErrorBody::of(answer) {
            Some(body) => Some(body.words()),
            None => is_wrong_pair(answer).then(|| "e-mail address and token do not fit together".to_owned()),
        }
    }

    fn limit(&self, answer: &Answer, now: Timestamp) -> Option<Limit> {
        let said = || self.words(answer).unwrap_or_default().to_ascii_lowercase();
        if answer.status != 429 && !(answer.status == 403 && said().contains("rate limit")) {
            return None;
        }
        let named = headers::retry_after(&answer.headers, now).and_then(|wait| now.checked_add(wait).ok());
        let retry_at = named.or_else(|| now.checked_add(UNNAMED_WAIT).ok()).unwrap_or(now);
        Some(Limit {
            retry_at,
            what: "Bitbucket allows 1,000 requests in an hour to each user or access token.".to_owned(),
        })
    }
}

/// What Bitbucket said, in its own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 401: an expired token, by name.
    Expired,
    /// 401: `Token is invalid, expired, or not supported for this endpoint.`
    Unusable,
    /// 401 to Basic: the name and the token do not fit together.
    WrongPair,
    /// 401 in words that are not known: no verdict.
    Unauthorized(String),
    /// 403 for want of a scope.
    Scope {
        /// What would have done.
        required: Vec<String>,
        /// What the token has; no other forge tells it here.
        granted: Option<Vec<String>>,
    },
    /// 403 for another reason.
    Forbidden(String),
    /// 404.
    NotFound(String),
    /// 410: a route that Atlassian has taken away.
    Gone(String),
    /// Any other status.
    Other(String),
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    message: String,
    #[serde(default)]
    detail: Option<Value>,
}

impl ErrorBody {
    fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }

    fn words(&self) -> String {
        match &self.error.detail {
            Some(Value::String(detail)) if !detail.is_empty() => clean(&format!("{}: {detail}", self.error.message)),
            _ => clean(&self.error.message),
        }
    }

    /// A list of scopes in `detail`.
    fn scopes(&self, name: &str) -> Option<Vec<String>> {
        let list = self.error.detail.as_ref()?.get(name)?.as_array()?;
        Some(
            list.iter()
                .filter_map(Value::as_str)
                .take(MOST_SCOPES)
                .map(clean)
                .collect(),
        )
    }
}

impl Refusal {
    /// Reads a 4xx that has Bitbucket's words; `None` when it has none.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let body = ErrorBody::of(answer);
        if answer.status == 401 {
            return unauthorized(answer, body.as_ref());
        }
        let body = body?;
        let words = body.words();
        Some(match answer.status {
            403 => {
                let required = body.scopes("required");
                let granted = body.scopes("granted");
                if required.is_some() || granted.is_some() || words.contains("required privilege scopes") {
                    Self::Scope {
                        required: required.unwrap_or_default(),
                        granted,
                    }
                } else {
                    Self::Forbidden(words)
                }
            }
            404 => Self::NotFound(words),
            410 => Self::Gone(words),
            _ => Self::Other(words),
        })
    }
}

fn unauthorized(answer: &Answer, body: Option<&ErrorBody>) -> Option<Refusal> {
    let words = body.map(ErrorBody::words);
    Some(match words {
        // told apart from "is invalid, expired, or …"
        Some(words) if words.starts_with("Access token expired") => Refusal::Expired,
        // the words of both are the same at times; the challenge comes to Basic alone
        _ if is_wrong_pair(answer) => Refusal::WrongPair,
        Some(words) if words.starts_with("Token is invalid, expired, or not supported") => Refusal::Unusable,
        Some(words) => Refusal::Unauthorized(words),
        None => return None,
    })
}

fn is_wrong_pair(answer: &Answer) -> bool {
    let asks = answer.headers.get_all("www-authenticate").iter();
    answer.status == 401
        && asks
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains(REALM))
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
