//! Answers that no simulator would give.

use jeton_domain::{Code, Credential, CredentialKind, ForgeEndpoint, ForgeKind, ObjectId, RefName, Secret};
use jeton_forge::{
    HttpOptions,
    content::{ContentForges, ListAsk, Place, ReadError, Resolved},
};

use super::{kind, outbound, path, read, repository};
use crate::raw::answer_each;

struct Raw {
    content: ContentForges,
    forge: ForgeEndpoint,
    credential: Option<Credential>,
    repository: jeton_domain::RepoPath,
}

impl Raw {
    fn new(api_url: &str) -> Self {
        let forge = ForgeEndpoint::github(api_url).unwrap();
        Self {
            content: ContentForges::new(outbound(HttpOptions::default())),
            credential: Some(Credential {
                kind: CredentialKind::GitHubInstallation,
                forge: forge.clone(),
                token: Secret::new(["ghs_", &"p1anted".repeat(6)].concat()),
                username: None,
                email: None,
            }),
            forge,
            repository: repository("acme/tools"),
        }
    }

    fn at(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: self.credential.as_ref(),
            now: "2026-06-01T12:00:00Z".parse().unwrap(),
        }
    }

    fn github(&self) -> &dyn jeton_forge::content::ContentForge {
        self.content.of(ForgeKind::GitHub)
    }
}

fn ok(body: &str) -> &'static str {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").leak()
}

fn commit() -> ObjectId {
    "ab".repeat(20).parse().unwrap()
}

#[tokio::test]
async fn a_request_carries_what_github_wants_and_the_path_in_pieces() {
    let (url, server) = answer_each(&[ok("[]"), ok("x")]).await;
    let r = Raw::new(&url);
    let odd = path("a b/c#?%20+\"ü\".rs");
    let opened = r.github().open(&r.at(), &commit(), &odd).await;
    assert!(opened.answer.is_ok());
    let blob = r.github().blob(&r.at(), &commit(), &odd, Some(&commit())).await;
    assert_eq!(read(blob.answer.unwrap()).await.unwrap(), b"x");
    let requests = server.await.unwrap();
    let id = commit();
    let lines = [
        format!("GET /api/v3/repos/acme/tools/contents/a%20b/c%23%3F%2520%2B%22%C3%BC%22.rs?ref={id} HTTP/1.1\r\n"),
        format!("GET /api/v3/repos/acme/tools/git/blobs/{id} HTTP/1.1\r\n"),
    ];
    let forms = ["application/vnd.github.object+json", "application/vnd.github.raw+json"];
    for ((request, line), form) in requests.iter().zip(&lines).zip(forms) {
        assert!(request.starts_with(line.as_str()), "{request}");
        for header in [
            "authorization: Bearer ghs_p1anted",
            "x-github-api-version: 2022-11-28",
            "user-agent: jeton/",
        ] {
            assert!(request.contains(header), "{header} in {request}");
        }
        assert!(request.contains(&format!("accept: {form}\r\n")), "{request}");
        assert!(!request.to_ascii_lowercase().contains("\r\nrange:"), "{request}");
        assert!(!request.to_ascii_lowercase().contains("accept-encoding"), "{request}");
    }
}

