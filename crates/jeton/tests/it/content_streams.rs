//! Downloads that take long: begun at once, not cut, and with little of them in memory.

use std::time::Duration;

use jeton_forge_sim::{AccessLevel, CommitSpec, FaultKind, FaultRule, Visibility};
use jeton_testkit::{Database, DatabaseKind, Node, NodeOptions, TestJeton};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    account_world::{Forge, World as Forges},
    content_reading::{read, reader, route},
    content_world::World,
};

const MIB: usize = 1024 * 1024;

/// Bytes that no cache and no network makes smaller, and in which nothing is repeated within reach.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

async fn begin(w: &World, route: &str) -> reqwest::Response {
    begin_as(&w.t, w.t.key.secret().expose(), route).await
}

async fn begin_as(node: &Node, key: &str, route: &str) -> reqwest::Response {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}{route}", node.url)).bearer_auth(key);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{route}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_may_take_longer_than_its_beginning() {
    let options = NodeOptions {
        request_timeout: Duration::from_millis(1_500),
        ..NodeOptions::default()
    };
    let w = World::start_with(options).await;
    let large = noise(16 * MIB);
    let spec = CommitSpec::new("Large").file("large.bin", &large);
    w.t.sim.github().commit("acme", "tools", &spec).unwrap();

    // The file is larger than all that a connection holds.
    let raw = w.route("raw", &[("path", "large.bin")]);
    assert!(begin(&w, &raw).await.bytes().await.unwrap() == large);
    let mut answer = begin(&w, &raw).await;
    assert_eq!(answer.headers()["content-length"], large.len().to_string());
    let mut got = answer.chunk().await.unwrap().unwrap().to_vec();
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    while let Some(piece) = answer.chunk().await.unwrap() {
        got.extend_from_slice(&piece);
    }
    assert!(got == large, "{} of {} bytes", got.len(), large.len());
}

