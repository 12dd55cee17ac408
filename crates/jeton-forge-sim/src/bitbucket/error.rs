//! Refusals in Bitbucket's shape.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::site::Refused;

/// `{"type": "error", "error": {"message": …}}`
pub(super) fn message(status: StatusCode, text: &str) -> Refused {
    with_detail(status, text, None)
}

fn with_detail(status: StatusCode, text: &str, detail: Option<Value>) -> Refused {
    let mut error = json!({ "message": text });
    if let Some(detail) = detail {
        error["detail"] = detail;
    }
    Reply::json(status, &json!({ "type": "error", "error": error })).into()
}

/// An unusable token, or one in the wrong place.
pub(super) fn unusable() -> Refused {
    message(
        StatusCode::UNAUTHORIZED,
        "Token is invalid, expired, or not supported for this endpoint.",
    )
}

/// The same for Basic, which is challenged.
pub(super) fn wrong_basic() -> Refused {
    let reply = unusable().into_reply();
    reply
        .with("www-authenticate", "Basic realm=\"Bitbucket.org HTTP\"")
        .into()
}

pub(super) fn oauth_expired() -> Refused {
    message(StatusCode::UNAUTHORIZED, "Access token expired.")
}

/// Nothing was sent where something is needed. The words are a guess.
pub(super) fn nobody() -> Refused {
    message(StatusCode::UNAUTHORIZED, "Authentication required.")
}

/// The one refusal of all forges that says what the token may do.
pub(super) fn lacks_scopes(required: &[&str], granted: &[String]) -> Refused {
    let text = "Your credentials lack one or more required privilege scopes.";
    let detail = json!({ "required": required, "granted": granted });
    with_detail(StatusCode::FORBIDDEN, text, Some(detail))
}

/// The role does not suffice. The words are a guess.
pub(super) fn forbidden() -> Refused {
    message(StatusCode::FORBIDDEN, "Your access level does not allow this.")
}

/// Nothing there, or nothing that the caller may know of. The words are a guess.
pub(super) fn no_repository() -> Refused {
    let text = "You may not have access to this repository or it no longer exists in this workspace. If you think \
                this repository exists and you have access, make sure you are authenticated.";
    message(StatusCode::NOT_FOUND, text)
}

pub(super) fn not_found(what: &str) -> Refused {
    message(StatusCode::NOT_FOUND, &format!("{what} not found"))
}

/// Whether there is a `Retry-After` is not known; this one is sent when a test gives it.
pub(super) fn rate_limited(retry_after: Option<u32>) -> Refused {
    let text = "Rate limit for this resource has been exceeded.";
    let reply = message(StatusCode::TOO_MANY_REQUESTS, text).into_reply();
    match retry_after {
        Some(seconds) => reply.with("retry-after", &seconds.to_string()).into(),
        None => reply.into(),
    }
}
