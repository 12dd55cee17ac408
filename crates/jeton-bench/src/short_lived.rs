//! A forge whose first token lives shorter than GitHub's hour: a forwarder that rewrites the end of that token.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderName, StatusCode, header};
use jeton_forge_sim::{ForgeSim, SimClock};
use jiff::SignedDuration;
use tokio::{net::TcpListener, task::JoinHandle};

/// Answers of the forge are far smaller.
const MAX_BODY: usize = 1024 * 1024;

/// Belongs to one connection, or to the old length of the body.
const DROPPED: [HeaderName; 4] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// Stops when it is dropped.
#[derive(Debug)]
pub(crate) struct ShortLived {
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    client: reqwest::Client,
    behind: String,
    clock: SimClock,
    life: SignedDuration,
    shortened: Arc<AtomicBool>,
}

impl ShortLived {
    /// Stands before `sim`; the first token that goes through lives for `life`, the others as the forge said.
    pub(crate) async fn start(sim: &ForgeSim, life: SignedDuration) -> anyhow::Result<Self> {
        let shared = Shared {
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            behind: sim.web_url(),
            clock: sim.clock().clone(),
            life,
            shortened: Arc::default(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(forward).with_state(shared);
        let task = tokio::spawn(async move {
            // It serves until the task is aborted.
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { address, task })
    }

    pub(crate) fn api_url(&self) -> String {
        format!("http://{}/api/v3", self.address)
    }
}

impl Drop for ShortLived {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(State(shared): State<Shared>, request: Request) -> Response {
    shared.forward(request).await.unwrap_or_else(|error| {
        let mut response = Response::new(Body::from(format!("{error:#}")));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

impl Shared {
    async fn forward(&self, request: Request) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let is_mint = parts.method == http::Method::POST && parts.uri.path().ends_with("/access_tokens");
        let mut headers = parts.headers;
        for name in &DROPPED {
            headers.remove(name);
        }
        let body = to_bytes(body, MAX_BODY).await?;
        let url = format!("{}{target}", self.behind);
        let answer = self
            .client
            .request(parts.method, url)
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let mut body = answer.bytes().await?;
        if is_mint && status == StatusCode::CREATED && !self.shortened.swap(true, Ordering::SeqCst) {
            let mut minted: serde_json::Value = serde_json::from_slice(&body)?;
            let end = (self.clock.now() + self.life)
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string();
            *minted.get_mut("expires_at").context("a mint without expires_at")? = end.into();
            body = minted.to_string().into();
        }
        for name in &DROPPED {
            headers.remove(name);
        }
        let mut response = Response::new(Body::from(body));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        Ok(response)
    }
}
