//! Who may come near runners and secrets.

use http::StatusCode;
use http::request::Parts;

use super::model::Place;
use super::routes::{Action, CiRoute, Scope, Wanted};
use crate::github::GitHubSim;
use crate::github::caller::{Caller, Peer, PersonalCaller};
use crate::github::content::{Stop, Visit, tail};
use crate::github::error::ApiError;
use crate::github::model::{Owner, Repository, State};
use crate::github::personal::{Denial, OrgRole, PersonalTokenKind, Reach, TokenView, refused};
use crate::reply::Reply;
use crate::route::{RepoRef, reads};

/// A call that is about runners or secrets.
#[derive(Clone, Copy)]
pub(crate) struct CiCall<'a> {
    pub(crate) route: &'a CiRoute,
    pub(crate) caller: &'a Caller,
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
}

impl GitHubSim {
    /// Answers a call about runners, secrets or environments.
    pub(crate) fn answer_ci(&self, call: CiCall<'_>) -> Result<Reply, Stop> {
        let action = call.route.action;
        if action == Action::RegisterRunner {
            return Ok(self.register_runner(call)?);
        }
        let place = self.open_place(call)?;
        let reply = match action {
            Action::RegisterRunner | Action::ListRunners => self.list_runners(&place, &call.parts.uri),
            Action::RunnerToken(purpose) => self.make_runner_token(&place, purpose)?,
            Action::JitConfig => self.make_jit_config(&place, call.body)?,
            Action::ListSecrets(family) => self.list_secrets(place, family, call),
            Action::SecretKey(family) => self.show_secret_key(place, family)?,
            Action::GetSecret(family) => self.get_secret(place, family, call)?,
            Action::PutSecret(family) => self.put_secret(place, family, call)?,
            Action::DeleteSecret(family) => self.delete_secret(place, family, call)?,
            Action::ListEnvironments => self.list_environments(&place, call)?,
            Action::GetEnvironment => self.get_environment(&place)?,
            Action::PutEnvironment => self.put_environment(&place, call)?,
        };
        Ok(reply)
    }

    /// Opens the place that a call is about, or says why not.
    fn open_place(&self, call: CiCall<'_>) -> Result<Place, Stop> {
        let wanted = call.route.wanted();
        match &call.route.scope {
            Scope::Repository(repo) => {
                let repository = self.open_repository(call, repo, wanted)?;
                self.check_own_runners(&repository, call.route.action)?;
                Ok(Place::Repository(repository.id))
            }
            Scope::Environment(repo, name) => {
                let repository = self.open_repository(call, repo, wanted)?;
                // Names of environments are compared without case.
                let name = name.to_lowercase();
                let present = self
                    .state()
                    .ci
                    .environments
                    .contains_key(&(repository.id, name.clone()));
                if present || call.route.action == Action::PutEnvironment {
                    Ok(Place::Environment(repository.id, name))
                } else {
                    Err(ApiError::not_found().into())
                }
            }
            Scope::Organization(login) => {
                let mut state = self.state();
                let org = state.organization(login).map(|(owner, _)| owner.clone());
                let org = org.ok_or_else(ApiError::not_found)?;
                check_organization(&mut state, &org, call, wanted)?;
                Ok(Place::Organization(org.id))
            }
            Scope::Enterprise(slug) => Ok(check_enterprise(&self.state(), slug, call.caller, wanted)?),
            Scope::Credential => Err(ApiError::not_found().into()),
        }
    }

    fn open_repository(&self, call: CiCall<'_>, repo: &RepoRef, wanted: Wanted) -> Result<Repository, Stop> {
        let peer = Peer::of(call.parts);
        match self.visit(repo, &tail(&call.parts.uri), call.caller, wanted.need(), peer)? {
            Visit::Here { repository, .. } => Ok(repository),
            Visit::Moved(mut reply) => {
                // Whoever follows must send the same again. As public issues show it.
                if !reads(&call.parts.method) {
                    reply.status = StatusCode::TEMPORARY_REDIRECT;
                }
                Err(Stop::Moved(Box::new(reply)))
            }
        }
    }

