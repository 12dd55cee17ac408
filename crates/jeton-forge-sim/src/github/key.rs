//! Keys of apps.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A fresh RSA-2048 key: both PEM forms of the private half, and what the forge keeps.
pub(crate) struct AppKey {
    pub(crate) pkcs1_pem: String,
    pub(crate) pkcs8_pem: String,
    pub(crate) public: PublicKey,
}

/// The public half of an app's key: all that the forge keeps.
pub(crate) type PublicKey = UnparsedPublicKey<Vec<u8>>;

impl AppKey {
    /// Takes some 100 ms: finding two primes is work.
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        let pair = KeyPair::generate(KeySize::Rsa2048)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
        let pkcs1 = inner_key(pkcs8.as_ref()).ok_or(Unspecified)?;
        let algorithm: &'static dyn VerificationAlgorithm = &RSA_PKCS1_2048_8192_SHA256;
        Ok(Self {
            pkcs1_pem: pem("RSA PRIVATE KEY", pkcs1),
            pkcs8_pem: pem("PRIVATE KEY", pkcs8.as_ref()),
            public: UnparsedPublicKey::new(algorithm, pair.public_key().as_ref().to_vec()),
        })
    }
}

/// PEM with the given label (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
    out + "-----END " + label + "-----\n"
}

/// The PKCS#1 key inside a PKCS#8 document: the content of its OCTET STRING (RFC 5208), which comes
/// after the version and the algorithm.
fn inner_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let (content, _) = der_value(pkcs8, 0x30)?;
    let (_, rest) = der_value(content, 0x02)?;
    let (_, rest) = der_value(rest, 0x30)?;
    Some(der_value(rest, 0x04)?.0)
}

/// Reads one DER value with this tag; gives its content and what follows.
pub(crate) fn der_value(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let (short, rest) = rest.split_first()?;
    let (len, rest) = if *short < 0x80 {
        (usize::from(*short), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(*short & 0x7f))?;
        let len = digits
            .iter()
            .try_fold(0_usize, |n, d| n.checked_mul(256)?.checked_add(usize::from(*d)))?;
        (len, rest)
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    fn unpem(pem: &str) -> Vec<u8> {
        let text: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
        STANDARD.decode(text).unwrap()
    }

    #[test]
    fn both_pem_forms_hold_the_key_that_the_public_half_verifies() {
        let key = AppKey::generate().unwrap();
        let pairs = [
            RsaKeyPair::from_der(&unpem(&key.pkcs1_pem)).unwrap(),
            RsaKeyPair::from_pkcs8(&unpem(&key.pkcs8_pem)).unwrap(),
        ];
        for pair in pairs {
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, b"text", &mut signature).unwrap();
            key.public.verify(b"text", &signature).unwrap();
            assert!(key.public.verify(b"other", &signature).is_err());
        }
    }

    #[test]
    fn a_broken_document_holds_no_key() {
        assert!(inner_key(&[]).is_none());
        assert!(inner_key(&[0x30, 0x82, 0xff]).is_none());
        assert!(inner_key(&[0x30, 0x03, 0x02, 0x01, 0x00]).is_none());
    }
}
