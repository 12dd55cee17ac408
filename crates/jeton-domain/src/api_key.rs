use sha2::{Digest, Sha256};

use crate::{Entropy, Fingerprint, Secret};

/// How every key of jeton's own begins, so that people and secret scanners recognise it.
pub const API_KEY_PREFIX: &str = "jtn_";

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY: usize = 30;
const CHECK: usize = 6;

/// A key with which a program asks jeton: `jtn_`, 30 base62 characters (178 bits), and the CRC-32 of those 30 in
/// six base62 characters. The checksum tells a mistyped key from an unknown one without looking anything up.
#[derive(Debug, Clone)]
pub struct ApiKey(Secret);

/// The SHA-256 of a key: all that jeton keeps. A key has 178 bits of entropy, so no slow hash is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyDigest([u8; 32]);

/// Why a text is no key of jeton's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// It does not begin with `jtn_`.
    #[error("a jeton key begins with `jtn_`")]
    NotAKey,
    /// It begins well, but has the wrong length or characters.
    #[error("a jeton key has `jtn_` and 36 letters and digits; this one was cut or has something added")]
    Shape,
    /// A character was changed on the way.
    #[error("the key's checksum is wrong: a character was lost or changed when it was copied")]
    Checksum,
}

impl ApiKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut body = String::with_capacity(BODY);
        let mut block = [0_u8; 64];
        while body.len() < BODY {
            entropy.fill(&mut block);
            // 248 = 4 × 62: larger bytes are thrown away, so that every character is equally likely.
            for byte in block.iter().filter(|byte| **byte < 248).take(BODY - body.len()) {
                body.push(char::from(BASE62[usize::from(*byte % 62)]));
            }
        }
        let check = checksum(&body);
        Self(Secret::new(format!("{API_KEY_PREFIX}{body}{check}")))
    }

    /// Reads a key that a caller sent.
    ///
    /// # Errors
    /// [`ApiKeyError`] says in which way it is none.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let rest = text.strip_prefix(API_KEY_PREFIX).ok_or(ApiKeyError::NotAKey)?;
        if rest.len() != BODY + CHECK || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(ApiKeyError::Shape);
        }
        let (body, check) = rest.split_at(BODY);
        if checksum(body) != check {
            return Err(ApiKeyError::Checksum);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The key itself, for the one moment when it is shown or sent.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// What jeton keeps of it.
    pub fn digest(&self) -> ApiKeyDigest {
        ApiKeyDigest(Sha256::digest(self.0.expose().as_bytes()).into())
    }

    /// What may be shown of it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

impl ApiKeyDigest {
    /// The 32 bytes to compare, in constant time.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the bytes of a row back; anything but 32 bytes is `None`.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, ApiKeyError, checksum};
    use crate::Entropy;

    #[derive(Debug)]
    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (index, byte) in buffer.iter_mut().enumerate() {
                *byte = u8::try_from(index * 7 % 256).unwrap();
            }
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_field() {
        // The same scheme as the forges' own: vectors recomputed from public ones.
        assert_eq!(checksum(&"A".repeat(30)), "0uCPlr");
        assert_eq!(checksum("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), "0mLq17");
    }

    #[test]
    fn a_key_reads_back_and_a_damaged_one_says_how() {
        let key = ApiKey::generate(&Counting);
        let text = key.secret().expose().to_owned();
        assert_eq!(text.len(), 40);
        assert_eq!(ApiKey::parse(&text).unwrap().digest(), key.digest());
        assert_eq!(ApiKey::parse(&text[..39]).unwrap_err(), ApiKeyError::Shape);
        assert_eq!(ApiKey::parse(&text[1..]).unwrap_err(), ApiKeyError::NotAKey);
        let mut changed = text.into_bytes();
        changed[10] = if changed[10] == b'x' { b'y' } else { b'x' };
        assert_eq!(
            ApiKey::parse(&String::from_utf8(changed).unwrap()).unwrap_err(),
            ApiKeyError::Checksum
        );
    }
}
