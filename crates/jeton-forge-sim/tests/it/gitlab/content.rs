//! Files, trees and branches.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_forge_sim::{AccessLevel, GitLabTokenSpec};
use serde_json::{Value, json};

use super::World;
use crate::common::send;

const REPOSITORY: &str = "/projects/acme%2Ftools/repository";

fn paths(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_comes_as_json_with_its_facts_in_headers() {
    let w = World::new().await;
    let token = w.personal(&["read_repository"]).token;
    let commit = w.sim.commit_file(w.tools, "src/a b.txt", b"hello\n").unwrap();
    let path = format!("{REPOSITORY}/files/src%2Fa%20b%2Etxt");
    let answer = w.get(&token, &format!("{path}?ref=main")).await;
    let file = answer.json();
    assert_eq!(STANDARD.decode(file["content"].as_str().unwrap()).unwrap(), b"hello\n");
    assert_eq!(
        (&file["file_path"], &file["file_name"]),
        (&json!("src/a b.txt"), &json!("a b.txt"))
    );
    assert_eq!(
        (&file["commit_id"], &file["last_commit_id"]),
        (&json!(commit), &json!(commit))
    );
    assert_eq!((&file["size"], &file["ref"]), (&json!(6), &json!("main")));
    let head = w.call(&token, "HEAD", &format!("{path}?ref=HEAD")).await;
    assert_eq!(
        (head.header("x-gitlab-size"), head.header("x-gitlab-ref")),
        ("6", "HEAD")
    );
    assert_eq!(head.header("x-gitlab-blob-id"), file["blob_id"].as_str().unwrap());
    assert_eq!(head.text, "");
    let raw = w.get(&token, &format!("{path}/raw")).await;
    assert_eq!(
        (raw.text.as_str(), raw.header("x-gitlab-commit-id")),
        ("hello\n", commit.as_str())
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_in_gitlabs_words() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    let get = async |tail: &str| w.get(&token, &format!("{REPOSITORY}{tail}")).await;
    get("/files/README.md")
        .await
        .says(400, &json!({ "error": "ref is missing" }));
    get("/files/nothing?ref=main").await.refuses(404, "404 File Not Found");
    get("/files/README.md?ref=nothing")
        .await
        .refuses(404, "404 Commit Not Found");
    get("/tree?ref=nothing").await.refuses(404, "404 Tree Not Found");
    get("/branches/nothing").await.refuses(404, "404 Branch Not Found");
    assert_eq!(get("/tree?path=nothing").await.status, 404);
    assert_eq!(get("/files/..%2F..%2Fconfig?ref=main").await.status, 404);
}

#[tokio::test]
async fn a_tree_comes_flat_deep_and_in_pages_of_either_kind() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    w.sim.commit_file(w.tools, "src/deep/a.txt", b"a").unwrap();
    let get = async |query: &str| w.get(&token, &format!("{REPOSITORY}/tree{query}")).await;
    assert_eq!(paths(&get("").await.json()), ["README.md", "src"]);
    let deep = ["README.md", "src", "src/deep", "src/deep/a.txt"];
    assert_eq!(paths(&get("?recursive=True").await.json()), deep);
    assert_eq!(paths(&get("?recursive=1&pagination=none").await.json()), deep);
    assert_eq!(paths(&get("?path=src&recursive=true").await.json()), &deep[2..]);
    assert_eq!(get("?pagination=none").await.status, 400);
    assert_eq!(get("?recursive=1&per_page=3").await.header("x-next-page"), "2");
    let mut seen = Vec::new();
    let mut next = Some(format!(
        "{}{REPOSITORY}/tree?recursive=1&pagination=keyset&per_page=3",
        w.sim.api_url()
    ));
    while let Some(url) = next.take() {
        let answer = send(crate::common::client().get(url).header("PRIVATE-TOKEN", &token)).await;
        seen.extend(paths(&answer.json()).into_iter().map(str::to_owned));
        let link = answer.headers.get("link").map(|link| link.to_str().unwrap());
        next = link.map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
        assert!(!answer.headers.contains_key("x-total"));
    }
    assert_eq!(seen, deep);
}

#[tokio::test]
async fn branches_are_listed_and_shown() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    let head = w.sim.commit_file(w.tools, "a", b"a").unwrap();
    let all = w.get(&token, &format!("{REPOSITORY}/branches")).await.json();
    assert_eq!((&all[0]["name"], &all[0]["default"]), (&json!("main"), &json!(true)));
    let one = w.get(&token, &format!("{REPOSITORY}/branches/main")).await.json();
    assert_eq!(one["commit"]["id"], head);
}

#[tokio::test]
async fn a_guest_of_a_private_project_reads_no_code() {
    let w = World::new().await;
    let eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    let tree = format!("{REPOSITORY}/tree");
    w.get(&eve, &tree).await.refuses(404, "404 Project Not Found");
    w.sim.add_member(w.tools, w.eve, AccessLevel::Guest).unwrap();
    w.get(&eve, &tree).await.refuses(403, "403 Forbidden");
    w.sim.add_member(w.tools, w.eve, AccessLevel::Reporter).unwrap();
    assert_eq!(w.get(&eve, &tree).await.status, 200);
}
