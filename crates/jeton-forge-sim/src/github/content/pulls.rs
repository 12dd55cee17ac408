//! `GET /repos/{owner}/{repo}/pulls`.

use std::net::IpAddr;

use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::Visit;
use crate::github::GitHubSim;
use crate::github::caller::Caller;
use crate::github::error::ApiError;
use crate::github::model::{PullRequest, Repository, State};
use crate::github::page::{Page, parameter};
use crate::github::personal::Need;
use crate::github::wire::time;
use crate::reply::Reply;
use crate::route::RepoRef;

impl GitHubSim {
    /// Newest first; only open ones, unless `state` says otherwise.
    pub(crate) fn list_pulls(
        &self,
        repo: &RepoRef,
        caller: &Caller,
        uri: &Uri,
        peer: IpAddr,
    ) -> Result<Reply, ApiError> {
        let repository = match self.visit(repo, "/pulls", caller, Need::look("pull_requests"), peer)? {
            Visit::Moved(reply) => return Ok(reply),
            Visit::Here { repository, .. } => repository,
        };
        let state = self.state();
        let wanted = |pull: &PullRequest| match parameter(uri.query(), "state") {
            Some("all") => true,
            Some("closed") => pull.closed_at.is_some(),
            _ => pull.closed_at.is_none(),
        };
        let pulls = state.extras.get(&repository.id).map(|extras| &extras.pulls);
        let numbered = pulls
            .into_iter()
            .flatten()
            .zip(1_u64..)
            .filter(|(pull, _)| wanted(pull));
        let mut pulls: Vec<Value> = numbered
            .map(|(pull, number)| self.pull(&state, &repository, pull, number))
            .collect();
        pulls.reverse();
        let page = Page::from_query(uri.query());
        let reply = Reply::json(StatusCode::OK, &page.cut(&pulls));
        Ok(page.link(reply, self.web_url(), uri, pulls.len()))
    }

    fn pull(&self, state: &State, repository: &Repository, pull: &PullRequest, number: u64) -> Value {
        let name = repository.full_name();
        let wire = self.wire(state);
        let end = |branch: &str, sha: &str| {
            json!({
                "label": format!("{}:{branch}", repository.owner),
                "ref": branch,
                "sha": sha,
                "user": wire.owner(&repository.owner),
                "repo": wire.repository(repository),
            })
        };
        json!({
            "number": number,
            "state": if pull.closed_at.is_some() { "closed" } else { "open" },
            "locked": false,
            "draft": false,
            "title": pull.title,
            "body": null,
            "user": wire.owner(state.people.login(pull.author)),
            "url": format!("{}/api/v3/repos/{name}/pulls/{number}", self.web_url()),
            "html_url": format!("{}/{name}/pull/{number}", self.web_url()),
            "created_at": time(pull.created_at),
            "updated_at": time(pull.closed_at.unwrap_or(pull.created_at)),
            "closed_at": pull.closed_at.map(time),
            "merged_at": null,
            "labels": [],
            "assignees": [],
            "requested_reviewers": [],
            "head": end(&pull.head, &pull.head_sha),
            "base": end(&repository.default_branch, &pull.base_sha),
        })
    }
}
