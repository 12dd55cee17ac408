//! `POST /credentials/revoke`: anybody who holds a token may end it.

use http::StatusCode;
use serde_json::{Value, json};

use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::token::token_digest;
use crate::reply::Reply;

/// How many tokens one call may name.
const MAX_CREDENTIALS: usize = 1000;

impl GitHubSim {
    /// Ends what it knows of the tokens in the body; the answer is the same whether it knew any.
    pub(crate) fn revoke_credentials(&self, body: &[u8]) -> Result<Reply, ApiError> {
        let named = credentials(body)?;
        let now = self.now();
        let mut state = self.state();
        let delay = state.people.revocation_delay;
        let at = now.checked_add(delay).unwrap_or(now);
        for text in named.iter().filter(|text| revocable(text)) {
            if let Some(token) = state.people.tokens.get_mut(&token_digest(text)) {
                token.revoked_at = Some(token.revoked_at.map_or(at, |earlier| earlier.min(at)));
            }
        }
        Ok(Reply::json(StatusCode::ACCEPTED, &json!({})))
    }
}

/// Whether it is of a kind that can be ended like that. Installation tokens are not.
pub(crate) fn revocable(token: &str) -> bool {
    let prefixes = ["ghp_", "github_pat_", "gho_", "ghu_", "ghr_"];
    prefixes.iter().any(|prefix| token.starts_with(prefix))
}

fn credentials(body: &[u8]) -> Result<Vec<String>, ApiError> {
    let bad = |message: &str| ApiError::new(StatusCode::BAD_REQUEST, message);
    let value: Value = serde_json::from_slice(body).map_err(|_| bad("Problems parsing JSON"))?;
    let Value::Object(fields) = value else {
        return Err(bad("Body should be a JSON object"));
    };
    let invalid = |detail: &str| ApiError::unprocessable(format!("Invalid request.\n\n{detail}"));
    let Some(listed) = fields.get("credentials") else {
        return Err(invalid("\"credentials\" wasn't supplied."));
    };
    let listed = listed
        .as_array()
        .ok_or_else(|| invalid("\"credentials\" is not an array."))?;
    if listed.is_empty() || listed.len() > MAX_CREDENTIALS {
        return Err(invalid(&format!(
            "\"credentials\" must have 1 to {MAX_CREDENTIALS} items."
        )));
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let texts: Option<Vec<String>> = listed.iter().map(text).collect();
    texts.ok_or_else(|| invalid("An item of \"credentials\" is not a string."))
}
