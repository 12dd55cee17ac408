use std::time::Duration;

use anyhow::ensure;
use jiff::SignedDuration;

use super::{Setting, fetch};
use crate::{
    args::Bench,
    client::{Load, request_for},
    forge::Forge,
    jeton::Server,
    report::{Line, time},
    short_lived::ShortLived,
};

const PATH: &str = "/api/acme/tools";
/// The renewal margin that jeton is given, and how much longer the first token lives: within that time the warm p99 is
/// measured, then the load begins under which the token comes into its margin.
const MARGIN: &str = "30";
const LIFE: SignedDuration = SignedDuration::from_secs(38);
/// Short enough to end before the margin, counted from the mint.
const BEFORE: Duration = Duration::from_secs(4);
/// Long enough to begin before the margin and to go on after the renewal.
const AROUND: Duration = Duration::from_secs(10);
/// On top of the warm p99.
const SLACK_MICROS: u32 = 50_000;

/// A token comes to its end while it is in demand.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Expiry.as_str();
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let front = ShortLived::start(&forge.sim, LIFE).await?;
    let margin = [("JETON_BROKER__RENEW_MARGIN_SECONDS", MARGIN)];
    let jeton = Server::jeton_with(&setting.jeton, &forge, "state", &front.api_url(), &margin).await?;
    let first = fetch(jeton.address, PATH).await?;
    let load = |duration| Load {
        address: jeton.address,
        request: request_for(PATH).into(),
        status: 200,
        connections: 16,
        duration,
        body_length: first.body_length,
        slack: 0,
    };
    let warm = load(BEFORE).run().await?;
    ensure!(forge.sim.calls().mints() == 1, "the token was renewed before its time");
    forge.slow_down(Duration::from_millis(100));
    forge.sim.calls().reset();
    let around = load(AROUND).run().await?;
    let mints = forge.sim.calls().mints();
    let last = fetch(jeton.address, PATH).await?;
    ensure!(
        mints == 0 || last.body() != first.body(),
        "the old token is still handed out after the renewal"
    );
    let (limit, slowest) = (warm.times.within(990) + SLACK_MICROS, around.times.slowest());
    Ok(vec![
        Line::judged(bench, "renewal under load: mints", mints.to_string(), "1", mints == 1),
        Line::judged(
            bench,
            format!("slowest of {} answers, forge of 100 ms", around.times.count()),
            time(slowest),
            format!("≤ {} (warm p99 + 50 ms)", time(limit)),
            slowest <= limit,
        ),
        Line::info(bench, "p99 around the renewal", time(around.times.within(990))),
    ])
}
