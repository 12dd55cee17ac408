use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::{task::JoinSet, time::sleep};

use super::Setting;
use crate::{
    args::Bench,
    client::{Connection, request_for},
    forge::{Forge, numbered},
    jeton::Server,
    process::resident_kib,
    report::Line,
};

const CALLERS: usize = 32;
const IDLE_KIB: u64 = 40 * 1024;
const FULL_KEYS: usize = 100_000;
const FULL_KIB: u64 = 250 * 1024;
/// What starts with the server (reading ahead, the first round of each loop) has ended by then.
const SETTLE: Duration = Duration::from_secs(3);

/// Resident memory: idle, and with many tokens.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Memory.as_str();
    let keys = if setting.full { FULL_KEYS } else { FULL_KEYS / 10 };
    let forge = Forge::start()?;
    let names = numbered("tools", keys);
    forge.install("acme", &names)?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    sleep(SETTLE).await;
    let idle = resident_kib(jeton.pid())?;
    let begun = Instant::now();
    ask_each(&jeton, names).await?;
    let took = begun.elapsed();
    let filled = resident_kib(jeton.pid())?;
    let grown = filled.saturating_sub(idle);
    let at_full = if setting.full { filled } else { idle + grown * 10 };
    let how = if setting.full { "" } else { " (extrapolated)" };
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (per_key, per_second) = (grown as f64 / keys as f64, keys as f64 / took.as_secs_f64());
    Ok(vec![
        Line::judged(
            bench,
            "resident, idle",
            mib(idle),
            format!("≤ {}", mib(IDLE_KIB)),
            idle <= IDLE_KIB,
        ),
        Line::info(bench, format!("resident with {keys} cached tokens"), mib(filled)),
        Line::info(bench, "per cached token", format!("{per_key:.2} KiB")),
        Line::judged(
            bench,
            format!("resident with {FULL_KEYS} cached tokens{how}"),
            mib(at_full),
            format!("≤ {}", mib(FULL_KIB)),
            at_full <= FULL_KIB,
        ),
        Line::info(
            bench,
            format!("cold keys, {CALLERS} callers, forge without delay"),
            format!("{per_second:.0} per s"),
        ),
    ])
}

async fn ask_each(jeton: &Server, names: Vec<String>) -> anyhow::Result<()> {
    let names = Arc::new(names);
    let mut callers = JoinSet::new();
    for first in 0..CALLERS {
        let (names, address) = (Arc::clone(&names), jeton.address);
        callers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for name in names.iter().skip(first).step_by(CALLERS) {
                let reply = connection.ask(&request_for(&format!("/api/acme/{name}"))).await?;
                let said = String::from_utf8_lossy(reply.body);
                ensure!(reply.status == 200, "{name}: {} {said}", reply.status);
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(())
}

fn mib(kib: u64) -> String {
    format!("{}.{} MB", kib / 1024, kib % 1024 * 10 / 1024)
}
