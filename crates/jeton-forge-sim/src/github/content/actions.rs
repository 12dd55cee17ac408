//! Runners and secrets: what only some of a repository's people may see.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::Visit;
use crate::github::GitHubSim;
use crate::github::caller::{Caller, PersonalCaller};
use crate::github::error::ApiError;
use crate::github::model::{Owner, State};
use crate::github::page::Page;
use crate::github::permissions::Level;
use crate::github::personal::{Denial, Need, OrgRole, Reach, RepoRole, TokenView, refused};
use crate::github::wire::time;
use crate::reply::Reply;
use crate::route::RepoRef;

/// The permission for an organization's runners.
const ORG_RUNNERS: &str = "organization_self_hosted_runners";

impl GitHubSim {
    pub(crate) fn list_runners(&self, repo: &RepoRef, caller: &Caller, peer: IpAddr) -> Result<Reply, ApiError> {
        let need = Need::manage("administration", RepoRole::Admin);
        match self.visit(repo, "/actions/runners", caller, need, peer)? {
            Visit::Moved(reply) => Ok(reply),
            Visit::Here { .. } => Ok(no_runners()),
        }
    }

    pub(crate) fn org_runners(&self, login: &str, caller: &Caller, peer: IpAddr) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let org = state.organization(login).map(|(owner, _)| owner.clone());
        let org = org.ok_or_else(ApiError::not_found)?;
        match caller {
            Caller::App(_) | Caller::Anonymous => return Err(ApiError::no_credentials()),
            Caller::Token(caller) => {
                state.check_address(&org.login, peer).map_err(Denial::into_error)?;
                let token = state.tokens.get(&caller.digest);
                let here = state
                    .installation(caller.installation)
                    .is_some_and(|i| i.owner == org.login);
                if !here || !token.is_some_and(|token| token.permissions.allows(ORG_RUNNERS, Level::Read)) {
                    return Err(ApiError::not_accessible());
                }
            }
            Caller::Person(caller) => check_org_runners(&mut state, &org, caller, peer)?,
        }
        Ok(no_runners())
    }

    pub(crate) fn list_secrets(
        &self,
        repo: &RepoRef,
        caller: &Caller,
        uri: &Uri,
        peer: IpAddr,
    ) -> Result<Reply, ApiError> {
        let need = Need::manage("secrets", RepoRole::Write);
        let repository = match self.visit(repo, "/actions/secrets", caller, need, peer)? {
            Visit::Moved(reply) => return Ok(reply),
            Visit::Here { repository, .. } => repository,
        };
        let state = self.state();
        let secrets = state.extras.get(&repository.id).map(|extras| &extras.secrets);
        let secrets: Vec<Value> = secrets
            .into_iter()
            .flatten()
            .map(|(name, at)| json!({ "name": name, "created_at": time(*at), "updated_at": time(*at) }))
            .collect();
        let page = Page::from_query(uri.query());
        let body = json!({ "total_count": secrets.len(), "secrets": page.cut(&secrets) });
        Ok(page.link(Reply::json(StatusCode::OK, &body), self.web_url(), uri, secrets.len()))
    }

    pub(crate) fn secrets_key(&self, repo: &RepoRef, caller: &Caller, peer: IpAddr) -> Result<Reply, ApiError> {
        let need = Need::manage("secrets", RepoRole::Write);
        match self.visit(repo, "/actions/secrets/public-key", caller, need, peer)? {
            Visit::Moved(reply) => Ok(reply),
            Visit::Here { repository, .. } => {
                // 32 bytes that stay the same; nobody has the other half.
                let key = digest(&SHA256, &repository.id.to_be_bytes());
                let id = format!("{:018}", repository.id);
                let body = json!({ "key_id": id, "key": STANDARD.encode(key) });
                Ok(Reply::json(StatusCode::OK, &body))
            }
        }
    }
}

/// Nothing here registers runners, so there are none.
fn no_runners() -> Reply {
    Reply::json(StatusCode::OK, &json!({ "total_count": 0, "runners": [] }))
}

/// Only owners of the organization, and of their tokens only those made for it.
fn check_org_runners(state: &mut State, org: &Owner, caller: &PersonalCaller, peer: IpAddr) -> Result<(), ApiError> {
    let token = state.people.tokens.get(&caller.digest);
    let token = token.ok_or_else(ApiError::bad_credentials)?;
    let view = TokenView::from(token);
    let granted = match &token.reach {
        Reach::Classic(scopes) | Reach::OAuth(scopes) => scopes.allow("admin:org"),
        Reach::FineGrained { owner, permissions, .. } => {
            let here = owner.eq_ignore_ascii_case(&org.login) && !token.pending;
            here && permissions.allows(ORG_RUNNERS, Level::Read)
        }
        Reach::AppUser { app } => {
            let mut present = state
                .installations
                .values()
                .filter(|i| !i.removed && i.suspended_at.is_none());
            let found = present.find(|i| i.app == *app && i.owner == org.login);
            found.is_some_and(|i| i.permissions.allows(ORG_RUNNERS, Level::Read))
        }
    };
    let checked = state.check_policy(&view, &org.login, true, peer);
    checked.map_err(Denial::into_error)?;
    let role = state.people.members.get(&(org.id, caller.user));
    if granted && role == Some(&OrgRole::Admin) {
        Ok(())
    } else {
        Err(refused(view.kind))
    }
}
