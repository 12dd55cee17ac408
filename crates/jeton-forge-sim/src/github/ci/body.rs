//! Bodies of requests, and what is said of wrong ones.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::github::error::ApiError;

/// A JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let bad = |message: &str| ApiError::new(StatusCode::BAD_REQUEST, message);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad("Body should be a JSON object")),
        Err(_) => Err(bad("Problems parsing JSON")),
    }
}

/// Names all required fields that are missing.
pub(super) fn require(fields: &Map<String, Value>, wanted: &[&str]) -> Result<(), ApiError> {
    let missing: Vec<String> = wanted
        .iter()
        .filter(|key| !fields.contains_key(**key))
        .map(|key| format!("\"{key}\""))
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(ApiError::invalid(&format!("{one} wasn't supplied."))),
        many => Err(ApiError::invalid(&format!("{} weren't supplied.", many.join(", ")))),
    }
}

/// A field that must be text. What was sent instead is not repeated: it may be a secret.
pub(super) fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<&'a str, ApiError> {
    let found = fields.get(key).and_then(Value::as_str);
    found.ok_or_else(|| wrong(key, "the value is not a string"))
}

/// What is said of a field of the wrong form.
pub(super) fn wrong(key: &str, detail: &str) -> ApiError {
    ApiError::invalid(&format!("For 'properties/{key}', {detail}."))
}
