use std::time::Duration;

use super::Setting;
use crate::{args::Bench, forge::Forge, jeton::Server, report::Line, spread::median};

const MOST: Duration = Duration::from_millis(200);
const STARTS: usize = 5;

/// From the start of the process to the first 200 of `/readyz`.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let forge = Forge::start()?;
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for number in 0..STARTS {
        let state = format!("state-{number}");
        for times in [&mut first, &mut again] {
            let jeton = Server::jeton(&setting.jeton, &forge, &state).await?;
            times.push(jeton.ready_after.as_secs_f64() * 1_000.0);
            jeton.stop()?;
        }
    }
    let line = |what: &str, times: Vec<f64>| {
        let middle = median(times);
        let most = MOST.as_secs_f64() * 1_000.0;
        let (measured, target) = (format!("{middle:.0} ms"), format!("≤ {most:.0} ms"));
        Line::judged(Bench::Start.as_str(), what, measured, target, middle <= most)
    };
    Ok(vec![
        line("start to ready, new database and keys", first),
        line("start to ready, existing database", again),
    ])
}
