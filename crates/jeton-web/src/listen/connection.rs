use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::response::Response;
use http::Request;
use hyper::{body::Incoming, service::Service};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::Watcher},
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    front::Answer,
    listen::{Respond, polite_io::PoliteIo},
    peer::Peer,
};

/// The head of a request must be there after this time; also how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The largest head in bytes; beyond it the answer is 414 or 431.
const MAX_HEAD: usize = 64 * 1024;

/// Requests of one HTTP/2 connection at a time.
const MAX_STREAMS: u32 = 128;

struct Caller<R> {
    front: R,
    peer: Peer,
    has_asked: Arc<AtomicBool>,
}

impl<R: Respond> Service<Request<Incoming>> for Caller<R> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        if !self.has_asked.load(Ordering::Relaxed) {
            self.has_asked.store(true, Ordering::Relaxed);
        }
        self.front.respond(request, self.peer)
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(true)
        .max_headers(100)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// Serves one connection until it ends, by either side.
pub(crate) async fn serve<S, R>(stream: S, peer: Peer, front: R, watcher: Watcher)
where
    R: Respond,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let has_asked = Arc::new(AtomicBool::new(false));
    let caller = Caller {
        front,
        peer,
        has_asked: Arc::clone(&has_asked),
    };
    let io = TokioIo::new(PoliteIo::new(stream));
    let connection = builder().serve_connection(io, caller).into_owned();
    let mut connection = pin!(watcher.watch(connection));
    // Which HTTP it is shows in the first bytes, and hyper waits for them without end.
    let patience = HEAD_TIMEOUT + Duration::from_secs(1);
    let ended = tokio::time::timeout(patience, connection.as_mut()).await;
    let result = match ended {
        Ok(result) => result,
        Err(_) if !has_asked.load(Ordering::Relaxed) => return,
        Err(_) => connection.await,
    };
    if let Err(error) = result {
        // Callers that vanish or speak something else: of interest only to who looks for it.
        tracing::debug!(error = %error, "a connection ended with an error");
    }
}
