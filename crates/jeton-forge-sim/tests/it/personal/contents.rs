//! Files, branches and pull requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_forge_sim::{PersonalTokenSpec, SimPersonalToken};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::OCTOCAT;
use crate::common::{Answer, World, send};
use crate::git::good;

const CONTENTS: &str = "/repos/acme/tools/contents";

impl World {
    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.sim.github().commit_file("acme", "tools", path, content).unwrap();
    }

    async fn as_form(&self, token: &SimPersonalToken, path: &str, form: &str) -> Answer {
        let request = self
            .request("GET", &format!("{CONTENTS}/{path}"))
            .bearer_auth(&token.token);
        send(request.header("accept", format!("application/vnd.github.{form}+json"))).await
    }
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let content: String = answer.json()["content"].as_str().unwrap().split('\n').collect();
    STANDARD.decode(content).unwrap()
}

#[tokio::test]
async fn a_file_comes_as_base64_in_lines_or_raw() {
    let w = World::with_octocat().await;
    let token = w.fine([("contents", "read")]);
    let bytes: Vec<u8> = (0..=255).collect();
    w.write("a b/ü#1.bin", &bytes);
    let path = "a%20b/%C3%BC%231.bin";
    let file = w.get(&token, &format!("{CONTENTS}/{path}")).await;
    assert_eq!(file.status, 200, "{}", file.text);
    assert_eq!(decoded(&file), bytes);
    let json = file.json();
    assert_eq!(
        (&json["name"], &json["size"], &json["type"]),
        (&json!("ü#1.bin"), &json!(256), &json!("file"))
    );
    assert!(json["content"].as_str().unwrap().lines().all(|line| line.len() <= 60));
    assert!(json["download_url"].as_str().unwrap().contains("?token="));
    let url = json["url"].as_str().unwrap().strip_prefix(&w.sim.web_url()).unwrap();
    assert_eq!(w.get(&token, url).await.json()["sha"], json["sha"]);
    let raw = w.as_form(&token, "README.md", "raw").await;
    assert!(raw.text.starts_with("# tools"));
    assert_eq!(
        raw.header("content-type"),
        "application/vnd.github.raw+json; charset=utf-8"
    );
}

#[tokio::test]
async fn a_directory_is_a_list_or_an_object_with_entries() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    w.write("src/main.rs", "fn main() {}");
    for root in [CONTENTS.to_owned(), format!("{CONTENTS}/")] {
        let entries = w.get(&token, &root).await.json();
        let kinds: Vec<&Value> = entries.as_array().unwrap().iter().map(|entry| &entry["type"]).collect();
        assert_eq!(kinds, ["file", "dir"]);
    }
    let object = w.as_form(&token, "src", "object").await.json();
    assert_eq!(object["entries"][0]["path"], "src/main.rs");
    let entries = w.get(&token, CONTENTS).await.json();
    assert_eq!(object["sha"], entries[1]["sha"], "the id of its tree");
    let root = w.as_form(&token, "", "object").await.json();
    let commits = w.get(&token, "/repos/acme/tools/commits").await.json();
    assert_eq!(
        root["sha"], commits[0]["commit"]["tree"]["sha"],
        "the tree of the commit"
    );
    for absent in ["nothing", "src/nothing", "README.md/x", "nowhere/at/all"] {
        w.get(&token, &format!("{CONTENTS}/{absent}"))
            .await
            .is(404, "Not Found");
    }
}

#[tokio::test]
async fn links_are_followed_inside_and_submodules_are_named_by_the_newer_version() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    let directory = TempDir::new().unwrap();
    let url = w.remote(&token.token, "acme/tools.git");
    good(directory.path(), &["clone", "--quiet", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    std::os::unix::fs::symlink("README.md", clone.join("inside")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", clone.join("outside")).unwrap();
    let module = format!("160000,{},module", "1".repeat(40));
    good(&clone, &["update-index", "--add", "--cacheinfo", &module]).await;
    good(&clone, &["add", "inside", "outside"]).await;
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"];
    good(&clone, &[&identity[..], &["commit", "--quiet", "-m", "links"]].concat()).await;
    good(&clone, &["push", "--quiet", "origin", "main"]).await;
    let inside = w.get(&token, &format!("{CONTENTS}/inside")).await;
    assert!(decoded(&inside).starts_with(b"# tools"));
    let outside = w.get(&token, &format!("{CONTENTS}/outside")).await.json();
    assert_eq!(
        (&outside["type"], &outside["target"]),
        (&json!("symlink"), &json!("/etc/hostname"))
    );
    assert!(outside.get("content").is_none());
    for (version, kind) in [("2022-11-28", "file"), ("2026-03-10", "submodule")] {
        let request = w.request("GET", CONTENTS).bearer_auth(&token.token);
        let listed = send(request.header("x-github-api-version", version)).await.json();
        let module = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["name"] == "module");
        assert_eq!(module.unwrap()["type"], kind);
    }
    let module = w.get(&token, &format!("{CONTENTS}/module")).await.json();
    assert_eq!(module["type"], "submodule");
}

#[tokio::test]
async fn a_file_over_a_megabyte_is_not_for_json() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    w.write("big", vec![b'x'; 1024 * 1024 + 1]);
    let refused = w.get(&token, &format!("{CONTENTS}/big")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("up to 1 MB"));
    let object = w.as_form(&token, "big", "object").await.json();
    assert_eq!((&object["content"], &object["encoding"]), (&json!(""), &json!("none")));
    assert_eq!(w.as_form(&token, "big", "raw").await.text.len(), 1024 * 1024 + 1);
}

