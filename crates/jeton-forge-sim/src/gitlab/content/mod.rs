//! Repositories over REST: files, blobs, trees, commits, branches and tags.

mod blobs;
mod commits;
mod files;
mod refs;
mod tree;

use std::io;

use http::StatusCode;

use super::GitLab;
use super::caller::Caller;
use super::error;
use super::routes::Action;
use crate::site::{Call, Refused};

/// The repository that a call is about.
struct Place {
    project: u64,
    path: String,
    default_branch: String,
}

impl GitLab {
    fn place(&self, call: &Call<Action>, caller: Caller) -> Result<Place, Refused> {
        let (project, path) = {
            let state = self.state();
            let project = state.readable_project(call, caller)?;
            (project.id, project.path.clone())
        };
        let default_branch = self.ground.store.head(project).map_err(broken)?;
        Ok(Place {
            project,
            path,
            default_branch,
        })
    }

    /// The commit that a name means: a branch, a tag, an id or the beginning of one, or `HEAD` for the default branch.
    fn commit(&self, place: &Place, reference: &str) -> Option<String> {
        let reference = if reference == "HEAD" {
            &place.default_branch
        } else {
            reference
        };
        self.ground.store.resolve(place.project, reference)
    }

    /// The address of a page of the project, after `/-/`.
    fn page_of(&self, place: &Place, tail: &str) -> String {
        format!("{}/{}/-/{tail}", self.ground.url(), place.path)
    }
}

/// The parameter `ref`, unless it is absent or empty.
fn reference(call: &Call<Action>, name: &str) -> Option<String> {
    call.query(name).filter(|reference| !reference.is_empty())
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn broken(error: io::Error) -> Refused {
    tracing::warn!(%error, "git could not read a repository");
    error::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
}
