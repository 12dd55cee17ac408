//! What GitLab's tokens look like.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::ci::GitLabRunnerKind;
use super::spec::GitLabTokenForm;
use crate::random::Random;

/// A new access token of a user.
pub(super) fn access_token(random: &mut Random, prefix: &str, form: GitLabTokenForm, user: u64) -> String {
    match form {
        GitLabTokenForm::Legacy => {
            let bytes: [u8; 15] = random.bytes();
            format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
        }
        // Cell 1 and organization 1: there is but one of each here.
        GitLabTokenForm::Routable => {
            let payload = format!("c:1\no:1\nu:{}", base36(user, 0));
            routable(prefix, &random.bytes(), &payload)
        }
    }
}

/// A runner's authentication token. The digit after the prefix is the kind of runner, and the payload says for whom it
/// works and who made it.
pub(super) fn runner_token(random: &mut Random, kind: GitLabRunnerKind, maker: Option<u64>) -> String {
    let (digit, group, project) = match kind {
        GitLabRunnerKind::Instance => (1, None, None),
        GitLabRunnerKind::Group(id) => (2, Some(id), None),
        GitLabRunnerKind::Project(id) => (3, None, Some(id)),
    };
    // Sorted by their keys.
    let all = [
        ("c", Some(1)),
        ("g", group),
        ("o", Some(1)),
        ("p", project),
        ("t", Some(digit)),
        ("u", maker),
    ];
    let lines = all
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}:{}", base36(value?, 0))));
    let payload = lines.collect::<Vec<String>>().join("\n");
    routable(&format!("glrt-t{digit}_"), &random.bytes(), &payload)
}

/// A routable token, version 1: the prefix, then 16 random bytes, the payload and its length in base64url, the version,
/// the length of the base64 part, and the CRC-32 of all before it.
fn routable(prefix: &str, random: &[u8; 16], payload: &str) -> String {
    let mut raw = random.to_vec();
    raw.extend_from_slice(payload.as_bytes());
    raw.push(u8::try_from(payload.len()).unwrap_or(u8::MAX));
    let b64 = URL_SAFE_NO_PAD.encode(&raw);
    let length = base36(b64.len() as u64, 2);
    let body = format!("{prefix}{b64}.01.{length}");
    let check = base36(u64::from(crc32fast::hash(body.as_bytes())), 7);
    format!("{body}{check}")
}

/// Lower-case base 36, padded with zeros to `width`.
fn base36(number: u64, width: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut out = Vec::new();
    let mut rest = number;
    while rest > 0 || out.is_empty() {
        out.push(DIGITS[usize::try_from(rest % 36).unwrap_or_default()]);
        rest /= 36;
    }
    while out.len() < width {
        out.push(b'0');
    }
    out.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// A job token: prefix, partition, 20 characters.
pub(super) fn job_token(random: &mut Random) -> String {
    let bytes: [u8; 15] = random.bytes();
    format!("glcbt-1_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// An OAuth access token: 64 hexadecimal digits.
pub(super) fn oauth_token(random: &mut Random) -> String {
    let bytes: [u8; 32] = random.bytes();
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of the published vectors: 16 in a row.
    fn row(first: u8) -> [u8; 16] {
        std::array::from_fn(|index| first + u8::try_from(index).unwrap())
    }

    #[test]
    fn a_routable_token_agrees_with_the_vectors() {
        let g1 = ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzxe"].concat();
        assert_eq!(routable("glpat-", &row(0x10), "c:1\no:1\nu:2s"), g1);
        let padded = ["glpat-oKGio6Slpq", "eoqaqrrK2ur286MQp1Ojdwcwk.01.0z03q190z"].concat();
        assert_eq!(routable("glpat-", &row(0xa0), "o:1\nu:7ps"), padded);
        let runner = [
            "glrt-t3_ICEiIyQl",
            "JicoKSorLC0uL2M6MQpvOjEKcDoybjljCnQ6Mwp1OjJzFw.01.1i0ltyi4d",
        ]
        .concat();
        assert_eq!(routable("glrt-t3_", &row(0x20), "c:1\no:1\np:2n9c\nt:3\nu:2s"), runner);
    }

    #[test]
    fn a_new_token_says_whose_it_is_after_any_prefix() {
        let token = access_token(&mut Random::new(1), "acme-glpat-", GitLabTokenForm::Routable, 100);
        let head = token.split('.').next().unwrap().strip_prefix("acme-glpat-").unwrap();
        let raw = URL_SAFE_NO_PAD.decode(head).unwrap();
        assert_eq!(&raw[16..raw.len() - 1], b"c:1\no:1\nu:2s");
        assert_eq!(usize::from(raw[raw.len() - 1]), raw.len() - 17);
        let (body, check) = token.split_at(token.len() - 7);
        assert_eq!(base36(u64::from(crc32fast::hash(body.as_bytes())), 7), check);
    }

    #[test]
    fn a_runners_token_says_what_it_works_for() {
        let payload = |kind: GitLabRunnerKind, prefix: &str, maker: Option<u64>| {
            let token = runner_token(&mut Random::new(1), kind, maker);
            let head = token.split('.').next().unwrap().strip_prefix(prefix).unwrap();
            let raw = URL_SAFE_NO_PAD.decode(head).unwrap();
            String::from_utf8(raw[16..raw.len() - 1].to_vec()).unwrap()
        };
        let project = payload(GitLabRunnerKind::Project(123_456), "glrt-t3_", Some(100));
        assert_eq!(project, "c:1\no:1\np:2n9c\nt:3\nu:2s");
        let group = payload(GitLabRunnerKind::Group(100), "glrt-t2_", Some(1));
        assert_eq!(group, "c:1\ng:2s\no:1\nt:2\nu:1");
        assert_eq!(payload(GitLabRunnerKind::Instance, "glrt-t1_", None), "c:1\no:1\nt:1");
    }

    #[test]
    fn other_tokens_have_their_lengths() {
        let mut random = Random::new(1);
        let legacy = access_token(&mut random, "glpat-", GitLabTokenForm::Legacy, 1);
        assert_eq!((legacy.len(), legacy.contains('.')), (26, false));
        assert_eq!(job_token(&mut random).len(), 28);
        assert_eq!(oauth_token(&mut random).len(), 64);
    }
}
