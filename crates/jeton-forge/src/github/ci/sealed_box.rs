//! libsodium's sealed box (`crypto_box_seal`), in which GitHub wants secrets
//! (<https://docs.github.com/rest/guides/encrypting-secrets-for-the-rest-api>).

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use crypto_box::{
    PublicKey,
    aead::rand_core::{CryptoRng, Error, RngCore},
};
use jeton_domain::Entropy;

/// The length of a public key in bytes.
pub(super) const KEY: usize = 32;

/// Seals for whoever has the other half of the key. `None` only for texts that no memory holds.
pub(super) fn seal(entropy: &dyn Entropy, key: [u8; KEY], text: &[u8]) -> Option<Vec<u8>> {
    PublicKey::from(key).seal(&mut Random(entropy), text).ok()
}

/// What `crypto_box` wants randomness from.
struct Random<'a>(&'a dyn Entropy);

impl RngCore for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// [`Entropy`] promises as much.
impl CryptoRng for Random<'_> {}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(
            clippy::expect_used,
            reason = "without randomness nothing may be sealed, and `fill` may not return"
        )]
        SystemRandom::new()
            .fill(buffer)
            .expect("the operating system gives randomness");
    }
}

#[cfg(test)]
#[path = "sealed_box_tests.rs"]
mod tests;
