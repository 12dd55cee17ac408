//! The routes that an app calls with its assertion, minting aside.

use http::{StatusCode, Uri};
use serde_json::Value;

use super::GitHubSim;
use super::error::ApiError;
use super::model::{Installation, Repository, State};
use super::page::Page;
use super::spec::OwnerKind;
use super::wire::Wire;
use crate::reply::Reply;
use crate::route::RepoRef;

impl GitHubSim {
    pub(crate) fn get_app(&self, app: u64) -> Result<Reply, ApiError> {
        let state = self.state();
        let app = state.apps.get(&app).ok_or_else(ApiError::not_found)?;
        Ok(Reply::json(StatusCode::OK, &self.wire(&state).app(app)))
    }

    pub(crate) fn list_installations(&self, app: u64, uri: &Uri) -> Reply {
        let state = self.state();
        let mine = state.installations.values();
        let mine: Vec<&Installation> = mine.filter(|i| i.app == app && !i.removed).collect();
        let page = Page::from_query(uri.query());
        let shown = page.cut(&mine).iter().map(|i| self.shown(&state, i));
        let shown: Vec<Value> = shown.collect();
        let reply = Reply::json(StatusCode::OK, &shown);
        page.link(reply, &self.0.web_url, uri, mine.len())
    }

    pub(crate) fn get_installation(&self, app: u64, id: u64) -> Result<Reply, ApiError> {
        let state = self.state();
        let found = own_installation(&state, app, id)?;
        Ok(Reply::json(StatusCode::OK, &self.shown(&state, found)))
    }

    /// The installation that covers a repository. A former name leads to the number.
    pub(crate) fn repo_installation(&self, app: u64, repo: &RepoRef) -> Result<Reply, ApiError> {
        let state = self.state();
        let repository = match self.resolve(&state, repo, "/installation")? {
            Resolved::Here(repository) => repository,
            Resolved::Moved(reply) => return Ok(reply),
        };
        let mut all = state.installations.values().filter(|i| !i.removed);
        let found = all.find(|i| i.app == app && i.covers(repository));
        let found = found.ok_or_else(ApiError::not_found)?;
        Ok(Reply::json(StatusCode::OK, &self.shown(&state, found)))
    }

    /// The installation on an owner. `kind`: only an owner of this kind counts.
    pub(crate) fn owner_installation(&self, app: u64, login: &str, kind: Option<OwnerKind>) -> Result<Reply, ApiError> {
        let state = self.state();
        let owner = state.owner(login).ok_or_else(ApiError::not_found)?;
        if kind.is_some_and(|kind| kind != owner.kind) {
            return Err(ApiError::not_found());
        }
        let mut all = state.installations.values().filter(|i| !i.removed);
        let found = all.find(|i| i.app == app && i.owner.eq_ignore_ascii_case(login));
        let found = found.ok_or_else(ApiError::not_found)?;
        Ok(Reply::json(StatusCode::OK, &self.shown(&state, found)))
    }

    pub(crate) fn set_suspended(&self, app: u64, id: u64, suspended: bool) -> Result<Reply, ApiError> {
        own_installation(&self.state(), app, id)?;
        if suspended {
            self.suspend(id);
        } else {
            self.unsuspend(id);
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    /// The version of 2026-03-10 answers 202 where the older one answers 204.
    pub(crate) fn delete_installation(&self, app: u64, id: u64, newer_version: bool) -> Result<Reply, ApiError> {
        let mut state = self.state();
        own_installation(&state, app, id)?;
        state.uninstall(id);
        Ok(if newer_version {
            Reply::json(StatusCode::ACCEPTED, &serde_json::json!({}))
        } else {
            Reply::empty(StatusCode::NO_CONTENT)
        })
    }

    pub(crate) fn wire<'a>(&'a self, state: &'a State) -> Wire<'a> {
        Wire {
            state,
            web_url: &self.0.web_url,
        }
    }

    fn shown(&self, state: &State, installation: &Installation) -> Value {
        match state.apps.get(&installation.app) {
            Some(app) => self.wire(state).installation(installation, app),
            None => Value::Null,
        }
    }

    /// Finds a repository as a path names it; `tail` follows its number in a redirect.
    pub(crate) fn resolve<'a>(&self, state: &'a State, repo: &RepoRef, tail: &str) -> Result<Resolved<'a>, ApiError> {
        match repo {
            RepoRef::Id(id) => {
                let found = state.repositories.get(id);
                found.map(Resolved::Here).ok_or_else(ApiError::not_found)
            }
            RepoRef::Name { owner, name } => {
                let found = state.find_repository(owner, name);
                let found = found.ok_or_else(ApiError::not_found)?;
                if !found.moved {
                    return Ok(Resolved::Here(found.repository));
                }
                let id = found.repository.id;
                let target = format!("{}/api/v3/repositories/{id}{tail}", self.0.web_url);
                let body = serde_json::json!({
                    "message": "Moved Permanently",
                    "url": target,
                    "documentation_url": "https://docs.github.com/rest/guides/\
                        best-practices-for-using-the-rest-api#follow-redirects",
                });
                let reply = Reply::json(StatusCode::MOVED_PERMANENTLY, &body);
                Ok(Resolved::Moved(reply.with("location", &target)))
            }
        }
    }
}

/// A repository, or the way to it.
pub(crate) enum Resolved<'a> {
    Here(&'a Repository),
    Moved(Reply),
}

/// An installation of this very app; others' are as good as absent.
pub(crate) fn own_installation(state: &State, app: u64, id: u64) -> Result<&Installation, ApiError> {
    let found = state.installation(id).filter(|i| i.app == app);
    found.ok_or_else(ApiError::not_found)
}
