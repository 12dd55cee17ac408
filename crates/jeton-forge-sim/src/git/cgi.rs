//! Runs `git http-backend` as a CGI program (RFC 3875), streaming both ways.

use std::io;
use std::process::Stdio;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::io::ReaderStream;

use super::store::GitStore;
use crate::reply::{Content, Reply};

/// What the program is told of a request.
pub(crate) struct CgiRequest<'a> {
    pub(crate) method: &'a str,
    /// Path below the store, made by us: `/<id>.git/…`.
    pub(crate) path: String,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a http::HeaderMap,
    /// Who is signed in, for git's records.
    pub(crate) user: Option<&'a str>,
}

/// Headers longer than this are no headers of git's.
const MAX_HEADERS: usize = 16 * 1024;

/// Starts the program, and answers as soon as it has written its headers.
pub(crate) async fn run(store: &GitStore, request: CgiRequest<'_>, body: Incoming) -> io::Result<Reply> {
    let header = |name: &str| request.headers.get(name).map(HeaderValue::as_bytes);
    let mut command = Command::new(store.http_backend());
    command
        .env_clear()
        .envs(store.environment())
        .env("GIT_PROJECT_ROOT", store.root())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GATEWAY_INTERFACE", "CGI/1.1")
        .env("SERVER_PROTOCOL", "HTTP/1.1")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", request.query);
    let passed = [
        ("content-type", "CONTENT_TYPE"),
        ("content-length", "CONTENT_LENGTH"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "GIT_PROTOCOL"),
    ];
    for (name, variable) in passed {
        // A header that isn't text is left out, as if it had not been sent.
        if let Some(Ok(value)) = header(name).map(std::str::from_utf8) {
            command.env(variable, value);
        }
    }
    if let Some(user) = request.user {
        command.env("REMOTE_USER", user);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("git has no pipes"));
    };
    // On its own, because git may answer before it has read all.
    tokio::spawn(feed(stdin, body));
    let mut stdout = BufReader::new(stdout);
    let mut reply = read_headers(&mut stdout).await?;
    reply.body = Content::Stream(output(child, stdout).boxed());
    Ok(reply)
}

/// Hands the request's body to the program. A program that stops reading has its reasons, and a
/// client that leaves ends the input.
async fn feed(mut stdin: ChildStdin, mut body: Incoming) {
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data()
            && stdin.write_all(&data).await.is_err()
        {
            break;
        }
    }
}

async fn read_headers(stdout: &mut BufReader<ChildStdout>) -> io::Result<Reply> {
    let mut reply = Reply::empty(StatusCode::OK);
    let mut total = 0;
    loop {
        let mut line = Vec::new();
        let read = stdout.read_until(b'\n', &mut line).await?;
        total += read;
        if read == 0 || total > MAX_HEADERS {
            return Err(io::Error::other("git gave no headers"));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(reply);
        }
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or_default();
            reply.status = code.parse().map_err(io::Error::other)?;
        } else if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            reply.headers.append(name, value);
        }
    }
}

/// The rest of the output. The program lives as long as somebody reads it.
fn output(child: Child, stdout: BufReader<ChildStdout>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    ReaderStream::with_capacity(stdout, 32 * 1024).map(move |piece| {
        let _keep = &child;
        piece
    })
}
