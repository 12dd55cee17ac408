//! Making tokens, good and bad ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::OidcAlgorithm;
use super::keys::hs256;
use super::state::State;

/// With what a token is signed.
#[derive(Debug, Clone)]
pub enum OidcKey {
    /// The newest key for an algorithm.
    Newest(OidcAlgorithm),
    /// One key, also a removed one.
    Kid(String),
    /// HS256 with these bytes.
    Shared(Vec<u8>),
    /// Not at all: the signature is empty.
    Unsigned,
}

/// How a token is made.
#[derive(Debug, Clone)]
pub struct SignSpec {
    /// With what it is signed.
    pub key: OidcKey,
    /// Members of the header that replace the usual ones (`alg`, `kid`, `typ`) or come in addition; null removes.
    pub header: Value,
}

impl SignSpec {
    /// As this key signs, with nothing odd about it.
    pub fn new(key: OidcKey) -> Self {
        Self { key, header: json!({}) }
    }

    /// With other members of the header.
    #[must_use]
    pub fn header(mut self, members: Value) -> Self {
        self.header = members;
        self
    }
}

impl State {
    /// The header that belongs to a key.
    fn header(&self, key: &OidcKey) -> Value {
        match key {
            OidcKey::Shared(_) => json!({"typ": "JWT", "alg": "HS256"}),
            OidcKey::Unsigned => json!({"typ": "JWT", "alg": "none"}),
            OidcKey::Newest(_) | OidcKey::Kid(_) => {
                let key = self.key(key);
                json!({"typ": "JWT", "alg": key.algorithm.name(), "kid": key.kid})
            }
        }
    }

    /// Signs exactly these texts.
    pub(super) fn sign_raw(&self, header: &str, payload: &str, key: &OidcKey) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = match key {
            OidcKey::Shared(secret) => hs256(secret, signed.as_bytes()),
            OidcKey::Unsigned => Vec::new(),
            OidcKey::Newest(_) | OidcKey::Kid(_) => match self.key(key).sign(signed.as_bytes()) {
                Ok(signature) => signature,
                Err(error) => panic!("the key cannot sign: {error}"),
            },
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs claims as an issuer would, except for what the caller wants otherwise.
    pub(super) fn sign(&self, spec: &SignSpec, claims: &Value) -> String {
        let mut header = self.header(&spec.key);
        merge(&mut header, &spec.header);
        let mut payload = self.usual_claims();
        merge(&mut payload, claims);
        self.sign_raw(&header.to_string(), &payload.to_string(), &spec.key)
    }
}

/// Members of the second replace those of the first; null removes.
pub(super) fn merge(into: &mut Value, from: &Value) {
    let nothing = Map::new();
    let from = from.as_object().unwrap_or(&nothing);
    let Some(into) = into.as_object_mut() else { return };
    for (name, value) in from {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}
