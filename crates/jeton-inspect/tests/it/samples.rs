//! Tokens, made of halves so that none stands in the source.

use jeton_inspect::checksum;

/// A classic token with a right checksum.
pub(crate) fn classic(prefix: &str, body: &str) -> String {
    format!("{prefix}_{body}{}", checksum::github_classic(body))
}

/// A fine-grained token whose check matches.
pub(crate) fn fine_grained() -> String {
    let first = [
        "github_pat_11EXAMPLE00",
        "00000000000_syntheticExampleFineGrainedTokenBody0000001",
    ]
    .concat();
    format!("{first}{}AAAAAAAA", checksum::github_fine_grained(&first))
}

/// A routable token: prefix, base64url of the payload, and the end of a version 1 token.
pub(crate) fn routable(prefix: &str) -> String {
    let payload = ["EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww"].concat();
    let rest = format!("{prefix}{payload}.01.13");
    format!("{rest}{}", checksum::gitlab_routable(&rest))
}

/// A GitLab token without a checksum.
pub(crate) fn legacy_gitlab() -> String {
    ["glpat-", "x7Kq-2_mNp", "Zt9RwBv4Yc"].concat()
}

/// An Atlassian token whose check matches.
pub(crate) fn atlassian(start: &str) -> String {
    let rest = format!("{start}{}{}=", "xFfGF0EXAMPLEsyntheticApiTokenXYZ", "0".repeat(144));
    format!("{rest}{}", checksum::atlassian(&rest))
}

/// A stateless installation token, of about 520 characters.
pub(crate) fn stateless() -> String {
    format!(
        "ghs_123456_eyJ{}.eyJ{}-_.{}",
        "hbGciOiJSUzI1NiJ9".repeat(4),
        "aXNzIjoiMTIz".repeat(20),
        "c2lnbmF0dXJl".repeat(15)
    )
}

/// One of each kind that can be an account and has a check that matches.
pub(crate) fn proved() -> Vec<String> {
    let body = ["EXAMPLEsynthe", "ticTokenNumber001"].concat();
    vec![
        classic("ghp", &body),
        classic("gho", &body),
        fine_grained(),
        routable("glpat-"),
        routable("acme-glpat-"),
        atlassian("ATATT3"),
        atlassian("ATCTT3"),
    ]
}
