use std::fmt;

use sha2::{Digest, Sha256};

use crate::Secret;

/// The first 12 hex digits of the SHA-256 of a secret: what logs, pages and the record may show.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a secret's text.
    pub fn of(secret: &Secret) -> Self {
        Self::of_bytes(secret.expose().as_bytes())
    }

    /// The fingerprint of bytes that are a secret, or that stand for one.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(hex::encode(&digest[..6]))
    }

    /// Reads 12 hex digits back; upper case is folded. Anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let ok = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        ok.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The 12 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;
    use crate::Secret;

    #[test]
    fn is_the_head_of_the_sha256() {
        // SHA-256("abc") begins ba7816bf 8f01 (FIPS 180-2, appendix B.1).
        assert_eq!(Fingerprint::of(&Secret::new("abc")).as_str(), "ba7816bf8f01");
        assert_eq!(
            Fingerprint::parse("BA7816BF8F01"),
            Some(Fingerprint::of(&Secret::new("abc")))
        );
        assert_eq!(Fingerprint::parse("ba7816bf8f0"), None);
        assert_eq!(Fingerprint::parse("ba7816bf8f0g"), None);
    }
}
