//! A token taken apart, and not believed yet.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{Algorithm, JwtError, strict_json};

/// The largest token that is looked at, in bytes. Those of GitHub and GitLab have about 2 KiB; GitLab's list of groups
/// can make one longer.
pub(crate) const MAX_BYTES: usize = 16 * 1024;
/// The longest `kid`, in bytes. Known ones have up to 64.
const MAX_KID_BYTES: usize = 200;

/// What stands in a token. Nothing of it is true until its signature was verified.
pub(crate) struct Token<'t> {
    /// Header and payload as they were signed.
    pub(crate) signed: &'t str,
    /// The signature in base64url; well-formed, and empty in an unsigned token.
    pub(crate) signature: &'t str,
    /// What the header names; `None` for every algorithm that nobody accepts.
    pub(crate) algorithm: Option<Algorithm>,
    /// Which key the header names.
    pub(crate) kid: Option<String>,
    /// The payload.
    pub(crate) claims: Map<String, Value>,
}

/// Whether a text has the shape of a JWT: three parts in base64url with dots between them, of which only the signature
/// may be empty.
pub(crate) fn looks_like_jwt(text: &str) -> bool {
    text.len() <= MAX_BYTES && split(text).is_some()
}

fn split(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let in_alphabet = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let fine = parts.next().is_none()
        && !header.is_empty()
        && !payload.is_empty()
        && [header, payload, signature].into_iter().all(in_alphabet);
    fine.then_some((header, payload, signature))
}

impl<'t> Token<'t> {
    /// Takes a token apart.
    ///
    /// The engine takes one spelling per value: no padding, no bits left over (RFC 4648 §3.5), so that a token cannot
    /// be written in two ways.
    pub(crate) fn parse(text: &'t str) -> Result<Self, JwtError> {
        if text.len() > MAX_BYTES {
            return Err(JwtError::malformed("it is larger than 16 KiB"));
        }
        let (header, payload, signature) = split(text)
            .ok_or_else(|| JwtError::malformed("it does not have three parts in base64url without padding"))?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let object = |part: &str| decode(part).and_then(|bytes| strict_json::object(&bytes));
        let (Some(header), Some(claims), Some(_)) = (object(header), object(payload), decode(signature)) else {
            return Err(JwtError::malformed("a part of it cannot be decoded, or is ambiguous"));
        };
        // what must be understood is not: RFC 7515 §4.1.11
        if header.contains_key("crit") {
            return Err(JwtError::malformed("its header demands an extension (`crit`)"));
        }
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if kid.len() <= MAX_KID_BYTES => Some(kid.clone()),
            Some(_) => return Err(JwtError::malformed("its `kid` is not a short text")),
        };
        // `jwk`, `jku`, `x5c` and `x5u` bring or name keys of the sender's own choice; nobody looks at them
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => Algorithm::parse(name),
            _ => return Err(JwtError::malformed("its header names no algorithm (`alg`)")),
        };
        let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
        Ok(Self {
            signed,
            signature,
            algorithm,
            kid,
            claims,
        })
    }
}
