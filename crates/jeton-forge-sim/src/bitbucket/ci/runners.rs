//! Runners of repositories and workspaces.

use http::StatusCode;
use serde_json::Value;

use super::super::Bitbucket;
use super::super::answer::{Answer, in_workspace};
use super::super::error;
use super::super::model::{State, Token};
use super::super::page::paged;
use super::super::routes::{Action, Place};
use super::super::spec::{BitbucketRole, BitbucketTokenKind};
use super::body::{Body, bad, missing};
use super::model::Runner;
use super::spec::BitbucketCiScope;
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// Every runner of one's own has it.
const OWN: &str = "self.hosted";

impl Bitbucket {
    pub(in super::super) fn answer_runners(&self, call: &Call<Action>, place: Place) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let scope = state.ci_scope(call, now, place)?;
        let limit = state.runner_limit;
        let uuid = call.caught(place.names());
        match call.action {
            Action::CreateRunner(_) => {
                let (name, labels) = wanted(call)?;
                let name = name.ok_or_else(|| missing("name"))?;
                let labels = labels.ok_or_else(|| missing("labels"))?;
                let present = &state.ci(&scope).ok_or_else(absent)?.runners;
                check_name(present, &name, None)?;
                if present.len() >= limit {
                    return Err(bad("The maximum number of runners has been reached"));
                }
                let (runner, made) = state.new_runner(name, labels, "UNREGISTERED", now);
                let wire = wire::runner(&runner, Some(&made.client_secret));
                state.ci_mut(&scope).ok_or_else(absent)?.runners.push(runner);
                Ok(Reply::json(StatusCode::OK, &wire))
            }
            Action::ShowRunner(_) => {
                let runners = &state.ci(&scope).ok_or_else(absent)?.runners;
                let runner = &runners[find(runners, uuid)?];
                Ok(Reply::json(StatusCode::OK, &wire::runner(runner, None)))
            }
            Action::UpdateRunner(_) => {
                let runners = &mut state.ci_mut(&scope).ok_or_else(absent)?.runners;
                let index = find(runners, uuid)?;
                let (name, labels) = wanted(call)?;
                if let Some(name) = &name {
                    check_name(runners, name, Some(index))?;
                }
                let runner = &mut runners[index];
                runner.name = name.unwrap_or_else(|| runner.name.clone());
                runner.labels = labels.unwrap_or_else(|| runner.labels.clone());
                runner.updated_at = now;
                Ok(Reply::json(StatusCode::OK, &wire::runner(runner, None)))
            }
            Action::DeleteRunner(_) => {
                let runners = &mut state.ci_mut(&scope).ok_or_else(absent)?.runners;
                let index = find(runners, uuid)?;
                runners.remove(index);
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            _ => {
                let runners = &state.ci(&scope).ok_or_else(absent)?.runners;
                let all: Vec<Value> = runners.iter().map(|runner| wire::runner(runner, None)).collect();
                paged(call, &all, &self.ground.url())
            }
        }
    }
}

fn absent() -> Refused {
    error::not_found("Runner")
}

fn find(runners: &[Runner], uuid: &str) -> Result<usize, Refused> {
    let found = runners.iter().position(|runner| runner.uuid == uuid);
    found.ok_or_else(absent)
}

/// The name and the labels that a body wants. The schema of the body is not published: this is the shape of the answers.
fn wanted(call: &Call<Action>) -> Result<(Option<String>, Option<Vec<String>>), Refused> {
    let body = Body::of(call)?;
    let (name, labels) = (body.text("name")?, body.texts("labels")?);
    if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        return Err(bad("Invalid name"));
    }
    if labels
        .as_ref()
        .is_some_and(|labels| !labels.iter().any(|label| label == OWN))
    {
        return Err(bad("labels must contain self.hosted"));
    }
    Ok((name, labels))
}

fn check_name(runners: &[Runner], name: &str, at: Option<usize>) -> Result<(), Refused> {
    let mut all = runners.iter().enumerate();
    if all.any(|(index, runner)| Some(index) != at && runner.name == name) {
        let words = "A runner with this name already exists";
        return Err(error::message(StatusCode::CONFLICT, words));
    }
    Ok(())
}

impl State {
    /// What a call's path names, if its caller may set up Pipelines there: the administrators of a repository or of a
    /// workspace, and access tokens of either.
    pub(super) fn ci_scope(
        &self,
        call: &Call<Action>,
        now: jiff::Timestamp,
        place: Place,
    ) -> Result<BitbucketCiScope, Refused> {
        let caller = self.admit(call, now)?;
        if place == Place::Workspace {
            return self.workspace_for(call, caller);
        }
        let id = self.repository_for(call, caller, BitbucketRole::Admin)?.id;
        if place == Place::Repository {
            return Ok(BitbucketCiScope::Repository(id));
        }
        let scope = BitbucketCiScope::Environment {
            repository: id,
            uuid: call.caught(2).to_owned(),
        };
        let known = self.variables(&scope).is_some();
        known.then_some(scope).ok_or_else(|| error::not_found("Environment"))
    }

    fn workspace_for(&self, call: &Call<Action>, caller: Option<&Token>) -> Result<BitbucketCiScope, Refused> {
        let token = caller.ok_or_else(error::nobody)?;
        let found = self.find_workspace(call.caught(0));
        let found = found.filter(|workspace| in_workspace(self, &workspace.slug, token));
        let workspace = found.ok_or_else(|| error::not_found("Workspace"))?;
        let may = match &token.kind {
            BitbucketTokenKind::WorkspaceToken { .. } => true,
            kind => kind
                .account()
                .is_some_and(|account| workspace.members.get(&account) == Some(&true)),
        };
        let scope = || BitbucketCiScope::Workspace(workspace.slug.clone());
        may.then(scope).ok_or_else(error::forbidden)
    }
}
