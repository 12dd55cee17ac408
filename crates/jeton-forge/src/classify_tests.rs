use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::{Code, Coded as _};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{classify, is_about_the_clock};
use crate::{ForgeError, Unprocessable, http_client::Answer};

/// The example date of RFC 9110, and its second.
const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
const DATE_SECOND: i64 = 784_111_777;

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

fn message(text: &str) -> String {
    serde_json::json!({"message": text, "documentation_url": "https://docs.github.com/rest", "status": "403"})
        .to_string()
}

fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> ForgeError {
    classify(
        &answer(status, headers, body),
        Timestamp::from_second(DATE_SECOND).unwrap(),
    )
}

const SPENT: (&str, &str) = ("x-ratelimit-remaining", "0");

const PERMISSIONS: &str = "The permissions requested are not granted to this installation.";
const REPOSITORIES: &str =
    "There is at least one repository that does not exist or is not accessible to the parent installation.";
const IP: &str = "Although you appear to have the correct authorization credentials, the `acme` organization has an IP \
    allow list enabled, and your IP address is not permitted to access this resource.";

/// Status, headers, body; code, and whether waiting may help.
type Row = (u16, &'static [(&'static str, &'static str)], String, Code, bool);

#[test]
fn every_row_has_its_code_and_its_patience() {
    let html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    let rows: &[Row] = &[
        (401, &[], message("Bad credentials"), Code::AppKeyRejected, false),
        (
            401,
            &[],
            message("A JSON web token could not be decoded"),
            Code::AppKeyRejected,
            false,
        ),
        (401, &[], String::new(), Code::AppKeyRejected, false),
        (
            403,
            &[],
            message("Resource not accessible by integration"),
            Code::ForgeForbidden,
            false,
        ),
        (403, &[], message(IP), Code::ForgeForbidden, false),
        (
            403,
            &[],
            message("This installation has been suspended"),
            Code::InstallationSuspended,
            false,
        ),
        (
            403,
            &[SPENT],
            message("This installation has been suspended"),
            Code::InstallationSuspended,
            false,
        ),
        (403, &[], html.to_owned(), Code::ForgeForbidden, false),
        (
            403,
            &[SPENT],
            message("API rate limit exceeded"),
            Code::ForgeRateLimited,
            true,
        ),
        (403, &[SPENT], html.to_owned(), Code::ForgeRateLimited, true),
        (
            403,
            &[("retry-after", "7")],
            message("slow down"),
            Code::ForgeRateLimited,
            true,
        ),
        (429, &[], String::new(), Code::ForgeRateLimited, true),
        (404, &[], message("Integration not found"), Code::AppKeyRejected, false),
        (404, &[], message("Not Found"), Code::AppNotInstalled, false),
        (404, &[], html.to_owned(), Code::ForgeGarbled, true),
        (404, &[], String::new(), Code::ForgeGarbled, true),
        (408, &[], String::new(), Code::ForgeTimeout, true),
        (410, &[], message("Gone"), Code::ForgeGarbled, true),
        (422, &[], message(PERMISSIONS), Code::PermissionNotGranted, false),
        (422, &[], message(REPOSITORIES), Code::AppNotInstalled, false),
        (422, &[], message("Validation Failed"), Code::ForgeUnprocessable, false),
        (
            400,
            &[],
            message("Problems parsing JSON"),
            Code::ForgeUnprocessable,
            false,
        ),
        (
            451,
            &[],
            message("Repository access blocked"),
            Code::ForgeUnprocessable,
            false,
        ),
        (500, &[], message("Server Error"), Code::ForgeUnavailable, true),
        (502, &[], html.to_owned(), Code::ForgeUnavailable, true),
        (503, &[], String::new(), Code::ForgeUnavailable, true),
        (301, &[], String::new(), Code::ForgeGarbled, true),
        (304, &[], String::new(), Code::ForgeGarbled, true),
        (399, &[], String::new(), Code::ForgeGarbled, true),
        (204, &[], String::new(), Code::ForgeGarbled, true),
    ];
    for (status, headers, body, code, transient) in rows {
        let error = error(*status, headers, body);
        assert_eq!(error.code(), *code, "{status} {body}");
        assert_eq!(error.is_transient(), *transient, "{status} {body}");
        assert!(
            error
                .remedy()
                .is_some_and(|remedy| remedy.ends_with('.') || remedy.ends_with(").")),
            "{error}"
        );
    }
}

fn wait(status: u16, headers: &[(&'static str, &str)], body: &str) -> (bool, u64) {
    match error(status, headers, body) {
        ForgeError::RateLimited {
            primary, retry_after, ..
        } => (primary, retry_after.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_name_their_kind_and_their_end() {
    let reset = (DATE_SECOND + 90).to_string();
    assert_eq!(
        wait(
            403,
            &[SPENT, DATE, ("x-ratelimit-reset", &reset)],
            &message("API rate limit exceeded")
        ),
        (true, 90)
    );
    assert_eq!(wait(429, &[SPENT, ("retry-after", "20")], ""), (true, 20));
    assert_eq!(wait(429, &[SPENT], ""), (true, 60));
    let far = (DATE_SECOND + 999_999).to_string();
    assert_eq!(wait(403, &[SPENT, DATE, ("x-ratelimit-reset", &far)], ""), (true, 3600));
    assert_eq!(wait(403, &[SPENT, DATE, ("x-ratelimit-reset", "0")], ""), (true, 1));

    assert_eq!(wait(403, &[("retry-after", "20")], &message("abuse")), (false, 20));
    assert_eq!(
        wait(429, &[DATE, ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], ""),
        (false, 30)
    );
    assert_eq!(wait(429, &[], ""), (false, 60));
    assert_eq!(
        wait(403, &[], &message("You have exceeded a secondary rate limit.")),
        (false, 60)
    );
    for page in [
        "https://docs.github.com/rest/using#about-secondary-rate-limits",
        "https://docs.github.com/rest#abuse-rate-limits",
    ] {
        let body = serde_json::json!({"message": "wait", "documentation_url": page}).to_string();
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "17")], &body), (false, 60));
    }
}

#[test]
fn a_failing_server_may_ask_for_patience() {
    let busy = error(503, &[("retry-after", "12")], "");
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(12)));
    assert_eq!(error(502, &[], "").retry_after(), None);
    assert_eq!(error(502, &[], "<html>").said().unwrap().message, None);
}

