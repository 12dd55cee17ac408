//! From a refusal to the error that says whose it is. The rows are those of GitHub's "Troubleshooting the REST API" and
//! "Rate limits for the REST API" pages, and of messages seen in public issues.

use std::{fmt::Write as _, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{ForgeError, Said, Unprocessable, clean::clean, headers, http_client::Answer};

/// How long to wait out a limit for which GitHub names no time; its rate limit page says at least one minute.
const UNNAMED_WAIT: Duration = Duration::from_mins(1);

/// GitHub's error body. `errors` holds objects on some endpoints and strings on others.
#[derive(Deserialize)]
struct ErrorBody {
    message: String,
    #[serde(default)]
    documentation_url: Option<String>,
    #[serde(default)]
    errors: Option<serde_json::Value>,
}

/// The error behind an answer that is no success. `now` stands in for the forge's clock where it sent no `Date`.
pub(crate) fn classify(answer: &Answer, now: Timestamp) -> ForgeError {
    let status = answer.status;
    let body: Option<ErrorBody> = serde_json::from_slice(&answer.body).ok();
    let said = said(answer, body.as_ref());
    match status {
        401 => ForgeError::BadCredentials { said },
        403 | 429 => limited_or_forbidden(answer, body.as_ref(), said, now),
        404 if body.is_none() => ForgeError::Garbled {
            status,
            reason: "a 404 that is not GitHub's own; the API URL may be wrong".to_owned(),
        },
        // how GitHub answers a JWT whose `iss` is no App's; not about the thing that was asked for
        404 if said.message.as_deref() == Some("Integration not found") => ForgeError::BadCredentials { said },
        404 => ForgeError::NotFound { said },
        408 => ForgeError::Timeout,
        410 => ForgeError::Garbled {
            status,
            reason: "GitHub says that this version of its API is gone".to_owned(),
        },
        422 => {
            let about = about(said.message.as_deref().unwrap_or_default());
            ForgeError::Unprocessable { said, about }
        }
        500.. => ForgeError::ServerError {
            status,
            retry_after: headers::retry_after(&answer.headers, now),
            said,
        },
        300..=399 => ForgeError::Garbled {
            status,
            reason: "a redirect on a route that has none".to_owned(),
        },
        ..300 => ForgeError::Garbled {
            status,
            reason: "a success without what it should bring".to_owned(),
        },
        _ => ForgeError::Unexpected { status, said },
    }
}

/// Whether a 401 on a JWT is about its times: the messages that octokit's clients know, by the names of the claims.
pub(crate) fn is_about_the_clock(answer: &Answer) -> bool {
    let message = serde_json::from_slice::<ErrorBody>(&answer.body)
        .map(|body| body.message)
        .unwrap_or_default();
    answer.status == 401 && (message.contains("('exp')") || message.contains("('iat')"))
}

/// GitHub's words in this answer.
pub(crate) fn said_in(answer: &Answer) -> Said {
    said(answer, serde_json::from_slice(&answer.body).ok().as_ref())
}

fn limited_or_forbidden(answer: &Answer, body: Option<&ErrorBody>, said: Said, now: Timestamp) -> ForgeError {
    let message = said.message.as_deref().unwrap_or_default();
    let suspended = message.contains("suspended");
    // the request that spent the budget may itself be refused for a reason of its own
    let refused = suspended || message.contains("not accessible by") || message.contains("IP allow list");
    let asked = headers::retry_after(&answer.headers, now);
    if headers::budget_is_spent(&answer.headers) && !(answer.status == 403 && refused) {
        let retry_after = headers::until_reset(&answer.headers, now)
            .or(asked)
            .unwrap_or(UNNAMED_WAIT);
        return ForgeError::RateLimited {
            primary: true,
            retry_after,
            said,
        };
    }
    let page = body
        .and_then(|body| body.documentation_url.as_deref())
        .unwrap_or_default();
    let secondary = ["secondary-rate-limits", "#abuse-rate-limits"]
        .iter()
        .any(|end| page.ends_with(end))
        || message.contains("secondary rate limit");
    if asked.is_some() || secondary || answer.status == 429 {
        return ForgeError::RateLimited {
            primary: false,
            retry_after: asked.unwrap_or(UNNAMED_WAIT),
            said,
        };
    }
    if suspended {
        ForgeError::Suspended { said }
    } else {
        ForgeError::Forbidden { said }
    }
}

fn about(message: &str) -> Unprocessable {
    if message.contains("permissions requested are not granted") {
        Unprocessable::PermissionsNotGranted
    } else if message.contains("not accessible to the parent installation") {
        Unprocessable::RepositoriesNotAccessible
    } else {
        Unprocessable::Other
    }
}

fn said(answer: &Answer, body: Option<&ErrorBody>) -> Said {
    let message = body.map(|body| {
        let mut text = body.message.clone();
        if let Some(errors) = &body.errors {
            let _ = write!(text, " {errors}");
        }
        clean(&text)
    });
    Said {
        message: message.filter(|text| !text.is_empty()),
        request_id: headers::request_id(&answer.headers),
        status: answer.status,
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
