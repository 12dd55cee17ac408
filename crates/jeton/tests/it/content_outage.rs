//! A forge that is down, breaks off, or lies: what was known is shown for a while and says how old it is; nothing else is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule};
use jeton_testkit::{Answer, Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::SignedDuration;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    account_world::{ALL, Forge, World, refused, text},
    content_reading::{MINUTE, bytes, commit, file, github, pinned, put, read, reader, retry_after, route},
};

/// With a client that does not wait for long.
async fn start(change: impl FnOnce(&mut NodeOptions)) -> TestJeton {
    let mut options = NodeOptions::default();
    options.forge.request_timeout = Duration::from_millis(700);
    change(&mut options);
    TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await
}

fn status(status: u16) -> FaultKind {
    let message = "Something went wrong".to_owned();
    FaultKind::Status { status, message }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_known_is_shown_while_the_forge_is_gone() {
    known_is_shown([
        FaultKind::CutBeforeHandling,
        FaultKind::CutBeforeAnswer,
        status(500),
        status(503),
        FaultKind::BadGateway,
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_known_is_shown_while_the_forge_talks_nonsense() {
    known_is_shown([
        FaultKind::CutInBody,
        FaultKind::Garbage,
        FaultKind::EmptyBody,
        FaultKind::HugeBody(40 * 1024 * 1024),
        FaultKind::Redirect {
            location: "http://forge.invalid/elsewhere".to_owned(),
        },
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_known_is_shown_while_the_forge_is_slow() {
    known_is_shown([FaultKind::NoAnswer, FaultKind::Latency(Duration::from_millis(1_500))]).await;
}

/// That it is the forge's fault, which is named; and the caller is told what to do.
fn is_the_forges(answer: &Answer, host: &str, what: &str) {
    let code = answer.code();
    let right = match code.as_str() {
        "forge.unavailable" => 503,
        "forge.timeout" => 504,
        // A file whose id is known from the tree is found out by it.
        "forge.garbled" | "content.wrong_bytes" => 502,
        other => panic!("{what}: {other}: {}", answer.text),
    };
    refused(answer, right, &code);
    let told = answer.json();
    assert!(text(&told["detail"]).contains(host), "{what}: {told}");
    if right == 503 {
        assert!(retry_after(answer) >= 1, "{what}");
    }
}

/// What was known is shown and says how old it is; what was not is the forge's fault.
async fn known_is_shown(faults: impl IntoIterator<Item = FaultKind>) {
    for fault in faults {
        let what = format!("{fault:?}");
        let t = start(|_| {}).await;
        t.install("acme", &["tools"]);
        put(&t, "acme", "tools", "other.md", "another\n");
        let commit = put(&t, "acme", "tools", "README.md", "old\n");
        let key = reader(&t, "agents", "acme/*", &["app:*"]).await;
        let (host, branch) = (github(&t), file(&t, "acme/tools", "README.md"));
        let tree = route(&host, "acme/tools", "tree", &[]);
        for known in [&branch, &tree] {
            assert_eq!(t.get_as(&key, known).await.status, 200);
        }
        // Something is new there, so that no "unchanged" without a body hides the fault.
        put(&t, "acme", "tools", "README.md", "new\n");
        t.sim.faults().add(FaultRule::new(fault));
        t.clock.advance(SignedDuration::from_secs(7));
        for known in [&branch, &tree] {
            let answer = t.get_as(&key, known).await;
            let told = read(&answer);
            assert_eq!(told["stale_seconds"], 7, "{what}: {told}");
            assert_eq!(answer.header("age"), "7", "{what}");
            assert_eq!(answer.header("warning"), "110 - \"Response is Stale\"", "{what}");
            assert_eq!(told["commit"], json!(commit), "{what}");
        }
        assert_eq!(read(&t.get_as(&key, &branch).await)["content"], "old\n", "{what}");
        // What is pinned is as good as ever.
        let answer = t.get_as(&key, &pinned(&t, "acme/tools", "README.md", &commit)).await;
        assert_eq!(
            (&read(&answer)["content"], answer.header("age")),
            (&json!("old\n"), ""),
            "{what}"
        );
        // What was never read, by name and by commit.
        for unknown in [
            file(&t, "acme/tools", "other.md"),
            pinned(&t, "acme/tools", "other.md", &commit),
            route(&host, "acme/tools", "commits", &[]),
            route(&host, "acme/tools", "raw", &[("path", "other.md")]),
        ] {
            is_the_forges(&t.get_as(&key, &unknown).await, &host, &format!("{what} {unknown}"));
        }
        // A quarter of an hour, and no longer.
        t.clock.advance(MINUTE * 14);
        let answer = t.get_as(&key, &branch).await;
        assert_eq!(
            (read(&answer)["stale_seconds"].clone(), answer.header("age")),
            (json!(847), "847"),
            "{what}"
        );
        t.clock.advance(MINUTE * 2);
        for gone in [&branch, &tree, &pinned(&t, "acme/tools", "README.md", &commit)] {
            is_the_forges(&t.get_as(&key, gone).await, &host, &format!("{what} {gone}"));
        }
        // It is back.
        t.sim.faults().clear();
        t.clock.advance(MINUTE);
        let answer = t.get_as(&key, &branch).await;
        let told = read(&answer);
        assert_eq!(
            (&told["content"], answer.header("age")),
            (&json!("new\n"), ""),
            "{what}"
        );
        assert!(told["stale_seconds"].is_null(), "{what}: {told}");
        assert_eq!(
            read(&t.get_as(&key, &file(&t, "acme/tools", "other.md")).await)["content"],
            "another\n",
            "{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_pinned_says_so_too_when_nobody_can_say_whether_it_may_be_read() {
    let t = start(|_| {}).await;
    t.install("acme", &["tools"]);
    let commit = put(&t, "acme", "tools", "README.md", "as ever\n");
    let key = reader(&t, "agents", "acme/*", &["app:*"]).await;
    let known = pinned(&t, "acme/tools", "README.md", &commit);
    assert_eq!(t.get_as(&key, &known).await.status, 200);
    assert_eq!(t.get_as(&key, &file(&t, "acme/tools", "README.md")).await.status, 200);
    t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    t.clock.advance(MINUTE * 6);
    for route in [known, file(&t, "acme/tools", "README.md")] {
        let answer = t.get_as(&key, &route).await;
        let told = read(&answer);
        assert_eq!(
            (&told["content"], answer.header("age")),
            (&json!("as ever\n"), "360"),
            "{told}"
        );
        assert!(answer.header("warning").starts_with("110 "), "{:?}", answer.headers);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_is_shown_where_the_operator_wants_none() {
    let t = start(|options| options.content.stale = SignedDuration::ZERO).await;
    t.install("acme", &["tools"]);
    let commit = put(&t, "acme", "tools", "README.md", "old\n");
    let key = reader(&t, "agents", "acme/*", &["app:*"]).await;
    let branch = file(&t, "acme/tools", "README.md");
    assert_eq!(t.get_as(&key, &branch).await.status, 200);
    t.sim.faults().add(FaultRule::new(FaultKind::CutBeforeHandling));
    t.clock.advance(SignedDuration::from_secs(6));
    is_the_forges(&t.get_as(&key, &branch).await, &github(&t), "after six seconds");
    let known = pinned(&t, "acme/tools", "README.md", &commit);
    assert_eq!(t.get_as(&key, &known).await.status, 200, "what is pinned needs no call");
    t.clock.advance(MINUTE * 5);
    is_the_forges(
        &t.get_as(&key, &known).await,
        &github(&t),
        "when no right was seen for five minutes",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_is_gone_is_named() {
    let w = World::around(start(|_| {}).await).await;
    w.gitlab.commit_file(w.project, "README.md", b"lab\n").unwrap();
    w.stored(Forge::GitLab, "lab").await;
    let host = w.host(Forge::GitLab);
    let World { t, gitlab, .. } = w;
    let key = reader(&t, "agents", "acme/*", &[]).await;
    let known = route(&host, "acme/tools", "file", &[("path", "README.md")]);
    assert_eq!(read(&t.get_as(&key, &known).await)["content"], "lab\n");
    gitlab.shutdown().await;
    t.clock.advance(SignedDuration::from_secs(6));
    let answer = t.get_as(&key, &known).await;
    assert_eq!(
        (read(&answer)["content"].clone(), answer.header("age")),
        (json!("lab\n"), "6")
    );
    is_the_forges(
        &t.get_as(&key, &route(&host, "acme/tools", "tree", &[])).await,
        &host,
        "gone",
    );
    // Another forge is none the worse for it.
    put(&t, "acme", "tools", "README.md", "hub\n");
    t.sim
        .github()
        .install(t.app.id, "acme", jeton_forge_sim::InstallSpec::all());
    assert_eq!(
        read(&t.get_as(&key, &file(&t, "acme/tools", "README.md")).await)["content"],
        "hub\n"
    );
}

/// A file that is no text, and no two parts of it are the same.
fn large() -> Vec<u8> {
    (0..750_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_cut_is_never_taken_for_the_whole() {
    let w = World::around(start(|_| {}).await).await;
    for forge in ALL {
        let commit = commit(
            &w,
            forge,
            &CommitSpec::new("Large")
                .file("large.bin", large())
                .file("small.txt", "small\n"),
        );
        w.stored(forge, forge.word()).await;
        let key = reader(&w.t, &format!("on-{}", forge.word()), "acme/*", &["account:*"]).await;
        let ask = |operation: &str, path: &str| {
            let query = [("path", path), ("ref", commit.as_str())];
            route(&w.host(forge), "acme/tools", operation, &query)
        };
        for (operation, path) in [("raw", "large.bin"), ("max-lines", "large.bin"), ("file", "small.txt")] {
            let cut = w.faults(forge).add(FaultRule::new(FaultKind::CutInBody));
            let got = bytes(&w.t, &key, &ask(operation, path), &[]).await;
            // Either it broke off before the caller's eyes, or it never began.
            if let Some(got) = got {
                assert!(
                    got.status >= 500 && got.code().starts_with("forge."),
                    "{forge:?} {operation}: {} {}",
                    got.status,
                    got.code()
                );
            }
            assert!(w.faults(forge).fired(cut) > 0, "{forge:?} {operation}");
            w.faults(forge).clear();
        }
        let whole = bytes(&w.t, &key, &ask("raw", "large.bin"), &[]).await.unwrap();
        assert_eq!(whole.status, 200, "{forge:?}");
        assert!(whole.bytes == large(), "{forge:?}: {} bytes", whole.bytes.len());
        let part = bytes(&w.t, &key, &ask("raw", "large.bin"), &[("range", "bytes=-4")])
            .await
            .unwrap();
        assert_eq!(
            (part.status, part.bytes),
            (206, 749_999_u32.to_le_bytes().to_vec()),
            "{forge:?}"
        );
        let small = w.t.get_as(&key, &ask("file", "small.txt")).await;
        assert_eq!(read(&small)["content"], "small\n", "{forge:?}");
    }
}

/// Stands between jeton and a forge, and changes bytes on their way while it is told to.
async fn tampering(to: String) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tampers = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&tampers);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            let tampers = Arc::clone(&told);
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await.ok() });
            tokio::spawn(async move {
                let mut piece = vec![0; 1 << 20];
                while let Ok(length) = from_server.read(&mut piece).await {
                    if length == 0 {
                        break;
                    }
                    for (honest, forged) in [
                        (TRUE.to_owned(), FORGED.to_owned()),
                        (BASE64_STANDARD.encode(TRUE), BASE64_STANDARD.encode(FORGED)),
                    ] {
                        let mut parts = piece[..length].windows(honest.len());
                        let found = parts.position(|part| part == honest.as_bytes());
                        if let Some(at) = found.filter(|_| tampers.load(Ordering::SeqCst)) {
                            piece[at..at + honest.len()].copy_from_slice(forged.as_bytes());
                        }
                    }
                    if to_client.write_all(&piece[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, tampers)
}

/// As many bytes as make whole groups in base64, so that it looks the same there whatever follows.
const TRUE: &str = "pay 10 to ada!!";
const FORGED: &str = "pay 99 to eve!!";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_those_of_the_object_are_refused() {
    let w = World::around(start(|_| {}).await).await;
    w.gitlab
        .commit_file(w.project, "orders.txt", format!("{TRUE}\n").as_bytes())
        .unwrap();
    let (url, tampers) = tampering(w.host(Forge::GitLab)).await;
    let mut given = w.given(Forge::GitLab, &w.token(Forge::GitLab));
    given["base_url"] = json!(url);
    w.t.account("lab", given).await;
    let key = reader(&w.t, "agents", "acme/*", &["account:*"]).await;
    let host = url.trim_start_matches("http://");
    let ask = |operation: &str| route(host, "acme/tools", operation, &[("path", "orders.txt")]);
    for operation in ["file", "lines", "max-lines"] {
        let answer = w.t.get_as(&key, &ask(operation)).await;
        refused(&answer, 502, "content.wrong_bytes");
        assert!(
            text(&answer.json()["detail"]).contains(host) && !answer.text.contains("eve"),
            "{}",
            answer.text
        );
    }
    // The bytes of `raw` may have begun to come: then it breaks off, and is never taken for good.
    if let Some(got) = bytes(&w.t, &key, &ask("raw"), &[]).await {
        assert_eq!((got.status, got.code().as_str()), (502, "content.wrong_bytes"));
    }
    tampers.store(false, Ordering::SeqCst);
    assert_eq!(
        read(&w.t.get_as(&key, &ask("file")).await)["content"],
        format!("{TRUE}\n")
    );
}
