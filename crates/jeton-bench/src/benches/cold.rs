use std::time::Duration;

use super::{Setting, fetch};
use crate::{
    args::Bench,
    client::ask_all,
    forge::{Forge, numbered},
    jeton::Server,
    report::{Line, time},
};

/// What every call to the forge takes.
const FORGE: Duration = Duration::from_millis(100);
/// Two round trips to the forge (the mint, and the probe of the fresh token) and 100 ms.
const LAST_ANSWER_MICROS: u32 = 300_000;
/// For all repositories of an owner.
const OWNER_MICROS: u32 = 2_000_000;

/// 1,000 callers of one cold key.
pub(super) async fn stampede(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Stampede.as_str();
    let forge = Forge::start()?;
    forge.install("acme", &["known".to_owned(), "tools".to_owned()])?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    // The owner's installation is known from here on, and the connection to the forge is open.
    fetch(jeton.address, "/api/acme/known").await?;
    forge.slow_down(FORGE);
    forge.sim.calls().reset();
    let times = ask_all(jeton.address, vec!["/api/acme/tools".to_owned(); 1_000]).await?;
    let mints = forge.sim.calls().mints();

    // An owner of whom jeton has never heard costs one more round trip, for the installation.
    forge.install("stranger", &["tools".to_owned()])?;
    let unknown = ask_all(jeton.address, vec!["/api/stranger/tools".to_owned(); 1_000]).await?;
    Ok(vec![
        Line::judged(
            bench,
            "1,000 callers of one cold key: mints",
            mints.to_string(),
            "1",
            mints == 1,
        ),
        Line::judged(
            bench,
            "errors",
            // One error would have ended the measurement.
            format!("0 of {}", times.count()),
            "0",
            times.count() == 1_000,
        ),
        Line::judged(
            bench,
            "last answer, forge of 100 ms",
            time(times.slowest()),
            format!("≤ {}", time(LAST_ANSWER_MICROS)),
            times.slowest() <= LAST_ANSWER_MICROS,
        ),
        Line::info(bench, "last answer, owner never seen before", time(unknown.slowest())),
    ])
}

/// 200 cold repositories of one owner that jeton has not met.
pub(super) async fn one_owner(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::ColdOwner.as_str();
    let forge = Forge::start()?;
    forge.install("known", &["tools".to_owned()])?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    fetch(jeton.address, "/api/known/tools").await?;
    let names = numbered("tools", 200);
    // Installed after the start, so that reading ahead cannot have found it.
    forge.install("acme", &names)?;
    forge.slow_down(FORGE);
    forge.sim.calls().reset();
    let paths = names.iter().map(|name| format!("/api/acme/{name}")).collect();
    let times = ask_all(jeton.address, paths).await?;
    let (look_ups, mints) = (forge.sim.calls().installation_lookups(), forge.sim.calls().mints());
    Ok(vec![
        Line::judged(
            bench,
            "200 cold repositories: look-ups",
            look_ups.to_string(),
            "≤ 1",
            look_ups <= 1,
        ),
        Line::info(bench, "mints", mints.to_string()),
        Line::info(bench, "half of the answers within", time(times.within(500))),
        Line::judged(
            bench,
            "last answer, forge of 100 ms",
            time(times.slowest()),
            format!("< {}", time(OWNER_MICROS)),
            times.slowest() < OWNER_MICROS,
        ),
    ])
}
