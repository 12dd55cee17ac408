//! An App's private key: from the text that a person pasted to something that signs.

mod der;
mod error;
mod guess;
mod pem;

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use jeton_domain::{Fingerprint, Secret};

pub use error::AppKeyError;
pub use guess::read_key_bytes;

/// A parsed App private key: parsed once, signs many times. Clones share it. There is no way to get it out, and its
/// `Debug` shows the fingerprint alone.
#[derive(Clone)]
pub struct AppKey(Arc<Inner>);

struct Inner {
    pair: RsaKeyPair,
    fingerprint: Fingerprint,
}

impl AppKey {
    /// Reads an RSA private key of 2048 to 8192 bits in PEM, PKCS#1 or PKCS#8. The shapes that configuration gives to
    /// such a text are undone: `\n` as two characters, Windows line ends, spaces or nothing in place of line ends,
    /// quotes and white space around it, and the whole of it in base64 once more.
    ///
    /// # Errors
    /// [`AppKeyError`] says what the text is instead.
    pub fn parse(pem: &Secret) -> Result<Self, AppKeyError> {
        let pkcs1 = pem::pkcs1_der(pem.expose())?;
        match der::modulus_bits(&pkcs1).ok_or(AppKeyError::Cut {
            what: "the key's numbers",
        })? {
            bits @ ..2048 => return Err(AppKeyError::TooSmall(bits)),
            bits @ 8193.. => return Err(AppKeyError::TooLarge(bits)),
            _ => {}
        }
        let pair = RsaKeyPair::from_der(&pkcs1).map_err(|_| AppKeyError::Cut {
            what: "the key's numbers",
        })?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| AppKeyError::Cut {
            what: "the key's numbers",
        })?;
        let fingerprint = Fingerprint::of_bytes(public.as_ref());
        Ok(Self(Arc::new(Inner { pair, fingerprint })))
    }

    /// The first 12 hex digits of the SHA-256 of the public key's DER (`SubjectPublicKeyInfo`). The App's settings
    /// page shows the same SHA-256 in base64.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.0.fingerprint
    }

    /// RS256; `None` only if the library fails, as when it cannot get memory.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        // the randomness blinds the computation against timing; PKCS#1 v1.5 signatures have none in them
        self.0
            .pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .ok()?;
        Some(signature)
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({})", self.0.fingerprint)
    }
}

#[cfg(test)]
mod tests;
