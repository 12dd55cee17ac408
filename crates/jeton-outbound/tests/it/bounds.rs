use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use jeton_domain::{Code, Coded as _};
use jeton_outbound::{HttpOptions, OutboundError, Request};

use crate::server::{Server, client, get, patience};

#[tokio::test]
async fn an_answer_comes_whole() {
    let mut server =
        Server::start("HTTP/1.1 418 I'm a teapot\r\nX-Kind:  pot \r\ncontent-length: 5\r\n\r\nshort").await;
    let answer = client(HttpOptions::default()).send(get(&server.url())).await.unwrap();
    assert_eq!((answer.status, answer.header("x-kind")), (418, Some("pot")));
    assert_eq!(&**answer.body, b"short");
    assert!(!answer.is_success() && !answer.is_redirect());
    assert!(
        server
            .request()
            .await
            .contains(concat!("user-agent: jeton/", env!("CARGO_PKG_VERSION")))
    );
}

#[tokio::test]
async fn a_body_and_headers_are_sent() {
    let mut server = Server::start("HTTP/1.1 204 No Content\r\n\r\n").await;
    let request = Request::new(Method::POST, server.url().parse().unwrap())
        .header(
            HeaderName::from_static("x-signature"),
            HeaderValue::from_static("v1=abc"),
        )
        .body("application/json", b"{\"a\":1}".to_vec());
    assert_eq!(client(HttpOptions::default()).send(request).await.unwrap().status, 204);
    let request = server.request().await;
    assert!(
        request.starts_with("POST / HTTP/1.1\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"),
        "{request}"
    );
    for line in ["x-signature: v1=abc", "content-type: application/json"] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let elsewhere = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let response = format!(
            "HTTP/1.1 {status} X\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            elsewhere.url()
        );
        let server = Server::start(response).await;
        let answer = client(HttpOptions::default()).send(get(&server.url())).await.unwrap();
        assert!(answer.is_redirect(), "{status}");
        assert_eq!(answer.location(), Some(elsewhere.url().as_str()));
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test]
async fn a_dripping_body_ends_in_time() {
    let server = Server::endless("HTTP/1.1 200 OK\r\n\r\n", "x", Duration::from_millis(50)).await;
    let error = client(patience()).send(get(&server.url())).await.unwrap_err();
    assert_eq!(error, OutboundError::Timeout);
    assert!(error.was_sent());
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn silence_and_dripping_headers_end_in_time() {
    for head in ["", "HTTP/1.1 200 OK\r\n"] {
        let server = Server::endless(
            head,
            if head.is_empty() { "" } else { "x-a: b\r\n" },
            Duration::from_millis(50),
        )
        .await;
        let error = client(patience()).send(get(&server.url())).await.unwrap_err();
        // a header after another is too many in the end
        assert!(matches!(error, OutboundError::Timeout), "{error:?}");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit() {
    let options = HttpOptions {
        max_body_bytes: 10_000,
        ..patience()
    };
    let just = format!("HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n{}", "x".repeat(10_000));
    let server = Server::start(just).await;
    let answer = client(options.clone()).send(get(&server.url())).await.unwrap();
    assert_eq!(answer.body.len(), 10_000);
    let unannounced = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(10_000));
    let server = Server::start(unannounced).await;
    assert_eq!(
        client(options.clone())
            .send(get(&server.url()))
            .await
            .unwrap()
            .body
            .len(),
        10_000
    );

    let too_large = OutboundError::BodyTooLarge {
        status: 200,
        limit: 10_000,
    };
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let server = Server::endless(head, "0123456789abcdef", Duration::ZERO).await;
        let error = client(options.clone()).send(get(&server.url())).await.unwrap_err();
        assert_eq!(error, too_large, "{head}");
        assert_eq!(error.code(), Code::ForgeGarbled);
    }
}

#[tokio::test]
async fn headers_are_read_up_to_the_limit() {
    let many = |n: usize, length: usize| {
        let headers: Vec<String> = (0..n).map(|i| format!("x-h{i}: {}\r\n", "y".repeat(length))).collect();
        let headers = headers.concat();
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n")
    };
    let server = Server::start(many(50, 1_000)).await;
    assert_eq!(client(patience()).send(get(&server.url())).await.unwrap().status, 200);
    for (n, length) in [(70, 1_000), (1, 70_000), (150, 1), (1, 2_000_000)] {
        let server = Server::start(many(n, length)).await;
        let error = client(patience()).send(get(&server.url())).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::HeadersTooLarge { .. }),
            "{n} × {length}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_failing_server_need_not_finish_its_sentence() {
    let server = Server::start("HTTP/1.1 503 Unavailable\r\nretry-after: 7\r\ncontent-length: 99\r\n\r\nsor").await;
    let answer = client(HttpOptions::default()).send(get(&server.url())).await.unwrap();
    assert_eq!(
        (answer.status, answer.header("retry-after"), answer.body.len()),
        (503, Some("7"), 0)
    );
}

#[tokio::test]
async fn a_cut_answer_is_told_from_no_connection() {
    for response in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"] {
        let server = Server::start(response).await;
        let error = client(HttpOptions::default())
            .send(get(&server.url()))
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::Cut(_)) && error.was_sent(),
            "{response:?}: {error:?}"
        );
        assert_eq!(server.hits(), 1, "{response:?}: a request is sent once");
    }
    // port 1 is nobody's
    let error = client(HttpOptions::default())
        .send(get("http://127.0.0.1:1/"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, OutboundError::Unreachable(_)) && !error.was_sent(),
        "{error:?}"
    );
    assert_eq!(error.code(), Code::ForgeUnavailable);
}

#[tokio::test]
async fn tls_that_fails_has_sent_nothing() {
    let server = Server::start("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let url = server.url().replace("http:", "https:");
    let error = client(patience()).send(get(&url)).await.unwrap_err();
    assert!(!error.was_sent(), "{error:?}");
}

#[test]
fn debug_shows_neither_headers_nor_body() {
    let secret = ["gh", "p_planted"].concat();
    let request = get("https://git.example.com/?token=planted").body("text/plain", secret.clone().into_bytes());
    assert!(!format!("{request:?}").contains("planted"), "{request:?}");
}