#[test]
fn its_words_and_request_id_are_kept() {
    let body = r#"{"message":"Validation Failed","errors":["name is odd"],"status":"422"}"#;
    let error = error(422, &[("x-github-request-id", "ABCD:1234")], body);
    let said = error.said().unwrap();
    assert_eq!(said.message.as_deref(), Some(r#"Validation Failed ["name is odd"]"#));
    assert_eq!(said.request_id.as_deref(), Some("ABCD:1234"));
    assert_eq!(said.status, 422);
    assert!(error.to_string().contains("request ABCD:1234"));
    assert!(matches!(
        error,
        ForgeError::Unprocessable {
            about: Unprocessable::Other,
            ..
        }
    ));
}

#[test]
fn planted_secrets_show_nowhere() {
    let token = format!(
        "ghs_{}_{}",
        7,
        ["eyJhbGciOiJSUzI1NiJ9", "eyJpc3MiOiJnIn0xxxx", "c2lnbmF0dXJl"].join(".")
    );
    let old = format!("ghp_{}", "a1B2".repeat(9));
    let words = message(&format!("token {token} and {old} refused\u{1b}[2J"));
    for status in [400, 401, 403, 404, 422, 429, 500, 503] {
        let id = old.clone();
        let error = error(status, &[("x-github-request-id", &id)], &words);
        let shown = format!("{error} {error:?} {:?} {:?}", error.remedy(), error.said());
        assert!(!shown.contains("c2lnbmF0dXJl") && !shown.contains("a1B2"), "{shown}");
        assert!(shown.contains("[redacted]") && !shown.contains('\u{1b}'), "{shown}");
    }
    let long = error(422, &[], &message(&"long ".repeat(10_000)));
    assert!(long.to_string().len() < 400);
}

#[test]
fn clock_messages_are_told_from_bad_keys() {
    let clock = |status, text: &str| is_about_the_clock(&answer(status, &[], &message(text)));
    assert!(clock(401, "'Expiration time' claim ('exp') is too far in the future"));
    assert!(clock(
        401,
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
    ));
    assert!(!clock(401, "A JSON web token could not be decoded"));
    assert!(!clock(401, "Bad credentials"));
    assert!(!clock(422, "'Expiration time' claim ('exp') is too far in the future"));
}
