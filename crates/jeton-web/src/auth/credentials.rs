use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use jeton_domain::{API_KEY_PREFIX, ApiKey, Secret};
use jeton_oidc::JwtVerifier;

use super::Refused;

/// A key has 40 characters; a token of an issuer has some thousands, and as Basic a third more.
const LONGEST: usize = 32 * 1024;

/// What a request carries to say who asks.
pub(crate) enum Presented {
    /// A key of jeton's own.
    Key(ApiKey),
    /// A token of an issuer.
    Jwt(Secret),
}

/// Reads the `Authorization` header; `None` when there is none.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented>, Refused> {
    let malformed = |what: &str| Refused::Malformed(what.to_owned());
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(malformed("the request has more than one Authorization header"));
    }
    let text = value
        .to_str()
        .ok()
        .filter(|text| text.len() <= LONGEST)
        .ok_or_else(|| malformed("the Authorization header is too long or not ASCII"))?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return read(rest).map(Some);
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD
            .decode(rest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = Secret::new(pair.ok_or_else(|| malformed("what follows Basic is not base64 of text"))?);
        let (_, password) = pair
            .expose()
            .split_once(':')
            .ok_or_else(|| malformed("HTTP Basic is written user:password; there is no colon"))?;
        return read(password).map(Some);
    }
    Err(malformed("the Authorization header is neither Bearer nor Basic"))
}

fn read(text: &str) -> Result<Presented, Refused> {
    // `eyJ` is how every JSON object begins in base64: one that was cut, or is too long, is told as what it was meant to be.
    if !text.starts_with(API_KEY_PREFIX) && (JwtVerifier::looks_like_jwt(text) || text.starts_with("eyJ")) {
        return Ok(Presented::Jwt(Secret::new(text)));
    }
    let key = ApiKey::parse(text).map_err(|error| Refused::Malformed(error.to_string()))?;
    Ok(Presented::Key(key))
}
