//! Branches, tags, modes, and who may read them.

use std::fmt::Write as _;

use jeton_forge_sim::{CommitSpec, Visibility};
use serde_json::{Value, json};

use super::World;
use crate::common::send;

const REPOSITORY: &str = "/projects/acme%2Ftools/repository";

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn branches_have_names_of_any_kind() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    for branch in ["feature/x#1", "fix+it", "ünï"] {
        w.sim.add_branch(w.tools, branch, "main").unwrap();
    }
    let branches = format!("{REPOSITORY}/branches");
    let all = w.get(&token, &branches).await.json();
    assert_eq!(names(&all), ["feature/x#1", "fix+it", "main", "ünï"]);
    assert_eq!(all[2]["commit"]["title"], "Write README.md");
    for (search, wanted) in [
        ("fea", &["feature/x#1"][..]),
        ("%5Efix", &["fix+it"]),
        ("in%24", &["main"]),
    ] {
        let found = w.get(&token, &format!("{branches}?search={search}")).await.json();
        assert_eq!(names(&found), wanted, "{search}");
    }
    let one = w.get(&token, &format!("{branches}/feature%2Fx%231")).await.json();
    assert_eq!((&one["name"], &one["default"]), (&json!("feature/x#1"), &json!(false)));
    let raw = w
        .get(&token, &format!("{REPOSITORY}/files/README.md/raw?ref=feature/x%231"))
        .await;
    assert_eq!(raw.text, "# acme/tools\n");
    w.sim.remove_branch(w.tools, "fix+it").unwrap();
    let gone = w.get(&token, &format!("{branches}/fix+it")).await;
    gone.refuses(404, "404 Branch Not Found");
}

#[tokio::test]
async fn tags_of_both_kinds_lead_to_their_commit() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    w.sim.tag(w.tools, "v1", "main", None).unwrap();
    let head = w.sim.commit_file(w.tools, "a", b"a").unwrap();
    w.sim
        .tag(w.tools, "v2/beta", "main", Some("Second\n\nWith words."))
        .unwrap();
    let tags = format!("{REPOSITORY}/tags");
    let all = w.get(&token, &tags).await.json();
    let mut sorted = names(&all);
    sorted.sort_unstable();
    assert_eq!(sorted, ["v1", "v2/beta"]);
    let light = w.get(&token, &format!("{tags}/v1")).await.json();
    assert_eq!(
        (&light["message"], &light["target"]),
        (&json!(""), &light["commit"]["id"])
    );
    let heavy = w.get(&token, &format!("{tags}/v2%2Fbeta")).await.json();
    assert_eq!(heavy["message"], "Second\n\nWith words.");
    assert_eq!(heavy["commit"]["id"], head);
    assert_ne!(heavy["target"], head);
    let raw = w.get(&token, &format!("{REPOSITORY}/files/a/raw?ref=v2/beta")).await;
    assert_eq!(
        (raw.text.as_str(), raw.header("x-gitlab-commit-id")),
        ("a", head.as_str())
    );
    w.get(&token, &format!("{tags}/main"))
        .await
        .refuses(404, "404 Tag Not Found");
}

#[tokio::test]
async fn an_entry_says_what_it_is() {
    let w = World::new().await;
    let token = w.personal(&["read_repository"]).token;
    let elsewhere = "1".repeat(40);
    let spec = CommitSpec::new("All kinds")
        .executable("run.sh", "#!/bin/sh\n")
        .symlink("link", "run.sh");
    let spec = spec.submodule("vendor/lib", &elsewhere).file("vendor/a", "");
    w.sim.commit_files(w.tools, &spec).unwrap();
    let tree = w.get(&token, &format!("{REPOSITORY}/tree?recursive=true")).await.json();
    let kinds: Vec<[&str; 3]> = tree
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| ["path", "type", "mode"].map(|member| entry[member].as_str().unwrap()))
        .collect();
    let wanted = [
        ["README.md", "blob", "100644"],
        ["link", "blob", "120000"],
        ["run.sh", "blob", "100755"],
        ["vendor", "tree", "040000"],
        ["vendor/a", "blob", "100644"],
        ["vendor/lib", "commit", "160000"],
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(tree[5]["id"], elsewhere);
    let get = async |path: &str| w.get(&token, &format!("{REPOSITORY}/files/{path}/raw?ref=main")).await;
    assert_eq!(get("link").await.text, "run.sh", "a link is what it points to");
    assert_eq!(get("run.sh").await.header("x-gitlab-execute-filemode"), "true");
    for path in ["vendor", "vendor%2Flib", "run.sh%2Fx", "README.MD"] {
        get(path).await.refuses(404, "404 File Not Found");
    }
}

#[tokio::test]
async fn a_scope_for_files_reaches_files_only() {
    let w = World::new().await;
    let token = w.personal(&["read_repository"]).token;
    for tail in ["tree", "files/README.md?ref=main", "files/README.md/raw"] {
        assert_eq!(
            w.get(&token, &format!("{REPOSITORY}/{tail}")).await.status,
            200,
            "{tail}"
        );
    }
    for tail in [
        "commits",
        "commits/main",
        "branches",
        "branches/main",
        "tags",
        "tags/v1",
    ] {
        let answer = w.get(&token, &format!("{REPOSITORY}/{tail}")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["scope"]),
            (403, &json!("api read_api")),
            "{tail}"
        );
    }
}

#[tokio::test]
async fn anybody_reads_a_public_project_unless_they_bring_a_bad_token() {
    let w = World::new().await;
    let open = w.sim.add_project("acme/open", Visibility::Public).unwrap();
    w.sim.tag(open, "v1", "main", None).unwrap();
    let dead = w.personal(&["api"]);
    w.sim.revoke_token(dead.id).unwrap();
    for tail in [
        "tree",
        "files/README.md/raw",
        "commits",
        "commits/main",
        "branches/main",
        "tags/v1",
    ] {
        let path = format!("/projects/acme%2Fopen/repository/{tail}");
        assert_eq!(send(w.request("GET", &path)).await.status, 200, "{tail}");
        assert_eq!(w.get(&dead.token, &path).await.status, 401, "{tail}");
        let private = send(w.request("GET", &format!("{REPOSITORY}/{tail}"))).await;
        private.refuses(404, "404 Project Not Found");
    }
}

#[tokio::test]
async fn a_tree_of_a_hundred_thousand_files_comes_whole_or_in_pages() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let mut stream = "commit refs/heads/main\ncommitter A <a@b> 0 +0000\ndata 1\nx\n".to_owned();
    for file in 0..100_000 {
        let _ = write!(stream, "M 100644 inline d{:03}/f{file:06}\ndata 0\n\n", file / 1_000);
    }
    w.sim.import(w.tools, stream.as_bytes()).unwrap();
    let tree = format!("{REPOSITORY}/tree?recursive=true");
    let all = w.get(&token, &format!("{tree}&pagination=none")).await.json();
    assert_eq!(all.as_array().unwrap().len(), 100_100);
    let last = w.get(&token, &format!("{tree}&per_page=100&page=1001")).await;
    assert_eq!((last.header("x-total"), last.header("x-next-page")), ("100100", ""));
    assert_eq!(last.json()[99]["path"], "d099/f099999");
    let root = w.get(&token, &format!("{REPOSITORY}/tree")).await;
    assert_eq!(
        (root.header("x-total"), root.json()[0]["name"].as_str()),
        ("100", Some("d000"))
    );
}
