//! Many readers of one large file.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use tokio::time::sleep;

use super::world::{By, Since, World, path};
use crate::{
    args::Bench,
    benches::{Setting, ask},
    client::{Streamed, compare_all},
    jeton::Server,
    process::{forget_peak_of, peak_kib, resident_kib},
    report::Line,
};

const BENCH: Bench = Bench::ContentLarge;
const SIZE: usize = 100 * 1_024 * 1_024;
const READERS: usize = 64;
const MOST_MEMORY: u64 = 150_000_000;
/// For all readers together.
const MOST_CALLS: u64 = 3;
const FILE: &str = "large.bin";

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let world = World::start(setting, &["tools".to_owned()], By::App).await?;
    let bytes = Bytes::from(noise(SIZE));
    world.commit("tools", &[(FILE, &bytes), ("small.txt", b"small\n")])?;
    let (calls, pid) = (world.forge.sim.calls(), world.jeton.pid());
    ask(world.jeton.address, &world.request("tools", "raw?path=small.txt"), 200).await?;
    sleep(Duration::from_secs(1)).await;
    let mut lines = vec![Line::info(
        BENCH.as_str(),
        "resident before anything large is read",
        megabytes(resident_kib(pid)?),
    )];

    let request = world.request("tools", &format!("raw?path={FILE}"));
    let since = Since::now(calls);
    for what in ["cold", "warm"] {
        forget_peak_of(pid)?;
        let begun = Instant::now();
        let readers = compare_all(world.jeton.address, &request, &bytes, READERS).await?;
        let (took, peak) = (begun.elapsed(), peak_kib(pid)?);
        let what = |rest: &str| format!("{READERS} readers of 100 MB, {what}: {rest}");
        lines.extend([
            Line::judged(
                BENCH.as_str(),
                what("most resident"),
                megabytes(peak),
                "< 150 MB",
                peak * 1_024 < MOST_MEMORY,
            ),
            speed(what("all together"), took),
            first(what("half have the first bytes within"), readers),
        ]);
    }
    // The branch, the place, and one download: GitHub brings no file of more than 1 MB along with its place.
    let (asked, _) = since.count(calls);
    lines.push(Line::judged(
        BENCH.as_str(),
        format!("the same, cold and warm: calls ({})", since.words(calls)),
        asked.to_string(),
        format!("≤ {MOST_CALLS}"),
        asked <= MOST_CALLS,
    ));

    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n";
    let answer = [head.as_bytes(), &bytes].concat();
    let path = path(&world.forge.sim.web_url(), "tools", "raw");
    let route = "/v1/content/{forge}/{owner}/{repo}/{operation}";
    let bare = Server::bare_at(world.forge.directory(), &answer, route, &path).await?;
    drop(answer);
    let begun = Instant::now();
    let readers = compare_all(bare.address, &request, &bytes, READERS).await?;
    ensure!(readers.len() == READERS, "readers were lost");
    lines.push(speed(
        format!("{READERS} readers of 100 MB from the bare route, which has it in memory"),
        begun.elapsed(),
    ));
    Ok(lines)
}

#[expect(clippy::cast_precision_loss, reason = "shown without digits after the point")]
fn speed(what: String, took: Duration) -> Line {
    let all = (READERS * SIZE) as f64 / 1_000_000.0;
    let measured = format!("{:.0} MB/s ({:.1} s)", all / took.as_secs_f64(), took.as_secs_f64());
    Line::info(BENCH.as_str(), what, measured)
}

fn first(what: String, mut readers: Vec<Streamed>) -> Line {
    readers.sort_by_key(|reader| reader.first_after);
    let first = readers[READERS / 2].first_after;
    readers.sort_by_key(|reader| reader.whole_after);
    let (fastest, slowest) = (readers[0].whole_after, readers[READERS - 1].whole_after);
    let measured = format!(
        "{} ms; whole after {:.1} to {:.1} s",
        first.as_millis(),
        fastest.as_secs_f64(),
        slowest.as_secs_f64()
    );
    Line::info(BENCH.as_str(), what, measured)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
fn megabytes(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1.024 / 1_000.0)
}

/// Bytes that compress by a quarter only, and differ everywhere, so that a part in a wrong place would show.
fn noise(length: usize) -> Vec<u8> {
    // xorshift64 of G. Marsaglia.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes().map(|byte| byte & 0x3F | 0x20));
    }
    bytes.truncate(length);
    bytes
}
