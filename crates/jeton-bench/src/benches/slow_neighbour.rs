use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use jeton_forge_sim::{FaultKind, FaultRule};
use tokio::task::JoinSet;

use super::{Setting, fetch};
use crate::{
    args::Bench,
    client::{Connection, Load, request_for},
    forge::{Forge, numbered},
    jeton::Server,
    report::Line,
    spread::median,
};

const PATH: &str = "/api/acme/tools";
/// Callers that ask for one cold repository of the slow owner after the other.
const NEIGHBOURS: usize = 16;
const LEAST: f64 = 0.9;

/// Warm hand-out while the forge takes a second for each call about another owner.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::SlowNeighbour.as_str();
    let (rounds, length) = if setting.quick { (3, 1_000) } else { (5, 3_000) };
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let cold = numbered("tools", 1_000);
    forge.install("slow", &cold)?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    let body_length = fetch(jeton.address, PATH).await?.body_length;
    forge
        .sim
        .faults()
        .add(FaultRule::new(FaultKind::Latency(Duration::from_secs(1))).owner("slow"));
    let load = Load {
        address: jeton.address,
        request: request_for(PATH).into(),
        status: 200,
        connections: 16,
        duration: Duration::from_millis(length),
        body_length,
        slack: 0,
    };
    load.run().await?;
    let (next, cold) = (Arc::new(AtomicUsize::new(0)), Arc::new(cold));
    let (mut ratios, mut alone_all, mut beside_all) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let alone = load.run().await?.per_second;
        let mut neighbours = JoinSet::new();
        for _ in 0..NEIGHBOURS {
            let (next, cold, address) = (Arc::clone(&next), Arc::clone(&cold), jeton.address);
            neighbours.spawn(async move {
                let mut connection = Connection::open(address).await?;
                while let Some(name) = cold.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let reply = connection.ask(&request_for(&format!("/api/slow/{name}"))).await?;
                    ensure!(reply.status == 200, "slow/{name} was answered with {}", reply.status);
                }
                Ok(())
            });
        }
        let beside = load.run().await?.per_second;
        // Whoever has ended already has met an error, or run out of repositories.
        if let Some(ended) = neighbours.try_join_next() {
            ended??;
            anyhow::bail!("there were too few cold repositories");
        }
        // Dropping the set ends the callers; their keys are not asked for again.
        drop(neighbours);
        ratios.push(beside / alone);
        alone_all.push(alone);
        beside_all.push(beside);
    }
    let ratio = median(ratios);
    let measured = format!(
        "{ratio:.2} ({:.0} / {:.0} per s)",
        median(beside_all),
        median(alone_all)
    );
    let mints = forge.sim.calls().mints();
    Ok(vec![
        Line::judged(
            bench,
            "throughput beside an owner whose forge takes 1 s",
            measured,
            format!("≥ {LEAST} of alone"),
            ratio >= LEAST,
        ),
        Line::info(
            bench,
            "mints for the slow owner meanwhile",
            mints.saturating_sub(1).to_string(),
        ),
    ])
}
