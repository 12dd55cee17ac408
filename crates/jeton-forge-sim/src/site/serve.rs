//! Takes connections, answers requests, applies faults.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::table::{self, Kind, UNKNOWN};
use super::{Call, Site, content};
use crate::control::{Common, Outcome, Refusal, ok};
use crate::faults::{FaultKind, Struck};
use crate::git::{CgiRequest, run_backend};
use crate::listen::listen;
use crate::reply::{Body, Content, Reply};
use crate::server::{cut, http_date, read, spoil};

/// Takes connections until the forge stops.
pub(super) async fn accept<S: Site>(listener: TcpListener, site: Arc<S>, tasks: TaskTracker) {
    let stop = site.ground().stop.clone();
    listen(listener, stop, tasks, move |request, peer| {
        handle(Arc::clone(&site), request, peer.ip())
    })
    .await;
}

/// Answers one request. An error here cuts the connection.
async fn handle<S: Site>(site: Arc<S>, request: Request<Incoming>, peer: IpAddr) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == "/_sim" || path.starts_with("/_sim/") {
        // A whole history, or a large file, may come this way.
        let large = matches!(path, "/_sim/import" | "/_sim/lfs");
        let body = if large {
            read_large(body).await
        } else {
            read(body).await
        };
        let reply = match body {
            Some(body) => control_reply(site, parts, body).await,
            None => Refusal::bad("the body is too large or incomplete").into_reply(),
        };
        return Ok(reply.into_response());
    }
    let target = table::find(S::TABLE, &parts.method, path).or_else(|| {
        let shorter = path.strip_suffix('/').filter(|_| S::TRAILING_SLASH)?;
        table::find(S::TABLE, &parts.method, shorter)
    });
    let ground = site.ground();
    ground
        .calls
        .note_name(target.as_ref().map_or(UNKNOWN, |(entry, _)| entry.name));
    let mut struck = Struck::default();
    if ground.faults.any() {
        let name = target.as_ref().map_or(UNKNOWN, |(entry, _)| entry.name);
        let owner = target
            .as_ref()
            .and_then(|(entry, caught)| site.owner_of(entry.action, caught));
        struck = ground.faults.strike(name, owner.as_deref());
        if !struck.latency.is_zero() {
            tokio::time::sleep(struck.latency).await;
        }
    }
    let perform = perform(&site, target, parts, body, peer);
    let mut reply = match struck.main.take() {
        None => perform.await?,
        Some(fault) => match instead(&*site, &fault).await? {
            Some(reply) => reply,
            None => shortened(spoil(perform.await?, fault).await?),
        },
    };
    let date = ground.clock.now().checked_add(struck.date_skew);
    reply.set("date", &http_date(date.unwrap_or_else(|_| ground.clock.now())));
    site.sign(&mut reply);
    Ok(reply.into_response())
}

type Target<S> = (&'static table::Entry<<S as Site>::Action>, Vec<String>);

/// The length that an answer promised before a fault gave it another body is no longer true.
fn shortened(mut reply: Reply) -> Reply {
    if matches!(reply.body, Content::Whole(_)) {
        reply.headers.remove(CONTENT_LENGTH);
    }
    reply
}

/// Does what was asked.
async fn perform<S: Site>(
    site: &Arc<S>,
    target: Option<Target<S>>,
    parts: Parts,
    body: Incoming,
    peer: IpAddr,
) -> io::Result<Reply> {
    let Some((entry, caught)) = target else {
        return Ok(site.not_found());
    };
    let action = entry.action;
    if entry.kind == Kind::Git {
        let body_comes_later = Bytes::new();
        let call = Call {
            action,
            caught,
            parts,
            body: body_comes_later,
            peer,
        };
        return Ok(serve_git(&**site, &call, body).await);
    }
    let Some(body) = read(body).await else {
        return Ok(site.refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The request body is too large or incomplete.",
        ));
    };
    let call = Call {
        action,
        caught,
        parts,
        body,
        peer,
    };
    if entry.kind == Kind::Memory {
        return Ok(site.answer(&call));
    }
    let site = Arc::clone(site);
    Ok(tokio::task::spawn_blocking(move || site.answer(&call)).await?)
}