#[tokio::test]
async fn nobody_sends_no_authorization_and_a_token_of_another_forge_is_not_sent() {
    let (url, server) = answer_each(&[ok("[]")]).await;
    let mut r = Raw::new(&url);
    r.credential = r.credential.map(|credential| Credential {
        forge: ForgeEndpoint::github_com(),
        ..credential
    });
    // the only answer is left for the next question
    assert_eq!(kind(r.github().resolve(&r.at(), None, None).await.answer), "forbidden");
    r.credential = None;
    assert_eq!(
        r.github().resolve(&r.at(), None, None).await.answer,
        Err(ReadError::Empty)
    );
    let request = server.await.unwrap().remove(0);
    assert!(
        request.starts_with("GET /api/v3/repos/acme/tools/commits?per_page=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(!request.to_ascii_lowercase().contains("authorization"), "{request}");
}

#[tokio::test]
async fn what_lies_is_garbled() {
    let id = commit().to_string();
    for body in [
        "[{}]".to_owned(),
        "[{\"sha\":\"main\",\"commit\":{\"message\":\"\"}}]".to_owned(),
        format!("[{{\"sha\":\"{id}\",\"commit\":{{\"message\":\"\",\"tree\":{{\"sha\":\"../x\"}}}}}}]"),
        format!("{{\"sha\":\"{id}\"}}"),
        "<html>please sign in</html>".to_owned(),
    ] {
        let (url, _server) = answer_each(&[ok(&body)]).await;
        let r = Raw::new(&url);
        assert_eq!(
            kind(r.github().resolve(&r.at(), None, None).await.answer),
            "garbled",
            "{body}"
        );
    }
    for entry in [
        format!("{{\"path\":\"a\",\"mode\":\"100644\",\"type\":\"blob\",\"sha\":\"{id}x\"}}"),
        format!("{{\"path\":7,\"mode\":\"100644\",\"type\":\"blob\",\"sha\":\"{id}\"}}"),
    ] {
        let (url, _server) = answer_each(&[ok(&format!("{{\"tree\":[{entry}]}}"))]).await;
        let r = Raw::new(&url);
        let (commit, root) = (commit(), path(""));
        let ask = ListAsk {
            commit: &commit,
            directory: &root,
            tree: None,
            deep: true,
            page: None,
        };
        assert_eq!(kind(r.github().list(&r.at(), &ask).await.answer), "garbled", "{entry}");
    }
}

#[tokio::test]
async fn what_is_no_file_does_not_come_as_one() {
    for response in [
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-range: bytes 0-0/9\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html>please sign in</html>",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\n\r\n{}",
        "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: https://evil.example/x\r\n\r\n",
    ] {
        let (url, _server) = answer_each(&[response]).await;
        let r = Raw::new(&url);
        let told = r.github().blob(&r.at(), &commit(), &path("a"), Some(&commit())).await;
        assert_eq!(kind(told.answer), "garbled", "{response}");
    }
    let huge = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 999999999999\r\n\r\nx";
    let (url, _server) = answer_each(&[huge]).await;
    let r = Raw::new(&url);
    let told = r.github().blob(&r.at(), &commit(), &path("a"), Some(&commit())).await;
    assert_eq!(kind(told.answer), "too large");
    let short = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nx";
    let (url, _server) = answer_each(&[short]).await;
    let r = Raw::new(&url);
    let told = r.github().blob(&r.at(), &commit(), &path("a"), Some(&commit())).await;
    assert!(read(told.answer.unwrap()).await.is_err());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_new_name_is_asked_for() {
    let moved =
        "HTTP/1.1 301 Moved Permanently\r\nconnection: close\r\nlocation: /api/v3/repositories/7/commits\r\n\r\n";
    let name = RefName::parse("a+b").unwrap();
    for (second, to) in [
        (ok(r#"{"full_name":"acme/new"}"#), Some("acme/new".to_owned())),
        (moved, None),
        (ok("nonsense"), None),
    ] {
        let (url, server) = answer_each(&[moved, second]).await;
        let r = Raw::new(&url);
        let told = r.github().resolve(&r.at(), Some(&name), None).await;
        assert_eq!(told.answer, Err(ReadError::Moved { to }));
        let request = server.await.unwrap().remove(1);
        assert!(
            request.starts_with("GET /api/v3/repositories/7 HTTP/1.1\r\n"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn nothing_new_without_a_question_for_it_is_garbled() {
    let unchanged = "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n";
    let (url, server) = answer_each(&[unchanged, unchanged]).await;
    let r = Raw::new(&url);
    assert_eq!(kind(r.github().resolve(&r.at(), None, None).await.answer), "garbled");
    let told = r.github().resolve(&r.at(), None, Some("\"7\"")).await;
    assert_eq!(told.answer, Ok(Resolved::Unchanged));
    let requests = server.await.unwrap();
    assert!(!requests[0].contains("if-none-match") && requests[1].contains("if-none-match: \"7\"\r\n"));
}

#[tokio::test]
async fn a_forge_that_repeats_the_token_is_not_quoted() {
    let response = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"no {AUTH} here\"}";
    let (url, _server) = answer_each(&[response]).await;
    let r = Raw::new(&url);
    let ReadError::Forbidden(found) = r.github().resolve(&r.at(), None, None).await.answer.unwrap_err() else {
        panic!("not forbidden")
    };
    assert_eq!(found.code, Code::ForgeForbidden);
    let shown = format!("{found:?}");
    assert!(
        shown.contains("no [redacted] here") && !shown.contains("p1anted"),
        "{shown}"
    );
}
