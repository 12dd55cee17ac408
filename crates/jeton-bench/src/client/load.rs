use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tokio::{sync::Barrier, task::JoinSet};

use super::{Connection, request_for};
use crate::spread::Spread;

/// Callers who all ask the same, each with a connection of its own, each asking again as soon as it has its answer.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// What each sends, whole; it may hold a key.
    pub(crate) request: Arc<[u8]>,
    /// The status that every answer must have.
    pub(crate) status: u16,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    /// The length that every answer's body must have, in bytes.
    pub(crate) body_length: usize,
    /// By how much it may differ: times of day are written without zeros at their end.
    pub(crate) slack: usize,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) times: Spread,
}

impl Load {
    /// Runs it. Any answer but the expected one ends it as an error.
    pub(crate) async fn run(&self) -> anyhow::Result<Measured> {
        let barrier = Arc::new(Barrier::new(self.connections + 1));
        let mut callers = JoinSet::new();
        for _ in 0..self.connections {
            let mut connection = Connection::open(self.address).await?;
            let (request, barrier) = (Arc::clone(&self.request), Arc::clone(&barrier));
            let (duration, status, length, slack) = (self.duration, self.status, self.body_length, self.slack);
            callers.spawn(async move {
                let mut times = Vec::with_capacity(64 * 1024);
                barrier.wait().await;
                let begun = Instant::now();
                let mut asked = begun;
                while asked.duration_since(begun) < duration {
                    let reply = connection.ask(&request).await?;
                    let now = Instant::now();
                    if reply.status != status || reply.body.len().abs_diff(length) > slack {
                        bail!("{}", refused(reply.status, reply.body));
                    }
                    times.push(micros(now.duration_since(asked)));
                    asked = now;
                }
                Ok(times)
            });
        }
        barrier.wait().await;
        let begun = Instant::now();
        let mut times = Vec::new();
        while let Some(ended) = callers.join_next().await {
            times.extend(ended??);
        }
        let elapsed = begun.elapsed();
        #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
        let per_second = times.len() as f64 / elapsed.as_secs_f64();
        Ok(Measured {
            per_second,
            times: Spread::of(times)?,
        })
    }
}

/// Opens a connection for each path, then asks all at once. How long each answer took from the common start.
pub(crate) async fn ask_all(address: SocketAddr, paths: Vec<String>) -> anyhow::Result<Spread> {
    let barrier = Arc::new(Barrier::new(paths.len()));
    let mut callers = JoinSet::new();
    for path in paths {
        let mut connection = Connection::open(address).await.context("a caller could not connect")?;
        let barrier = Arc::clone(&barrier);
        callers.spawn(async move {
            let request = request_for(&path);
            barrier.wait().await;
            let begun = Instant::now();
            let reply = connection.ask(&request).await.with_context(|| path.clone())?;
            let took = micros(begun.elapsed());
            ensure!(reply.status == 200, "{path}: {}", refused(reply.status, reply.body));
            anyhow::Ok(took)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = callers.join_next().await {
        times.push(ended??);
    }
    Spread::of(times)
}

fn micros(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}

/// Only a refusal's words are shown: an answer with status 200 or 201 holds a token or a key.
pub(crate) fn refused(status: u16, body: &[u8]) -> String {
    if (200..300).contains(&status) {
        return format!(
            "an answer with {status} and {} bytes, which is not the expected one",
            body.len()
        );
    }
    let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).trim().to_owned();
    format!("answered with {status}: {shown}")
}
