//! Trees, up to a hundred thousand files.

use std::io::Write as _;
use std::time::{Duration, Instant};

use jeton_forge_sim::{CommitSpec, ContentLimits};
use serde_json::{Value, json};

use super::Desk;

fn paths(tree: &Value) -> Vec<&str> {
    let entries = tree["tree"].as_array().unwrap();
    entries.iter().map(|entry| entry["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_tree_names_modes_types_and_sizes() {
    let d = Desk::new().await;
    let spec = CommitSpec::new("All kinds")
        .executable("bin/run", "#!/bin/sh\n")
        .symlink("bin/link", "run")
        .submodule("lib", &"2".repeat(40))
        .file(b"bin/\xff", "bytes");
    let commit = d.commit(&spec);
    for name in [
        commit.as_str(),
        "main",
        "heads/main",
        "refs%2Fheads%2Fmain",
        &commit[..10],
    ] {
        let tree = d.get(&format!("/git/trees/{name}")).await;
        assert_eq!(tree.status, 200, "{name}");
        assert_eq!(paths(&tree.json()), ["README.md", "bin", "lib"]);
        assert_eq!(tree.json()["truncated"], false);
    }
    // Any value turns it on, as on GitHub.
    for query in ["?recursive=1", "?recursive=false", "?recursive=", "?recursive=0"] {
        let tree = d.get(&format!("/git/trees/main{query}")).await.json();
        let wanted = ["README.md", "bin", "bin/link", "bin/run", "bin/\u{fffd}", "lib"];
        assert_eq!(paths(&tree), wanted, "{query}");
        let facts: Vec<Value> = tree["tree"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| json!([entry["mode"], entry["type"], entry["size"]]))
            .collect();
        assert_eq!(facts[1], json!(["040000", "tree", null]));
        assert_eq!(facts[2], json!(["120000", "blob", 3]));
        assert_eq!(facts[3], json!(["100755", "blob", 10]));
        assert_eq!(facts[4], json!(["100644", "blob", 5]));
        assert_eq!(facts[5], json!(["160000", "commit", null]));
        assert!(tree["tree"][5].get("url").is_none());
        let below = tree["tree"][1]["sha"].as_str().unwrap();
        let below = d.get(&format!("/git/trees/{below}")).await.json();
        assert_eq!(paths(&below), ["link", "run", "\u{fffd}"]);
    }
}

#[tokio::test]
async fn what_is_no_tree_is_refused() {
    let d = Desk::new().await;
    for absent in ["none", "main~1", &"0".repeat(40)] {
        d.get(&format!("/git/trees/{absent}")).await.is(404, "Not Found");
    }
    let file = d.get("/contents/README.md").await.json();
    let file = file["sha"].as_str().unwrap();
    assert_eq!(d.get(&format!("/git/trees/{file}")).await.status, 422);
    let github = d.w.sim.github();
    github.add_empty_repository("acme", "empty", true).unwrap();
    for tail in [
        "git/trees/main",
        "commits",
        "commits/main",
        "git/ref/heads/main",
        "git/matching-refs/heads",
        &format!("git/blobs/{}", "0".repeat(40)),
    ] {
        let answer = d.w.get(&d.token, &format!("/repos/acme/empty/{tail}")).await;
        answer.is(409, "Git Repository is empty.");
    }
    for tail in ["branches", "tags"] {
        let answer = d.w.get(&d.token, &format!("/repos/acme/empty/{tail}")).await;
        assert_eq!(answer.json(), json!([]));
    }
    let contents = d.w.get(&d.token, "/repos/acme/empty/contents/").await;
    contents.is(404, "This repository is empty.");
    github
        .commit("acme", "empty", &CommitSpec::new("First").file("a", "1"))
        .unwrap();
    let tree = d.w.get(&d.token, "/repos/acme/empty/git/trees/main").await;
    assert_eq!(paths(&tree.json()), ["a"]);
}

#[tokio::test]
async fn a_tree_over_either_limit_is_cut_and_says_so() {
    let d = Desk::new().await;
    d.commit(&CommitSpec::new("x").file("a/1", "").file("a/2", "").file("b/3", ""));
    let limits = |tree_entries, tree_bytes| {
        let limits = ContentLimits {
            tree_entries,
            tree_bytes,
            ..ContentLimits::default()
        };
        d.w.sim.github().set_content_limits(limits);
    };
    limits(3, usize::MAX);
    let tree = d.get("/git/trees/main?recursive=1").await.json();
    assert_eq!(
        (paths(&tree), &tree["truncated"]),
        (vec!["README.md", "a", "a/1"], &json!(true))
    );
    let flat = d.get("/git/trees/main").await.json();
    assert_eq!((paths(&flat).len(), &flat["truncated"]), (3, &json!(false)));
    limits(6, 28 + 9 + 28 + 1);
    let tree = d.get("/git/trees/main?recursive=1").await.json();
    assert_eq!(
        (paths(&tree), &tree["truncated"]),
        (vec!["README.md", "a"], &json!(true))
    );
    limits(6, usize::MAX);
    let tree = d.get("/git/trees/main?recursive=1").await.json();
    assert_eq!((paths(&tree).len(), &tree["truncated"]), (6, &json!(false)));
}

/// `many/000/00000.txt` to `many/099/99999.txt`, each with its number in it.
fn a_hundred_thousand_files() -> Vec<u8> {
    let mut stream = Vec::new();
    writeln!(
        stream,
        "commit refs/heads/main\ncommitter A <a@example.com> 1767225600 +0000\ndata 4\nMany"
    )
    .unwrap();
    for number in 0..100_000 {
        let content = format!("number {number}\n");
        let path = format!("many/{:03}/{number:05}.txt", number / 1000);
        writeln!(stream, "M 100644 inline {path}\ndata {}\n{content}", content.len()).unwrap();
    }
    stream
}

#[tokio::test]
async fn a_repository_of_a_hundred_thousand_files_is_cut_and_read_in_parts() {
    let d = Desk::new().await;
    let started = Instant::now();
    let stream = a_hundred_thousand_files();
    d.w.sim.github().import("acme", "tools", &stream).unwrap();
    // Some seconds at most; generous, since other tests run meanwhile.
    assert!(started.elapsed() < Duration::from_mins(1));
    let tree = d.get("/git/trees/main?recursive=1").await.json();
    let found = paths(&tree);
    assert_eq!((found.len(), &tree["truncated"]), (100_000, &json!(true)));
    assert_eq!(
        (found[0], found[1], found[2]),
        ("many", "many/000", "many/000/00000.txt")
    );
    let part = d.get("/git/trees/main").await.json();
    let many = part["tree"][0]["sha"].as_str().unwrap();
    let part = d.get(&format!("/git/trees/{many}?recursive=1")).await.json();
    assert_eq!((paths(&part).len(), &part["truncated"]), (100_000, &json!(true)));
    let last = d.get("/contents/many/099/99999.txt").await.json();
    let sha = last["sha"].as_str().unwrap();
    let text = d.raw(&format!("/git/blobs/{sha}")).await.text().await.unwrap();
    assert_eq!(text, "number 99999\n");
    let listed = d.get("/contents/many/050").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1000);
}
