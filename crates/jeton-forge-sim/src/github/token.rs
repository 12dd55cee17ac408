//! What an installation token looks like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::random::Random;
pub(crate) use crate::secret::{TokenDigest, fingerprint, token_digest};

/// The two forms of an installation token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFormat {
    /// 40 characters: `ghs_`, 30 of base62, and their CRC-32 as six more.
    Classic,
    /// About 520 characters: `ghs_`, the app's id, `_`, and a JWT of three parts.
    Stateless,
}

/// The old form.
pub(crate) fn classic(random: &mut Random) -> String {
    let body = random.base62(30);
    let check = checksum(&body);
    format!("ghs_{body}{check}")
}

/// The new form. Its signature is random: only GitHub can verify a real one, and clients are told
/// not to look inside.
pub(crate) fn stateless(random: &mut Random, app: u64, installation: u64, end: Timestamp) -> String {
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let key = random.base62(8);
    let id = random.base62(24);
    let header = format!(r#"{{"alg":"RS256","kid":"{key}","typ":"JWT"}}"#);
    let end = end.as_second();
    let claims = format!(r#"{{"aud":"sim","exp":{end},"ins":{installation},"jti":"{id}"}}"#);
    let signature: [u8; 256] = random.bytes();
    let (header, claims) = (b64(header.as_bytes()), b64(claims.as_bytes()));
    format!("ghs_{app}_{header}.{claims}.{}", b64(&signature))
}

/// CRC-32 of the body without its prefix, in base62 (digits, upper case, lower case; most significant
/// first), padded with `0` to six characters.
pub(crate) fn checksum(body: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut out = ['0'; 6];
    for place in out.iter_mut().rev() {
        *place = char::from(ALPHABET[(rest % 62) as usize]);
        rest /= 62;
    }
    out.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_agrees_with_public_vectors() {
        for (body, expected) in [
            ("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "0uCPlr"),
            ("adE7dp8rHP6gUTuPwxLTZjZdtya3sV", "0UQzQM"),
            ("EXAMPLEpaddingVector0000000019", "00llqG"),
        ] {
            assert_eq!(checksum(body), expected);
        }
    }

    #[test]
    fn a_classic_token_has_40_characters_and_a_true_checksum() {
        let token = classic(&mut Random::new(3));
        assert_eq!(token.len(), 40);
        let body = token.strip_prefix("ghs_").unwrap();
        assert_eq!(checksum(&body[..30]), body[30..]);
    }

    #[test]
    fn a_stateless_token_is_about_520_characters_with_two_dots() {
        let end = "2026-01-01T00:00:00Z".parse().unwrap();
        let token = stateless(&mut Random::new(3), 1_234_567, 7_654_321, end);
        assert!((490..=550).contains(&token.len()), "{}", token.len());
        assert!(token.starts_with("ghs_1234567_ey"));
        assert_eq!(token.matches('.').count(), 2);
    }
}
