//! Files, directories and branches.

use serde_json::json;

use super::World;

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
    assert_eq!(
        get("/main/?max_depth=9&pagelen=3&page=2").await.values("path"),
        ["src/deep/a.txt"]
    );
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
