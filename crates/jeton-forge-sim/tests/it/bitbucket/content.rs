//! Files, directories and branches.

use std::net::IpAddr;

use jeton_forge_sim::CommitSpec;
use serde_json::json;

use super::World;
use crate::common::{client, send};

const NO_REPOSITORY: &str = "You may not have access to this repository or it no longer exists in this workspace. If \
                             you think this repository exists and you have access, make sure you are authenticated.";

const TOOLS: &str = "/repositories/acme/tools";

#[tokio::test]
async fn a_file_is_raw_and_its_facts_are_asked_for() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let commit = w.sim.commit_file(w.tools, "src/a b.txt", b"hello\n").unwrap();
    let path = format!("{TOOLS}/src/main/src/a%20b.txt");
    let raw = w.bearer(&token, &path).await;
    assert_eq!(raw.text, "hello\n");
    assert_eq!(raw.header("content-disposition"), "attachment; filename=\"a b.txt\"");
    assert!(raw.header("etag").starts_with('"'));
    let meta = w.bearer(&token, &format!("{path}?format=meta")).await.json();
    assert_eq!((&meta["type"], &meta["size"]), (&json!("commit_file"), &json!(6)));
    assert_eq!(meta["commit"]["hash"], commit);
}

#[tokio::test]
async fn a_directory_is_listed_breadth_first() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let commit = w.sim.commit_file(w.tools, "src/deep/a.txt", b"a").unwrap();
    let get = async |tail: &str| w.bearer(&token, &format!("{TOOLS}/src{tail}")).await;
    assert_eq!(get("/main/").await.values("path"), ["README.md", "src"]);
    assert_eq!(get("/main/").await.values("type"), ["commit_file", "commit_directory"]);
    assert_eq!(
        get("/main/?max_depth=2").await.values("path"),
        ["README.md", "src", "src/deep"]
    );
    assert_eq!(
        get("/main/src/?max_depth=9").await.values("path"),
        ["src/deep", "src/deep/a.txt"]
    );
    let first = get("/main/?max_depth=9&pagelen=3").await;
    assert_eq!(first.values("path"), ["README.md", "src", "src/deep"]);
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let next = send(client().get(next).bearer_auth(&token)).await;
    assert_eq!(next.values("path"), ["src/deep/a.txt"]);
    assert!(next.json().get("next").is_none());
    get("/main/?max_depth=9&pagelen=3&page=2")
        .await
        .errs(400, "Invalid page");
    let redirect = get("").await;
    assert_eq!(redirect.status, 302);
    let target = format!("{}{TOOLS}/src/{commit}/", w.sim.api_url());
    assert_eq!(redirect.header("location"), target);
    assert_eq!(get("/main").await.status, 404, "the root has a slash at its end");
    get("/nothing/").await.errs(404, "Commit not found");
    get("/main/nothing")
        .await
        .errs(404, "No such file or directory: nothing");
}

#[tokio::test]
async fn a_walk_that_finds_too_much_gives_up() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let spec = CommitSpec::new("Many").file("a/b/c/d", "").file("a/b/e", "");
    w.sim.commit_files(w.tools, &spec).unwrap();
    w.sim.set_walk_limit(4);
    let get = async |query: &str| w.bearer(&token, &format!("{TOOLS}/src/main/{query}")).await;
    assert_eq!(get("?max_depth=9").await.status, 555);
    assert_eq!(get("?max_depth=2").await.values("path"), ["README.md", "a", "a/b"]);
    assert_eq!(
        get("a/?max_depth=9").await.values("path"),
        ["a/b", "a/b/c", "a/b/e", "a/b/c/d"]
    );
    get("?max_depth=0").await.errs(400, "Invalid max_depth");
}

#[tokio::test]
async fn anybody_reads_a_public_repository_sixty_times_an_hour() {
    let w = World::new().await;
    w.sim.add_repository("acme", "open", false).unwrap();
    let read = async |path: &str| send(w.request("GET", path)).await;
    read("/repositories/acme/tools/src/main/")
        .await
        .errs(404, NO_REPOSITORY);
    for path in [
        "src/main/",
        "src/main/README.md",
        "commits",
        "refs",
        "filehistory/main/README.md",
    ] {
        assert_eq!(
            read(&format!("/repositories/acme/open/{path}")).await.status,
            200,
            "{path}"
        );
    }
    for _ in 6..60 {
        assert_eq!(read("/repositories/acme/open").await.status, 200);
    }
    let refused = read("/repositories/acme/open/src/main/README.md").await;
    refused.errs(429, "Rate limit for this resource has been exceeded.");
    let elsewhere = reqwest::Client::builder()
        .local_address(IpAddr::from([127, 0, 0, 2]))
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("{}/repositories/acme/open/src/main/README.md", w.sim.api_url());
    assert_eq!(send(elsewhere.get(url)).await.text, "# open\n", "another address");
    let token = w.access(&["repository"]);
    assert_eq!(w.bearer(&token, "/repositories/acme/open").await.status, 200);
}

#[tokio::test]
async fn branches_are_listed_and_shown() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let head = w.sim.commit_file(w.tools, "a", b"a").unwrap();
    let list = format!("{TOOLS}/refs/branches");
    for list in [list.clone(), format!("{list}/")] {
        assert_eq!(w.bearer(&token, &list).await.values("name"), ["main"]);
    }
    let main = w.bearer(&token, &format!("{list}/main")).await.json();
    assert_eq!(main["target"]["hash"], head);
    w.bearer(&token, &format!("{list}/feature/x"))
        .await
        .errs(404, "Branch not found");
}
