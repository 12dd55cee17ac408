//! The Model Context Protocol at `POST /mcp`: what the content routes give, as tools for language models, under the same callers and
//! policies.
//!
//! Each request stands for itself (streamable HTTP without sessions, one answer in JSON): nothing is kept between two of them, so that
//! any replica answers any request, and a right that was taken away is gone with the next.

mod arguments;
mod call;
mod message;
mod server;
mod tools;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use http::{
    HeaderValue,
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE},
};
use http_body_util::{BodyExt as _, Full};
use jeton_domain::Code;
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use self::server::ContentTools;
use crate::{
    auth::Known,
    extract::{is_json, read_body},
    failure::Failure,
    operations::{content::asking::switched_off, render},
    request_id::RequestId,
    state::Shared,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/mcp", post(serve))
}

/// Answers one message. Who asks is known before anything is read; a page of another site is refused on the way there.
async fn serve(
    State(state): State<Shared>,
    Known(caller): Known,
    id: RequestId,
    request: Request,
) -> Result<Response, Failure> {
    let content = state.content.clone().ok_or_else(switched_off)?;
    let (mut parts, body) = request.into_parts();
    is_json(&parts.headers)?;
    let body = read_body(body, state.settings.max_body_bytes, &state.settings).await?;
    if let Err(refused) = message::check(&body) {
        return Ok(refused.into_response());
    }
    let tools = ContentTools::new(Arc::clone(&state), content, render::asker(caller, &id));
    // Whoever asks gets JSON, whatever else they would take: the library is not to ask for the media type of streams, which are
    // never sent, and which people who try it with `curl` do not name.
    parts.headers.insert(CONTENT_TYPE, JSON);
    let both = HeaderValue::from_static("application/json, text/event-stream");
    parts.headers.insert(ACCEPT, both);
    // Of no use from here on, and safest where they are not.
    parts.headers.remove(AUTHORIZATION);
    parts.headers.remove(COOKIE);
    let service = StreamableHttpService::new(
        move || Ok(tools.clone()),
        Arc::new(NeverSessionManager::default()),
        config(state.settings.max_body_bytes),
    );
    let request = http::Request::from_parts(parts, Full::new(body));
    told(service.handle(request).await.map(Body::new)).await
}

/// How the library is to serve.
///
/// It need not look at `Host` and `Origin`, against which it would have to know every name of this server. They are looked at so that
/// no page in a browser can make it answer, under a name of its own that leads here (DNS rebinding): such a page has no key to send;
/// the cookie of somebody who has signed in is of this server's name alone, and counts only with the token of the session
/// (`x-csrf-token`); a caller without a key is known over the Unix socket alone, where no page comes from. And a request that says it
/// comes from a page of another site was refused by then (`auth::check_site`).
fn config(max_body_bytes: usize) -> StreamableHttpServerConfig {
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(max_body_bytes)
        .disable_allowed_hosts()
        .disable_allowed_origins()
}

/// The library's answer; what it says in plain words is told as everything else is that goes wrong before a message is read.
async fn told(mut response: Response) -> Result<Response, Failure> {
    let status = response.status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status.is_success() || headers.get(CONTENT_TYPE) == Some(&JSON) {
        return Ok(response);
    }
    if status.is_server_error() {
        return Err(Failure::internal());
    }
    let said = response.into_body().collect().await.map_err(|_| Failure::internal())?;
    let said = String::from_utf8_lossy(&said.to_bytes()).into_owned();
    Err(Failure::new(Code::RequestInvalid, crate::extract::shown(&said, 300))
        .with_remedy("Send one message of the Model Context Protocol as JSON."))
}