/// Passes one of the three requests that git makes to `git http-backend`.
async fn serve_git<S: Site>(site: &S, call: &Call<S::Action>, body: Incoming) -> Reply {
    let grant = match site.git(call) {
        Ok(grant) => grant,
        Err(refused) => return refused.into_reply(),
    };
    let path = call.parts.uri.path();
    // Only these tails are in the tables.
    let tails = ["info/refs", "git-upload-pack", "git-receive-pack"];
    let tail = tails.into_iter().find(|tail| path.ends_with(tail)).unwrap_or_default();
    let request = CgiRequest {
        method: call.parts.method.as_str(),
        path: format!("/{}.git/{tail}", grant.repository),
        query: call.parts.uri.query().unwrap_or_default(),
        headers: &call.parts.headers,
        user: grant.user.as_deref(),
    };
    match run_backend(&site.ground().store, request, body).await {
        Ok(reply) => reply,
        Err(error) => {
            tracing::warn!(%error, "git http-backend failed");
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
        }
    }
}

/// A fault that happens instead of the call; `None` if it happens to the answer.
async fn instead<S: Site>(site: &S, fault: &FaultKind) -> io::Result<Option<Reply>> {
    let reply = match fault {
        FaultKind::Status { status, message } => {
            let status = StatusCode::from_u16(*status);
            site.refused(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message)
        }
        FaultKind::BadGateway => {
            let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                        <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
            Reply::bytes(StatusCode::BAD_GATEWAY, "text/html", page.into())
        }
        FaultKind::PrimaryLimit { reset_in } | FaultKind::PrimaryLimit429 { reset_in } => site.out_of_quota(*reset_in),
        FaultKind::SecondaryLimit { retry_after } | FaultKind::SecondaryLimit429 { retry_after } => {
            site.too_fast(*retry_after)
        }
        FaultKind::CutBeforeHandling => return Err(cut()),
        FaultKind::NoAnswer => {
            site.ground().stop.cancelled().await;
            return Err(cut());
        }
        FaultKind::Redirect { location } => Reply::empty(StatusCode::TEMPORARY_REDIRECT).with("location", location),
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

async fn read_large(body: Incoming) -> Option<Bytes> {
    let whole = Limited::new(body, content::MAX_IMPORT).collect().await;
    whole.ok().map(http_body_util::Collected::to_bytes)
}

/// Answers a request below `/_sim`. Such calls are not counted, and no fault strikes them.
async fn control_reply<S: Site>(site: Arc<S>, parts: Parts, body: Bytes) -> Reply {
    // Making a repository starts git.
    let done = tokio::task::spawn_blocking(move || control(&*site, &parts, &body)).await;
    match done {
        Ok(outcome) => outcome.unwrap_or_else(Refusal::into_reply),
        Err(error) => Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_reply(),
    }
}

const COMMON: &str = "\
GET    /_sim/calls                    how often each route was called
POST   /_sim/calls/reset              start counting anew
GET    /_sim/routes                   the names of all routes
GET    /_sim/faults                   the faults in place, and how often each struck
POST   /_sim/faults                   {\"fault\":{\"kind\":\"latency\",\"milliseconds\":100},\"on\":ROUTE,\"owner\":LOGIN,\"times\":N,\"after\":N}
DELETE /_sim/faults                   remove all of them
DELETE /_sim/faults/{id}              remove one
GET    /_sim/clock                    the forge's time
POST   /_sim/clock                    {\"advance_seconds\":N,\"skew_seconds\":N}
";

fn control<S: Site>(site: &S, parts: &Parts, body: &[u8]) -> Outcome {
    let path = parts.uri.path();
    let path = path.strip_prefix("/_sim").unwrap_or(path).trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let method = parts.method.as_str();
    let ground = site.ground();
    let common = Common {
        faults: &ground.faults,
        calls: &ground.calls,
        clock: &ground.clock,
        is_route: super::is_route::<S>,
    };
    if let Some(outcome) = common.route(method, &segments, body) {
        return outcome;
    }
    let query = parts.uri.query().unwrap_or_default();
    if let Some(outcome) = content::route(site, method, &segments, query, body) {
        return outcome;
    }
    match (method, segments.as_slice()) {
        ("GET", [""]) => {
            let index = format!("{}\n{}\n{COMMON}", S::CONTROLS, content::INDEX);
            Ok(Reply::text(StatusCode::OK, &index))
        }
        ("GET", ["routes"]) => Ok(ok(&json!(super::route_names::<S>()))),
        ("GET", ["calls"]) => {
            let (total, routes) = (ground.calls.total(), ground.calls.all());
            Ok(ok(&json!({ "total": total, "routes": routes })))
        }
        _ => site.control(method, &segments, body),
    }
}
