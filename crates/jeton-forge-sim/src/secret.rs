//! What the simulated forges keep of a secret.

use aws_lc_rs::digest::{SHA256, digest};

/// SHA-256 of a token.
pub(crate) type TokenDigest = [u8; 32];

pub(crate) fn token_digest(token: &str) -> TokenDigest {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    out
}

/// What logs and pages may show of a token.
pub(crate) fn fingerprint(digest: &TokenDigest) -> String {
    hex::encode(&digest[..6])
}
