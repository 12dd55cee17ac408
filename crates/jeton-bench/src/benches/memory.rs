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
    // Not fewer in a quick run: with 2,000 keys the fixed costs still swamp what a key costs.
    let keys = if setting.full { FULL_KEYS } else { FULL_KEYS / 10 };
    let forge = Forge::start()?;
    let names = Arc::new(numbered("tools", keys));
    forge.install("acme", &names)?;
    let jeton = Server::jeton(&setting.jeton, &forge, "state").await?;
    sleep(SETTLE).await;
    let idle = resident_kib(jeton.pid())?;
    let begun = Instant::now();
    ask_each(&jeton, &names, 0..keys / 2).await?;
    let half = resident_kib(jeton.pid())?;
    ask_each(&jeton, &names, keys / 2..keys).await?;
    let took = begun.elapsed();
    let filled = resident_kib(jeton.pid())?;
    // Answers that were not asked for since the last sweep are not kept ready: once more, so that all are.
    ask_each(&jeton, &names, 0..keys).await?;
    let in_use = resident_kib(jeton.pid())?;
    jeton.stop()?;
    // The first half also pays for what does not grow: the database's page cache, buffers of connections. The second
    // half shows what a key costs.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (per_key, per_second) = (
        filled.saturating_sub(half) as f64 / (keys - keys / 2) as f64,
        keys as f64 / took.as_secs_f64(),
    );
    let (factor, rest) = ((FULL_KEYS - keys) as u64, (keys - keys / 2) as u64);
    let at_full = filled + filled.saturating_sub(half) * factor / rest;
    let how = if setting.full { "" } else { " (extrapolated)" };
    Ok(vec![
        Line::judged(
            bench,
            "resident, idle",
            mib(idle),
            format!("≤ {}", mib(IDLE_KIB)),
            idle <= IDLE_KIB,
        ),
        Line::info(bench, format!("resident with {keys} cached tokens"), mib(filled)),
        Line::info(bench, "the same, all handed out in the last seconds", mib(in_use)),
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

async fn ask_each(jeton: &Server, names: &Arc<Vec<String>>, which: std::ops::Range<usize>) -> anyhow::Result<()> {
    let mut callers = JoinSet::new();
    for first in 0..CALLERS {
        let (names, address, which) = (Arc::clone(names), jeton.address, which.clone());
        callers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for name in names[which].iter().skip(first).step_by(CALLERS) {
                let reply = connection.ask(&request_for(&format!("/api/acme/{name}"))).await?;
                ensure!(reply.status == 200, "{name}: {}", reply.status);
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
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}
