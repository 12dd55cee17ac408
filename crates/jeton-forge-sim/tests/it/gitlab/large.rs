//! Bytes as git has them, large ones too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::World;
use crate::common::client;
use crate::git::good;
use crate::nasty;

const REPOSITORY: &str = "/projects/acme%2Ftools/repository";
const RAW: &str = "GET /api/v4/projects/{id}/repository/files/{file_path}/raw";

impl World {
    async fn bytes(&self, token: &str, path: &str) -> Vec<u8> {
        let request = client().get(format!("{}{path}", self.sim.api_url()));
        let answer = request.header("PRIVATE-TOKEN", token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap().to_vec()
    }

    async fn json_of(&self, token: &str, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(token, path).await).unwrap()
    }
}

#[tokio::test]
async fn every_byte_is_gits_whatever_the_name() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let commit = w.sim.commit_files(w.tools, &nasty::commit()).unwrap();
    let directory = TempDir::new().unwrap();
    let url = format!("http://x:{token}@{}/acme/tools.git", w.sim.address());
    good(directory.path(), &["clone", "--quiet", "--bare", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    for (path, _) in nasty::files() {
        let wanted = nasty::show(&clone, &commit, path).await;
        let file = format!("{REPOSITORY}/files/{}", nasty::escape(path, "-_"));
        assert!(
            w.bytes(&token, &format!("{file}/raw?ref={commit}")).await == wanted,
            "{path}"
        );
        let json = w.json_of(&token, &format!("{file}?ref=main")).await;
        assert_eq!(
            (&json["file_path"], &json["size"]),
            (&json!(path), &json!(wanted.len()))
        );
        assert!(
            STANDARD.decode(json["content"].as_str().unwrap()).unwrap() == wanted,
            "{path}"
        );
        let blob = format!("{REPOSITORY}/blobs/{}", json["blob_id"].as_str().unwrap());
        assert!(w.bytes(&token, &format!("{blob}/raw")).await == wanted, "{path}");
        let json = w.json_of(&token, &blob).await;
        assert!(
            STANDARD.decode(json["content"].as_str().unwrap()).unwrap() == wanted,
            "{path}"
        );
    }
}

#[tokio::test]
async fn only_a_blob_is_a_blob() {
    let w = World::new().await;
    let token = w.personal(&["read_repository"]).token;
    let commit = w.sim.commit_file(w.tools, "a", b"a").unwrap();
    for name in [
        commit.as_str(),
        "main",
        "0000000000000000000000000000000000000000",
        "2e65",
    ] {
        let answer = w.get(&token, &format!("{REPOSITORY}/blobs/{name}")).await;
        answer.refuses(404, "404 Blob Not Found");
        let answer = w.get(&token, &format!("{REPOSITORY}/blobs/{name}/raw")).await;
        answer.refuses(404, "404 Blob Not Found");
    }
}

#[tokio::test]
async fn a_large_object_is_read_five_times_a_minute() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let large = vec![b'x'; 10 * 1024 * 1024 + 1];
    let other = vec![b'y'; 10 * 1024 * 1024];
    let spec = CommitSpec::new("Large").file("large", &large).file("limit", &other);
    w.sim.commit_files(w.tools, &spec).unwrap();
    let raw = format!("{REPOSITORY}/files/large/raw");
    let head = w
        .call(&token, "HEAD", &format!("{REPOSITORY}/files/large?ref=main"))
        .await;
    let blob = format!("{REPOSITORY}/blobs/{}/raw", head.header("x-gitlab-blob-id"));
    for path in [&raw, &blob, &raw, &blob, &raw] {
        assert!(w.bytes(&token, path).await == large);
    }
    let text = "This endpoint has been requested too many times. Try again later.";
    let refused = w.get(&token, &blob).await;
    refused.says(429, &json!({ "message": { "error": text } }));
    for _ in 0..6 {
        assert!(w.bytes(&token, &format!("{REPOSITORY}/files/limit/raw")).await == other);
    }
    w.sim.clock().advance(SignedDuration::from_secs(60));
    assert!(w.bytes(&token, &raw).await == large);
}

#[tokio::test]
async fn a_pointer_is_resolved_when_asked_for() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let pointer = w.sim.add_lfs_object(w.tools, b"the large file".to_vec()).unwrap();
    w.sim.commit_file(w.tools, "big.psd", pointer.as_bytes()).unwrap();
    let raw = format!("{REPOSITORY}/files/big.psd/raw");
    assert_eq!(w.bytes(&token, &raw).await, pointer.as_bytes());
    assert_eq!(w.bytes(&token, &format!("{raw}?lfs=true")).await, b"the large file");
    let readme = format!("{REPOSITORY}/files/README.md/raw?lfs=true");
    assert_eq!(w.bytes(&token, &readme).await, b"# acme/tools\n");
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again_and_costs_a_call() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    for (place, tail) in [
        "/files/README.md/raw",
        "/files/README.md?ref=main",
        "/tree",
        "/commits",
        "/branches",
    ]
    .iter()
    .enumerate()
    {
        let path = format!("{REPOSITORY}{tail}");
        let first = w.get(&token, &path).await;
        let etag = first.header("etag").to_owned();
        assert!(etag.starts_with("W/\""), "{etag}");
        let again = w
            .request("GET", &path)
            .header("PRIVATE-TOKEN", &token)
            .header("if-none-match", &etag);
        let again = crate::common::send(again).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{tail}");
        assert_eq!(again.header("etag"), etag);
        assert_eq!(again.header("ratelimit-observed"), (2 * place + 2).to_string());
    }
    let raw = w.get(&token, &format!("{REPOSITORY}/files/README.md/raw")).await;
    w.sim.commit_file(w.tools, "README.md", b"new").unwrap();
    let path = format!("{REPOSITORY}/files/README.md/raw");
    let changed = w.request("GET", &path).header("PRIVATE-TOKEN", &token);
    let changed = crate::common::send(changed.header("if-none-match", raw.header("etag"))).await;
    assert_eq!((changed.status.as_u16(), changed.text.as_str()), (200, "new"));
}

#[tokio::test]
async fn a_file_can_come_cut_or_broken() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    w.sim
        .commit_file(w.tools, "large", &vec![b'x'; 3 * 1024 * 1024])
        .unwrap();
    let url = format!("{}{REPOSITORY}/files/large/raw", w.sim.api_url());
    let fetch = || client().get(&url).header("PRIVATE-TOKEN", &token).send();
    let fault = |kind: FaultKind| w.sim.faults().add(FaultRule::new(kind).on(RAW).times(1));
    fault(FaultKind::CutInBody);
    let cut = fetch().await.unwrap();
    assert_eq!(cut.content_length(), Some(3 * 1024 * 1024));
    assert!(cut.bytes().await.is_err());
    fault(FaultKind::BadGateway);
    assert_eq!(fetch().await.unwrap().status(), 502);
    fault(FaultKind::EmptyBody);
    assert_eq!(fetch().await.unwrap().bytes().await.unwrap().len(), 0);
    fault(FaultKind::Garbage);
    let garbage = fetch().await.unwrap();
    assert!(garbage.text().await.unwrap().contains("not JSON"));
    assert_eq!(fetch().await.unwrap().bytes().await.unwrap().len(), 3 * 1024 * 1024);
}
