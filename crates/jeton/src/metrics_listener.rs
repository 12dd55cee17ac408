//! Counts what happens, and serves the counts for Prometheus.

use std::net::SocketAddr;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::{serve::bind, wiring::StartError};

/// The listener with what it serves.
pub(crate) struct Metrics {
    listener: TcpListener,
    handle: PrometheusHandle,
}

impl Metrics {
    /// Begins to count, and listens. What happened before was not counted.
    ///
    /// # Errors
    /// [`StartError::Listen`] when the address cannot be had.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, StartError> {
        let listener = bind(address).await?;
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are counted elsewhere in this process already");
        }
        tracing::info!("metrics are served at http://{address}/metrics");
        Ok(Self { listener, handle })
    }

    /// Serves until it is dropped.
    pub(crate) async fn serve(self) {
        let handle = self.handle;
        let render = move || {
            // Drops what old samples left behind.
            handle.run_upkeep();
            handle.render()
        };
        if let Err(error) = jeton_web::serve_metrics(self.listener, render).await {
            tracing::error!(%error, "metrics are served no more");
        }
    }
}
