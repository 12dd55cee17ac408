use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::{Code, CredentialKind, FilePath, RefName};
use jeton_outbound::{Answer, OutboundError};
use jiff::Timestamp;

use super::{Failing, LARGEST};
use crate::{
    content::ReadError,
    github::content::{test_place::Spot, words::Sought},
};

const DOCS: &str = "https://docs.github.com/rest";

fn answer(status: u16, message: &str, headers: &[(&'static str, &str)]) -> Answer {
    let body = format!(r#"{{"message":"{message}","documentation_url":"{DOCS}","status":"{status}"}}"#);
    raw(status, &body, headers)
}

fn raw(status: u16, body: &str, headers: &[(&'static str, &str)]) -> Answer {
    Answer {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect::<HeaderMap>(),
        body: body.as_bytes().to_vec().into(),
    }
}

/// What it is in `resolve` of `nope`, and in `open` of `src/a b.rs`.
fn both(spot: &Spot, answer: &Answer) -> [ReadError; 2] {
    let at = spot.place();
    let name = RefName::parse("nope").unwrap();
    let (commit, path) = ("1".repeat(40).parse().unwrap(), FilePath::parse("src/a b.rs").unwrap());
    [Sought::Name(Some(&name)), Sought::Path(&commit, &path)].map(|sought| Failing { at: &at, sought }.refused(answer))
}

fn spots() -> [Spot; 4] {
    [
        Spot::new(),
        Spot::with(CredentialKind::GitHubInstallation),
        Spot::with(CredentialKind::GitHubFineGrained),
        Spot::with(CredentialKind::GitHubClassic),
    ]
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The name of the kind of failure, and the code of what people read.
fn kind(error: &ReadError) -> (&'static str, Option<Code>) {
    match error {
        ReadError::NotFound(found) => ("not found", Some(found.code)),
        ReadError::NoSuchName(found) => ("no such name", Some(found.code)),
        ReadError::Unauthorized(found) => ("unauthorized", Some(found.code)),
        ReadError::Forbidden(found) => ("forbidden", Some(found.code)),
        ReadError::Limited { diagnosis, .. } => ("limited", Some(diagnosis.code)),
        ReadError::Down(found) => ("down", Some(found.code)),
        ReadError::Garbled(found) => ("garbled", Some(found.code)),
        ReadError::Empty => ("empty", None),
        ReadError::TooLarge { .. } => ("too large", None),
        ReadError::Moved { .. } => ("moved", None),
    }
}

#[test]
fn a_limit_is_a_limit_whoever_asks_and_whatever_for() {
    let reset = ("x-ratelimit-reset", "1780315290"); // 90 seconds from now
    for (status, headers) in [
        (403, vec![("x-ratelimit-remaining", "0"), reset]),
        (429, vec![("x-ratelimit-remaining", "0"), reset]),
        (403, vec![("retry-after", "90"), ("x-ratelimit-remaining", "17")]),
        (429, vec![("retry-after", "90")]),
    ] {
        for spot in spots() {
            for error in both(&spot, &answer(status, "Slow down", &headers)) {
                let ReadError::Limited {
                    until,
                    object_only: false,
                    diagnosis,
                } = error
                else {
                    panic!("{headers:?}: {error:?}")
                };
                assert_eq!(
                    (until, diagnosis.code),
                    (at("2026-06-01T12:01:30Z"), Code::ForgeRateLimited)
                );
                assert_eq!(diagnosis.retry_at, Some(until));
            }
        }
    }
    let [error, _] = both(
        &Spot::new(),
        &answer(403, "x", &[("x-ratelimit-remaining", "0"), reset]),
    );
    assert!(error.to_string().contains("without a token"), "{error}");
    let secondary = answer(403, "You have exceeded a secondary rate limit", &[]);
    for error in both(&Spot::new(), &secondary) {
        assert!(
            matches!(error, ReadError::Limited { until, .. } if until == at("2026-06-01T12:01:00Z")),
            "{error:?}"
        );
    }
}

#[test]
fn a_dead_token_is_told_from_one_that_may_not() {
    let person = Spot::with(CredentialKind::GitHubClassic);
    let app = Spot::with(CredentialKind::GitHubInstallation);
    let said = |spot: &Spot, status, message| kind(&both(spot, &answer(status, message, &[]))[1]);
    for spot in [&person, &app] {
        assert_eq!(
            said(spot, 401, "Bad credentials"),
            ("unauthorized", Some(Code::CredentialInvalid))
        );
        for (message, code) in [
            ("Resource not accessible by integration", Code::CredentialScope),
            (
                "Resource not accessible by personal access token",
                Code::CredentialScope,
            ),
            (
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow \
                 list enabled, and your IP address is not permitted to access this resource.",
                Code::CredentialIp,
            ),
            ("Repository access blocked", Code::ForgeForbidden),
        ] {
            assert_eq!(said(spot, 403, message), ("forbidden", Some(code)), "{message}");
        }
        assert_eq!(
            said(spot, 403, "Maximum number of login attempts exceeded."),
            ("limited", Some(Code::CredentialLocked))
        );
        assert_eq!(
            said(spot, 451, "Repository access blocked"),
            ("forbidden", Some(Code::ForgeForbidden))
        );
    }
    let lifetime = "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is \
                    greater than 366 days.";
    assert_eq!(
        said(&person, 403, lifetime),
        ("forbidden", Some(Code::CredentialLifetime))
    );
    assert_eq!(
        said(&app, 403, "This installation has been suspended"),
        ("forbidden", Some(Code::ForgeForbidden))
    );
    // something on the way takes the token, which is no fault of the token's
    assert_eq!(
        said(&person, 401, "Requires authentication"),
        ("garbled", Some(Code::ForgeGarbled))
    );
    assert_eq!(
        said(&Spot::new(), 401, "Requires authentication"),
        ("unauthorized", Some(Code::ForgeForbidden))
    );
    // what single sign-on protects is at times hidden
    let sso = [(
        "x-github-sso",
        "required; url=https://github.com/orgs/acme/sso?authorization_request=x",
    )];
    for status in [403, 404] {
        let found = both(
            &person,
            &answer(status, "Resource protected by organization SAML enforcement.", &sso),
        );
        assert_eq!(kind(&found[0]), ("forbidden", Some(Code::CredentialSso)));
    }
    // the request that spent the budget may be refused for its own reason
    let last = answer(
        403,
        "Resource not accessible by integration",
        &[("x-ratelimit-remaining", "0")],
    );
    assert_eq!(kind(&both(&app, &last)[1]).0, "forbidden");
}

#[test]
fn what_is_not_there_is_said_of_what_was_asked_for() {
    for (spot, code) in spots().iter().zip([
        Code::ContentRepositoryNotFound,
        Code::CredentialNotVisible,
        Code::CredentialNotVisible,
        Code::CredentialNotVisible,
    ]) {
        let [name, path] = both(spot, &answer(404, "Not Found", &[]));
        assert_eq!(kind(&name), ("not found", Some(code)));
        assert_eq!(kind(&path), ("not found", Some(Code::ContentPathNotFound)));
        assert!(name.to_string().contains("acme/tools"), "{name}");
        assert!(path.to_string().contains("`src/a b.rs`"), "{path}");
        for (status, message) in [
            (404, "No commit found for the ref nope"),
            (422, "No commit found for SHA: nope"),
        ] {
            let [name, path] = both(spot, &answer(status, message, &[]));
            assert_eq!(kind(&name), ("no such name", Some(Code::ContentRefNotFound)));
            assert_eq!(kind(&path), ("not found", Some(Code::ContentPathNotFound)));
        }
    }
}

#[test]
fn states_of_the_repository_and_of_the_file_have_kinds_of_their_own() {
    let spot = Spot::new();
    let found = |answer: Answer| kind(&both(&spot, &answer)[1]).0;
    assert_eq!(found(answer(409, "Git Repository is empty.", &[])), "empty");
    assert_eq!(found(answer(409, "Conflict", &[])), "down");
    let words = "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API";
    let coded = r#"{"message":"no","errors":[{"resource":"Blob","field":"data","code":"too_large"}]}"#;
    for large in [
        answer(403, words, &[]),
        raw(403, coded, &[("x-ratelimit-remaining", "0")]),
    ] {
        let [_, error] = both(&spot, &large);
        assert_eq!(error, ReadError::TooLarge { limit: LARGEST });
    }
}

#[test]
fn what_is_not_githubs_word_is_no_verdict() {
    for spot in spots() {
        for (status, body, headers, expected) in [
            (500, "", vec![], "down"),
            (502, "<html>bad gateway</html>", vec![], "down"),
            (503, r#"{"message":"x"}"#, vec![("retry-after", "30")], "down"),
            (408, "", vec![], "down"),
            (401, "<html>proxy</html>", vec![], "garbled"),
            (401, r#"{"message":"401 Unauthorized"}"#, vec![], "garbled"),
            (403, "", vec![], "garbled"),
            (404, "<html>not here</html>", vec![], "garbled"),
            (407, "", vec![], "garbled"),
            (400, r#"{"message":"Problems"}"#, vec![], "garbled"),
            (410, r#"{"message":"Gone"}"#, vec![], "garbled"),
            (302, "", vec![("location", "https://evil.example/")], "garbled"),
            (304, "", vec![], "garbled"),
        ] {
            for error in both(&spot, &raw(status, body, &headers)) {
                assert_eq!(kind(&error).0, expected, "{status} {body}");
            }
        }
    }
}

#[test]
fn an_answer_that_does_not_come_is_a_forge_that_is_down() {
    let spot = Spot::new();
    let place = spot.place();
    let failing = Failing {
        at: &place,
        sought: Sought::Name(None),
    };
    for (error, expected) in [
        (OutboundError::Timeout, "down"),
        (OutboundError::Cut("x".to_owned()), "down"),
        (OutboundError::Unreachable("x".to_owned()), "down"),
        (OutboundError::BodyTooLarge { status: 200, limit: 7 }, "garbled"),
    ] {
        assert_eq!(kind(&failing.unanswered(&error)).0, expected, "{error:?}");
    }
}
