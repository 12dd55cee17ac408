//! Keys that sign tokens.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::github::der_value;

/// With what a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OidcAlgorithm {
    /// RSA with 2,048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl OidcAlgorithm {
    /// All of them; the first is what tokens are signed with unless told otherwise.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// As headers and keys write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair with its id.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) algorithm: OidcAlgorithm,
    pair: Pair,
}

impl SigningKey {
    /// Finding the primes of an RSA key takes some 100 ms.
    pub(super) fn generate(algorithm: OidcAlgorithm, kid: String) -> Result<Self, Unspecified> {
        let pair = match algorithm {
            OidcAlgorithm::Rs256 => {
                let fresh = rsa::KeyPair::generate(KeySize::Rsa2048)?;
                let pkcs8: Pkcs8V1Der<'_> = fresh.as_der()?;
                Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| Unspecified)?)
            }
            OidcAlgorithm::Es256 => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            OidcAlgorithm::EdDsa => Pair::Ed(Ed25519KeyPair::generate()?),
        };
        Ok(Self { kid, algorithm, pair })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    /// The public half as a JSON Web Key.
    pub(super) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = components(pair.public_key().as_ref()).unwrap_or_default();
                json!({"kty": "RSA", "n": text(n), "e": text(e)})
            }
            Pair::Ec(pair) => {
                // an uncompressed point: 4, then both coordinates
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())}),
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm.name());
        jwk["use"] = json!("sig");
        jwk
    }

    /// The public half as PEM (`BEGIN PUBLIC KEY`).
    pub(super) fn public_pem(&self) -> Result<String, Unspecified> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der()?,
            Pair::Ec(pair) => pair.public_key().as_der()?,
            Pair::Ed(pair) => pair.public_key().as_der()?,
        };
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .filter_map(|line| std::str::from_utf8(line).ok())
            .collect();
        let body = lines.join("\n");
        Ok(format!(
            "-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
        ))
    }
}

/// Modulus and exponent of an RSA key: the two numbers in its PKCS#1 sequence (RFC 8017, appendix A.1.1).
fn components(pkcs1: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, _) = der_value(pkcs1, 0x30)?;
    let (modulus, rest) = der_value(content, 0x02)?;
    let (exponent, _) = der_value(rest, 0x02)?;
    // a zero in front only says that the number is not negative
    let plain = |number| <[u8]>::strip_prefix(number, &[0]).unwrap_or(number);
    Some((plain(modulus), plain(exponent)))
}

/// HMAC with SHA-256.
pub(super) fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}
