//! Bytes as git has them, large ones too.

use jeton_forge_sim::{CommitSpec, FaultKind, FaultRule};
use reqwest::Response;
use serde_json::json;
use tempfile::TempDir;

use super::World;
use crate::common::{client, send};
use crate::git::good;
use crate::nasty;

const SOURCE: &str = "/repositories/acme/tools/src";
const ROUTE: &str = "GET /2.0/repositories/{workspace}/{repo_slug}/src/{commit}/{path*}";

impl World {
    async fn fetch(&self, token: &str, path: &str) -> Response {
        self.request("GET", path).bearer_auth(token).send().await.unwrap()
    }
}

#[tokio::test]
async fn every_byte_is_gits_whatever_the_name() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let commit = w.sim.commit_files(w.tools, &nasty::commit()).unwrap();
    let directory = TempDir::new().unwrap();
    let url = format!("http://x-token-auth:{token}@{}/acme/tools.git", w.sim.address());
    good(directory.path(), &["clone", "--quiet", "--bare", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    for (path, _) in nasty::files() {
        let wanted = nasty::show(&clone, &commit, path).await;
        let file = format!("{SOURCE}/{}/{}", &commit[..12], nasty::escape(path, "-_./"));
        let answer = w.fetch(&token, &file).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.bytes().await.unwrap() == wanted, "{path}");
        let meta = w.bearer(&token, &format!("{file}?format=meta")).await.json();
        assert_eq!((&meta["path"], &meta["size"]), (&json!(path), &json!(wanted.len())));
        let binary = if wanted.contains(&0) {
            json!(["binary"])
        } else {
            json!([])
        };
        assert_eq!(meta["attributes"], binary, "{path}");
        let own = meta["links"]["self"]["href"].as_str().unwrap();
        let own = client().get(own).bearer_auth(&token).send().await.unwrap();
        assert!(own.bytes().await.unwrap() == wanted, "{path}");
    }
}

#[tokio::test]
async fn a_file_says_what_it_is() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let pointer = w.sim.add_lfs_object(w.tools, b"the large file".to_vec()).unwrap();
    let spec = CommitSpec::new("All kinds")
        .executable("run.sh", "#!/bin/sh\n")
        .symlink("link", "run.sh");
    let spec = spec
        .submodule("lib", &"1".repeat(40))
        .file("big.psd", &pointer)
        .file("a.json", "{}");
    w.sim.commit_files(w.tools, &spec).unwrap();
    let listed = w.bearer(&token, &format!("{SOURCE}/main/")).await;
    assert_eq!(
        listed.values("path"),
        ["README.md", "a.json", "big.psd", "lib", "link", "run.sh"]
    );
    let wanted = [
        json!([]),
        json!([]),
        json!(["lfs"]),
        json!(["subrepository"]),
        json!(["link"]),
        json!(["executable"]),
    ];
    assert_eq!(listed.values("attributes"), wanted);
    assert_eq!(
        listed.values("mimetype")[..2],
        [json!("text/markdown"), json!("application/json")]
    );
    let link = w.bearer(&token, &format!("{SOURCE}/main/link")).await;
    assert_eq!(link.text, "run.sh", "a link is what it points to");
    let meta = w.bearer(&token, &format!("{SOURCE}/main/lib?format=meta")).await.json();
    assert_eq!(meta["attributes"], json!(["subrepository"]));
    w.bearer(&token, &format!("{SOURCE}/main/lib"))
        .await
        .errs(404, "No such file or directory: lib");
    w.bearer(&token, &format!("{SOURCE}/main/RUN.sh"))
        .await
        .errs(404, "No such file or directory: RUN.sh");
}

#[tokio::test]
async fn a_pointer_leads_elsewhere_and_no_credential_goes_with_it() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let pointer = w.sim.add_lfs_object(w.tools, b"the large file".to_vec()).unwrap();
    w.sim.commit_file(w.tools, "big.psd", pointer.as_bytes()).unwrap();
    let moved = w.bearer(&token, &format!("{SOURCE}/main/big.psd")).await;
    assert_eq!((moved.status.as_u16(), moved.text.as_str()), (301, ""));
    let target = moved.header("location");
    assert_eq!(send(client().get(target)).await.text, "the large file");
    let (unsigned, _) = target.split_once('?').unwrap();
    send(client().get(unsigned)).await.errs(404, "Object not found");
}

#[tokio::test]
async fn the_tag_is_of_the_content() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let spec = CommitSpec::new("Twins")
        .file("a", "same")
        .file("b", "same")
        .executable("c", "same");
    let first = w.sim.commit_files(w.tools, &spec).unwrap();
    w.sim.commit_file(w.tools, "d", b"other").unwrap();
    let etag = async |path: &str| {
        let answer = w.bearer(&token, &format!("{SOURCE}/{path}")).await;
        answer.header("etag").to_owned()
    };
    let tag = etag("main/a").await;
    assert_eq!(
        [etag("main/b").await, etag(&format!("{first}/a")).await],
        [tag.clone(), tag.clone()]
    );
    assert_ne!(etag("main/c").await, tag);
    let again = w.request("GET", &format!("{SOURCE}/main/b")).bearer_auth(&token);
    let again = send(again.header("if-none-match", &tag)).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
}

#[tokio::test]
async fn a_large_file_streams_and_can_break_on_the_way() {
    let w = World::new().await;
    let token = w.access(&["repository"]);
    let large: Vec<u8> = (0..5 * 1024 * 1024_u32).map(|place| place.to_le_bytes()[1]).collect();
    w.sim.commit_file(w.tools, "large", &large).unwrap();
    let path = format!("{SOURCE}/main/large");
    let answer = w.fetch(&token, &path).await;
    assert_eq!(answer.content_length(), Some(large.len() as u64));
    assert!(answer.bytes().await.unwrap() == large);
    let meta = w.bearer(&token, &format!("{path}?format=meta")).await.json();
    assert_eq!(meta["attributes"], json!(["binary"]));
    let fault = |kind: FaultKind| w.sim.faults().add(FaultRule::new(kind).on(ROUTE).times(1));
    fault(FaultKind::CutInBody);
    assert!(w.fetch(&token, &path).await.bytes().await.is_err());
    fault(FaultKind::BadGateway);
    assert_eq!(w.fetch(&token, &path).await.status(), 502);
    assert!(w.fetch(&token, &path).await.bytes().await.unwrap() == large);
}
