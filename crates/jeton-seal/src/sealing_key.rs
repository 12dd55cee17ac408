use std::fmt;

use base64::{Engine, engine::general_purpose};
use jeton_domain::{Entropy, Fingerprint, KeyId, Secret};
use zeroize::Zeroizing;

use crate::SealError;

/// The key from outside the database: 256 bits that wrap the data keys.
#[derive(Clone)]
pub struct SealingKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl SealingKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut());
        Self::from_bytes(bytes)
    }

    /// Reads 32 bytes in base64 (with or without padding, either alphabet) or in hex. White space around it is dropped.
    ///
    /// # Errors
    /// [`SealError::BadKey`] says what it is instead; the text itself is never in the error.
    pub fn parse(text: &Secret) -> Result<Self, SealError> {
        let text = text.expose().trim();
        if text.is_empty() {
            return Err(SealError::BadKey("it is empty"));
        }
        let decoded = if text.len() == 64 {
            hex::decode(text).map_err(|_| SealError::BadKey("64 characters that are not all hex digits"))?
        } else {
            let plain: String = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
            let plain = Zeroizing::new(plain);
            general_purpose::STANDARD_NO_PAD
                .decode(plain.as_bytes())
                .map_err(|_| SealError::BadKey("it is neither base64 nor hex"))?
        };
        let decoded = Zeroizing::new(decoded);
        let mut bytes = Zeroizing::new([0_u8; 32]);
        match decoded.len() {
            32 => bytes.copy_from_slice(&decoded),
            0..32 => return Err(SealError::BadKey("it is shorter than 32 bytes")),
            _ => return Err(SealError::BadKey("it is longer than 32 bytes")),
        }
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(SealError::BadKey("all its bytes are the same"));
        }
        Ok(Self::from_bytes(bytes))
    }

    /// The key as text for a file: base64.
    pub fn to_text(&self) -> Secret {
        Secret::new(general_purpose::STANDARD.encode(self.bytes.as_ref()))
    }

    /// What may be shown of it.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self {
            id: key_id(bytes.as_ref()),
            bytes,
        }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

/// The id of key bytes: the fingerprint of a digest under its own label, so that the id says nothing about other uses.
pub(crate) fn key_id(bytes: &[u8]) -> KeyId {
    let mut labelled = Zeroizing::new(b"jeton key id\0".to_vec());
    labelled.extend_from_slice(bytes);
    let fingerprint = Fingerprint::of_bytes(&labelled);
    match KeyId::parse(fingerprint.as_str()) {
        Ok(id) => id,
        Err(_) => unreachable!("a fingerprint is 12 hex digits"),
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    use super::SealingKey;
    use crate::SealError;

    #[test]
    fn reads_every_spelling_of_one_key() {
        let bytes: Vec<u8> = (0..32).map(|n| n * 8 + 7).collect();
        let hexed = SealingKey::parse(&Secret::new(hex::encode(&bytes))).unwrap();
        let text = hexed.to_text();
        let url_safe = text
            .expose()
            .replace('+', "-")
            .replace('/', "_")
            .trim_end_matches('=')
            .to_owned();
        for spelling in [text.expose().to_owned(), format!("  {}\n", text.expose()), url_safe] {
            assert_eq!(SealingKey::parse(&Secret::new(spelling)).unwrap().id(), hexed.id());
        }
    }

    #[test]
    fn refuses_what_is_no_key() {
        for bad in [
            "",
            "  ",
            "password",
            &"A".repeat(43),
            &"A".repeat(44),
            &"zz".repeat(32),
            &"ab".repeat(40),
        ] {
            let error = SealingKey::parse(&Secret::new(bad)).unwrap_err();
            assert!(matches!(error, SealError::BadKey(_)), "{bad:?}");
            assert!(bad.len() < 3 || !error.to_string().contains(bad));
        }
    }
}
