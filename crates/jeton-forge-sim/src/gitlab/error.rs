//! Refusals in GitLab's shapes. It has several: Grape's, those of its OAuth, and the throttle's plain text.

use http::StatusCode;
use serde_json::json;

use crate::reply::Reply;
use crate::site::Refused;

/// `{"message": "404 Project Not Found"}`
pub(super) fn message(status: StatusCode, text: &str) -> Refused {
    Reply::json(status, &json!({ "message": text })).into()
}

/// Nothing was sent, or something that is no token here.
pub(super) fn unauthorized() -> Refused {
    message(StatusCode::UNAUTHORIZED, "401 Unauthorized")
}

pub(super) fn forbidden() -> Refused {
    message(StatusCode::FORBIDDEN, "403 Forbidden")
}

pub(super) fn not_found(what: &str) -> Refused {
    let space = if what.is_empty() { "" } else { " " };
    message(StatusCode::NOT_FOUND, &format!("404{space}{what} Not Found"))
}

pub(super) fn not_allowed() -> Refused {
    message(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed")
}

/// A request that cannot be granted; `reason` is GitLab's.
pub(super) fn bad_request(reason: &str) -> Refused {
    message(StatusCode::BAD_REQUEST, &format!("400 Bad request - {reason}"))
}

/// A parameter that Grape refuses, `expires_at is invalid` for instance.
pub(super) fn parameter(text: &str) -> Refused {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": text })).into()
}

fn oauth(error: &str, description: &str) -> Refused {
    let body = json!({ "error": error, "error_description": description });
    Reply::json(StatusCode::UNAUTHORIZED, &body).into()
}

pub(super) fn expired() -> Refused {
    oauth(
        "invalid_token",
        "Token is expired. You can either do re-authorization or token refresh.",
    )
}

pub(super) fn revoked() -> Refused {
    oauth(
        "invalid_token",
        "Token was revoked. You have to re-authorize from the user.",
    )
}

pub(super) fn impersonation_disabled() -> Refused {
    oauth(
        "invalid_token",
        "Token is an impersonation token but impersonation was disabled.",
    )
}

/// The description is a guess: only the word `dpop_error` is known.
pub(super) fn dpop() -> Refused {
    oauth("dpop_error", "DPoP validation error: DPoP header is missing")
}

/// `accepted`: the scopes of which the token has none.
pub(super) fn insufficient_scope(accepted: &[&str]) -> Refused {
    let body = json!({
        "error": "insufficient_scope",
        "error_description": "The request requires higher privileges than provided by the access token.",
        "scope": accepted.join(" "),
    });
    Reply::json(StatusCode::FORBIDDEN, &body).into()
}

/// The throttle in front of the application.
pub(super) fn retry_later(retry_after: i64) -> Refused {
    let reply = Reply::bytes(StatusCode::TOO_MANY_REQUESTS, "text/plain", b"Retry later\n".to_vec());
    reply.with("retry-after", &retry_after.to_string()).into()
}

/// The throttle inside the application. Whether it sends `Retry-After` is not known; this one does when told.
pub(super) fn too_many_requests(retry_after: Option<u32>) -> Refused {
    let error = "This endpoint has been requested too many times. Try again later.";
    let body = json!({ "message": { "error": error } });
    let reply = Reply::json(StatusCode::TOO_MANY_REQUESTS, &body);
    match retry_after {
        Some(seconds) => reply.with("retry-after", &seconds.to_string()).into(),
        None => reply.into(),
    }
}
