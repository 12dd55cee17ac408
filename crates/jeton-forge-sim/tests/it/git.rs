//! Real git against the simulator.

use std::path::Path;
use std::process::Output;

use jeton_forge_sim::TokenLag;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::common::{World, send};

/// Runs git without the configuration and credentials of whoever runs the test.
pub(crate) async fn git(directory: &Path, arguments: &[&str]) -> Output {
    command(directory, arguments).output().await.unwrap()
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .args(arguments)
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "true")
        .env("NO_PROXY", "127.0.0.1");
    command
}

pub(crate) async fn good(directory: &Path, arguments: &[&str]) {
    let output = git(directory, arguments).await;
    assert!(output.status.success(), "{}", words(&output));
}

pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

impl World {
    pub(crate) fn remote(&self, token: &str, repository: &str) -> String {
        let host = self.sim.address();
        format!("http://x-access-token:{token}@{host}/{repository}")
    }

    async fn ls_remote(&self, token: &str, repository: &str) -> Output {
        let directory = TempDir::new().unwrap();
        git(directory.path(), &["ls-remote", &self.remote(token, repository)]).await
    }
}

pub(crate) async fn commit(clone: &Path, file: &str, content: &[u8]) {
    std::fs::write(clone.join(file), content).unwrap();
    good(clone, &["add", file]).await;
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
    let arguments = [&identity[..], &["commit", "--quiet", "-m", "change"]].concat();
    good(clone, &arguments).await;
}

#[tokio::test]
async fn a_token_clones_and_pushes() {
    let w = World::new().await;
    w.sim
        .github()
        .commit_file("acme", "tools", "src/a.txt", b"from outside\n")
        .unwrap();
    let token = w.token(&json!({"repositories": ["tools"]})).await;
    let directory = TempDir::new().unwrap();
    let clone = directory.path().join("tools");
    let url = w.remote(&token, "acme/tools.git");
    good(directory.path(), &["clone", "--quiet", &url, "tools"]).await;
    assert!(clone.join("README.md").exists());
    assert_eq!(std::fs::read(clone.join("src/a.txt")).unwrap(), b"from outside\n");
    // More than git's post buffer, so that it is sent in chunks.
    let big: Vec<u8> = (0..2_000_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1])
        .collect();
    commit(&clone, "big.bin", &big).await;
    good(&clone, &["push", "--quiet", "origin", "main"]).await;
    let again = directory.path().join("again");
    let url = w.remote(&token, "acme/tools");
    good(directory.path(), &["clone", "--quiet", &url, "again"]).await;
    assert_eq!(std::fs::read(again.join("big.bin")).unwrap(), big);
    assert!(w.sim.calls().count("POST /{owner}/{repo}.git/git-receive-pack") >= 1);
    assert_eq!(w.sim.calls().count("POST /{owner}/{repo}.git/git-upload-pack"), 4);
}

#[tokio::test]
async fn reading_needs_contents_and_writing_needs_more() {
    let w = World::new().await;
    let read = w.token(&json!({"permissions": {"contents": "read"}})).await;
    let none = w.token(&json!({"permissions": {"metadata": "read"}})).await;
    let directory = TempDir::new().unwrap();
    let url = w.remote(&read, "acme/tools.git");
    good(directory.path(), &["clone", "--quiet", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    commit(&clone, "x", b"x").await;
    let push = git(&clone, &["push", "origin", "main"]).await;
    assert!(words(&push).contains("Write access to repository not granted."));
    assert!(words(&push).contains("403"));
    let fetch = w.ls_remote(&none, "acme/tools.git").await;
    assert!(words(&fetch).contains("403"), "{}", words(&fetch));
    let public = w.ls_remote(&none, "acme/site.git").await;
    assert!(public.status.success(), "{}", words(&public));
}

#[tokio::test]
async fn strangers_are_challenged_and_the_uncovered_is_not_found() {
    let w = World::new().await;
    let refs = |repository: &str| w.request("GET", &format!("/{repository}/info/refs?service=git-upload-pack"));
    for repository in ["acme/tools.git", "acme/absent.git", "nobody/x"] {
        let answer = send(refs(repository)).await;
        assert_eq!(answer.status, 401, "{repository}");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"GitHub\"");
    }
    let token = w.token(&json!({"repositories": ["docs"]})).await;
    for (user, secret) in [("x-access-token", "ghs_wrong"), ("somebody", &token)] {
        let answer = send(refs("acme/docs.git").basic_auth(user, Some(secret))).await;
        assert_eq!(answer.status, 401);
    }
    let bearer = send(refs("acme/docs.git").bearer_auth(&token)).await;
    assert_eq!(bearer.status, 401);
    for repository in ["acme/tools.git", "acme/absent.git", "other/secret"] {
        let answer = send(refs(repository).basic_auth("x-access-token", Some(&token))).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.text),
            (404, "Repository not found.\n")
        );
    }
    let covered = send(refs("acme/docs.git").basic_auth("x-access-token", Some(&token))).await;
    assert_eq!(covered.status, 200);
    assert_eq!(
        covered.header("content-type"),
        "application/x-git-upload-pack-advertisement"
    );
}

