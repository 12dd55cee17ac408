use jeton_domain::{JwtIdentity, Role};
use serde_json::{Map, Value};

use super::{SignInConfig, SignInError};
use crate::JwtError;

/// A person who has signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedIn {
    /// The provider's issuer.
    pub issuer: String,
    /// Who they are there, for ever: `sub`. Names and addresses change hands; this does not.
    pub subject: String,
    /// The claim that is configured as the name of the user; `None` when the ID token has it not, or not as a text.
    pub user_name: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Whether the provider has verified that address.
    pub email_verified: bool,
    /// What people call them.
    pub display_name: Option<String>,
    /// Their role by the rules; `None` when no rule gives one.
    pub role: Option<Role>,
    /// All claims of the ID token.
    pub claims: Map<String, Value>,
}

/// Reads a verified ID token.
pub(super) fn signed_in(config: &SignInConfig, identity: &JwtIdentity) -> Result<SignedIn, SignInError> {
    let claims = &identity.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // required in an ID token, unlike in other tokens (OIDC Core 1.0 §2)
    let missing = |claim| SignInError::IdToken(JwtError::bad_claim(claim, "is missing"));
    if identity.subject.is_empty() {
        return Err(missing("sub"));
    }
    if !claims.contains_key("iat") {
        return Err(missing("iat"));
    }
    let several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        Some(azp) if azp != config.client_id.as_str() => return Err(SignInError::OtherPurpose("client")),
        None if several => return Err(SignInError::OtherPurpose("client")),
        _ => {}
    }
    // some providers write booleans as texts
    let email_verified =
        matches!(claims.get("email_verified"), Some(Value::Bool(true))) || text("email_verified") == Some("true");
    let user_name = find(claims, &config.user_claim)
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty());
    let by_email = config.user_claim == "email" && user_name.is_some();
    if by_email && config.require_verified_email && !email_verified {
        return Err(SignInError::EmailNotVerified);
    }
    Ok(SignedIn {
        issuer: config.issuer.clone(),
        subject: identity.subject.clone(),
        user_name: user_name.map(str::to_owned),
        email: text("email").map(str::to_owned),
        email_verified,
        display_name: text("name").map(str::to_owned),
        role: role(config, claims),
        claims: claims.clone(),
    })
}

fn role(config: &SignInConfig, claims: &Map<String, Value>) -> Option<Role> {
    let fits = |value: &Value, wanted: &str| match value {
        Value::String(text) => text == wanted,
        Value::Bool(value) => wanted == if *value { "true" } else { "false" },
        Value::Number(number) => {
            let text = number.to_string();
            text == wanted
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    let rule = config.roles.iter().find(|rule| match find(claims, &rule.claim) {
        Some(Value::Array(all)) => all.iter().any(|value| fits(value, &rule.value)),
        Some(value) => fits(value, &rule.value),
        None => false,
    });
    rule.map(|rule| rule.role).or(config.default_role)
}

/// A claim by its name, or by a path with dots. At each level the whole rest is tried first, because names such as
/// `https://example.org/roles` have dots of their own.
fn find<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.match_indices('.').rev().find_map(|(at, _)| {
        let inner = claims.get(&path[..at])?.as_object()?;
        find(inner, &path[at + 1..])
    })
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
