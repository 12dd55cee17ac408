//! Cached content against a bare axum route with the same answer, and lines of a large file against a small file.

use std::fmt::Write as _;

use super::{
    asking::one_by_one,
    world::{By, World, path, text},
};
use crate::{
    args::Bench,
    benches::{Setting, ask, pairs, warm::rounds},
    client::{Load, request_for},
    jeton::Server,
    report::{Line, time},
};

const SIZES: [(&str, &str, usize); 3] = [
    ("1 KB", "small.txt", 1_024),
    ("50 KB", "medium.txt", 50 * 1_024),
    ("1 MB", "large.txt", 1_024 * 1_024),
];
const CONNECTIONS: usize = 64;
const LEAST_THROUGHPUT: f64 = 0.8;
const LINES: usize = 20_000;
const WANTED: &str = "lines?path=lines.txt&start_line=100&end_line=200";
const NATIVE: &str = "/v1/content/{forge}/{owner}/{repo}/{operation}";
const COMPATIBLE: &str = "/repo/{owner}/{repo}/file/{path}/content";
/// Ranges of lines that were not asked for before.
const NEW_RANGES: usize = 500;

/// Something that is asked for, and the bare route for it.
struct Case {
    what: String,
    path: String,
    request: Vec<u8>,
    route: &'static str,
}

pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::ContentCached.as_str();
    let world = World::start(setting, &["tools".to_owned()], By::App).await?;
    let contents = SIZES.map(|(_, name, size)| (name, text(size)));
    let numbered = numbered()?;
    let mut files: Vec<(&str, &[u8])> = contents.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    files.push(("lines.txt", numbered.as_bytes()));
    world.commit("tools", &files)?;

    let mut lines = Vec::new();
    for (size, name, _) in SIZES {
        for case in cases(&world, size, name) {
            lines.extend(against_bare(setting, &world, &case).await?);
        }
    }
    for (operation, words, judged) in [("raw", "raw", true), ("file", "as JSON", false)] {
        let small = world.request("tools", &format!("{operation}?path=small.txt"));
        let wanted = world.request("tools", WANTED);
        let (rounds, duration) = rounds(setting);
        let (ours, theirs) = (side(&world.jeton, &wanted).await?, side(&world.jeton, &small).await?);
        let pairs = pairs::measure(&ours, &theirs, rounds, duration).await?;
        let what = format!("lines 100–200 of {LINES} against 1 KB {words}: throughput");
        let (ratio, per_second) = pairs.throughput();
        lines.push(if judged {
            least(&what, per_second, ratio)
        } else {
            Line::info(bench, what, per_second)
        });
    }
    lines.extend(new_ranges(&world).await?);
    Ok(lines)
}

/// What is asked for at one size.
fn cases(world: &World, size: &str, name: &str) -> [Case; 3] {
    let native = |operation: &str, words: &str| {
        let operation = format!("{operation}?path={name}");
        Case {
            what: format!("{size}, {words}"),
            path: path(&world.forge.sim.web_url(), "tools", &operation),
            request: world.request("tools", &operation),
            route: NATIVE,
        }
    };
    let compatible = format!("/repo/acme/tools/file/{name}/content");
    [
        native("raw", "raw"),
        native("file", "as JSON"),
        Case {
            what: format!("{size}, compatible"),
            request: request_for(&compatible),
            path: compatible,
            route: COMPATIBLE,
        },
    ]
}

async fn against_bare(setting: &Setting, world: &World, case: &Case) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::ContentCached.as_str();
    let jeton = side(&world.jeton, &case.request).await?;
    let answer = ask(world.jeton.address, &case.request, 200).await?;
    let bare = Server::bare_at(world.forge.directory(), &answer.bytes, case.route, &case.path).await?;
    let bare_side = side(&bare, &case.request).await?;
    let (rounds, duration) = rounds(setting);
    let pairs = pairs::measure(&jeton, &bare_side, rounds, duration).await?;
    let what = |name: &str| format!("{}, {CONNECTIONS} connections: {name}", case.what);
    let (ratio, per_second) = pairs.throughput();
    Ok(vec![
        least(&what("throughput"), per_second, ratio),
        Line::info(bench, what("p99"), pairs.within(990).1),
        Line::info(
            bench,
            what("server's processor time per answer"),
            pairs.processor_time(),
        ),
    ])
}

fn least(what: &str, per_second: String, ratio: f64) -> Line {
    Line::judged(
        Bench::ContentCached.as_str(),
        what,
        per_second,
        format!("≥ {LEAST_THROUGHPUT}"),
        ratio >= LEAST_THROUGHPUT,
    )
}

/// The first two asks make it warm.
async fn side(server: &Server, request: &[u8]) -> anyhow::Result<pairs::Side> {
    ask(server.address, request, 200).await?;
    let body_length = ask(server.address, request, 200).await?.body_length;
    Ok(pairs::Side {
        pid: server.pid(),
        load: Load {
            address: server.address,
            request: request.into(),
            status: 200,
            connections: CONNECTIONS,
            duration: std::time::Duration::ZERO,
            body_length,
            slack: 0,
        },
    })
}

/// Lines that nobody has asked for: what the index of lines is for.
async fn new_ranges(world: &World) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::ContentCached.as_str();
    let ranges = (0..NEW_RANGES).map(|number| {
        // All over the file, and nowhere twice.
        let start = 1 + number * 7_919 % (LINES - 200);
        let operation = format!("lines?path=lines.txt&start_line={start}&end_line={}", start + 100);
        world.request("tools", &operation)
    });
    let ranges = one_by_one(world.jeton.address, ranges).await?;
    let again = std::iter::repeat_n(world.request("tools", WANTED), NEW_RANGES);
    let again = one_by_one(world.jeton.address, again).await?;
    let words = |of: &crate::spread::Spread| format!("{}, {}", time(of.within(500)), time(of.within(990)));
    Ok(vec![
        Line::info(bench, "101 other lines each time, one reader: p50, p99", words(&ranges)),
        Line::info(bench, "the same lines each time, one reader: p50, p99", words(&again)),
    ])
}

/// A file of that many lines, of somewhat less than 1 MiB.
fn numbered() -> anyhow::Result<String> {
    let mut text = String::new();
    for number in 1..=LINES {
        writeln!(text, "    let größe_{number:05} = compute(first, second);")?;
    }
    Ok(text)
}
