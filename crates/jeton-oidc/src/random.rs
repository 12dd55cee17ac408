//! Texts that nobody can guess.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Entropy, Secret};
use zeroize::Zeroizing;

/// 256 bits in base64url: 43 characters, as a PKCE verifier must have at least (RFC 7636 §4.1).
pub(crate) fn text(entropy: &dyn Entropy) -> Secret {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    entropy.fill(&mut *bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(*bytes))
}