/// Files of `acme/tools` on a Bitbucket that does not say how long they are and sends them in pieces, and who reads them.
async fn dripping(spec: &CommitSpec, chunk: usize, pause: Duration) -> (Forges, String) {
    let options = NodeOptions {
        request_timeout: Duration::from_millis(1_500),
        ..NodeOptions::default()
    };
    let w = Forges::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await;
    w.bitbucket.commit_files(w.repository, spec).unwrap();
    w.stored(Forge::Bitbucket, "bucket").await;
    let key = reader(&w.t, "agents", "acme/tools", &["account:*"]).await;
    w.bitbucket
        .faults()
        .add(FaultRule::new(FaultKind::SlowBody { chunk, pause }));
    (w, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_forge_gives_slowly_begins_before_its_length_is_known() {
    let slow = noise(900_000);
    let spec = CommitSpec::new("Slow").file("slow.bin", &slow);
    let (w, key) = dripping(&spec, 150_000, Duration::from_millis(400)).await;
    let raw = route(&w.host(Forge::Bitbucket), "acme/tools", "raw", &[("path", "slow.bin")]);
    let answer = begin_as(&w.t, &key, &raw).await;
    assert!(
        !answer.headers().contains_key("content-length"),
        "{:?}",
        answer.headers()
    );
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert!(answer.bytes().await.unwrap() == slow);
    // Once it is here it is like all others.
    let calls = w.calls(Forge::Bitbucket).total();
    let again = begin_as(&w.t, &key, &raw).await;
    assert_eq!(again.headers()["content-length"], slow.len().to_string());
    assert!(again.bytes().await.unwrap() == slow);
    assert_eq!(
        w.calls(Forge::Bitbucket).total(),
        calls,
        "no call for what came before, though no id was told"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_here_in_a_moment_is_told_whole_though_nobody_said_its_size() {
    let files = [("empty.txt", 0), ("short.txt", 3), ("longer.txt", 30_000)];
    let spec = files.iter().fold(CommitSpec::new("Text"), |spec, (path, lines)| {
        spec.file(*path, "größer — 日本\n".repeat(*lines))
    });
    let (w, key) = dripping(&spec, 300_000, Duration::from_millis(1)).await;
    for (path, _) in files {
        let raw = route(&w.host(Forge::Bitbucket), "acme/tools", "raw", &[("path", path)]);
        let answer = begin_as(&w.t, &key, &raw).await;
        assert!(
            answer.headers().contains_key("content-length"),
            "{path}: {:?}",
            answer.headers()
        );
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8", "{path}");
    }
}

/// Memory of this process that is in use, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_no_memory() {
    let w = World::start().await;
    let large = noise(32 * MIB);
    let spec = CommitSpec::new("Large").file("large.bin", &large);
    w.t.sim.github().commit("acme", "tools", &spec).unwrap();
    let raw = w.route("raw", &[("path", "large.bin")]);
    // Whatever one whole download leaves behind is no reader's.
    assert!(begin(&w, &raw).await.bytes().await.unwrap() == large);
    let before = resident();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut answer = begin(&w, &raw).await;
        let first = answer.chunk().await.unwrap().unwrap();
        assert!(large.starts_with(&first));
        waiting.push(answer);
    }
    // Time enough to send them all, if that is what the server does: two others get the whole meanwhile, piece by piece.
    let mut others = JoinSet::new();
    for _ in 0..2 {
        let mut answer = begin(&w, &raw).await;
        others.spawn(async move {
            let mut length = 0;
            while let Some(piece) = answer.chunk().await.unwrap() {
                length += piece.len();
            }
            length
        });
    }
    while let Some(length) = others.join_next().await {
        assert_eq!(length.unwrap(), large.len());
    }
    let more = resident().saturating_sub(before);
    assert!(more < 40 * MIB, "20 readers who wait take {} MiB", more / MIB);
    // And each of them still gets all of it.
    let last = waiting.pop().unwrap();
    let rest = last.bytes().await.unwrap();
    assert!(large.ends_with(&rest) && rest.len() > large.len() / 2, "{}", rest.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_in_a_group_is_one_part_of_the_address() {
    let t = TestJeton::start_with(Database::new(DatabaseKind::Sqlite), NodeOptions::default()).await;
    let w = Forges::around(t).await;
    let group = w.gitlab.add_group("team", Visibility::Private).unwrap();
    w.gitlab.add_member(group, w.at_gitlab, AccessLevel::Owner).unwrap();
    w.gitlab.add_group("team/sub", Visibility::Private).unwrap();
    let project = w.gitlab.add_project("team/sub/tools", Visibility::Private).unwrap();
    let spec = CommitSpec::new("Begin").file("src/a b.txt", "deep\n");
    w.gitlab.commit_files(project, &spec).unwrap();
    w.bitbucket
        .commit_files(w.repository, &CommitSpec::new("Begin").file("src/a b.txt", "deep\n"))
        .unwrap();
    w.stored(Forge::GitLab, "lab").await;
    w.stored(Forge::Bitbucket, "bucket").await;
    for (forge, repository) in [(Forge::GitLab, "team/sub/tools"), (Forge::Bitbucket, "acme/tools")] {
        let key = reader(&w.t, forge.word(), repository, &["account:*"]).await;
        let of = |operation: &str, query: &[(&str, &str)]| route(&w.host(forge), repository, operation, query);
        let path = ("path", "src/a b.txt");
        let file = of("file", &[path]);
        assert!(forge != Forge::GitLab || file.contains("/team%2Fsub/tools/"), "{file}");
        // The second answer is a prepared one.
        for _ in 0..2 {
            let told = read(&w.t.get_as(&key, &file).await);
            assert_eq!(
                (&told["content"], &told["repository"]),
                (&json!("deep\n"), &json!(repository)),
                "{told}"
            );
        }
        let lines = read(&w.t.get_as(&key, &of("lines", &[path, ("start_line", "1")])).await);
        assert_eq!(lines["lines"], json!(["deep"]));
        assert_eq!(read(&w.t.get_as(&key, &of("max-lines", &[path])).await)["max_lines"], 1);
        assert_eq!(w.t.get_as(&key, &of("raw", &[path])).await.text, "deep\n");
        let tree = read(&w.t.get_as(&key, &of("tree", &[])).await);
        let mut entries = tree["entries"].as_array().unwrap().iter();
        assert!(entries.any(|entry| entry["path"] == "src/a b.txt"), "{tree}");
        let commits = read(&w.t.get_as(&key, &of("commits", &[])).await);
        assert_eq!(commits["commits"][0]["message"], "Begin\n", "{commits}");
    }
    // Written with a slash it is another address, and none that there is.
    let with_a_slash = format!("/v1/content/{}/team/sub/tools/tree", w.host(Forge::GitLab));
    let apart = w.t.get(&with_a_slash).await;
    assert_eq!((apart.status, apart.code().as_str()), (404, "request.route_not_found"));
}