#[tokio::test]
async fn a_ref_chooses_the_commit() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    w.write("x", "old");
    w.sim.github().add_branch("acme", "tools", "feature/x").unwrap();
    w.write("x", "new");
    let at = async |reference: &str| w.get(&token, &format!("{CONTENTS}/x?ref={reference}")).await;
    assert_eq!(decoded(&at("main").await), b"new");
    assert_eq!(decoded(&at("feature/x").await), b"old");
    assert_eq!(decoded(&at("feature%2Fx").await), b"old");
    at("none").await.is(404, "No commit found for the ref none");
    assert_eq!(at("main~1").await.status, 404);
    let branch = w.get(&token, "/repos/acme/tools/branches/feature/x").await.json();
    assert_eq!(branch["name"], "feature/x");
    assert_eq!(branch["commit"]["sha"].as_str().unwrap().len(), 40);
    let absent = w.get(&token, "/repos/acme/tools/branches/none").await;
    absent.is(404, "Branch not found");
}

#[tokio::test]
async fn an_unchanged_answer_is_304_and_free() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    let path = format!("{CONTENTS}/README.md");
    let first = w.get(&token, &path).await;
    let again = |etag: String| {
        let request = w.request("GET", &path).bearer_auth(&token.token);
        send(request.header("if-none-match", etag))
    };
    let same = again(first.header("etag").to_owned()).await;
    assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""));
    assert_eq!(same.header("x-ratelimit-used"), "1");
    assert_eq!(again("\"other\"".to_owned()).await.header("x-ratelimit-used"), "2");
    for path in ["/user", "/repos/acme/tools"] {
        let etag = w.get(&token, path).await.header("etag").to_owned();
        let request = w.request("GET", path).bearer_auth(&token.token);
        assert_eq!(send(request.header("if-none-match", etag)).await.status, 304);
    }
    w.write("README.md", "changed");
    assert_eq!(again(first.header("etag").to_owned()).await.status, 200);
}

#[tokio::test]
async fn contents_are_for_installations_and_strangers_too() {
    let w = World::new().await;
    let token = w.token(&json!({"permissions": {"contents": "read"}})).await;
    let readme = |repository: &str| format!("/repos/{repository}/contents/README.md");
    assert_eq!(w.as_token(&token, "GET", &readme("acme/tools")).await.status, 200);
    let none = w.token(&json!({"permissions": {"metadata": "read"}})).await;
    let refused = w.as_token(&none, "GET", &readme("acme/tools")).await;
    refused.is(403, "Resource not accessible by integration");
    assert_eq!(w.as_token(&none, "GET", &readme("acme/site")).await.status, 200);
    assert_eq!(send(w.request("GET", &readme("acme/site"))).await.status, 200);
    send(w.request("GET", &readme("acme/tools"))).await.is(404, "Not Found");
}

#[tokio::test]
async fn pull_requests_are_listed_by_their_state() {
    let w = World::with_octocat().await;
    let github = w.sim.github();
    github.add_branch("acme", "tools", "fix").unwrap();
    for title in ["First", "Second"] {
        github
            .open_pull_request("acme", "tools", OCTOCAT, title, "fix")
            .unwrap();
    }
    assert!(github.close_pull_request("acme", "tools", 1));
    assert!(!github.close_pull_request("acme", "tools", 3));
    assert!(
        github
            .open_pull_request("acme", "tools", OCTOCAT, "No", "none")
            .is_err()
    );
    let token = w.fine([("pull_requests", "read")]);
    let listed = async |query: &str| w.get(&token, &format!("/repos/acme/tools/pulls{query}")).await.json();
    let open = listed("").await;
    assert_eq!(open.as_array().unwrap().len(), 1);
    assert_eq!(
        (&open[0]["number"], &open[0]["head"]["ref"]),
        (&json!(2), &json!("fix"))
    );
    assert_eq!(open[0]["user"]["login"], OCTOCAT);
    assert_eq!(listed("?state=closed").await[0]["title"], "First");
    assert_eq!(listed("?state=all").await.as_array().unwrap().len(), 2);
    let other = w.make(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]));
    let refused = w.get(&other, "/repos/acme/tools/pulls").await;
    refused.is(403, "Resource not accessible by personal access token");
}
