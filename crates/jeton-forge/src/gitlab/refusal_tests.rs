use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::Validity;
use jeton_outbound::Answer;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{GitLabDialect, Refusal};
use crate::probe::Dialect as _;

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    Answer {
        status,
        headers,
        body: Zeroizing::new(body.as_bytes().to_vec()),
    }
}

fn read(status: u16, body: &str) -> Refusal {
    Refusal::of(&answer(status, &[], body)).unwrap()
}

fn oauth(what: &str) -> String {
    format!(r#"{{"error":"invalid_token","error_description":"{what}"}}"#)
}

/// The 401s of `lib/api/api_guard.rb`, word for word.
#[test]
fn gitlab_says_why_it_refuses_a_token() {
    let rows = [
        (r#"{"message":"401 Unauthorized"}"#.to_owned(), Refusal::Unknown),
        (
            oauth("Token is expired. You can either do re-authorization or token refresh."),
            Refusal::Expired,
        ),
        (
            oauth("Token was revoked. You have to re-authorize from the user."),
            Refusal::Revoked,
        ),
        (
            oauth("Token is an impersonation token but impersonation was disabled."),
            Refusal::Impersonation,
        ),
        (
            r#"{"error":"dpop_error","error_description":"DPoP header is missing"}"#.to_owned(),
            Refusal::Proof,
        ),
    ];
    for (body, want) in rows {
        let found = read(401, &body);
        assert_eq!(found, want, "{body}");
        assert_eq!(found.validity(), Validity::Invalid, "{body}");
    }
}

#[test]
fn a_missing_scope_is_named_and_proves_that_the_token_lives() {
    let body = r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}"#;
    let found = read(403, body);
    assert_eq!(found, Refusal::Scope(vec!["api".to_owned(), "read_api".to_owned()]));
    assert_eq!(found.validity(), Validity::Valid);
}

#[test]
fn other_refusals_say_nothing_of_the_token() {
    let rows = [
        (403, r#"{"message":"403 Forbidden - Your account has been blocked."}"#),
        (404, r#"{"message":"404 Project Not Found"}"#),
        (400, r#"{"error":"expires_at is invalid"}"#),
        (400, r#"{"message":{"expires_at":["must expire in 365 days"]}}"#),
        (405, r#"{"message":"405 Method Not Allowed"}"#),
        // gateways and sign-in proxies
        (401, r#"{"message":"Unauthorized"}"#),
        (401, r#"{"message":"No API key found in request"}"#),
        (401, r#"{"error":"login_required"}"#),
        (
            401,
            r#"{"error":"session","error_description":"Your session has expired"}"#,
        ),
        (418, r#"{"message":"odd"}"#),
    ];
    for (status, body) in rows {
        assert_eq!(read(status, body).validity(), Validity::Unknown, "{body}");
    }
    let oauth = r#"{"message":"400 Bad request - This endpoint requires token type to be a personal access token"}"#;
    assert_eq!(read(400, oauth), Refusal::WrongKind);
}

#[test]
fn what_is_not_gitlabs_own_word_is_none() {
    for status in [401, 403, 404] {
        for body in [
            "<html>Sign in</html>",
            "",
            "{}",
            "[]",
            "null",
            "\"no\"",
            "{\"message\":null}",
        ] {
            let found = answer(status, &[], body);
            assert_eq!(Refusal::of(&found), None, "{status} {body}");
            assert_eq!(GitLabDialect.words(&found), None, "{status} {body}");
        }
    }
}

#[test]
fn both_throttles_are_waited_out() {
    let until = |headers: &[(&'static str, &str)], body: &str| {
        let limit = GitLabDialect.limit(&answer(429, headers, body), now()).unwrap();
        limit.retry_at.to_string()
    };
    let json = r#"{"message":{"error":"This endpoint has been requested too many times. Try again later."}}"#;
    assert_eq!(until(&[("retry-after", "30")], "Retry later\n"), "2026-06-01T12:00:30Z");
    assert_eq!(until(&[], json), "2026-06-01T12:01:00Z");
    let reset = now().as_second() + 42;
    assert_eq!(
        until(&[("ratelimit-reset", &reset.to_string())], json),
        "2026-06-01T12:00:42Z"
    );
    for odd in ["0", "99999999999", "soon"] {
        assert_eq!(
            until(&[("ratelimit-reset", odd)], json),
            "2026-06-01T12:01:00Z",
            "{odd}"
        );
    }
    assert!(
        GitLabDialect
            .limit(&answer(403, &[("retry-after", "30")], json), now())
            .is_none()
    );
}

#[test]
fn words_are_redacted() {
    let token = format!("{}-{}", "glpat", "abcdefghij0123456789");
    let found = read(404, &format!(r#"{{"message":"404 {token} Not Found"}}"#));
    assert_eq!(found, Refusal::NotFound("404 [redacted] Not Found".to_owned()));
}
