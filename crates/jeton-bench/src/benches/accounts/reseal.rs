use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;
use tokio::time::sleep;

use super::{TIMES, databases::Filled};
use crate::{
    args::Bench,
    benches::{Setting, ask, operator::Operator},
    client::{Load, Measured, post_with_key},
    forge::Forge,
    report::{Line, time},
    spread::median,
};

const VALUES: u32 = 1_000_000;
const VALUES_QUICK: u32 = 100_000;
const CONNECTIONS: usize = 16;
/// Between two looks whether it is over, each of which counts all values.
const POLL: Duration = Duration::from_secs(1);

/// Every value of a vault gets another key, while tokens are handed out and while nobody asks.
pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Reseal.as_str();
    let values = if setting.quick { VALUES_QUICK } else { VALUES };
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let filled = Filled::make(&setting.jeton, &forge, None, values).await?;
    let jeton = filled.serve(&setting.jeton, &forge).await?;
    let operator = Operator::of(&jeton, &forge, &filled.state)?;
    let request = post_with_key(
        "/v1/tokens",
        &filled.client_key,
        &json!({ "repositories": ["acme/tools"] }),
    );
    let load = Load {
        address: jeton.address,
        body_length: ask(jeton.address, &request, 201).await?.body_length,
        request: request.into(),
        status: 201,
        connections: CONNECTIONS,
        duration: Duration::from_secs(2),
        slack: TIMES,
    };
    let mut without = Vec::new();
    load.run().await?;
    let runs = if setting.quick { 3 } else { 5 };
    for _ in 0..runs {
        without.push(load.run().await?);
    }
    let begun = Instant::now();
    operator.post("/v1/keys/rotate", &json!({}), 202).await?;
    let mut during = Vec::new();
    while is_under_way(&operator).await? {
        during.push(load.run().await?);
    }
    let beside = begun.elapsed();
    // The last run went on for a moment after the end.
    if during.len() > 1 {
        during.pop();
    }
    let begun = Instant::now();
    operator.post("/v1/keys/rotate", &json!({}), 202).await?;
    while is_under_way(&operator).await? {
        sleep(POLL).await;
    }
    let alone = begun.elapsed();
    // Half of them before and half after: what else the machine does comes and goes.
    for _ in 0..runs {
        without.push(load.run().await?);
    }
    let speed = |took: Duration| {
        let per_second = f64::from(values) / took.as_secs_f64();
        format!("{per_second:.0} values per s ({:.0} s)", took.as_secs_f64())
    };
    let (ratio, of_during, of_without) = p99(&during, &without)?;
    let per_second = |runs: &[Measured]| median(runs.iter().map(|run| run.per_second).collect());
    Ok(vec![
        Line::info(
            bench,
            format!("{values} values, while {CONNECTIONS} connections ask for tokens"),
            speed(beside),
        ),
        Line::info(bench, "the same, while nobody asks", speed(alone)),
        Line::info(
            bench,
            "POST /v1/tokens meanwhile, against without: p99",
            format!("{ratio:.2} × ({} / {})", time(of_during), time(of_without)),
        ),
        Line::info(
            bench,
            "the same: throughput",
            format!(
                "{:.2} ({:.0} / {:.0} per s)",
                per_second(&during) / per_second(&without),
                per_second(&during),
                per_second(&without)
            ),
        ),
        Line::info(
            bench,
            "slowest of all answers meanwhile",
            time(during.iter().map(|run| run.times.slowest()).max().unwrap_or(0)),
        ),
    ])
}

async fn is_under_way(operator: &Operator) -> anyhow::Result<bool> {
    let status = operator.get("/v1/keys").await?;
    let reseal = status.get("reseal").context("a status without `reseal`")?;
    Ok(!reseal.is_null())
}

/// Medians of the runs' p99, and their ratio.
fn p99(during: &[Measured], without: &[Measured]) -> anyhow::Result<(f64, u32, u32)> {
    let middle = |runs: &[Measured]| {
        let mut all: Vec<u32> = runs.iter().map(|run| run.times.within(990)).collect();
        all.sort_unstable();
        all.get(all.len() / 2)
            .copied()
            .context("it was over before anybody asked")
    };
    let (during, without) = (middle(during)?, middle(without)?);
    Ok((f64::from(during) / f64::from(without), during, without))
}
