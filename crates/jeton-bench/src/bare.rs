//! The bare route: axum, one handler, the same bytes. What any server of this kind could reach at most.

use anyhow::Context as _;
use axum::{Router, extract::State, response::Response, routing::get};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpListener;

use crate::args::BareArgs;

/// Headers that the server writes by itself.
const OWN_HEADERS: [&str; 4] = ["content-length", "date", "connection", "transfer-encoding"];

#[derive(Clone)]
struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

/// Serves until it is killed.
///
/// # Errors
/// When the file is not an answer, or the port cannot be had.
pub(crate) fn run(args: &BareArgs) -> anyhow::Result<()> {
    let raw = std::fs::read(&args.body_file).with_context(|| args.body_file.display().to_string())?;
    let answer = parse(&raw).context("the file holds no answer")?;
    // As `#[tokio::main]` would make it, like jeton's own.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = Router::new().route(&args.route, get(give)).with_state(answer);
        let listener = TcpListener::bind(("127.0.0.1", args.port)).await?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn give(State(answer): State<Answer>) -> Response {
    let mut response = Response::new(answer.body.into());
    *response.headers_mut() = answer.headers;
    response
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&raw[..end]).ok()?;
    let mut headers = HeaderMap::new();
    for line in head.split("\r\n").skip(1) {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.trim().parse().ok()?;
        if !OWN_HEADERS.contains(&name.as_str()) {
            headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
        }
    }
    Some(Answer {
        headers,
        body: Bytes::copy_from_slice(&raw[end + 4..]),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_given_again_without_what_the_server_adds() {
        let raw = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\nDate: now\r\n\r\n{}\n";
        let answer = parse(raw).unwrap();
        assert_eq!(answer.body, "{}\n");
        assert_eq!(answer.headers.len(), 1);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_none());
    }
}
