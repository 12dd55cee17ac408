//! Against a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{Clock as _, Code, Validity};
use jeton_forge::{AccountForge as _, CheckAsk, GitLabAccounts, HttpOptions, Rotated};
use jiff::civil::date;

use super::{credential, finding, outbound};
use crate::{raw::answer_each, world::TestClock};

fn accounts() -> GitLabAccounts {
    GitLabAccounts::new(outbound(HttpOptions::default()))
}

/// The base URL: the helper was made for another forge.
fn base(url: &str) -> String {
    url.replace("/api/v3", "/lab")
}

const SELF: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
    {\"id\":4,\"revoked\":false,\"scopes\":[\"read_api\"],\"user_id\":3,\"active\":true,\"expires_at\":null}";
const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"404 Project Not Found\"}";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"403 Forbidden\"}";

#[tokio::test]
async fn a_request_carries_the_token_in_its_header_alone_and_the_path_encoded() {
    let (url, server) = answer_each(&[SELF, FORBIDDEN, FORBIDDEN, NOT_FOUND]).await;
    let ask = CheckAsk {
        repository: Some(jeton_domain::RepoPath::parse(jeton_domain::ForgeKind::GitLab, "acme/sub/tools").unwrap()),
        ..CheckAsk::default()
    };
    let report = accounts()
        .check(&credential(&base(&url), "s3cret"), &ask, TestClock::new().now())
        .await;
    assert_eq!(report.validity, Validity::Valid);
    finding(&report, Code::CredentialNotVisible);
    let requests = server.await.unwrap();
    for request in &requests {
        assert!(
            request.contains("private-token: s3cret\r\n") && request.contains("accept: application/json"),
            "{request}"
        );
        assert_eq!(request.matches("s3cret").count(), 1);
    }
    assert!(
        requests[0].starts_with("GET /lab/api/v4/personal_access_tokens/self HTTP/1.1"),
        "{}",
        requests[0]
    );
    assert!(
        requests[3].starts_with("GET /lab/api/v4/projects/acme%2Fsub%2Ftools HTTP/1.1"),
        "{}",
        requests[3]
    );
}

/// A sign-in page, a proxy's refusal and the plain throttle: none is GitLab's word on the token.
#[tokio::test]
async fn pages_for_people_are_no_verdict() {
    for (response, code) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>Sign in</html>",
            Code::ForgeGarbled,
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://sso.example/login\r\nconnection: close\r\n\r\n",
            Code::ForgeGarbled,
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"office\"\r\nconnection: close\r\n\r\n<html>no</html>",
            Code::ForgeGarbled,
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n<html>blocked by the firewall</html>",
            Code::ForgeGarbled,
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"message\":\"No API key found in request\"}",
            Code::ForgeForbidden,
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nconnection: close\r\n\r\nCome back later, friend\n",
            Code::ForgeRateLimited,
        ),
    ] {
        let (url, server) = answer_each(&[response]).await;
        let report = accounts()
            .check(
                &credential(&base(&url), "s3cret"),
                &CheckAsk::default(),
                TestClock::new().now(),
            )
            .await;
        server.await.unwrap();
        assert_eq!(report.validity, Validity::Unknown, "{response}");
        let found = finding(&report, code);
        if code == Code::ForgeGarbled {
            assert!(
                found.remedy.contains("base URL") && found.remedy.contains("/lab/"),
                "{}",
                found.remedy
            );
        }
    }
}

#[tokio::test]
async fn a_success_without_a_new_token_is_no_success() {
    for body in [
        "{\"id\":1}",
        "{\"token\":\"\"}",
        "{\"token\":null}",
        "{\"token\":\"s3cret\"}",
        "{\"token\":\"two words\"}",
        "[]",
    ] {
        let response: &'static str = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").leak();
        let (url, server) = answer_each(&[response]).await;
        let found = accounts()
            .rotate(
                &credential(&base(&url), "s3cret"),
                Some(date(2026, 12, 1)),
                TestClock::new().now(),
            )
            .await;
        assert!(matches!(found, Rotated::Unclear(_)), "{body}: {found:?}");
        let request = server.await.unwrap().remove(0);
        assert!(
            request.starts_with("POST /lab/api/v4/personal_access_tokens/self/rotate?expires_at=2026-12-01 HTTP/1.1"),
            "{request}"
        );
    }
}

/// None of these is GitLab's own word that it did nothing; the last may be its answer to a request that a proxy sent twice.
#[tokio::test]
async fn a_refusal_in_other_words_leaves_a_renewal_open() {
    for response in [
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n<html>blocked by the firewall</html>",
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"message\":\"No API key found in request\"}",
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"error\":\"invalid_token\",\"error_description\":\"Token was \
         revoked. You have to re-authorize from the user.\"}",
    ] {
        let (url, server) = answer_each(&[response]).await;
        let found = accounts()
            .rotate(&credential(&base(&url), "s3cret"), None, TestClock::new().now())
            .await;
        server.await.unwrap();
        assert!(matches!(found, Rotated::Unclear(_)), "{response}: {found:?}");
    }
}

/// Names are bounded and cleaned, and only a link to this GitLab is shown as one.
#[tokio::test]
async fn what_a_list_says_is_made_fit_to_show() {
    let response = "HTTP/1.1 200 OK\r\nconnection: close\r\nlink: <https://x.example/?id_after=7>; rel=\"next\"\r\n\r\n\
        [{\"id\":7,\"path_with_namespace\":\"acme/\\u202etools\",\"default_branch\":\"ma\\u001bin\",\"web_url\":\"https://evil.example/acme\"}]";
    let (url, server) = answer_each(&[response]).await;
    let page = accounts()
        .list_repositories(
            &credential(&base(&url), "s3cret"),
            Some("id_after=7"),
            20,
            TestClock::new().now(),
        )
        .await
        .unwrap();
    server.await.unwrap();
    let one = &page.repositories[0];
    assert!(!one.path.contains('\u{202e}') && one.web_url.is_none(), "{one:?}");
    assert!(!one.default_branch.as_deref().unwrap().contains('\u{1b}'));
    assert_eq!(page.next, None, "a page that leads to itself is the last");
}

#[tokio::test]
async fn a_new_token_may_be_written_with_escapes_and_without_an_end() {
    let response =
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\":\"n\\u0065w-t0ken\",\"expires_at\":null}";
    let (url, server) = answer_each(&[response]).await;
    let found = accounts()
        .rotate(&credential(&base(&url), "s3cret"), None, TestClock::new().now())
        .await;
    server.await.unwrap();
    let Rotated::Renewed { token, end } = found else {
        panic!("{found:?}");
    };
    assert_eq!((token.expose(), end), ("new-t0ken", jeton_domain::TokenEnd::Never));
}
