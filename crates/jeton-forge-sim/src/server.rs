//! Takes connections, answers requests, applies faults.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::control;
use crate::faults::{FaultKind, Struck};
use crate::git;
use crate::github::{ApiError, Peer, Tweak, huge_json};
use crate::listen::listen;
use crate::reply::{Body, Content, Reply};
use crate::route::Route;
use crate::sim::Core;

/// Bodies of API calls are small: the largest lists 500 repositories.
const MAX_API_BODY: usize = 1024 * 1024;
/// Histories that are imported are not.
const MAX_IMPORT: usize = 512 * 1024 * 1024;

/// Assumed of a stream that does not say how long it is; no shorter one is streamed.
const LONG_STREAM: u64 = 1024 * 1024;

/// Takes connections until the simulator stops.
pub(crate) async fn accept(listener: TcpListener, core: Arc<Core>, tasks: TaskTracker) {
    let stop = core.stop.clone();
    let answer = move |mut request: Request<Incoming>, peer: SocketAddr| {
        request.extensions_mut().insert(Peer(peer.ip()));
        handle(Arc::clone(&core), request)
    };
    listen(listener, stop, tasks, answer).await;
}

/// Answers one request. An error here cuts the connection.
async fn handle(core: Arc<Core>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == "/_sim" || path.starts_with("/_sim/") {
        // A whole history may come this way.
        let most = if path == "/_sim/import" {
            MAX_IMPORT
        } else {
            MAX_API_BODY
        };
        let body = read_up_to(most, body).await;
        return Ok(control::answer(&core, &parts, body).await.into_response());
    }
    let route = Route::parse(&parts.method, path);
    core.calls.note(&route);
    let mut struck = Struck::default();
    if core.faults.any() {
        let owner = core.github.owner_of(&route, &parts);
        struck = core.faults.strike(route.key(), owner.as_deref());
        if !struck.latency.is_zero() {
            tokio::time::sleep(struck.latency).await;
        }
    }
    let mut reply = match struck.main.take() {
        None => perform(&core, &route, &parts, body, Tweak::None).await,
        Some(FaultKind::WiderToken) => perform(&core, &route, &parts, body, Tweak::Wider).await,
        Some(FaultKind::AlreadyExpired) => perform(&core, &route, &parts, body, Tweak::Expired).await,
        Some(fault) => match instead(&core, &fault, &parts).await? {
            Some(reply) => reply,
            None => spoil(perform(&core, &route, &parts, body, Tweak::None).await, fault).await?,
        },
    };
    let date = core.clock.now().checked_add(struck.date_skew);
    reply.set("date", &http_date(date.unwrap_or_else(|_| core.clock.now())));
    reply.set("x-github-request-id", &core.github.request_id());
    reply.set("server", "github.com");
    Ok(reply.into_response())
}

/// Does what was asked.
async fn perform(core: &Core, route: &Route, parts: &Parts, body: Incoming, tweak: Tweak) -> Reply {
    if route.is_git() {
        return git::answer(&core.github, route, parts, body).await;
    }
    let Some(body) = read(body).await else {
        let message = "The request body is too large or incomplete.";
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message).into_reply();
    };
    let reply = if route.is_slow() {
        let (github, route, parts) = (core.github.clone(), route.clone(), parts.clone());
        let answered = tokio::task::spawn_blocking(move || github.answer(&route, &parts, &body, tweak)).await;
        answered.unwrap_or_else(|error| Reply::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
    } else {
        core.github.answer(route, parts, &body, tweak)
    };
    if matches!(route, Route::Mint(_)) && reply.status == StatusCode::CREATED {
        core.calls.note_mint();
    }
    reply
}

pub(crate) async fn read(body: Incoming) -> Option<Bytes> {
    read_up_to(MAX_API_BODY, body).await
}

async fn read_up_to(most: usize, body: Incoming) -> Option<Bytes> {
    let whole = Limited::new(body, most).collect().await;
    whole.ok().map(http_body_util::Collected::to_bytes)
}

