//! Public keys as issuers publish them (RFC 7517), each for one algorithm.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::Secret;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{Algorithm, FetchError};

/// More keys than this are a mistake of somebody's; large issuers publish about ten.
const MAX_KEYS: usize = 200;
const WHAT: &str = "key set";

/// A key that can verify, and the one algorithm it is for.
pub(crate) struct Key {
    kid: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
    /// SHA-256 over the key itself, to compare by.
    digest: [u8; 32],
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithm == other.algorithm && self.digest == other.digest
    }
}

impl Key {
    fn new(kid: Option<String>, algorithm: Algorithm, decoding: DecodingKey, material: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in material {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        Self {
            kid,
            algorithm,
            decoding,
            digest: std::array::from_fn(|index| digest[index]),
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the signature (in base64url) is this key's over the text.
    pub(crate) fn verifies(&self, signed: &str, signature: &str) -> bool {
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        };
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &self.decoding, algorithm).unwrap_or(false)
    }
}

/// All usable keys of an issuer; at least one.
#[derive(PartialEq)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
    skipped: usize,
    /// A shared secret has no name that a token would have to know.
    any_kid: bool,
}

/// What a search for a key found.
pub(crate) enum Found<'k> {
    /// These fit; more than one only if the issuer gave one id to several.
    Keys(Vec<&'k Key>),
    /// The named key is for another algorithm.
    OtherAlgorithm,
    /// No key is named, and several fit.
    Ambiguous,
    /// None fits.
    Nothing,
}

impl KeySet {
    /// The one key of an issuer that shares a secret with us.
    pub(crate) fn shared(secret: &Secret) -> Self {
        let bytes = secret.expose().as_bytes();
        let decoding = DecodingKey::from_secret(bytes);
        Self {
            keys: vec![Key::new(None, Algorithm::Hs256, decoding, &[bytes])],
            skipped: 0,
            any_kid: true,
        }
    }

    /// Reads a key set from its JSON.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, FetchError> {
        let value = serde_json::from_slice(json).map_err(|_| FetchError::unusable(WHAT, "it is not JSON"))?;
        Self::from_value(&value)
    }

    /// Reads a key set; keys that are not for us are left out.
    pub(crate) fn from_value(value: &Value) -> Result<Self, FetchError> {
        let listed = value.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| FetchError::unusable(WHAT, "it has no list `keys`"))?;
        if listed.len() > MAX_KEYS {
            return Err(FetchError::unusable(WHAT, format!("it has more than {MAX_KEYS} keys")));
        }
        let keys: Vec<Key> = listed.iter().filter_map(|jwk| key(jwk.as_object()?)).collect();
        if keys.is_empty() {
            let reason = format!("none of its {} keys can verify RS256, ES256 or EdDSA", listed.len());
            return Err(FetchError::unusable(WHAT, reason));
        }
        Ok(Self {
            skipped: listed.len() - keys.len(),
            keys,
            any_kid: false,
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// Which keys a token with this header may be signed with.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let fitting = |named: Option<&str>| -> Vec<&Key> {
            let fits = |key: &&Key| key.algorithm == algorithm && (named.is_none() || key.kid.as_deref() == named);
            self.keys.iter().filter(fits).collect()
        };
        match kid {
            Some(kid) if !self.any_kid => match fitting(Some(kid)) {
                keys if !keys.is_empty() => Found::Keys(keys),
                _ if self.keys.iter().any(|key| key.kid.as_deref() == Some(kid)) => Found::OtherAlgorithm,
                _ => Found::Nothing,
            },
            _ => match fitting(None) {
                keys if keys.len() == 1 => Found::Keys(keys),
                keys if keys.is_empty() => Found::Nothing,
                _ => Found::Ambiguous,
            },
        }
    }
}

/// One key of a set; `None` when it is not one that verifies signatures of a kind we accept.
fn key(jwk: &Map<String, Value>) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if jwk.get("use").is_some_and(|usage| usage != "sig") {
        return None;
    }
    let operations = jwk.get("key_ops");
    let verifies = |list: &Vec<Value>| list.iter().any(|operation| operation == "verify");
    if operations.is_some_and(|list| !list.as_array().is_some_and(verifies)) {
        return None;
    }
    let kid = match jwk.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.to_owned()),
    };
    // never `oct`: a secret in a public document is none
    let (algorithm, decoding, material) = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (n, e) = (number(&bytes("n")?), number(&bytes("e")?));
            rsa_is_sound(&n, &e).then_some(())?;
            (
                Algorithm::Rs256,
                DecodingKey::from_rsa_raw_components(&n, &e),
                vec![n, e],
            )
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == 32 && y.len() == 32).then_some(())?;
            // an uncompressed point (SEC 1 §2.3.3)
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            (Algorithm::Es256, DecodingKey::from_ec_der(&point), vec![point])
        }
        ("OKP", Some("Ed25519")) => {
            let x = bytes("x")?;
            (x.len() == 32).then_some(())?;
            (Algorithm::EdDsa, DecodingKey::from_ed_der(&x), vec![x])
        }
        _ => return None,
    };
    match jwk.get("alg") {
        None => {}
        Some(named) if named.as_str().and_then(Algorithm::parse) == Some(algorithm) => {}
        Some(_) => return None,
    }
    let material: Vec<&[u8]> = material.iter().map(Vec::as_slice).collect();
    Some(Key::new(kid, algorithm, decoding, &material))
}

