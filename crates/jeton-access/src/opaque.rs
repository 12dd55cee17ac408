//! Texts that mean nothing, and of which only the SHA-256 is kept: cookies and one-time links.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Entropy, Secret};
use zeroize::Zeroizing;

/// 32 random bytes. 256 bits cannot be guessed, so no slow hash is needed.
pub(crate) struct Opaque(Zeroizing<[u8; 32]>);

impl Opaque {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Reads 43 characters of base64url back: without padding, and in the one way in which they are written.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let mut bytes = Zeroizing::new([0_u8; 32]);
        bytes.copy_from_slice(decoded.get(..32)?);
        Some(Self(bytes))
    }

    pub(crate) fn text(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.0.as_ref()))
    }

    /// What is kept of it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        sha256(self.0.as_ref())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0_u8; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::Opaque;

    #[test]
    fn one_text_and_no_other_means_the_same_bytes() {
        let text = format!("{}A", "A".repeat(42));
        let opaque = Opaque::parse(&text).unwrap();
        assert_eq!(opaque.text().expose(), text);
        // The last character carries four bits only; `B` sets one that must be zero.
        assert!(Opaque::parse(&format!("{}B", "A".repeat(42))).is_none());
        for bad in [
            "",
            "A",
            &"A".repeat(44),
            &format!("{}=", "A".repeat(42)),
            &"ä".repeat(43),
            &"+".repeat(43),
        ] {
            assert!(Opaque::parse(bad).is_none(), "{bad}");
        }
    }
}
