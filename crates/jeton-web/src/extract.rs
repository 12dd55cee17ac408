use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Query},
    http::Request,
};
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jeton_domain::{Code, redact};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{WebSettings, failure::Failure, front::too_large, request_id::RequestId, state::Shared};

/// A body may take this long to arrive, unless a request as a whole may take less.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A secret of 48 KiB, as GitHub takes them, with each byte written as `\u00xx`, and room around it: what is a little too large for a
/// forge is told so by its own code.
const LARGEST_SECRET: usize = 384 * 1024;

/// As the policy file's own limit.
const LARGEST_POLICY_FILE: usize = 16 * 1024 * 1024;

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, state: &Shared) -> Result<Self, Failure> {
        is_json(request.headers())?;
        let limit = body_limit(request.uri().path(), &state.settings);
        let body = read_body(request.into_body(), limit, &state.settings).await?;
        parse(&body).map(Self)
    }
}

/// The largest body of a route in bytes. Whole policy files are larger than anything else; secrets for a forge may be large too.
pub(crate) fn body_limit(path: &str, settings: &WebSettings) -> usize {
    match path {
        "/v1/policies/check" | "/v1/policies/replay" => settings.max_body_bytes.max(LARGEST_POLICY_FILE),
        "/v1/forge-secrets" => settings.max_body_bytes.max(LARGEST_SECRET),
        _ => settings.max_body_bytes,
    }
}

/// Reads a body whole.
pub(crate) async fn read_body(body: Body, limit: usize, settings: &WebSettings) -> Result<Bytes, Failure> {
    // A little less than the whole request may take, so that it is the caller who is told to be the slow one.
    let patience = BODY_TIMEOUT.min(settings.request_timeout.mul_f64(0.9));
    read(body, limit, patience).await
}

/// Refuses a body that is not said to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<(), Failure> {
    let given = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let detail = if given.is_empty() {
        "the request does not say what its body is".to_owned()
    } else {
        format!("the body is said to be {}, not JSON", shown(&essence, 60))
    };
    Err(Failure::new(Code::RequestMediaType, detail).with_remedy("Send JSON, and `Content-Type: application/json`."))
}

async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, Failure> {
    match tokio::time::timeout(patience, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(Failure::new(Code::RequestInvalid, "the body ended before it was whole").closing()),
        Err(_) => {
            let detail = format!("the body did not arrive within {} seconds", patience.as_secs_f64());
            Err(Failure::new(Code::RequestTimeout, detail)
                .with_remedy("Send the whole body at once.")
                .closing())
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    // serde would take the values of an array for the fields in their order, and an empty one for all of them left out.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Failure::new(
            Code::RequestInvalid,
            "the body is not as expected: it is a JSON array, not an object",
        )
        .with_remedy("Send a JSON object as the body."));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    // The path names the field: "invalid type" alone does not say which one it is.
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." {
            String::new()
        } else {
            format!("{path}: ")
        };
        (at, error.into_inner())
    });
    let whole = parsed.and_then(|value| json.end().map(|()| value).map_err(|error| (String::new(), error)));
    whole.map_err(|(at, error)| {
        let remedy = if body.is_empty() {
            "Send a JSON object as the body."
        } else if error.is_data() {
            "/docs shows what the body may hold."
        } else {
            "Check the JSON at that place: `jq . FILE` shows it too."
        };
        Failure::new(
            Code::RequestInvalid,
            format!("the body is not as expected: {}", words(&format!("{at}{error}"))),
        )
        .with_remedy(remedy)
    })
}

/// Parameters after the `?`. Unknown ones are errors: a mistyped one must not be taken for one that was left out.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Failure> {
        // Else bytes that are no text would be replaced, and something else be looked for than was asked for.
        if parts.uri.query().is_some_and(|query| percent_decoded(query).is_none()) {
            return Err(Failure::new(Code::RequestInvalid, "the query is not UTF-8")
                .with_remedy("Percent-encode it as UTF-8, each value once."));
        }
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                // The rejection's own text is a fixed sentence; its source says which parameter.
                let reason = std::error::Error::source(&error).map_or_else(|| error.body_text(), ToString::to_string);
                let detail = format!("the query is not as expected: {}", words(&reason));
                Err(Failure::new(Code::RequestInvalid, detail).with_remedy("/docs shows which parameters there are."))
            }
        }
    }
}

/// Percent-decoding. A `%` without two hex digits stands for itself, as browsers and Python have it; bytes that are
/// not UTF-8 name nothing.
pub(crate) fn percent_decoded(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = &tail[2..];
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    String::from_utf8(out).ok()
}

/// A route without parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoParams {}

/// serde's words with plain quotes; values of the caller that look like secrets, or go on and on, are not repeated.
fn words(text: &str) -> String {
    shown(text, 400).replace('`', "\"")
}

/// Text of a caller's, fit to be shown back: without the token that somebody put into the wrong place, without control characters, and
/// cut.
pub(crate) fn shown(text: &str, most: usize) -> String {
    let text = redact(text);
    let mut out: String = text.chars().filter(|c| !c.is_control()).take(most).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

impl FromRequestParts<Shared> for RequestId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| state.request_ids.next()))
    }
}

/// One part of the path. What is not UTF-8 names nothing.
pub(crate) struct Name(pub(crate) String);

impl FromRequestParts<Shared> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        match axum::extract::Path::<String>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(name)) => Ok(Self(name)),
            Err(_) => Err(Failure::new(Code::RouteNotFound, "the path is not UTF-8")),
        }
    }
}

/// Two parts of the path.
pub(crate) struct TwoNames(pub(crate) String, pub(crate) String);

impl FromRequestParts<Shared> for TwoNames {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        match axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path((first, second))) => Ok(Self(first, second)),
            Err(_) => Err(Failure::new(Code::RouteNotFound, "the path is not UTF-8")),
        }
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
