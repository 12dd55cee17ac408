//! Credentials as header values, marked so that nothing prints them or keeps them in a compression table.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use jeton_domain::Secret;
use zeroize::Zeroizing;

use crate::OutboundError;

/// `Bearer …`.
///
/// # Errors
/// [`OutboundError::Request`] when no header can carry it.
pub fn bearer(token: &Secret) -> Result<HeaderValue, OutboundError> {
    value(&Zeroizing::new(format!("Bearer {}", token.expose())))
}

/// `Basic …`.
///
/// # Errors
/// [`OutboundError::Request`] when the user name has a colon, which would end it.
pub fn basic(user: &str, password: &Secret) -> Result<HeaderValue, OutboundError> {
    if user.contains(':') {
        return Err(OutboundError::Request("the user name has a colon".to_owned()));
    }
    let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
    value(&Zeroizing::new(format!(
        "Basic {}",
        &*Zeroizing::new(STANDARD.encode(pair.as_bytes()))
    )))
}

/// The secret alone, for headers such as `PRIVATE-TOKEN`.
///
/// # Errors
/// [`OutboundError::Request`] when no header can carry it.
pub fn sensitive(token: &Secret) -> Result<HeaderValue, OutboundError> {
    value(token.expose())
}

fn value(text: &str) -> Result<HeaderValue, OutboundError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| OutboundError::Request("the credential has characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    use super::{basic, bearer, sensitive};

    #[test]
    fn credentials_are_sensitive_and_whole() {
        let secret = Secret::new("s3cret");
        for (value, want) in [
            (bearer(&secret), "Bearer s3cret"),
            (basic("a@b.example", &secret), "Basic YUBiLmV4YW1wbGU6czNjcmV0"),
            (sensitive(&secret), "s3cret"),
        ] {
            let value = value.unwrap();
            assert!(value.is_sensitive() && !format!("{value:?}").contains("cret"));
            assert_eq!(value.to_str().unwrap(), want);
        }
        assert!(bearer(&Secret::new("a\nb")).is_err() && sensitive(&Secret::new("a\0")).is_err());
        assert!(basic("a:b", &secret).is_err());
    }
}
