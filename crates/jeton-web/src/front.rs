use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::MatchedPath,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri, Version,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use hyper::body::Incoming;
use jeton_access::AccessError;
use jeton_domain::Code;
use tower::Service;

use crate::{
    access_log::AccessLine,
    auth::{self, ClientAddress},
    extract::body_limit,
    failure::{Failure, KEPT_HEADERS},
    listen::Respond,
    page::{self, failed::wants_html},
    peer::Peer,
    prepared::PreparedAnswers,
    request_id::{self, RequestId},
    state::Shared,
};

/// What walks through the whole record may take this long.
const WHOLE_RECORD: Duration = Duration::from_mins(10);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type SlowAnswer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What stands before the router: the id of each request, the warm answers, the limits that hold for all routes, and
/// the writing down of failures.
#[derive(Clone)]
pub(crate) struct Front {
    state: Shared,
    router: Router,
}

/// An answer, now or later.
pub(crate) enum Answer {
    /// A warm one; nothing was waited for.
    Now(Option<Response>),
    /// Any other.
    Later(SlowAnswer),
}

impl Future for Answer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Now(response) => response
                .take()
                .map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
            Self::Later(slow) => slow.as_mut().poll(cx).map(Ok),
        }
    }
}

impl Front {
    pub(crate) fn new(state: Shared, router: Router) -> Self {
        Self { state, router }
    }

    pub(crate) fn answer<B>(&self, request: Request<B>, peer: Peer) -> Answer
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let address = self.state.settings.trusted_proxies.address(peer, request.headers());
        // Counted once for each request, before anything else.
        let limited = match request.uri().path() {
            // Whoever watches over the server must not take it for dead because of somebody else's flood.
            "/healthz" | "/readyz" | "/api/health" => None,
            _ => self.state.access.check_address(address.0).err(),
        };
        if limited.is_none()
            && let Some(response) = self.warm(&request, peer, address)
        {
            return Answer::Now(Some(response));
        }
        let request = request.map(Body::new);
        Answer::Later(Box::pin(self.clone().slowly(request, peer, address, limited)))
    }

    /// A prepared answer, to a caller who was let in. Anything unusual is left to the router.
    fn warm<B>(&self, request: &Request<B>, peer: Peer, address: ClientAddress) -> Option<Response> {
        let headers = request.headers();
        if request.method() != Method::GET || declared_length(headers).is_some_and(|length| length > 0) {
            return None;
        }
        let (mut response, route) = match request.uri().path().strip_prefix("/api/") {
            Some(path) => (self.warm_token(path, headers, peer, address)?, "warm"),
            None => (self.prepared(request.uri(), headers, peer, address)?, "prepared"),
        };
        let id = self.state.request_ids.of(headers);
        tracing::debug!(
            method = "GET",
            route,
            status = 200_u16,
            request_id = id.as_str(),
            "request answered"
        );
        response.headers_mut().insert(request_id::HEADER, id.into_header());
        Some(response)
    }

    fn warm_token(&self, path: &str, headers: &HeaderMap, peer: Peer, address: ClientAddress) -> Option<Response> {
        let state = &*self.state;
        if !state.settings.compat.enabled {
            return None;
        }
        let caller = auth::compat_caller_now(state, headers, peer, address)?;
        let body = state.warm.find(&caller, path, &state.broker)?;
        state.access.check_caller(caller.identity.key()).ok()?;
        state.broker.count_warm();
        let mut response = Response::new(Body::from(body));
        token_headers(response.headers_mut());
        Some(response)
    }

    /// The same for content.
    fn prepared(&self, uri: &Uri, headers: &HeaderMap, peer: Peer, address: ClientAddress) -> Option<Response> {
        let state = &*self.state;
        let caller = match uri.path() {
            path if !is_content(path) || !PreparedAnswers::may_answer(headers) => return None,
            path if path.starts_with("/v1/") => auth::key_caller_now(state, headers, address)?,
            _ => auth::compat_caller_now(state, headers, peer, address)?,
        };
        let response = state
            .prepared
            .find(&caller, uri.path_and_query()?.as_str(), state.access.now())?;
        state.access.check_caller(caller.identity.key()).ok()?;
        Some(response)
    }

    async fn slowly(
        mut self,
        mut request: Request<Body>,
        peer: Peer,
        address: ClientAddress,
        limited: Option<AccessError>,
    ) -> Response {
        let state = Arc::clone(&self.state);
        let id = state.request_ids.of(request.headers());
        let line = AccessLine::begin(request.method());
        let version = request.version();
        let path = request.uri().path();
        let compat = path.starts_with("/api/");
        let content = is_content(path);
        let for_people = !compat && !content && !path.starts_with("/v1/") && wants_html(request.headers());
        let asks_forge = compat || content || path.starts_with("/v1/tokens") || path.starts_with("/v1/apps");
        let patience = match path {
            "/v1/record/verify" | "/record/verify" | "/v1/policies/replay" => {
                state.settings.request_timeout.max(WHOLE_RECORD)
            }
            _ => state.settings.request_timeout,
        };
        let limit = body_limit(request.uri().path(), &state.settings);
        let response = if declared_length(request.headers()).is_some_and(|length| length > limit as u64) {
            // Before anything is read: with `Expect: 100-continue` the caller then never sends it.
            too_large(limit).into_response()
        } else if let Some(error) = limited {
            Failure::from(error).into_response()
        } else {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(address);
            request.extensions_mut().insert(id.clone());
            let answer = AssertUnwindSafe(async { self.router.call(request).await }).catch_unwind();
            match tokio::time::timeout(patience, answer).await {
                Ok(Ok(Ok(response))) => response,
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_)) => Failure::internal().into_response(),
                Err(_) => too_slow(patience, asks_forge).into_response(),
            }
        };
        finish(response, &id, &line, version, Answered { compat, for_people })
    }
}

