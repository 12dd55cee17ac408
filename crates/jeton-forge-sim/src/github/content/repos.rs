//! Repositories as tokens and strangers see them.

use std::net::IpAddr;

use http::{StatusCode, Uri};
use serde_json::{Value, json};

use crate::github::GitHubSim;
use crate::github::caller::{Caller, TokenCaller};
use crate::github::error::ApiError;
use crate::github::installations::Resolved;
use crate::github::model::Repository;
use crate::github::page::Page;
use crate::github::personal::{Denial, Need, RepoRole};
use crate::reply::Reply;
use crate::route::RepoRef;

/// A repository whose door was opened, or the way to it.
pub(crate) enum Visit {
    Here {
        repository: Repository,
        /// What the person behind the token may do.
        role: Option<RepoRole>,
    },
    Moved(Reply),
}

impl GitHubSim {
    pub(crate) fn token_repositories(&self, caller: &TokenCaller, uri: &Uri) -> Result<Reply, ApiError> {
        let state = self.state();
        let token = state.tokens.get(&caller.digest);
        let token = token.ok_or_else(ApiError::bad_credentials)?;
        let all = state.token_repositories(token);
        let page = Page::from_query(uri.query());
        let shown = page.cut(&all).iter().map(|r| self.wire(&state).repository(r));
        let shown: Vec<Value> = shown.collect();
        let narrowed = token.repositories.is_some()
            || state
                .installation(token.installation)
                .is_some_and(|i| i.selected.is_some());
        let body = json!({
            "total_count": all.len(),
            "repository_selection": if narrowed { "selected" } else { "all" },
            "repositories": shown,
        });
        let reply = Reply::json(StatusCode::OK, &body);
        Ok(page.link(reply, &self.0.web_url, uri, all.len()))
    }

    pub(crate) fn get_repo(&self, repo: &RepoRef, caller: &Caller, peer: IpAddr) -> Result<Reply, ApiError> {
        match self.visit(repo, "", caller, Need::look("metadata"), peer)? {
            Visit::Moved(reply) => Ok(reply),
            Visit::Here { repository, role } => {
                let state = self.state();
                let body = match role {
                    Some(role) => self.wire(&state).repository_for(&repository, role),
                    None => self.wire(&state).repository(&repository),
                };
                Ok(Reply::json(StatusCode::OK, &body))
            }
        }
    }

    /// Opens a repository to a caller with this need, or says why not. `tail` follows the
    /// repository's number in a redirect.
    pub(crate) fn visit(
        &self,
        repo: &RepoRef,
        tail: &str,
        caller: &Caller,
        need: Need,
        peer: IpAddr,
    ) -> Result<Visit, ApiError> {
        let mut state = self.state();
        let found = match repo {
            RepoRef::Id(id) => state.repositories.get(id),
            RepoRef::Name { owner, name } => state.find_repository(owner, name).map(|f| f.repository),
        };
        let found = found.cloned().ok_or_else(ApiError::not_found)?;
        let open = need.open && !found.private;
        let role = match caller {
            // Also for a former name: a redirect would tell that the repository exists.
            Caller::App(_) | Caller::Anonymous if found.private => return Err(ApiError::not_found()),
            Caller::App(_) | Caller::Anonymous if !open => return Err(ApiError::no_credentials()),
            Caller::App(_) | Caller::Anonymous => None,
            Caller::Token(caller) => {
                let token = state.tokens.get(&caller.digest);
                let token = token.filter(|token| state.token_covers(token, &found));
                if found.private && token.is_none() {
                    return Err(ApiError::not_found());
                }
                state.check_address(&found.owner, peer).map_err(Denial::into_error)?;
                let granted = token.is_some_and(|token| token.permissions.allows(need.permission, need.level));
                if !open && !granted {
                    return Err(ApiError::not_accessible());
                }
                None
            }
            Caller::Person(caller) => {
                let rights = state.rights(&caller.digest, &found, peer);
                let rights = rights.map_err(Denial::into_error)?;
                rights.permit(&found, need)?;
                Some(rights.role)
            }
        };
        match self.resolve(&state, repo, tail)? {
            Resolved::Moved(reply) => Ok(Visit::Moved(reply)),
            Resolved::Here(_) => Ok(Visit::Here {
                repository: found,
                role,
            }),
        }
    }
}
