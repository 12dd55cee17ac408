//! Takes connections and answers requests.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::{OidcFault, OidcRoute, Shared, control, provider};
use crate::listen::listen;
use crate::reply::{Body, Reply};

/// Forms and claims are small.
const MAX_BODY: usize = 256 * 1024;

impl OidcRoute {
    fn parse(method: &Method, path: &str) -> Self {
        match (method.as_str(), path) {
            ("GET", "/.well-known/openid-configuration") => Self::Discovery,
            ("GET", "/jwks") => Self::Jwks,
            ("GET", "/authorize") => Self::Authorize,
            ("POST", "/token") => Self::Token,
            _ => Self::Unknown,
        }
    }
}

/// Takes connections until the provider stops.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker) {
    let stop = shared.stop.clone();
    listen(listener, stop, tasks, move |request, _| {
        handle(Arc::clone(&shared), request)
    })
    .await;
}

/// Answers one request. An error here cuts the connection.
async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let whole = Limited::new(body, MAX_BODY).collect().await;
    let Ok(body) = whole.map(http_body_util::Collected::to_bytes) else {
        return Ok(Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or incomplete").into_response());
    };
    let path = parts.uri.path();
    if path == "/_sim" || path.starts_with("/_sim/") {
        return Ok(control::answer(&shared, &parts, &body).into_response());
    }
    let route = OidcRoute::parse(&parts.method, path);
    let mut changes = shared.faults_changed.subscribe();
    *shared.state().calls.entry(route).or_default() += 1;
    loop {
        let fault = shared.state().faults.get(&route).cloned();
        let reply = match fault {
            None => perform(&shared, route, &parts, &body),
            Some(OidcFault::Status(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Reply::bytes(status, "text/html", b"<html>out of order</html>".to_vec())
            }
            Some(OidcFault::Cut) => return Err(io::Error::other("cut by a fault")),
            Some(OidcFault::Delay(pause)) => {
                tokio::time::sleep(pause).await;
                perform(&shared, route, &parts, &body)
            }
            Some(OidcFault::Hold) => {
                tokio::select! {
                    () = shared.stop.cancelled() => return Err(io::Error::other("the provider stops")),
                    _ = changes.changed() => continue,
                }
            }
            Some(OidcFault::Body(text)) => Reply::bytes(StatusCode::OK, "application/json", text.into_bytes()),
            Some(OidcFault::Redirect(location)) => Reply::empty(StatusCode::FOUND).with("location", &location),
        };
        return Ok(reply.into_response());
    }
}

/// Does what was asked.
fn perform(shared: &Shared, route: OidcRoute, parts: &Parts, body: &Bytes) -> Reply {
    let mut state = shared.state();
    match route {
        OidcRoute::Discovery | OidcRoute::Jwks => {
            let sent = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            let sent = sent.and_then(|value| value.strip_prefix("Bearer "));
            if state.bearer.is_some() && sent != state.bearer.as_deref() {
                return Reply::text(StatusCode::UNAUTHORIZED, "Unauthorized");
            }
            let document = if route == OidcRoute::Jwks {
                state.jwks()
            } else {
                state.discovery()
            };
            Reply::json(StatusCode::OK, &document)
        }
        OidcRoute::Authorize => provider::authorize(&mut state, parts.uri.query().unwrap_or_default()),
        OidcRoute::Token => provider::token(&mut state, &parts.headers, body),
        OidcRoute::Unknown => Reply::text(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}
