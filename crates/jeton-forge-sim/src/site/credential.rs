//! The `Authorization` header, taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// A user name and a password. Deliberately without `Debug`.
pub(crate) struct Basic {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// The scheme in lower case, and what follows it. `None` when nothing was sent, or nothing readable.
pub(crate) fn scheme(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    Some((scheme.to_ascii_lowercase(), rest.trim().to_owned()))
}

/// What the scheme `Basic` carries.
pub(crate) fn basic(encoded: &str) -> Option<Basic> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Basic {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}
