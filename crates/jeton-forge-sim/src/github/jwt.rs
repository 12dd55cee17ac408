//! The assertion (JWT) with which an app signs in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::error::ApiError;
use super::key::PublicKey;

/// The longest life of an assertion, in seconds.
const MAX_LIFE_SECONDS: i64 = 600;
/// How far `iat` may lie ahead: GitHub advises a minute of margin, so there is next to none.
const LEEWAY_SECONDS: i64 = 5;

const UNDECODABLE: &str = "A JSON web token could not be decoded";
const BAD_EXP: &str = "'Expiration time' claim ('exp') must be a numeric value representing the \
                       future time at which the assertion expires";
const FAR_EXP: &str = "'Expiration time' claim ('exp') is too far in the future";
const BAD_IAT: &str = "'Issued at' claim ('iat') must be an Integer representing the time that the \
                       assertion was issued";

/// Who an assertion says it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issuer {
    Id(u64),
    ClientId(String),
}

/// An assertion taken apart but not believed yet.
pub(crate) struct Assertion<'a> {
    signed: &'a [u8],
    signature: Vec<u8>,
    claims: Claims,
    pub(crate) issuer: Issuer,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    iat: Option<Value>,
    exp: Option<Value>,
}

impl<'a> Assertion<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, ApiError> {
        let undecodable = || ApiError::unauthorized(UNDECODABLE);
        let (signed, signature) = text.rsplit_once('.').ok_or_else(undecodable)?;
        let (header, claims) = signed.split_once('.').ok_or_else(undecodable)?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| undecodable());
        let header: Header = serde_json::from_slice(&part(header)?).map_err(|_| undecodable())?;
        let claims: Claims = serde_json::from_slice(&part(claims)?).map_err(|_| undecodable())?;
        // `none` and the symmetric algorithms would let anybody sign.
        if header.alg != "RS256" {
            return Err(undecodable());
        }
        Ok(Self {
            signed: signed.as_bytes(),
            signature: part(signature)?,
            issuer: issuer(claims.iss.as_ref())?,
            claims,
        })
    }

    /// Believes it, if the key and the times are right.
    pub(crate) fn verify(&self, key: &PublicKey, now: Timestamp) -> Result<(), ApiError> {
        key.verify(self.signed, &self.signature)
            .map_err(|_| ApiError::unauthorized(UNDECODABLE))?;
        let now = now.as_second();
        let exp = self.claims.exp.as_ref().and_then(seconds);
        let exp = exp.filter(|exp| *exp > now);
        let exp = exp.ok_or_else(|| ApiError::unauthorized(BAD_EXP))?;
        if exp > now + MAX_LIFE_SECONDS {
            return Err(ApiError::unauthorized(FAR_EXP));
        }
        let iat = self.claims.iat.as_ref().and_then(seconds);
        if iat.is_none_or(|iat| iat > now + LEEWAY_SECONDS) {
            return Err(ApiError::unauthorized(BAD_IAT));
        }
        Ok(())
    }
}

/// What GitHub says when no app has the named id.
pub(crate) fn unknown_issuer() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Integration not found")
}

fn issuer(claim: Option<&Value>) -> Result<Issuer, ApiError> {
    match claim {
        None | Some(Value::Null) => Err(ApiError::unauthorized("Missing 'issuer' claim ('iss') in assertion")),
        Some(Value::String(text)) if text.starts_with("Iv") => Ok(Issuer::ClientId(text.clone())),
        Some(value) => {
            let text = value.as_str().and_then(|text| text.parse().ok());
            let id = value.as_u64().or(text);
            id.map(Issuer::Id)
                .ok_or_else(|| ApiError::unauthorized("'Issuer' claim ('iss') must be an Integer"))
        }
    }
}

/// A point in time as whole seconds; fractions are cut off.
fn seconds(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let cut = |number: f64| number as i64;
    value.as_i64().or_else(|| value.as_f64().map(cut))
}