    /// Refuses a repository runners of its own, where its owner did.
    fn check_own_runners(&self, repository: &Repository, action: Action) -> Result<(), ApiError> {
        if !matches!(action, Action::RunnerToken(_) | Action::JitConfig) {
            return Ok(());
        }
        let state = self.state();
        let by_owner = state
            .organization(&repository.owner)
            .is_some_and(|(_, policy)| policy.forbid_repository_runners);
        if by_owner || state.ci.without_runners.contains(&repository.id) {
            return Err(ApiError::forbidden(&state.ci.rules.no_repository_runners));
        }
        Ok(())
    }
}

/// Only owners of the organization; of their tokens only those made for it, and of apps only those installed there.
fn check_organization(state: &mut State, org: &Owner, call: CiCall<'_>, wanted: Wanted) -> Result<(), ApiError> {
    let peer = Peer::of(call.parts);
    let permission = wanted.permission.unwrap_or_default();
    match call.caller {
        Caller::App(_) | Caller::Anonymous => Err(ApiError::no_credentials()),
        Caller::Token(caller) => {
            state.check_address(&org.login, peer).map_err(Denial::into_error)?;
            let token = state.tokens.get(&caller.digest);
            let installed = state.installation(caller.installation);
            let here = installed.is_some_and(|i| i.owner.eq_ignore_ascii_case(&org.login));
            if here && token.is_some_and(|token| token.permissions.allows(permission, wanted.level)) {
                Ok(())
            } else {
                Err(ApiError::not_accessible())
            }
        }
        Caller::Person(caller) => {
            // Who does not belong to it learns nothing of its demands either.
            let role = state.people.members.get(&(org.id, caller.user)).copied();
            let role = role.ok_or_else(ApiError::not_found)?;
            let (view, granted) = granted(state, org, *caller, wanted)?;
            let checked = state.check_policy(&view, &org.login, true, peer);
            checked.map_err(Denial::into_error)?;
            if granted && role == OrgRole::Admin {
                Ok(())
            } else {
                Err(refused(view.kind))
            }
        }
    }
}

/// Whether a person's token as such reaches what an organization is asked for.
fn granted(state: &State, org: &Owner, caller: PersonalCaller, wanted: Wanted) -> Result<(TokenView, bool), ApiError> {
    let permission = wanted.permission.unwrap_or_default();
    let token = state.people.tokens.get(&caller.digest);
    let token = token.ok_or_else(ApiError::bad_credentials)?;
    let granted = match &token.reach {
        Reach::Classic(scopes) | Reach::OAuth(scopes) => scopes.allow(wanted.scope),
        Reach::FineGrained { owner, permissions, .. } => {
            let here = owner.eq_ignore_ascii_case(&org.login) && !token.pending;
            here && permissions.allows(permission, wanted.level)
        }
        Reach::AppUser { app } => {
            let mut present = state
                .installations
                .values()
                .filter(|i| !i.removed && i.suspended_at.is_none());
            let found = present.find(|i| i.app == *app && i.owner.eq_ignore_ascii_case(&org.login));
            found.is_some_and(|i| i.permissions.allows(permission, wanted.level))
        }
    };
    Ok((TokenView::from(token), granted))
}

/// Only its administrators with a classic token; apps and fine-grained tokens have no such permission.
fn check_enterprise(state: &State, slug: &str, caller: &Caller, wanted: Wanted) -> Result<Place, ApiError> {
    let caller = match caller {
        Caller::App(_) | Caller::Anonymous => return Err(ApiError::no_credentials()),
        Caller::Token(_) => return Err(ApiError::not_accessible()),
        Caller::Person(caller) => caller,
    };
    let token = state.people.tokens.get(&caller.digest);
    let token = token.ok_or_else(ApiError::bad_credentials)?;
    let (Reach::Classic(scopes) | Reach::OAuth(scopes)) = &token.reach else {
        return Err(refused(token.kind()));
    };
    let enterprise = state.ci.enterprises.get(&slug.to_ascii_lowercase());
    let enterprise = enterprise.filter(|enterprise| enterprise.admins.contains(&caller.user));
    let enterprise = enterprise.ok_or_else(ApiError::not_found)?;
    if scopes.allow(wanted.scope) {
        Ok(Place::Enterprise(enterprise.id))
    } else {
        // Not in the vendor's documentation.
        Err(refused(PersonalTokenKind::Classic))
    }
}
