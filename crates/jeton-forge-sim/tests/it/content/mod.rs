//! What is inside of repositories: trees, files, commits and names.

mod access;
mod blobs;
mod commits;
mod conditional;
mod control;
mod faults;
mod files;
mod refs;
mod trees;

use jeton_forge_sim::{CommitSpec, SimPersonalToken};
use reqwest::{RequestBuilder, Response};
use tempfile::TempDir;

use crate::common::{Answer, World, send};
use crate::git::{git, good, words};

pub(crate) const REPO: &str = "/repos/acme/tools";

/// A world with a token for `acme/tools`.
pub(crate) struct Desk {
    pub(crate) w: World,
    pub(crate) token: SimPersonalToken,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let w = World::with_octocat().await;
        let token = w.classic(["repo"]);
        Self { w, token }
    }

    /// Commits to `acme/tools`.
    pub(crate) fn commit(&self, spec: &CommitSpec) -> String {
        self.w.sim.github().commit("acme", "tools", spec).unwrap()
    }

    /// A request about `acme/tools`.
    pub(crate) fn ask(&self, tail: &str) -> RequestBuilder {
        let request = self.w.request("GET", &format!("{REPO}{tail}"));
        request.bearer_auth(&self.token.token)
    }

    pub(crate) async fn get(&self, tail: &str) -> Answer {
        send(self.ask(tail)).await
    }

    pub(crate) async fn raw(&self, tail: &str) -> Response {
        let request = self.ask(tail).header("accept", "application/vnd.github.raw+json");
        request.send().await.unwrap()
    }

    /// What `git show` prints in a clone made over HTTP.
    pub(crate) async fn git_show(&self, what: &str) -> Vec<u8> {
        let directory = TempDir::new().unwrap();
        let url = self.w.remote(&self.token.token, "acme/tools.git");
        good(directory.path(), &["clone", "--quiet", "--mirror", &url, "m"]).await;
        let output = git(&directory.path().join("m"), &["show", what]).await;
        assert!(output.status.success(), "{}", words(&output));
        output.stdout
    }
}
