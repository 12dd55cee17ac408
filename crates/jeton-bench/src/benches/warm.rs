use std::time::Duration;

use super::{Setting, fetch};
use crate::{
    args::Bench,
    client::{Load, Measured},
    forge::Forge,
    jeton::Server,
    process::cpu_micros,
    report::{Line, time},
    spread::median,
};

const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// At least this much of the bare route's throughput.
const LEAST_THROUGHPUT: f64 = 0.85;
/// At most this many times the bare route's p99, at 64 connections.
const MOST_P99: f64 = 1.5;
const PATH: &str = "/api/acme/tools";

/// Both servers under the same load, one right after the other.
struct Pair {
    jeton: Run,
    bare: Run,
}

struct Run {
    measured: Measured,
    cpu_per_answer: f64,
}

/// Warm hand-out against a bare axum route with the same body.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    let answer = fetch(jeton.address, PATH).await?;
    let answer = (answer.body_length, fetch(jeton.address, PATH).await?.bytes);
    let bare = Server::bare(forge.directory(), &answer.1, PATH).await?;
    let (rounds, length) = if setting.quick { (3, 700) } else { (5, 2_000) };
    let mut lines = Vec::new();
    for connections in CONNECTIONS {
        let load = |server: &Server, millis| Load {
            address: server.address,
            path: PATH.to_owned(),
            connections,
            duration: Duration::from_millis(millis),
            body_length: answer.0,
        };
        let one = async |server: &Server| -> anyhow::Result<Run> {
            let before = cpu_micros(server.pid())?;
            let measured = load(server, length).run().await?;
            let used = cpu_micros(server.pid())? - before;
            #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
            let cpu_per_answer = used as f64 / measured.times.count() as f64;
            Ok(Run {
                measured,
                cpu_per_answer,
            })
        };
        for server in [&jeton, &bare] {
            load(server, length / 2).run().await?;
        }
        let mut pairs = Vec::new();
        for round in 0..rounds {
            // Whoever goes first meets a cooler processor: they take turns.
            pairs.push(if round % 2 == 0 {
                let jeton = one(&jeton).await?;
                Pair {
                    jeton,
                    bare: one(&bare).await?,
                }
            } else {
                let bare = one(&bare).await?;
                Pair {
                    jeton: one(&jeton).await?,
                    bare,
                }
            });
        }
        lines.extend(report(connections, &pairs));
    }
    Ok(lines)
}

fn report(connections: usize, pairs: &[Pair]) -> Vec<Line> {
    let bench = Bench::Warm.as_str();
    let of = |figure: &dyn Fn(&Pair) -> f64| median(pairs.iter().map(figure).collect());
    let throughput = of(&|pair| pair.jeton.measured.per_second / pair.bare.measured.per_second);
    let (ours, theirs) = (
        of(&|pair| pair.jeton.measured.per_second),
        of(&|pair| pair.bare.measured.per_second),
    );
    let quantile = |thousandths: usize| {
        let at = |run: &Run| f64::from(run.measured.times.within(thousandths));
        let ratio = of(&|pair| at(&pair.jeton) / at(&pair.bare));
        let (jeton, bare) = (of(&|pair| at(&pair.jeton)), of(&|pair| at(&pair.bare)));
        (
            ratio,
            format!("{ratio:.2} × ({} / {})", whole_time(jeton), whole_time(bare)),
        )
    };
    let ((_, p50), (p99_ratio, p99)) = (quantile(500), quantile(990));
    let cpu = of(&|pair| pair.jeton.cpu_per_answer / pair.bare.cpu_per_answer);
    let (our_cpu, their_cpu) = (
        of(&|pair| pair.jeton.cpu_per_answer),
        of(&|pair| pair.bare.cpu_per_answer),
    );
    let what = |name: &str| format!("{connections} connections: {name}");
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
            format!("{throughput:.2} ({ours:.0} / {theirs:.0} per s)"),
            format!("≥ {LEAST_THROUGHPUT}"),
            throughput >= LEAST_THROUGHPUT,
        ),
        Line::info(bench, what("p50"), p50),
        p99_line,
        Line::info(
            bench,
            what("server's processor time per answer"),
            format!("{cpu:.2} × ({our_cpu:.1} / {their_cpu:.1} µs)"),
        ),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "medians of measured microseconds, which were u32 and may end in a half"
)]
fn whole_time(micros: f64) -> String {
    time(micros as u32)
}
