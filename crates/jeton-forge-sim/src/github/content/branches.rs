//! `GET /repos/{owner}/{repo}/branches/{branch}`.

use http::StatusCode;
use serde_json::json;

use super::files::encode;
use super::open::{Look, Stop};
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::reply::Reply;

impl GitHubSim {
    pub(crate) fn get_branch(&self, look: Look<'_>, name: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let absent = || ApiError::new(StatusCode::NOT_FOUND, "Branch not found");
        let sha = self.store().resolve(repository.id, &format!("refs/heads/{name}"));
        let sha = sha.ok_or_else(absent)?;
        let commit = self.store().commit(repository.id, &sha)?.ok_or_else(absent)?;
        let url = format!("{}/branches/{}", self.api_of(&repository), encode(name));
        let html = format!("{}/{}/tree/{}", self.web_url(), repository.full_name(), encode(name));
        let body = json!({
            "name": name,
            "commit": self.commit_json(&repository, &commit),
            "_links": { "self": url, "html": html },
            "protected": false,
            "protection_url": format!("{url}/protection"),
        });
        Ok(Reply::json(StatusCode::OK, &body))
    }
}
