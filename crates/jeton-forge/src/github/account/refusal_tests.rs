use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_outbound::Answer;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{Refusal, left_out, read};
use crate::{github::account::dialect::GitHubDialect, probe::Dialect as _};

type Headers<'a> = &'a [(&'static str, &'a str)];

fn answer(status: u16, headers: Headers<'_>, message: &str) -> Answer {
    let body = serde_json::json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
    raw(status, headers, &body.to_string())
}

fn raw(status: u16, headers: Headers<'_>, body: &str) -> Answer {
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

const SAML: &str = "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to this \
    organization.";
const IP: &str = "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list \
    enabled, and your IP address is not permitted to access this resource.";
const LIFETIME: &str = "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is \
    greater than 366 days. Please adjust your token's lifetime at the following URL: \
    https://github.com/settings/personal-access-tokens/12885303";
const LOCKED: &str = "Maximum number of login attempts exceeded. Please try again later.";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of all rows")]
fn every_row_is_read_as_what_it_is() {
    let sso_url = "https://github.com/orgs/acme/sso?authorization_request=A1B2";
    let sso = format!("required; url={sso_url}");
    let rows: &[(u16, Headers<'_>, &str, Refusal)] = &[
        (401, &[], "Bad credentials", Refusal::BadCredentials),
        (401, &[], "Requires authentication", Refusal::NoCredential),
        (
            401,
            &[("x-github-otp", "required; app")],
            "Must specify two-factor authentication OTP code.",
            Refusal::OneTimePassword,
        ),
        // in whatever words, it is GitHub that refuses
        (401, &[], "This token has expired.", Refusal::BadCredentials),
        (
            403,
            &[("x-github-sso", &sso)],
            SAML,
            Refusal::Sso {
                org: Some("acme".to_owned()),
                url: Some(sso_url.to_owned()),
            },
        ),
        (403, &[], SAML, Refusal::Sso { org: None, url: None }),
        (
            403,
            &[],
            IP,
            Refusal::IpAllowList {
                org: Some("acme".to_owned()),
            },
        ),
        (
            403,
            &[],
            LIFETIME,
            Refusal::Lifetime {
                whose: "organization",
                name: Some("acme".to_owned()),
                days: Some(366),
                url: Some("https://github.com/settings/personal-access-tokens/12885303".to_owned()),
            },
        ),
        (
            403,
            &[],
            "The 'big' enterprise forbids access via a personal access token (classic) if the token's lifetime is greater than 90 days.",
            Refusal::Lifetime {
                whose: "enterprise",
                name: Some("big".to_owned()),
                days: Some(90),
                url: None,
            },
        ),
        (
            403,
            &[],
            "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a personal access \
             token with fine-grained permissions.",
            Refusal::KindForbidden {
                org: Some("acme".to_owned()),
            },
        ),
        (
            403,
            &[],
            "`acme` forbids access via a personal access token with fine-grained permissions. Please use a GitHub App, or an OAuth App.",
            Refusal::KindForbidden {
                org: Some("acme".to_owned()),
            },
        ),
        (
            403,
            &[],
            "`acme` forbids access via a fine-grained personal access token. Please use a GitHub App.",
            Refusal::KindForbidden {
                org: Some("acme".to_owned()),
            },
        ),
        (403, &[], LOCKED, Refusal::LockedOut),
        (
            403,
            &[],
            "Sorry. Your account was suspended.",
            Refusal::AccountSuspended,
        ),
        (
            403,
            &[(
                "x-accepted-github-permissions",
                "pull_requests=read,contents=read; issues=read,contents=read",
            )],
            "Resource not accessible by personal access token",
            Refusal::Missing {
                wanted: vec![
                    vec!["pull_requests=read".to_owned(), "contents=read".to_owned()],
                    vec!["issues=read".to_owned(), "contents=read".to_owned()],
                ],
            },
        ),
        (
            403,
            &[],
            "Resource not accessible by personal access token",
            Refusal::Missing { wanted: Vec::new() },
        ),
        (
            403,
            &[
                ("x-oauth-scopes", "public_repo"),
                ("x-accepted-oauth-scopes", "admin:org"),
            ],
            "Must have admin rights to Repository.",
            Refusal::Missing {
                wanted: vec![vec!["admin:org".to_owned()]],
            },
        ),
        (
            403,
            &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "repo")],
            "Must have admin rights to Repository.",
            Refusal::Role,
        ),
        (
            404,
            &[("x-github-sso", &sso)],
            "Not Found",
            Refusal::Sso {
                org: Some("acme".to_owned()),
                url: Some(sso_url.to_owned()),
            },
        ),
        (404, &[], "Not Found", Refusal::NotVisible { wanted: Vec::new() }),
        (
            404,
            &[("x-oauth-scopes", "public_repo"), ("x-accepted-oauth-scopes", "repo")],
            "Not Found",
            Refusal::NotVisible {
                wanted: vec!["repo".to_owned()],
            },
        ),
        (
            404,
            &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "repo")],
            "Not Found",
            Refusal::NotVisible { wanted: Vec::new() },
        ),
        (403, &[], "Something new", Refusal::Other),
        (422, &[], "Validation Failed", Refusal::Other),
    ];
    for (status, headers, message, want) in rows {
        let answer = answer(*status, headers, message);
        assert_eq!(read(&answer), *want, "{message}");
        assert_eq!(GitHubDialect.limit(&answer, Timestamp::UNIX_EPOCH), None, "{message}");
        assert_eq!(GitHubDialect.words(&answer).as_deref(), Some(*message));
    }
}

