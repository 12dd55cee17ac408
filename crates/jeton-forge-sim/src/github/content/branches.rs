//! `GET /repos/{owner}/{repo}/branches/{branch}`.

use std::io;
use std::net::IpAddr;

use http::StatusCode;
use serde_json::json;

use super::Visit;
use crate::github::GitHubSim;
use crate::github::caller::Caller;
use crate::github::error::ApiError;
use crate::github::personal::Need;
use crate::reply::Reply;
use crate::route::RepoRef;

impl GitHubSim {
    pub(crate) fn get_branch(
        &self,
        repo: &RepoRef,
        name: &str,
        caller: &Caller,
        peer: IpAddr,
    ) -> Result<Reply, ApiError> {
        let tail = format!("/branches/{name}");
        let repository = match self.visit(repo, &tail, caller, Need::look("contents"), peer)? {
            Visit::Moved(reply) => return Ok(reply),
            Visit::Here { repository, .. } => repository,
        };
        let branches = self.store().branches(repository.id).map_err(|error| broken(&error))?;
        let branch = branches.into_iter().find(|branch| branch.name == name);
        let branch = branch.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Branch not found"))?;
        let api = format!("{}/api/v3/repos/{}", self.web_url(), repository.full_name());
        let author = json!({ "name": "Simulated Forge", "email": "sim@forge.invalid", "date": branch.date });
        let commit_url = format!("{api}/commits/{}", branch.commit);
        let body = json!({
            "name": branch.name,
            "commit": {
                "sha": branch.commit,
                "url": commit_url,
                "commit": { "author": author, "committer": author, "message": branch.title, "url": commit_url },
                "parents": [],
            },
            "_links": { "self": format!("{api}/branches/{}", branch.name) },
            "protected": false,
            "protection_url": format!("{api}/branches/{}/protection", branch.name),
        });
        Ok(Reply::json(StatusCode::OK, &body))
    }
}

/// git or the disk failed, which a forge would not explain either.
pub(crate) fn broken(error: &io::Error) -> ApiError {
    tracing::warn!(%error, "a repository could not be read");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
}