/// In whose words a failure is told.
#[derive(Debug, Clone, Copy)]
struct Answered {
    compat: bool,
    for_people: bool,
}

/// Writes a failure down, names the request, and logs it.
fn finish(mut response: Response, id: &RequestId, line: &AccessLine, version: Version, told: Answered) -> Response {
    let route = response.extensions_mut().remove::<MatchedPath>();
    let failure = response.extensions_mut().remove::<Failure>();
    let failure = failure.map(|failure| match told {
        Answered { compat: true, .. } => failure.for_compat(),
        Answered { for_people: true, .. } if !failure.has_page() => {
            let page = page::failed::plain_page(&failure, id.as_str());
            failure.with_page(page)
        }
        Answered { .. } => failure,
    });
    if let Some(failure) = &failure {
        let travelled = std::mem::take(response.headers_mut());
        response = failure.write(id);
        for name in KEPT_HEADERS {
            if let Some(value) = travelled.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
    }
    if version >= Version::HTTP_2 {
        // There it is no header; a stream ends by itself.
        response.headers_mut().remove(CONNECTION);
    }
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.clone().into_header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    line.end(route.as_ref(), response.status().as_u16(), id, failure.as_ref());
    response
}

/// The headers of an answer that holds a token for the compatible routes.
pub(crate) fn token_headers(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Whether a route is about content.
fn is_content(path: &str) -> bool {
    path.starts_with("/v1/content/") || path.starts_with("/repo/") || path == "/mcp"
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(crate) fn too_large(limit: usize) -> Failure {
    Failure::new(Code::RequestTooLarge, format!("the body is larger than {limit} bytes"))
        .with_remedy("Send less; the operator can raise the limit.")
        .closing()
}

/// What most often takes that long is the forge; on a route that does not ask it, it is this server.
fn too_slow(patience: Duration, asks_forge: bool) -> Failure {
    let seconds = patience.as_secs_f64();
    let detail = format!("the request was not finished within {seconds} seconds");
    let code = if asks_forge {
        Code::ForgeTimeout
    } else {
        Code::Overloaded
    };
    Failure::new(code, detail)
        .with_remedy("Ask again in a few seconds.")
        .closing()
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::Unknown);
        self.answer(request, peer)
    }
}

impl Respond for Front {
    fn respond(&self, request: Request<Incoming>, peer: Peer) -> Answer {
        self.answer(request, peer)
    }
}
