//! Environments of a repository.

use http::StatusCode;
use serde_json::{Value, json};

use super::body::object;
use super::door::CiCall;
use super::model::{Environment, Place};
use super::routes::Scope;
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::{Repository, State};
use crate::github::page::Page;
use crate::github::spec::SimError;
use crate::github::wire::time;
use crate::reply::Reply;

/// Characters of a name, at most.
const LONGEST_NAME: usize = 255;

impl GitHubSim {
    /// Makes an environment, unless there is one. Its name may hold nearly anything; case makes no difference.
    pub fn add_environment(&self, owner: &str, repository: &str, name: &str) -> Result<(), SimError> {
        if !is_environment(name) {
            return Err(SimError::BadName(name.to_owned()));
        }
        let now = self.now();
        let mut state = self.state();
        let id = state.get_repository(owner, repository)?.id;
        state.add_environment(id, name, now);
        Ok(())
    }

    pub(super) fn list_environments(&self, place: &Place, call: CiCall<'_>) -> Result<Reply, ApiError> {
        let Place::Repository(repository) = place else {
            return Err(ApiError::not_found());
        };
        let state = self.state();
        let all = state.ci.environments.iter().filter(|((id, _), _)| id == repository);
        let all: Vec<&Environment> = all.map(|(_, environment)| environment).collect();
        let uri = &call.parts.uri;
        let page = Page::from_query(uri.query());
        let shown = page.cut(&all).iter();
        let shown: Vec<Value> = shown
            .map(|one| self.environment_json(&state, *repository, one))
            .collect();
        let body = json!({ "total_count": all.len(), "environments": shown });
        Ok(page.link(Reply::json(StatusCode::OK, &body), self.web_url(), uri, all.len()))
    }

    pub(super) fn get_environment(&self, place: &Place) -> Result<Reply, ApiError> {
        let Place::Environment(repository, name) = place else {
            return Err(ApiError::not_found());
        };
        let state = self.state();
        let found = state.ci.environments.get(&(*repository, name.clone()));
        let found = found.ok_or_else(ApiError::not_found)?;
        Ok(Reply::json(
            StatusCode::OK,
            &self.environment_json(&state, *repository, found),
        ))
    }

    /// Makes one, or leaves it as it is: rules that protect it are not simulated.
    pub(super) fn put_environment(&self, place: &Place, call: CiCall<'_>) -> Result<Reply, ApiError> {
        let (Place::Environment(repository, _), Scope::Environment(_, name)) = (place, &call.route.scope) else {
            return Err(ApiError::not_found());
        };
        object(call.body)?;
        if !is_environment(name) {
            return Err(ApiError::unprocessable("The environment's name is invalid."));
        }
        let now = self.now();
        self.state().add_environment(*repository, name, now);
        self.get_environment(place)
    }

    fn environment_json(&self, state: &State, repository: u64, environment: &Environment) -> Value {
        let repository = state.repositories.get(&repository);
        let full_name = repository.map(Repository::full_name).unwrap_or_default();
        let (web, name) = (self.web_url(), &environment.name);
        let in_path: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let in_path = in_path.replace('+', "%20");
        json!({
            "id": environment.id,
            "node_id": format!("EN_sim{:012x}", environment.id),
            "name": name,
            "url": format!("{web}/api/v3/repos/{full_name}/environments/{in_path}"),
            "html_url": format!("{web}/{full_name}/deployments/activity_log?environments_filter={in_path}"),
            "created_at": time(environment.created_at),
            "updated_at": time(environment.created_at),
            "protection_rules": [],
            "deployment_branch_policy": null,
        })
    }
}

impl State {
    pub(super) fn add_environment(&mut self, repository: u64, name: &str, now: jiff::Timestamp) {
        let id = self.ci.next_id();
        let environment = Environment {
            id,
            name: name.to_owned(),
            created_at: now,
        };
        let key = (repository, name.to_lowercase());
        self.ci.environments.entry(key).or_insert(environment);
    }
}

fn is_environment(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
