use std::time::Duration;

use super::{Setting, fetch, pairs};
use crate::{
    args::Bench,
    client::{Load, request_for},
    forge::Forge,
    jeton::Server,
    report::Line,
};

/// At so many connections each.
pub(super) const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// At least this much of the bare route's throughput.
const LEAST_THROUGHPUT: f64 = 0.85;
/// At most this many times the bare route's p99, at 64 connections.
const MOST_P99: f64 = 1.5;
const PATH: &str = "/api/acme/tools";

/// Warm hand-out against a bare axum route with the same body.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    fetch(jeton.address, PATH).await?;
    let answer = fetch(jeton.address, PATH).await?;
    let bare = Server::bare(forge.directory(), &answer.bytes, PATH).await?;
    let (rounds, duration) = rounds(setting);
    let mut lines = Vec::new();
    for connections in CONNECTIONS {
        let side = |server: &Server| pairs::Side {
            pid: server.pid(),
            load: Load {
                address: server.address,
                request: request_for(PATH).into(),
                status: 200,
                connections,
                duration,
                body_length: answer.body_length,
                slack: 0,
            },
        };
        let pairs = pairs::measure(&side(&jeton), &side(&bare), rounds, duration).await?;
        lines.extend(report(connections, &pairs));
    }
    Ok(lines)
}

/// How many pairs, and how long each run of one is. Many short pairs rather than few long ones: what else runs on the
/// machine then meets both sides alike.
pub(super) fn rounds(setting: &Setting) -> (usize, Duration) {
    if setting.quick {
        (5, Duration::from_millis(400))
    } else {
        (15, Duration::from_millis(700))
    }
}

fn report(connections: usize, pairs: &pairs::Pairs) -> Vec<Line> {
    let bench = Bench::Warm.as_str();
    let what = |name: &str| format!("{connections} connections: {name}");
    let ((throughput, per_second), (_, p50), (p99_ratio, p99)) =
        (pairs.throughput(), pairs.within(500), pairs.within(990));
    let p99_line = if connections == 64 {
        Line::judged(
            bench,
            what("p99"),
            p99,
            format!("≤ {MOST_P99} ×"),
            p99_ratio <= MOST_P99,
        )
    } else {
        Line::info(bench, what("p99"), p99)
    };
    vec![
        Line::judged(
            bench,
            what("throughput"),
            per_second,
            format!("≥ {LEAST_THROUGHPUT}"),
            throughput >= LEAST_THROUGHPUT,
        ),
        Line::info(bench, what("p50"), p50),
        p99_line,
        Line::info(
            bench,
            what("server's processor time per answer"),
            pairs.processor_time(),
        ),
    ]
}
