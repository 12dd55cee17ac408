//! One reader who asks for one thing after the other.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Context as _, ensure};

use crate::{
    client::{Connection, refused},
    spread::Spread,
};

/// Asks for each in turn on one connection; any status but 200 is an error.
pub(super) async fn one_by_one(
    address: SocketAddr,
    requests: impl IntoIterator<Item = Vec<u8>>,
) -> anyhow::Result<Spread> {
    let mut connection = Connection::open(address).await?;
    let mut micros = Vec::new();
    for request in requests {
        let begun = Instant::now();
        let reply = connection.ask(&request).await.context("no answer")?;
        micros.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        ensure!(reply.status == 200, "{}", refused(reply.status, reply.body));
    }
    Spread::of(micros)
}
