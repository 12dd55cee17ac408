//! `GET /metrics` for Prometheus, on a listener of its own: apart from everything else, and without a key.

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use tokio::net::TcpListener;

/// Serves what `render` gives, until it is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_metrics(
    listener: TcpListener,
    render: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> std::io::Result<()> {
    let text = move || {
        let body = render();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], body) }
    };
    axum::serve(listener, Router::new().route("/metrics", get(text))).await
}
