//! A tree that is larger than a forge tells at once.

use std::{fmt::Write as _, time::Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{
    asking::one_by_one,
    world::{By, Since, World},
};
use crate::{
    args::Bench,
    benches::{Setting, ask, fetch},
    process::{peak_kib, resident_kib},
    report::{Line, time},
};

const BENCH: Bench = Bench::ContentTree;
/// 20 directories of 50 directories of 100 files each: with the directories more than the 100,000 entries that GitHub tells.
const SHAPE: [usize; 3] = [20, 50, 100];
const FILES: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];
const PAGE: usize = 1_000;

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let world = World::start(setting, &["tools".to_owned()], By::App).await?;
    world.commit("tools", &[("README.md", b"# Tools\n")])?;
    ask(world.jeton.address, &world.request("tools", "raw?path=README.md"), 200).await?;
    world
        .forge
        .sim
        .github()
        .import("acme", "tools", history()?.as_bytes())?;
    let (calls, address, pid) = (world.forge.sim.calls(), world.jeton.address, world.jeton.pid());
    let before = resident_kib(pid)?;
    // The branch has moved since it was looked at, and that must be seen.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;

    let since = Since::now(calls);
    let begun = Instant::now();
    ask(address, &world.request("tools", &format!("tree?limit={PAGE}")), 200).await?;
    let took = begun.elapsed();
    let mut lines = vec![
        Line::info(
            BENCH.as_str(),
            format!(
                "first {PAGE} entries of a tree of {FILES} files, cold: calls ({})",
                since.words(calls)
            ),
            since.count(calls).0.to_string(),
        ),
        Line::info(
            BENCH.as_str(),
            "the same: answered within",
            format!("{} ms", took.as_millis()),
        ),
    ];

    let since = Since::now(calls);
    let begun = Instant::now();
    let (pages, files) = all_pages(&world).await?;
    let took = begun.elapsed();
    ensure!(files == FILES, "{files} files are listed, and {FILES} are there");
    lines.push(Line::info(
        BENCH.as_str(),
        format!("all of it, {} pages: time, calls", pages.len()),
        format!("{} ms, {}", took.as_millis(), since.count(calls).0),
    ));
    let others = one_by_one(address, pages.iter().map(|query| world.request("tools", query))).await?;
    let rounds = if setting.quick { 200 } else { 1_000 };
    let same = one_by_one(
        address,
        std::iter::repeat_n(world.request("tools", &pages[pages.len() / 2]), rounds),
    )
    .await?;
    let words = |of: &crate::spread::Spread| format!("{}, {}", time(of.within(500)), time(of.within(990)));
    lines.extend([
        Line::info(BENCH.as_str(), "each page once more: p50, p99", words(&others)),
        Line::info(BENCH.as_str(), "one page again and again: p50, p99", words(&same)),
    ]);
    let compatible = "/repo/acme/tools/tree";
    let begun = Instant::now();
    let answer = fetch(address, compatible).await?;
    let took = begun.elapsed();
    let paths: Value = serde_json::from_slice(answer.body())?;
    let count = paths["file_paths"].as_array().context("no list of paths")?.len();
    ensure!(count >= FILES, "the compatible route lists {count} paths");
    lines.extend([
        Line::info(
            BENCH.as_str(),
            format!("all {count} paths in one answer of the compatible route"),
            format!("{} ms, {} KiB", took.as_millis(), answer.body_length / 1_024),
        ),
        Line::info(
            BENCH.as_str(),
            "resident before, after, at most",
            format!("{before}, {}, {} KiB", resident_kib(pid)?, peak_kib(pid)?),
        ),
    ]);
    Ok(lines)
}

/// The queries of all pages, and how many files they list.
async fn all_pages(world: &World) -> anyhow::Result<(Vec<String>, usize)> {
    let mut query = format!("tree?limit={PAGE}");
    let (mut pages, mut files) = (Vec::new(), 0);
    loop {
        let answer = ask(world.jeton.address, &world.request("tools", &query), 200).await?;
        let page: Value = serde_json::from_slice(answer.body())?;
        let entries = page["entries"].as_array().context("a page without entries")?;
        files += entries.iter().filter(|entry| entry["kind"] == "file").count();
        pages.push(query);
        let Some(next) = page["next"].as_str() else {
            return Ok((pages, files));
        };
        query = format!("tree?limit={PAGE}&cursor={next}");
        ensure!(pages.len() < FILES, "the pages never end");
    }
}

/// One commit with all of the files, as `git fast-import` reads it.
fn history() -> anyhow::Result<String> {
    let mut history =
        String::from("commit refs/heads/main\ncommitter Ada <ada@example.com> 1750000000 +0000\ndata 0\n");
    for one in 0..SHAPE[0] {
        for two in 0..SHAPE[1] {
            for three in 0..SHAPE[2] {
                let text = format!("{one} {two} {three}\n");
                write!(
                    history,
                    "M 100644 inline part-{one:02}/module-{two:02}/file-{three:02}.rs\ndata {}\n{text}\n",
                    text.len()
                )?;
            }
        }
    }
    Ok(history)
}
