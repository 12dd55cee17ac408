//! The check characters of the forges' tokens, over text that is there already. Public for those who make tokens: simulators
//! and tests.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";

/// How many random bytes a routable token of GitLab's has.
const RANDOM: usize = 16;

/// The last six characters of a classic GitHub token, over the 30 after its prefix
/// (<https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>).
pub fn github_classic(body: &str) -> String {
    digits(crc32fast::hash(body.as_bytes()), BASE62, 6)
}

/// The eight characters that follow the first 77 of a fine-grained GitHub token. GitHub documents none of it.
pub fn github_fine_grained(first_77: &str) -> String {
    let digest = Sha256::digest(first_77.as_bytes());
    // 8 characters of 5 bits each are the first 40 bits
    let bits = digest
        .iter()
        .take(5)
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (0..8)
        .rev()
        .map(|place| char::from(BASE32[(bits >> (5 * place) & 31) as usize]))
        .collect()
}

/// The last seven characters of a routable GitLab token, over all before them, the prefix too
/// (`lib/authn/token_field/generator/routable_token.rb` in GitLab's source).
pub fn gitlab_routable(rest: &str) -> String {
    digits(crc32fast::hash(rest.as_bytes()), BASE36, 7)
}

/// The last eight characters of an Atlassian token, over all before them. Atlassian documents none of it.
pub fn atlassian(rest: &str) -> String {
    digits(crc32fast::hash(rest.as_bytes()), UPPER_HEX, 8)
}

/// Whether a text ends with the length and checksum of a routable GitLab token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Routable {
    /// The checksum is right, and so is all that it covers.
    Whole {
        /// Where the part begins that is no prefix.
        payload_at: usize,
    },
    /// The checksum is right over a payload that is not as documented, as a newer GitLab's may be.
    Newer,
    /// It ends as such a token does, and the checksum is wrong.
    Wrong {
        /// Whether its length field wants more characters than there are.
        short: bool,
    },
    /// It does not end so.
    Not,
}

/// Looks whether `text` is a routable token: prefix, base64url, `.`, version, `.`, length, checksum; older ones have no version.
pub(crate) fn routable(text: &str) -> Routable {
    let Some((front, tail)) = text.rsplit_once('.') else {
        return Routable::Not;
    };
    let (head, version) = match front.split_once('.') {
        Some((head, version)) => (head, Some(version)),
        None => (front, None),
    };
    let is_base36 = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let is_head = !head.is_empty()
        && head
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if tail.len() != 9 || !is_base36(tail) || !is_head || version.is_some_and(|v| v.len() != 2 || !is_base36(v)) {
        return Routable::Not;
    }
    let (length, check) = tail.split_at(2);
    let length = usize::from_str_radix(length, 36).unwrap_or_default();
    if gitlab_routable(&text[..text.len() - check.len()]) != check {
        return Routable::Wrong {
            short: length > head.len(),
        };
    }
    match head.len().checked_sub(length) {
        Some(payload_at) if payload_is_documented(&head[payload_at..], version) => Routable::Whole { payload_at },
        _ => Routable::Newer,
    }
}

/// Whether a payload decodes to lines of `key:value` with the one key that is always there, `o` for the organisation.
fn payload_is_documented(base64url: &str, version: Option<&str>) -> bool {
    let Ok(raw) = URL_SAFE_NO_PAD.decode(base64url).map(zeroize::Zeroizing::new) else {
        return false;
    };
    let Some((last, front)) = raw.split_last() else {
        return false;
    };
    let counted = usize::from(*last);
    let payload = match version {
        Some("01") if front.len() == RANDOM + counted => &front[RANDOM..],
        None | Some("00") if front.len() >= counted => &front[..front.len() - counted],
        _ => return false,
    };
    let is_line = |line: &[u8]| matches!(line, [key, b':', _, ..] if key.is_ascii_lowercase());
    payload.split(|b| *b == b'\n').all(is_line) && payload.split(|b| *b == b'\n').any(|line| line.starts_with(b"o:"))
}

fn digits(mut number: u32, alphabet: &[u8], width: usize) -> String {
    let base = u32::try_from(alphabet.len()).unwrap_or(u32::MAX);
    let mut out = vec![alphabet[0]; width];
    for digit in out.iter_mut().rev() {
        *digit = alphabet[(number % base) as usize];
        number /= base;
    }
    out.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::{Routable, atlassian, github_classic, github_fine_grained, gitlab_routable, routable};

    #[test]
    fn the_checksums_are_those_of_the_field() {
        for (body, check) in [
            ("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "0uCPlr"),
            ("adE7dp8rHP6gUTuPwxLTZjZdtya3sV", "0UQzQM"),
            ("H3xbiBdlzffNx7Y56iNsPw3joObj7U", "2nO29h"),
            ("EXAMPLEpaddingVector0000000019", "00llqG"),
        ] {
            assert_eq!(github_classic(body), check);
        }
        assert_eq!(atlassian(&["ATB", "BEXAMPLEsyntheticBody0001"].concat()), "46B57D7F");
        let first = [
            "github_pat_11EXAMPLE00",
            "00000000000_syntheticExampleFineGrainedTokenBody0000001",
        ]
        .concat();
        assert_eq!(github_fine_grained(&first), "HNJC535V");
    }

    #[test]
    fn a_routable_token_is_decoded_to_its_last_byte() {
        let rest = ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.13"].concat();
        let whole = format!("{rest}{}", gitlab_routable(&rest));
        assert_eq!(routable(&whole), Routable::Whole { payload_at: 6 });
        assert_eq!(routable(&whole[1..]), Routable::Wrong { short: false });
        assert_eq!(routable(&whole[10..]), Routable::Wrong { short: true });
        assert_eq!(routable(&whole[..whole.len() - 1]), Routable::Not);
        let odd = "x-abcdefgh.01.08";
        assert_eq!(routable(&format!("{odd}{}", gitlab_routable(odd))), Routable::Newer);
    }
}
