//! Takes connections for any of the simulated servers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::reply::Body;

/// Takes connections and lets `handle` answer their requests, until `stop`; then every connection is cut. An error of
/// `handle` cuts its own connection.
pub(crate) async fn listen<H, F>(listener: TcpListener, stop: CancellationToken, tasks: TaskTracker, handle: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let handle = handle.clone();
                tasks.spawn(serve(stream, stop.clone(), move |request| handle(request, peer)));
            }
            Err(error) => {
                // Out of file descriptors, most likely: some will be closed in a moment.
                tracing::warn!(%error, "no connection could be taken");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve<H, F>(stream: TcpStream, stop: CancellationToken, handle: H)
where
    H: Fn(Request<Incoming>) -> F + Send,
    F: Future<Output = io::Result<Response<Body>>> + Send + 'static,
{
    // Answers go out at once: a benchmark must not measure Nagle's algorithm.
    let _ = stream.set_nodelay(true);
    let service = service_fn(handle);
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