#[tokio::test]
async fn a_public_repository_is_read_by_all_and_written_by_few() {
    let w = World::new().await;
    let directory = TempDir::new().unwrap();
    for repository in ["acme/site.git", "other/open"] {
        let url = format!("{}/{repository}", w.sim.web_url());
        good(directory.path(), &["ls-remote", &url]).await;
    }
    let token = w.token(&json!({})).await;
    let uncovered = w.remote(&token, "other/open.git");
    good(directory.path(), &["clone", "--quiet", &uncovered, "open"]).await;
    let clone = directory.path().join("open");
    commit(&clone, "x", b"x").await;
    let push = git(&clone, &["push", "origin", "main"]).await;
    assert!(words(&push).contains("403"), "{}", words(&push));
    let anonymous = w.request("GET", "/other/open/info/refs?service=git-receive-pack");
    assert_eq!(send(anonymous).await.status, 401);
    let dumb = w.request("GET", "/other/open/info/refs");
    assert_eq!(send(dumb).await.status, 403);
}

#[tokio::test]
async fn a_fresh_token_is_not_found_by_git_and_a_suspended_one_forbidden() {
    let w = World::new().await;
    w.sim.github().set_token_lag(TokenLag::Uses(1));
    let token = w.token(&json!({})).await;
    let early = w.ls_remote(&token, "acme/tools.git").await;
    assert!(words(&early).contains("not found"), "{}", words(&early));
    assert!(w.ls_remote(&token, "acme/tools.git").await.status.success());
    w.sim.github().suspend(w.installation);
    let suspended = w.ls_remote(&token, "acme/tools.git").await;
    assert!(words(&suspended).contains("403"), "{}", words(&suspended));
    w.sim.github().uninstall(w.installation);
    let gone = w.ls_remote(&token, "acme/tools.git").await;
    assert!(words(&gone).contains("Authentication failed"), "{}", words(&gone));
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    w.sim.github().rename_repository("acme", "tools", "gear").unwrap();
    let answer = send(
        w.request("GET", "/acme/tools.git/info/refs?service=git-upload-pack")
            .basic_auth("x-access-token", Some(&token)),
    )
    .await;
    assert_eq!(answer.status, 301);
    let target = format!("{}/acme/gear.git/info/refs?service=git-upload-pack", w.sim.web_url());
    assert_eq!(answer.header("location"), target);
    assert!(w.ls_remote(&token, "acme/tools.git").await.status.success());
}

#[tokio::test]
async fn names_never_leave_the_store() {
    let w = World::new().await;
    for path in [
        "/acme/..%2f..%2f..%2fetc/info/refs?service=git-upload-pack",
        "/acme/%2e%2e/info/refs?service=git-upload-pack",
        "/acme/tools%00/info/refs?service=git-upload-pack",
        "/acme/tools.git/objects/info/packs",
        "/acme/tools.git/HEAD",
    ] {
        let status = send(w.request("GET", path)).await.status;
        assert!(status == 404 || status == 401, "{path}: {status}");
    }
    assert!(w.sim.github().add_repository("acme", "../x", true).is_err());
    assert!(w.sim.github().add_repository("acme", "tools", true).is_err());
    let outside = w.sim.github().commit_file("acme", "tools", "../x", b"");
    assert!(outside.is_err());
}

#[tokio::test]
async fn a_compressed_request_and_a_partial_clone_are_understood() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    let directory = TempDir::new().unwrap();
    let url = w.remote(&token, "acme/tools.git");
    let clone = ["clone", "--quiet", "--filter=blob:none", "--no-checkout", &url, "tools"];
    good(directory.path(), &clone).await;
    let clone = directory.path().join("tools");
    let blobs = git(&clone, &["rev-list", "--objects", "--missing=print", "main"]).await;
    assert!(String::from_utf8_lossy(&blobs.stdout).contains("\n?"));
    // The more commits the server lacks, the longer the request: git compresses it past 1 KiB.
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
    for _ in 0..60 {
        let commit = ["commit", "--quiet", "--allow-empty", "-m", "local"];
        good(&clone, &[&identity[..], &commit].concat()).await;
    }
    w.sim
        .github()
        .commit_file("acme", "tools", "news.txt", "new\n")
        .unwrap();
    let mut command = command(&clone, &["fetch", "origin"]);
    let output = command.env("GIT_TRACE_CURL", "1").output().await.unwrap();
    assert!(output.status.success());
    assert!(words(&output).contains("Content-Encoding: gzip"));
    good(&clone, &["cat-file", "-e", "origin/main:news.txt"]).await;
}
