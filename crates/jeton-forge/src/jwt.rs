//! The JWT with which an App speaks for itself.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{AppIssuer, Clock, Secret};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{AppKey, ForgeError};

/// How far `iat` lies in the past, in seconds: GitHub's "Generating a JWT" page advises 60 against drifting clocks.
const BACKDATE_SECONDS: i64 = 60;
/// How long a JWT is valid, in seconds: GitHub takes at most 10 minutes by its own clock, so one is left for drift.
const LIFE_SECONDS: i64 = 9 * 60;
/// A JWT is not used in its last two minutes, so that it cannot end on its way.
const MARGIN_SECONDS: i64 = 2 * 60;

/// Signs JWTs for one App, and reuses them: a signature costs about a millisecond.
pub(crate) struct JwtSigner {
    key: AppKey,
    issuer: AppIssuer,
    clock: Arc<dyn Clock>,
    /// The forge's clock minus ours, in seconds, as far as we had to learn it.
    offset: AtomicI64,
    cached: Mutex<Option<Signed>>,
}

struct Signed {
    jwt: Secret,
    at: Timestamp,
    offset: i64,
}

impl JwtSigner {
    pub(crate) fn new(key: AppKey, issuer: AppIssuer, clock: Arc<dyn Clock>) -> Self {
        Self {
            key,
            issuer,
            clock,
            offset: AtomicI64::new(0),
            cached: Mutex::new(None),
        }
    }

    pub(crate) fn key(&self) -> &AppKey {
        &self.key
    }

    pub(crate) fn issuer(&self) -> &AppIssuer {
        &self.issuer
    }

    /// The forge's clock minus ours, in seconds.
    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// From now on, times are our clock's plus this.
    pub(crate) fn set_offset_seconds(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::Relaxed);
    }

    /// What the forge's clock shows, as far as we know.
    pub(crate) fn forge_now(&self) -> Timestamp {
        self.now_with(self.offset_seconds())
    }

    /// A JWT that is good for at least two more minutes.
    pub(crate) fn jwt(&self) -> Result<Secret, ForgeError> {
        let offset = self.offset_seconds();
        let now = self.now_with(offset);
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = cached
            .as_ref()
            .filter(|signed| signed.offset == offset && signed.is_good(now))
        {
            return Ok(signed.jwt.clone());
        }
        let jwt = self.sign(now)?;
        *cached = Some(Signed {
            jwt: jwt.clone(),
            at: now,
            offset,
        });
        Ok(jwt)
    }

    fn now_with(&self, offset: i64) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(SignedDuration::from_secs(offset)).unwrap_or(now)
    }

    fn sign(&self, now: Timestamp) -> Result<Secret, ForgeError> {
        let second = now.as_second();
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let claims = json!({
            "iat": second - BACKDATE_SECONDS,
            "exp": second + LIFE_SECONDS,
            "iss": self.issuer.as_str(),
        });
        let mut text = URL_SAFE_NO_PAD.encode(header.to_string());
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut text);
        let signature = self
            .key
            .sign(text.as_bytes())
            .ok_or_else(|| ForgeError::Request("the App's private key cannot sign".to_owned()))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(Secret::new(text))
    }
}

impl Signed {
    /// Not near its end, and not from the future either, as after the clock was set back.
    fn is_good(&self, now: Timestamp) -> bool {
        let age = now.as_second() - self.at.as_second();
        (-BACKDATE_SECONDS / 2..LIFE_SECONDS - MARGIN_SECONDS).contains(&age)
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner")
            .field("issuer", &self.issuer)
            .field("key", &self.key)
            .field("offset_seconds", &self.offset_seconds())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
