use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use jeton_domain::Entropy;

pub(crate) const NONCE: usize = 12;

/// An AES-256-GCM key. Nonces are random, 96 bits: one key may lock 2^32 values before a repeat becomes likelier than
/// 2^-32 (NIST SP 800-38D, 8.3), far more than a vault holds.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        match UnboundKey::new(&AES_256_GCM, bytes) {
            Ok(key) => Self(LessSafeKey::new(key)),
            Err(_) => unreachable!("AES-256 takes every 32 bytes as a key"),
        }
    }

    /// Appends nonce, ciphertext and tag to `out`.
    pub(crate) fn lock(&self, out: &mut Vec<u8>, authenticated: &[u8], plain: &[u8], entropy: &dyn Entropy) {
        let mut nonce = [0_u8; NONCE];
        entropy.fill(&mut nonce);
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(authenticated), &mut out[start..])
        {
            Ok(tag) => out.extend_from_slice(tag.as_ref()),
            Err(_) => unreachable!("a secret is far smaller than AES-GCM's limit of 64 GiB"),
        }
    }

    /// Opens nonce, ciphertext and tag; the plain bytes are left at the front of `locked`, and their length is given.
    pub(crate) fn open(&self, locked: &mut [u8], authenticated: &[u8]) -> Option<usize> {
        let (nonce, rest) = locked.split_at_mut_checked(NONCE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.0.open_in_place(nonce, Aad::from(authenticated), rest).ok()?;
        Some(plain.len())
    }
}
