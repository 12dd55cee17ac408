//! `GET /`: where things are. Clients call it to learn a token's scopes from the headers.

use http::StatusCode;
use serde_json::json;

use crate::github::GitHubSim;
use crate::reply::Reply;

impl GitHubSim {
    pub(crate) fn get_root(&self) -> Reply {
        let api = format!("{}/api/v3", self.web_url());
        Reply::json(
            StatusCode::OK,
            &json!({
                "current_user_url": format!("{api}/user"),
                "organization_url": format!("{api}/orgs/{{org}}"),
                "rate_limit_url": format!("{api}/rate_limit"),
                "repository_url": format!("{api}/repos/{{owner}}/{{repo}}"),
                "user_organizations_url": format!("{api}/user/orgs"),
                "current_user_repositories_url": format!("{api}/user/repos{{?type,page,per_page,sort}}"),
            }),
        )
    }
}
