//! What personal tokens look like.

use aws_lc_rs::digest::{SHA256, digest};

use crate::github::token::checksum;
use crate::random::Random;

/// The alphabet of RFC 4648 base32.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// 40 characters: a prefix of four, 30 of base62, and their CRC-32 as six more.
pub(crate) fn checked(random: &mut Random, prefix: &str) -> String {
    let body = random.base62(30);
    let check = checksum(&body);
    format!("{prefix}{body}{check}")
}

/// 93 characters: `github_pat_`, 22, `_`, and 59, of which the last 16 are eight check characters and
/// eight whose purpose is not known; here those are random.
pub(crate) fn fine_grained(random: &mut Random) -> String {
    let head = format!("github_pat_11{}_{}", random.base62(20), random.base62(43));
    let check = fine_grained_check(&head);
    let rest: [u8; 8] = random.bytes();
    let rest: String = rest.iter().map(|b| char::from(BASE32[usize::from(b & 31)])).collect();
    format!("{head}{check}{rest}")
}

/// The first eight characters of the base32 of the SHA-256 of all that comes before them.
fn fine_grained_check(head: &str) -> String {
    let hash = digest(&SHA256, head.as_bytes());
    let first = hash.as_ref().iter().take(5);
    let bits = first.fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let place = |n: u64| char::from(BASE32[usize::try_from(bits >> (5 * n) & 31).unwrap_or_default()]);
    (0..8).rev().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classic_token_has_a_true_checksum() {
        let token = checked(&mut Random::new(5), "ghp_");
        assert_eq!(token.len(), 40);
        assert_eq!(checksum(&token[4..34]), token[34..]);
    }

    #[test]
    fn the_check_characters_agree_with_the_vector_of_the_facts() {
        let head = [
            "github_pat_11EXAMPLE00",
            "00000000000_syntheticExampleFineGrainedTokenBody0000001",
        ];
        assert_eq!(fine_grained_check(&head.concat()), "HNJC535V");
    }

    #[test]
    fn a_fine_grained_token_has_its_shape_and_check() {
        let token = fine_grained(&mut Random::new(5));
        let (start, end) = token["github_pat_".len()..].split_once('_').unwrap();
        assert_eq!((token.len(), start.len(), end.len()), (93, 22, 59));
        assert!(start.starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(fine_grained_check(&token[..77]), token[77..85]);
    }
}
