//! Against a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{InstallationId, Secret};
use jeton_forge::{ForgeError, GitHubApp, HttpOptions, Probe};
use jeton_forge_sim::{AppSpec, ForgeSim, SimConfig};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::world::{TestClock, client, name, names, read};

/// Answers one request: `{AUTH}` stands for the credential that came with it. Gives back the head of the request.
async fn answer_once(response: &'static str) -> (String, JoinHandle<String>) {
    let (url, server) = answer_each(&[response]).await;
    (url, tokio::spawn(async move { server.await.unwrap().remove(0) }))
}

/// Answers as many requests as there are responses, each on its own connection.
pub(crate) async fn answer_each(responses: &[&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v3", listener.local_addr().unwrap());
    let responses = responses.to_vec();
    let task = tokio::spawn(async move {
        let mut requests = Vec::new();
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            let response = response.replace("{AUTH}", header(&request, "authorization: Bearer "));
            stream.write_all(response.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            requests.push(request);
        }
        requests
    });
    (url, task)
}

/// Head and body: a connection that is closed with something unread would be reset.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = String::new();
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = header(head, "content-length: ").parse().unwrap_or(0);
            if body.len() >= length {
                return request;
            }
        }
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "the request ended early");
        request.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
}

fn header<'r>(request: &'r str, name: &str) -> &'r str {
    request
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap_or_default()
}

async fn app(api_url: &str) -> GitHubApp {
    app_with(api_url, HttpOptions::default()).await
}

async fn app_with(api_url: &str, options: HttpOptions) -> GitHubApp {
    let sim = ForgeSim::start(SimConfig::default()).await.unwrap();
    let key = sim.github().add_app(AppSpec::new("any")).private_key_pkcs1_pem;
    client(api_url, "123456", &key, options, &TestClock::new())
}

#[tokio::test]
async fn a_request_has_the_headers_that_github_wants() {
    let (url, server) =
        answer_once("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"Not Found\"}").await;
    let found = app(&url)
        .await
        .find_installation_by_repository("a b", &name("c?d%2e"))
        .await;
    assert_eq!(found, Ok(None));
    let request = server.await.unwrap();
    assert!(
        request.starts_with("GET /api/v3/repos/a%20b/c%3Fd%252e/installation HTTP/1.1\r\n"),
        "{request}"
    );
    for line in [
        "accept: application/vnd.github+json",
        "x-github-api-version: 2022-11-28",
        "authorization: Bearer eyJ",
        concat!("user-agent: jeton/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(request.contains(&format!("\r\n{line}")), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_forge_that_repeats_the_credential_is_not_quoted() {
    let (url, server) = answer_once(
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\nx-github-request-id: {AUTH}\r\n\r\n\
        {\"message\":\"no {AUTH} here\"}",
    )
    .await;
    let error = app(&url).await.get_app().await.unwrap_err();
    let request = server.await.unwrap();
    let jwt = request
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "))
        .unwrap();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("no [redacted] here"), "{shown}");
    for part in jwt.split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[tokio::test]
async fn the_next_page_is_not_fetched_from_elsewhere() {
    let response = "HTTP/1.1 200 OK\r\nconnection: close\r\n\
        link: <http://127.0.0.1:1/app/installations?page=2>; rel=\"next\"\r\n\r\n[]";
    let (url, _server) = answer_once(response).await;
    let outcome = app(&url).await.list_installations(5).await;
    assert!(
        matches!(outcome, Err(ForgeError::Garbled { status: 200, .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_page_of_somebody_else_is_not_github() {
    let html =
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html>no such page</html>";
    let (url, _server) = answer_once(html).await;
    let outcome = app(&url).await.find_installation_by_owner("acme").await;
    assert!(
        matches!(outcome, Err(ForgeError::Garbled { status: 404, .. })),
        "{outcome:?}"
    );

    let login = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n\r\n<html>please log in</html>";
    let (url, _server) = answer_once(login).await;
    let probe = app(&url).await.probe(&Secret::new("any")).await;
    assert!(
        matches!(probe, Probe::Unknown(ForgeError::Garbled { status: 200, .. })),
        "{probe:?}"
    );
}

#[tokio::test]
async fn a_credential_that_no_header_carries_is_not_sent() {
    let app = app("http://127.0.0.1:1").await;
    let probe = app.probe(&Secret::new("a\nb: c")).await;
    assert!(matches!(probe, Probe::Unknown(ForgeError::Request(_))), "{probe:?}");
}

#[tokio::test]
async fn debug_of_the_client_shows_no_key_and_no_jwt() {
    let (url, _server) = answer_once("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n").await;
    let app = app(&url).await;
    app.get_app().await.unwrap_err();
    let shown = format!("{app:?}");
    assert!(shown.contains(app.key_fingerprint().as_str()));
    assert!(!shown.contains("eyJ") && !shown.contains("PRIVATE"), "{shown}");
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_up_to_the_limit() {
    let (url, _server) =
        answer_once("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"slug\": \"longer than ten\"}").await;
    let options = HttpOptions {
        max_body_bytes: 10,
        ..HttpOptions::default()
    };
    let error = app_with(&url, options).await.get_app().await.unwrap_err();
    assert!(error.to_string().contains("larger than 10 bytes"), "{error}");
}

#[tokio::test]
async fn a_token_in_an_answer_that_cannot_be_read_is_revoked() {
    let (url, server) = answer_each(&[
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"opaque\", \"permissions\": \"all\"}",
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    ])
    .await;
    let outcome = app(&url)
        .await
        .mint(InstallationId(7), &names(&["tools"]), &read())
        .await;
    assert!(
        matches!(outcome, Err(ForgeError::Garbled { status: 201, .. })),
        "{outcome:?}"
    );
    let requests = server.await.unwrap();
    assert!(requests[0].starts_with("POST /api/v3/app/installations/7/access_tokens HTTP/1.1\r\n"));
    assert!(requests[0].ends_with("{\"repositories\":[\"tools\"],\"permissions\":{\"contents\":\"read\"}}"));
    assert!(requests[1].starts_with("DELETE /api/v3/installation/token HTTP/1.1\r\n"));
    assert_eq!(header(&requests[1], "authorization: Bearer "), "opaque");
}