#[test]
fn a_401_of_another_product_is_no_verdict() {
    for body in [
        r#"{"message":"401 Unauthorized"}"#,
        r#"{"message":"No API key","documentation_url":"https://docs.example.com/"}"#,
    ] {
        assert_eq!(read(&raw(401, &[], body)), Refusal::NotGitHub, "{body}");
    }
}

#[test]
fn a_limit_is_known_in_each_of_its_forms() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let at = |seconds: i64| (now.as_second() + seconds).to_string();
    let reset = at(90);
    let spent: [(&'static str, &str); 2] = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)];
    let page = r#"{"message":"slow down","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}"#;
    let old_page =
        r#"{"message":"slow down","documentation_url":"https://developer.github.com/v3/#abuse-rate-limits"}"#;
    let words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let rows: Vec<(Answer, i64)> = vec![
        (answer(403, &spent, "API rate limit exceeded for user ID 1."), 90),
        (answer(429, &spent, "API rate limit exceeded for user ID 1."), 90),
        (
            answer(403, &[("x-ratelimit-remaining", "0")], "API rate limit exceeded"),
            60,
        ),
        (answer(403, &[], "API rate limit exceeded for user ID 1."), 60),
        (answer(403, &[("retry-after", "7")], words), 7),
        (answer(429, &[("retry-after", "7")], words), 7),
        (answer(403, &[], words), 60),
        (raw(403, &[], page), 60),
        (raw(403, &[], old_page), 60),
        (raw(429, &[], "<html>too many</html>"), 60),
        (raw(429, &[], ""), 60),
    ];
    for (answer, wait) in rows {
        let limit = GitHubDialect
            .limit(&answer, now)
            .unwrap_or_else(|| panic!("{answer:?}"));
        assert_eq!(limit.retry_at.as_second() - now.as_second(), wait, "{answer:?}");
    }
    // the request that spends the budget may be refused for a reason of its own
    for message in [
        SAML,
        IP,
        LIFETIME,
        LOCKED,
        "Resource not accessible by personal access token",
    ] {
        assert_eq!(
            GitHubDialect.limit(&answer(403, &spent, message), now),
            None,
            "{message}"
        );
    }
    assert_eq!(GitHubDialect.limit(&answer(401, &spent, "Bad credentials"), now), None);
}

#[test]
fn what_is_not_githubs_has_no_words() {
    for body in [
        "",
        "<html>sign in</html>",
        "[]",
        "{}",
        r#"{"error":"404 Not Found"}"#,
        r#"{"message":{"a":1}}"#,
    ] {
        assert_eq!(GitHubDialect.words(&raw(403, &[], body)), None, "{body}");
    }
}

#[test]
fn names_that_would_bend_a_link_are_not_taken() {
    for name in ["../../evil", "a b", "<b>", "", "x?y", &"a".repeat(101)] {
        let message = IP.replace("acme", name);
        assert_eq!(
            read(&answer(403, &[], &message)),
            Refusal::IpAllowList { org: None },
            "{name}"
        );
    }
}

#[test]
fn organisations_that_were_left_out_are_listed() {
    let of = |value: &str| left_out(&raw(200, &[("x-github-sso", value)], "[]").headers);
    assert_eq!(
        of("partial-results; organizations=21955855,20582480"),
        [21_955_855, 20_582_480]
    );
    assert!(of("required; url=https://github.com/orgs/acme/sso").is_empty());
    assert!(of("partial-results; organizations=x,,").is_empty());
}
