//! Making content over HTTP.

use serde_json::json;

use super::Desk;
use crate::common::send;

#[tokio::test]
async fn commits_tags_and_branches_are_made_over_http() {
    let d = Desk::new().await;
    let tell = async |path: &str, body| d.w.control("POST", path, Some(body)).await;
    let repo = json!({ "owner": "acme", "name": "tools" });
    let with = |more: serde_json::Value| {
        let mut body = repo.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let files = json!([
        { "path": "a b", "content": "ü\n" },
        { "path": "run", "base64": "AP8=", "mode": "100755" },
        { "path": "link", "content": "run", "mode": "120000" },
        { "path": "lib", "content": "4".repeat(40), "mode": "160000" },
    ]);
    let commit = json!({
        "branch": "main", "message": "Over HTTP", "files": files, "remove": ["README.md"],
        "author": { "name": "Ada", "email": "ada@example.com" }, "at": "2026-03-01T10:00:00+02:00",
    });
    let made = tell("/commits", with(commit)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let sha = made.json()["commit"].as_str().unwrap().to_owned();
    let shown = d.get(&format!("/commits/{sha}")).await.json();
    assert_eq!(shown["commit"]["author"]["date"], "2026-03-01T08:00:00Z");
    let show = String::from_utf8(d.git_show("--format=%aI%n%an").await[..].to_vec());
    assert!(show.unwrap().starts_with("2026-03-01T10:00:00+02:00\nAda\n"));
    let tree = d.get("/git/trees/main").await.json();
    let modes: Vec<&str> = tree["tree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["mode"].as_str().unwrap())
        .collect();
    assert_eq!(modes, ["100644", "160000", "120000", "100755"]);
    for (path, body, status) in [
        ("/tags", json!({ "tag": "v1", "target": "main" }), 204),
        ("/tags", json!({ "tag": "v2", "target": sha, "message": "Two" }), 204),
        ("/tags", json!({ "tag": "v3", "target": "none" }), 400),
        ("/default-branch", json!({ "branch": "trunk" }), 204),
        ("/branches/remove", json!({ "branch": "main" }), 204),
        ("/commits", json!({ "message": "x", "files": [{ "path": "x" }] }), 400),
        (
            "/commits",
            json!({ "message": "x", "files": [{ "path": "x", "content": "", "mode": "7" }] }),
            400,
        ),
        ("/commits", json!({ "message": "x", "at": "now" }), 400),
    ] {
        let answer = tell(path, with(body)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
    }
    assert_eq!(d.get("/tags").await.json().as_array().unwrap().len(), 2);
    assert_eq!(d.get("/contents").await.status, 404);
}

#[tokio::test]
async fn a_history_is_imported_and_limits_are_set_over_http() {
    let d = Desk::new().await;
    let empty = json!({ "owner": "acme", "name": "big", "empty": true });
    assert_eq!(d.w.control("POST", "/repositories", Some(empty)).await.status, 201);
    // More than other controls take.
    let large = "x".repeat(2 * 1024 * 1024);
    let stream = format!(
        "commit refs/heads/main\ncommitter A <a@x> 0 +0000\ndata 1\nxM 100644 inline large\ndata {}\n{large}\n\
         M 100644 inline b\ndata 1\nb\n",
        large.len()
    );
    let import = |query: &str| d.w.request("POST", &format!("/_sim/import?{query}"));
    let answer = send(import("owner=acme&name=big").body(stream)).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(send(import("owner=acme")).await.status, 400);
    assert_eq!(send(import("owner=acme&name=none")).await.status, 404);
    let tree = d.w.get(&d.token, "/repos/acme/big/git/trees/main").await.json();
    assert_eq!(tree["tree"][1]["size"], large.len());
    let limits = json!({ "tree_entries": 1 });
    assert_eq!(d.w.control("POST", "/content-limits", Some(limits)).await.status, 204);
    let tree = d.w.get(&d.token, "/repos/acme/big/git/trees/main").await.json();
    assert_eq!(tree["truncated"], true);
    let calls = d.w.control("GET", "/calls", None).await.json();
    assert_eq!(calls["quota_charged"], 2);
}
