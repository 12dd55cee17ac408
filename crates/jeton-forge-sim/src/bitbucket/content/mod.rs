//! Repositories over REST: files, directories, commits, branches and tags.

mod commits;
mod history;
mod media;
mod node;
mod refs;
mod source;

use std::io;

use http::StatusCode;
use serde_json::{Value, json};

use super::Bitbucket;
use super::answer::Answer;
use super::error;
use super::routes::Action;
use super::spec::BitbucketRole;
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// The repository that a call is about.
struct Place {
    id: u64,
    workspace: String,
    slug: String,
    /// Its address in the API.
    own: String,
}

impl Bitbucket {
    pub(super) fn show_content(&self, call: &Call<Action>) -> Answer {
        let place = {
            let state = self.state();
            let caller = state.admit(call, self.now())?;
            let repository = state.repository_for(call, caller, BitbucketRole::Read)?;
            let (workspace, slug) = (repository.workspace.clone(), repository.slug.clone());
            Place {
                id: repository.id,
                own: format!("{}/repositories/{workspace}/{slug}", self.api()),
                workspace,
                slug,
            }
        };
        match call.action {
            Action::RedirectToSource => {
                let branch = self.ground.store.head(place.id).map_err(broken)?;
                let head = self.ground.store.resolve(place.id, &branch);
                let head = head.ok_or_else(|| error::not_found("Commit"))?;
                let target = format!("{}/src/{head}/", place.own);
                Ok(Reply::empty(StatusCode::FOUND).with("location", &target))
            }
            Action::ShowSource => self.source(call, &place),
            Action::ListFileHistory => self.file_history(call, &place),
            Action::ListCommits | Action::ListCommitsOf => self.list_commits(call, &place),
            Action::ShowCommit => {
                let id = self.commit(&place, call.caught(2))?;
                let commit = self.read_commit(&place, &id)?;
                Ok(Reply::json(StatusCode::OK, &self.commit_wire(&place, &commit)))
            }
            Action::ShowBranch | Action::ShowTag => self.show_ref(call, &place),
            _ => self.list_refs(call, &place),
        }
    }

    /// The branch that a client should look at first; null while there is none.
    pub(super) fn main_branch(&self, repository: u64) -> Result<Value, Refused> {
        let store = &self.ground.store;
        if store.is_empty(repository).map_err(broken)? {
            return Ok(Value::Null);
        }
        let name = store.head(repository).map_err(broken)?;
        Ok(json!({ "type": "branch", "name": name }))
    }

    /// The commit that a part of a path means: a branch, a tag, an id or the beginning of one. A slash ends the part,
    /// even a percent-encoded one, so that a branch `feature/x` can't be named here.
    fn commit(&self, place: &Place, name: &str) -> Result<String, Refused> {
        let found = if name.contains('/') {
            None
        } else {
            self.ground.store.resolve(place.id, name)
        };
        found.ok_or_else(|| error::not_found("Commit"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn broken(error: io::Error) -> Refused {
    tracing::warn!(%error, "git could not read a repository");
    error::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn no_such_file(path: &str) -> Refused {
    error::message(StatusCode::NOT_FOUND, &format!("No such file or directory: {path}"))
}
