use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_outbound::Answer;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{BitbucketDialect, Refusal};
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

fn error(message: &str) -> String {
    serde_json::json!({"type": "error", "error": {"message": message}}).to_string()
}

const REALM: [(&str, &str); 1] = [("www-authenticate", "Basic realm=\"Bitbucket.org HTTP\"")];

#[test]
fn the_401s_are_told_apart() {
    let rows = [
        (
            "Token is invalid, expired, or not supported for this endpoint.",
            Refusal::Unusable,
        ),
        (
            "Access token expired. Use your refresh token to obtain a new access token.",
            Refusal::Expired,
        ),
        ("Something new", Refusal::Unauthorized("Something new".to_owned())),
    ];
    for (message, want) in rows {
        assert_eq!(Refusal::of(&answer(401, &[], &error(message))), Some(want), "{message}");
    }
    let same_words = error("Token is invalid, expired, or not supported for this endpoint.");
    for body in ["", "<html>no</html>", &same_words] {
        assert_eq!(Refusal::of(&answer(401, &REALM, body)), Some(Refusal::WrongPair));
        assert!(BitbucketDialect.words(&answer(401, &REALM, body)).is_some());
    }
}

#[test]
fn a_403_tells_what_the_token_has() {
    let body = r#"{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.",
        "detail":{"required":["read:user:bitbucket"],"granted":["read:repository:bitbucket","write:repository:bitbucket"]}}}"#;
    let want = Refusal::Scope {
        required: vec!["read:user:bitbucket".to_owned()],
        granted: Some(vec![
            "read:repository:bitbucket".to_owned(),
            "write:repository:bitbucket".to_owned(),
        ]),
    };
    assert_eq!(Refusal::of(&answer(403, &[], body)), Some(want));
    let bare = error("Your credentials lack one or more required privilege scopes.");
    assert_eq!(
        Refusal::of(&answer(403, &[], &bare)),
        Some(Refusal::Scope {
            required: vec![],
            granted: None
        })
    );
    let other = Refusal::of(&answer(403, &[], &error("You may not have access to this repository")));
    assert!(matches!(other, Some(Refusal::Forbidden(_))), "{other:?}");
}

#[test]
fn a_route_that_was_taken_away_is_no_missing_repository() {
    let gone = error("CHANGE-2770 - Functionality has been deprecated");
    assert!(matches!(Refusal::of(&answer(410, &[], &gone)), Some(Refusal::Gone(_))));
    let missing = error("Repository acme/tools not found");
    assert!(matches!(
        Refusal::of(&answer(404, &[], &missing)),
        Some(Refusal::NotFound(_))
    ));
}

#[test]
fn what_is_not_bitbuckets_own_word_is_none() {
    for status in [401, 403, 404] {
        for body in [
            "<html>Sign in</html>",
            "",
            "{}",
            "[]",
            r#"{"error":"invalid_grant"}"#,
            r#"{"error":{}}"#,
        ] {
            assert_eq!(Refusal::of(&answer(status, &[], body)), None, "{status} {body}");
            assert_eq!(
                BitbucketDialect.words(&answer(status, &[], body)),
                None,
                "{status} {body}"
            );
        }
    }
    let proxy = answer(401, &[("www-authenticate", "Basic realm=\"office proxy\"")], "");
    assert_eq!(Refusal::of(&proxy), None);
}

#[test]
fn limits_are_waited_out_in_whatever_status_they_come() {
    let until = |status: u16, headers: &[(&'static str, &str)], body: &str| {
        let limit = BitbucketDialect.limit(&answer(status, headers, body), now());
        limit.map(|limit| limit.retry_at.to_string())
    };
    let words = "Rate limit for this resource has been exceeded.";
    assert_eq!(
        until(429, &[("retry-after", "30")], words).as_deref(),
        Some("2026-06-01T12:00:30Z")
    );
    assert_eq!(until(429, &[], &error(words)).as_deref(), Some("2026-06-01T12:05:00Z"));
    assert_eq!(until(403, &[], &error(words)).as_deref(), Some("2026-06-01T12:05:00Z"));
    assert_eq!(until(403, &[], &error("Your credentials lack scopes")), None);
    assert_eq!(until(401, &[], &error(words)), None);
}