/// A number without the zeros that some libraries put before it.
fn number(bytes: &[u8]) -> Vec<u8> {
    match bytes.iter().position(|byte| *byte != 0) {
        Some(first) => bytes[first..].to_vec(),
        None => Vec::new(),
    }
}

/// 2,048 to 8,192 bits, and an odd exponent of at least 3 that fits into 32 bits.
fn rsa_is_sound(n: &[u8], e: &[u8]) -> bool {
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    (2048..=8192).contains(&bits) && odd && e.len() <= 4 && e != [1]
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::{Found, KeySet};
    use crate::Algorithm;

    fn rsa(bytes: usize, more: Value) -> Value {
        let mut n = vec![0xab; bytes];
        n.insert(0, 0);
        let mut jwk = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB", "kid": "r"});
        if let (Some(jwk), Value::Object(more)) = (jwk.as_object_mut(), more) {
            jwk.extend(more);
        }
        jwk
    }

    fn usable(jwk: &Value) -> bool {
        KeySet::from_value(&json!({ "keys": [jwk] })).is_ok()
    }

    #[test]
    fn keys_that_are_not_for_us_are_left_out() {
        for good in [
            rsa(256, json!({})),
            rsa(256, json!({"use": "sig", "alg": "RS256"})),
            rsa(1024, json!({"key_ops": ["verify"]})),
            json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([7; 32]), "alg": "Ed25519"}),
        ] {
            assert!(usable(&good), "{good}");
        }
        let point = URL_SAFE_NO_PAD.encode([7; 32]);
        for bad in [
            rsa(255, json!({})),
            rsa(1025, json!({})),
            rsa(256, json!({"use": "enc"})),
            rsa(256, json!({"use": 7})),
            rsa(256, json!({"alg": "RS512"})),
            rsa(256, json!({"alg": "HS256"})),
            rsa(256, json!({"alg": "ES256"})),
            rsa(256, json!({"alg": null})),
            rsa(256, json!({"key_ops": ["encrypt"]})),
            rsa(256, json!({"key_ops": "verify"})),
            rsa(256, json!({"kid": 7})),
            rsa(256, json!({"e": "AQ"})),
            rsa(256, json!({"e": "AA"})),
            rsa(256, json!({"e": "Ag"})),
            rsa(256, json!({"n": "A==="})),
            rsa(256, json!({"kty": "rsa"})),
            json!({"kty": "oct", "k": point, "alg": "HS256"}),
            json!({"kty": "EC", "crv": "P-384", "x": point, "y": point}),
            json!({"kty": "EC", "crv": "P-256", "x": point, "y": ""}),
            json!({"kty": "EC", "crv": "P-256", "x": point}),
            json!({"kty": "OKP", "crv": "X25519", "x": point}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
            json!("text"),
            json!({}),
        ] {
            assert!(!usable(&bad), "{bad}");
        }
        let two = KeySet::from_value(&json!({"keys": [rsa(256, json!({})), rsa(255, json!({}))]})).unwrap();
        assert_eq!((two.len(), two.skipped()), (1, 1));
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for bad in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":{}}"#, "<html>"] {
            assert!(KeySet::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let many: Vec<Value> = (0..201).map(|_| rsa(256, json!({}))).collect();
        assert!(KeySet::from_value(&json!({ "keys": many })).is_err());
    }

    #[test]
    fn a_key_is_found_by_its_id_and_its_algorithm() {
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([7; 32]), "kid": "e"});
        let set =
            KeySet::from_value(&json!({"keys": [rsa(256, json!({})), rsa(300, json!({"kid": "s"})), ed]})).unwrap();
        let find = |kid, algorithm| set.find(kid, algorithm);
        assert!(matches!(find(Some("r"), Algorithm::Rs256), Found::Keys(keys) if keys.len() == 1));
        assert!(matches!(find(Some("r"), Algorithm::Es256), Found::OtherAlgorithm));
        assert!(matches!(find(Some("x"), Algorithm::Rs256), Found::Nothing));
        assert!(matches!(find(None, Algorithm::Rs256), Found::Ambiguous));
        assert!(matches!(find(None, Algorithm::EdDsa), Found::Keys(_)));
        assert!(matches!(find(None, Algorithm::Es256), Found::Nothing));
    }
}
