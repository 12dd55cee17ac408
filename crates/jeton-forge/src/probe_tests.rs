use jeton_domain::Code;

use super::{rank, url};

#[test]
fn segments_are_encoded_one_by_one() {
    let url = url(
        "https://git.example.com/lab/api/v4/",
        &["projects", "a/b c?d%2e"],
        &[("per_page", "1"), ("q", "a&b")],
    );
    assert_eq!(
        url.unwrap().as_str(),
        "https://git.example.com/lab/api/v4/projects/a%2Fb%20c%3Fd%252e?per_page=1&q=a%26b"
    );
}

#[test]
fn a_segment_cannot_walk() {
    for bad in [".", ".."] {
        assert!(url("https://api.github.com", &["repos", bad], &[]).is_err());
    }
    assert_eq!(
        url("https://api.github.com", &["repos", "a", "b", "contents", ""], &[])
            .unwrap()
            .path(),
        "/repos/a/b/contents/"
    );
}

#[test]
fn why_a_token_cannot_work_stands_before_what_it_lacks_and_that_before_troubles() {
    let mut codes = [
        Code::ForgeRateLimited,
        Code::CredentialScope,
        Code::ForgeTimeout,
        Code::CredentialRevoked,
        Code::CredentialSso,
    ];
    codes.sort_by_key(|code| rank(*code));
    assert_eq!(
        codes,
        [
            Code::CredentialRevoked,
            Code::CredentialScope,
            Code::CredentialSso,
            Code::ForgeRateLimited,
            Code::ForgeTimeout,
        ]
    );
}
