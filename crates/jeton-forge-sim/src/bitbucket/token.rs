//! What Bitbucket's tokens look like. The check characters are the CRC-32 of all before them, in upper-case hexadecimal.

use super::spec::BitbucketTokenKind;
use crate::random::Random;

pub(super) fn make(random: &mut Random, kind: &BitbucketTokenKind) -> String {
    match kind {
        BitbucketTokenKind::ApiToken { .. } => atlassian(random, "ATATT3xFfGF0"),
        BitbucketTokenKind::RepositoryToken { .. }
        | BitbucketTokenKind::ProjectToken { .. }
        | BitbucketTokenKind::WorkspaceToken { .. } => atlassian(random, "ATCTT3xFfGN0"),
        BitbucketTokenKind::AppPassword { .. } => {
            let body = random.base62(24);
            checked(&format!("ATBB{body}"))
        }
        BitbucketTokenKind::OAuth { .. } => format!("{}==", random.base62(86)),
    }
}

/// 192 characters.
fn atlassian(random: &mut Random, prefix: &str) -> String {
    let body = random.base62(192 - prefix.len() - 9);
    checked(&format!("{prefix}{body}="))
}

fn checked(body: &str) -> String {
    let check = crc32fast::hash(body.as_bytes());
    format!("{body}{check:08X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_agrees_with_the_vectors() {
        let app_password = ["ATB", "BEXAMPLEsyntheticBody0001"].concat();
        assert!(checked(&app_password).ends_with("46B57D7F"));
        let zeros = "0".repeat(144);
        let access = ["ATCTT3x", "FfGN0EXAMPLEsyntheticAccessToken", &zeros, "="].concat();
        assert!(checked(&access).ends_with("67779075"));
        let api = ["ATATT3x", "FfGF0EXAMPLEsyntheticApiTokenXYZ", &zeros, "="].concat();
        assert!(checked(&api).ends_with("8718DFE0"));
    }

    #[test]
    fn lengths_are_those_seen_in_the_wild() {
        let mut random = Random::new(1);
        let mut length = |kind: &BitbucketTokenKind| make(&mut random, kind).len();
        assert_eq!(length(&BitbucketTokenKind::ApiToken { account: 1 }), 192);
        assert_eq!(length(&BitbucketTokenKind::RepositoryToken { repository: 1 }), 192);
        assert_eq!(length(&BitbucketTokenKind::AppPassword { account: 1 }), 36);
    }
}
