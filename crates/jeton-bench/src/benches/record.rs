use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::{Setting, ask, operator::Operator};
use crate::{
    args::Bench,
    client::{Load, post_with_key},
    forge::Forge,
    jeton::Server,
    report::{Line, time},
    spread::median,
};

const CLIENT: &str = "bench";
const CONNECTIONS: [usize; 2] = [1, 64];

/// Grants of a warm key, each of them in the record and on the disk before it is answered; then the record is verified.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Record.as_str();
    let (rounds, length) = if setting.quick { (1, 1_000) } else { (5, 2_000) };
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    let operator = Operator::of(&jeton, &forge, "state")?;
    let key = operator.add_client(CLIENT).await?;
    operator.let_read(CLIENT, "acme/tools").await?;
    let request = post_with_key("/v1/tokens", &key, &json!({ "repositories": ["acme/tools"] }));
    let body_length = ask(jeton.address, &request, 201).await?.body_length;

    let (mut lines, mut grants) = (Vec::new(), 1);
    for connections in CONNECTIONS {
        let load = Load {
            address: jeton.address,
            request: request.as_slice().into(),
            status: 201,
            connections,
            duration: Duration::from_millis(length),
            body_length,
            slack: 0,
        };
        let mut runs = Vec::new();
        for _ in 0..rounds {
            runs.push(load.run().await?);
        }
        grants += runs.iter().map(|run| run.times.count()).sum::<usize>();
        let per_second = median(runs.iter().map(|run| run.per_second).collect());
        let within = |thousandths| {
            let mut all: Vec<u32> = runs.iter().map(|run| run.times.within(thousandths)).collect();
            all.sort_unstable();
            time(all[all.len() / 2])
        };
        let what = |name: &str| format!("{connections} connections: {name}");
        lines.extend([
            Line::info(
                bench,
                what("grants, each on the disk when it is answered"),
                format!("{per_second:.0} per s"),
            ),
            Line::info(bench, what("p50, p99"), format!("{}, {}", within(500), within(990))),
        ]);
    }

    let begun = Instant::now();
    let verdict = operator.post("/v1/record/verify", &json!({}), 200).await?;
    let took = begun.elapsed();
    let entries = verdict["entries"].as_u64().context("a verdict without entries")?;
    ensure!(
        verdict["ok"] == true,
        "the record is not whole: {}",
        verdict["findings"]
    );
    ensure!(
        entries >= grants as u64,
        "{grants} grants were answered, and the record has {entries} entries"
    );
    #[expect(clippy::cast_precision_loss, reason = "counts of entries are far below 2^52")]
    let per_second = entries as f64 / took.as_secs_f64();
    lines.push(Line::info(
        bench,
        format!("verification of {entries} entries"),
        format!("{per_second:.0} per s"),
    ));
    Ok(lines)
}
