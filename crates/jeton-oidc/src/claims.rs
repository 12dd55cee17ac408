//! What a token with a good signature must say to be good now, and for us.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::{IssuerConfig, JwtError};

/// When a token is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// The later one of `nbf` and `iat`, where there are any.
    from: Option<Timestamp>,
    /// `exp`.
    pub(crate) until: Timestamp,
    leeway: SignedDuration,
}

impl Window {
    /// Whether the token is good at this moment.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), JwtError> {
        // "on or after" the end it is over (RFC 7519 §4.1.4)
        if now.duration_since(self.until) >= self.leeway {
            return Err(JwtError::Expired { expired_at: self.until });
        }
        match self.from {
            Some(valid_from) if valid_from.duration_since(now) > self.leeway => {
                Err(JwtError::NotYetValid { valid_from })
            }
            _ => Ok(()),
        }
    }
}

/// Checks times and audience, in this order, against one clock.
pub(crate) fn check(claims: &Map<String, Value>, config: &IssuerConfig, now: Timestamp) -> Result<Window, JwtError> {
    let until = time(claims, "exp")?.ok_or_else(|| JwtError::bad_claim("exp", "is missing"))?;
    let not_before = time(claims, "nbf")?;
    let issued = time(claims, "iat")?;
    let window = Window {
        from: not_before.max(issued),
        until,
        leeway: config.leeway,
    };
    window.check(now)?;
    if let Some(longest) = config.longest_life {
        let issued = issued.ok_or_else(|| {
            JwtError::bad_claim("iat", "is missing, so that nobody can tell how long the token lives")
        })?;
        if until.duration_since(issued) > longest {
            return Err(JwtError::bad_claim("exp", "is later than this server allows"));
        }
    }
    audience(claims, &config.audiences)?;
    Ok(window)
}

/// `aud` is one text or a list of them, and one of them is ours.
fn audience(claims: &Map<String, Value>, accepted: &[String]) -> Result<(), JwtError> {
    let is_ours = |text: &str| accepted.iter().any(|ours| ours == text);
    let ours = match claims.get("aud") {
        None => return Err(JwtError::bad_claim("aud", "is missing")),
        Some(Value::String(one)) => is_ours(one),
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).any(is_ours)
        }
        Some(_) => return Err(JwtError::bad_claim("aud", "is neither a text nor a list of texts")),
    };
    if ours {
        Ok(())
    } else {
        Err(JwtError::WrongAudience {
            accepted: accepted.to_vec(),
        })
    }
}

/// A number of seconds since 1970, which may have a fraction (RFC 7519 §2); never a text.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<Timestamp>, JwtError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let wrong = || JwtError::bad_claim(claim, "is not a time in seconds");
    let time = match value.as_i64() {
        Some(second) => Timestamp::from_second(second).ok(),
        None => value
            .as_f64()
            .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
            .and_then(|since| Timestamp::from_duration(since).ok()),
    };
    time.map(Some).ok_or_else(wrong)
}

/// `sub`, which need not be there.
pub(crate) fn subject(claims: &Map<String, Value>) -> Result<String, JwtError> {
    match claims.get("sub") {
        None => Ok(String::new()),
        Some(Value::String(subject)) => Ok(subject.clone()),
        Some(_) => Err(JwtError::bad_claim("sub", "is not a text")),
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