/// A fault that happens instead of the call; `None` if it happens to the answer.
async fn instead(core: &Core, fault: &FaultKind, parts: &Parts) -> io::Result<Option<Reply>> {
    let github = &core.github;
    let refused = |status: StatusCode, message: &str| github.refused(parts, ApiError::new(status, message));
    let secondary =
        |status: StatusCode, seconds: u32| github.refused(parts, ApiError::secondary_limit(status, seconds));
    let reply = match fault {
        FaultKind::Status { status, message } => {
            let status = StatusCode::from_u16(*status);
            refused(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message)
        }
        FaultKind::BadGateway => {
            let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                        <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
            Reply::bytes(StatusCode::BAD_GATEWAY, "text/html", page.into())
        }
        FaultKind::PrimaryLimit { reset_in } => github.limited(parts, StatusCode::FORBIDDEN, *reset_in),
        FaultKind::PrimaryLimit429 { reset_in } => github.limited(parts, StatusCode::TOO_MANY_REQUESTS, *reset_in),
        FaultKind::SecondaryLimit { retry_after } => secondary(StatusCode::FORBIDDEN, *retry_after),
        FaultKind::SecondaryLimit429 { retry_after } => secondary(StatusCode::TOO_MANY_REQUESTS, *retry_after),
        FaultKind::CutBeforeHandling => return Err(cut()),
        FaultKind::NoAnswer => {
            core.stop.cancelled().await;
            return Err(cut());
        }
        FaultKind::Redirect { location } => {
            refused(StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect").with("location", location)
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

/// A fault that happens to the answer.
pub(crate) async fn spoil(reply: Reply, fault: FaultKind) -> io::Result<Reply> {
    if fault == FaultKind::CutBeforeAnswer {
        return Err(cut());
    }
    if fault == FaultKind::CutInBody
        && let Content::Stream(pieces) = reply.body
    {
        // Too large to be held; half of it is passed on.
        let length = reply.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let half = length
            .and_then(|length| length.parse::<u64>().ok())
            .unwrap_or(LONG_STREAM)
            / 2;
        return Ok(Reply {
            body: Content::Stream(cut_after(pieces, half)),
            ..reply
        });
    }
    let (status, headers, body) = reply.collect().await?;
    let content = match fault {
        FaultKind::CutInBody => Content::Half(body),
        FaultKind::SlowBody { chunk, pause } => Content::Stream(drip(body, chunk, pause)),
        FaultKind::Garbage => Content::Whole(Bytes::from_static(b"{\"token\": <!-- not JSON")),
        FaultKind::EmptyBody => Content::Whole(Bytes::new()),
        FaultKind::HugeBody(bytes) => Content::Whole(huge_json(bytes).into()),
        _ => Content::Whole(body),
    };
    Ok(Reply {
        status,
        headers,
        body: content,
    })
}

/// The start of a stream, and then no more.
fn cut_after(pieces: BoxStream<'static, io::Result<Bytes>>, bytes: u64) -> BoxStream<'static, io::Result<Bytes>> {
    stream::unfold(Some((pieces, bytes)), |state| async move {
        let (mut pieces, left) = state?;
        let piece = match pieces.next().await {
            Some(Ok(piece)) if left > 0 => piece,
            Some(Err(error)) => return Some((Err(error), None)),
            Some(Ok(_)) | None => {
                // Lets the server send what it has.
                tokio::task::yield_now().await;
                return Some((Err(cut()), None));
            }
        };
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let piece = piece.slice(..piece.len().min(most));
        let left = left - piece.len() as u64;
        Some((Ok(piece), Some((pieces, left))))
    })
    .boxed()
}

fn drip(body: Bytes, chunk: usize, pause: Duration) -> BoxStream<'static, io::Result<Bytes>> {
    stream::unfold((body, false), move |(mut rest, started)| async move {
        if rest.is_empty() {
            return None;
        }
        if started {
            tokio::time::sleep(pause).await;
        }
        let piece = rest.split_to(chunk.clamp(1, rest.len()));
        Some((Ok(piece), (rest, true)))
    })
    .boxed()
}

pub(crate) fn cut() -> io::Error {
    io::Error::other("cut by a fault")
}

/// The `Date` header (RFC 9110). A year past 9999 has none; no clock of a test goes there.
pub(crate) fn http_date(at: Timestamp) -> String {
    let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&at);
    printed.unwrap_or_else(|_| String::from("Thu, 01 Jan 1970 00:00:00 GMT"))
}
