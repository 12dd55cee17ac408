//! The measurements, one file each.

mod accounts;
mod cold;
mod content;
mod decisions;
mod expiry;
mod memory;
mod operator;
mod pairs;
mod record;
mod slow_neighbour;
mod start;
mod warm;
mod warm_key;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, ensure};

use crate::{
    args::Bench,
    client::{Connection, refused, request_for},
    report::Line,
};

/// What all measurements share.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The server's executable.
    pub(crate) jeton: PathBuf,
    pub(crate) quick: bool,
    pub(crate) full: bool,
}

pub(crate) async fn run(bench: Bench, setting: &Setting) -> anyhow::Result<Vec<Line>> {
    match bench {
        Bench::Warm => warm::run(setting).await,
        Bench::Stampede => cold::stampede(setting).await,
        Bench::ColdOwner => cold::one_owner(setting).await,
        Bench::Expiry => expiry::run(setting).await,
        Bench::SlowNeighbour => slow_neighbour::run(setting).await,
        Bench::Memory => memory::run(setting).await,
        Bench::Start => start::run(setting).await,
        Bench::WarmKey => warm_key::run(setting).await,
        Bench::Decisions => decisions::run(setting),
        Bench::Record => record::run(setting).await,
        Bench::AccountPages => accounts::pages(setting).await,
        Bench::AccountTokens => accounts::tokens(setting).await,
        Bench::AccountWatch => accounts::watch(setting).await,
        Bench::Inspect => accounts::inspect(setting),
        Bench::Reseal => accounts::reseal(setting).await,
        Bench::Pages => accounts::web_pages(setting).await,
        Bench::ContentCached => content::cached(setting).await,
        Bench::ContentCalls => content::calls(setting).await,
        Bench::ContentLarge => content::large(setting).await,
        Bench::ContentTree => content::tree(setting).await,
        Bench::Accounts | Bench::Content => anyhow::bail!("it is run part by part"),
    }
}

/// One answer as it came over the wire.
struct Raw {
    bytes: Vec<u8>,
    body_length: usize,
}

impl Raw {
    fn body(&self) -> &[u8] {
        &self.bytes[self.bytes.len() - self.body_length..]
    }
}

/// Asks once, which also makes the key warm.
async fn fetch(address: SocketAddr, path: &str) -> anyhow::Result<Raw> {
    ask(address, &request_for(path), 200)
        .await
        .with_context(|| path.to_owned())
}

/// Asks once; any other status is an error.
async fn ask(address: SocketAddr, request: &[u8], status: u16) -> anyhow::Result<Raw> {
    let mut connection = Connection::open(address).await?;
    let reply = connection.ask(request).await?;
    ensure!(reply.status == status, "{}", refused(reply.status, reply.body));
    Ok(Raw {
        bytes: [reply.head, reply.body].concat(),
        body_length: reply.body.len(),
    })
}
