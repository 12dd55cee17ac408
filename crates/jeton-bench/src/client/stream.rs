use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
};

use super::{connection::parse_head, refused};

/// What is read at a time, in bytes.
const PIECE: usize = 256 * 1024;

/// How one reader got an answer that is too large to be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streamed {
    /// From the request to the first bytes of the body.
    pub(crate) first_after: Duration,
    /// From the request to the last.
    pub(crate) whole_after: Duration,
}

/// So many readers ask for the same at once, each on a connection of its own, and compare what they get with what they should,
/// byte by byte, as it comes.
pub(crate) async fn compare_all(
    address: SocketAddr,
    request: &[u8],
    expected: &Bytes,
    readers: usize,
) -> anyhow::Result<Vec<Streamed>> {
    let request: Arc<[u8]> = request.into();
    let barrier = Arc::new(Barrier::new(readers));
    let mut tasks = JoinSet::new();
    for _ in 0..readers {
        let stream = TcpStream::connect(address)
            .await
            .context("a reader could not connect")?;
        stream.set_nodelay(true)?;
        let (request, expected, barrier) = (Arc::clone(&request), expected.clone(), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            compare(stream, &request, &expected).await
        });
    }
    let mut all = Vec::with_capacity(readers);
    while let Some(ended) = tasks.join_next().await {
        all.push(ended??);
    }
    Ok(all)
}

async fn compare(mut stream: TcpStream, request: &[u8], expected: &[u8]) -> anyhow::Result<Streamed> {
    let begun = Instant::now();
    stream.write_all(request).await?;
    let mut buffer = vec![0; PIECE];
    let mut filled = 0;
    let (status, body) = loop {
        ensure!(filled < buffer.len(), "a head of more than {PIECE} bytes");
        let read = stream.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "the server closed the connection before it answered");
        filled += read;
        if let Some((status, _, body)) = parse_head(&buffer[..filled])? {
            break (status, body);
        }
    };
    if status != 200 || body.len() != expected.len() {
        bail!("{}", refused(status, &buffer[body.start..filled.min(body.end)]));
    }
    let first_after = begun.elapsed();
    let mut left = expected;
    let mut piece = body.start..filled;
    loop {
        let came = &buffer[piece];
        let Some(rest) = left.strip_prefix(came) else {
            bail!(
                "other bytes than were committed, at {} or after",
                expected.len() - left.len()
            );
        };
        left = rest;
        if left.is_empty() {
            break;
        }
        let read = stream.read(&mut buffer).await?;
        ensure!(read > 0, "the answer was cut with {} bytes missing", left.len());
        piece = 0..read;
    }
    Ok(Streamed {
        first_after,
        whole_after: begun.elapsed(),
    })
}
