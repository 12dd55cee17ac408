//! What a person's token says about them: `/user` and what is below it.

use std::net::IpAddr;

use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::policy::{Denial, TokenView};
use super::spec::{OrgRole, Reach, RepoRole};
use crate::github::GitHubSim;
use crate::github::caller::PersonalCaller;
use crate::github::error::ApiError;
use crate::github::model::{Owner, Repository, State};
use crate::github::page::{Page, parameter};
use crate::github::spec::OwnerKind;
use crate::github::wire::{merge, time};
use crate::reply::Reply;

impl GitHubSim {
    pub(crate) fn get_user(&self, caller: &PersonalCaller) -> Result<Reply, ApiError> {
        let state = self.state();
        let person = state.people.persons.get(&caller.user);
        let person = person.ok_or_else(ApiError::bad_credentials)?;
        let token = state.people.tokens.get(&caller.digest);
        let token = token.ok_or_else(ApiError::bad_credentials)?;
        let scope = |wanted: &str| match &token.reach {
            Reach::Classic(scopes) | Reach::OAuth(scopes) => scopes.allow(wanted),
            Reach::FineGrained { .. } | Reach::AppUser { .. } => false,
        };
        let mine = state.repositories.values().filter(|r| r.owner == person.login);
        let (private, public): (Vec<&Repository>, Vec<&Repository>) = mine.partition(|r| r.private);
        let mut body = self.wire(&state).owner(&person.login);
        let more = json!({
            "name": person.name,
            "company": null,
            "blog": "",
            "location": null,
            // Nobody here shows an address in public.
            "email": scope("user:email").then_some(&person.email),
            "bio": null,
            "public_repos": public.len(),
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": time(person.created_at),
            "updated_at": time(person.created_at),
        });
        let closed = json!({
            "private_gists": 0,
            "total_private_repos": private.len(),
            "owned_private_repos": private.len(),
            "disk_usage": 0,
            "collaborators": 0,
            "two_factor_authentication": true,
        });
        merge(&mut body, more);
        if scope("read:user") {
            merge(&mut body, closed);
        }
        Ok(Reply::json(StatusCode::OK, &body))
    }

    /// The repositories that the token sees and its person has to do with, without those of
    /// organizations that refuse the token.
    pub(crate) fn user_repos(&self, caller: &PersonalCaller, uri: &Uri, peer: IpAddr) -> Reply {
        let mut state = self.state();
        let Sifted {
            view,
            denied_sso,
            denied,
        } = state.sift(caller, peer);
        let wanted = Wanted::from_query(uri.query());
        let token = state.people.tokens.get(&caller.digest);
        let seen = |repository: &&Repository| {
            let role = view.as_ref().and_then(|view| state.role(view.user, repository));
            let known = role.is_some() && token.is_some_and(|token| state.grant(token, repository).is_some());
            let owner = state.owner(&repository.owner).map_or(0, |owner| owner.id);
            known && !denied.contains(&owner) && wanted.wants(&state, caller.user, repository)
        };
        let mut found: Vec<&Repository> = state.repositories.values().filter(seen).collect();
        found.sort_by_key(|repository| repository.full_name().to_ascii_lowercase());
        let page = Page::from_query(uri.query());
        let shown = page.cut(&found).iter().map(|repository| {
            let role = state.role(caller.user, repository).unwrap_or(RepoRole::Read);
            self.wire(&state).repository_for(repository, role)
        });
        let reply = Reply::json(StatusCode::OK, &shown.collect::<Vec<Value>>());
        partial(page.link(reply, &self.0.web_url, uri, found.len()), &denied_sso)
    }

    /// The organizations of the token's person.
    pub(crate) fn user_orgs(&self, caller: &PersonalCaller, uri: &Uri, peer: IpAddr) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let Sifted { denied_sso, denied, .. } = state.sift(caller, peer);
        let token = state.people.tokens.get(&caller.digest);
        let reach = token.map(|token| (&token.reach, token.pending));
        if let Some((Reach::Classic(scopes) | Reach::OAuth(scopes), _)) = reach
            && !["read:org", "read:user", "repo"]
                .iter()
                .any(|scope| scopes.allow(scope))
        {
            // Not in the vendor's documentation; as public issues quote it.
            let message = "You need at least read:org scope or user scope to list your organizations.";
            return Err(ApiError::forbidden(message));
        }
        // A fine-grained token sees the one organization it was made for.
        let reached = |org: &Owner| match reach {
            Some((Reach::FineGrained { owner, .. }, pending)) => !pending && owner.eq_ignore_ascii_case(&org.login),
            reach => reach.is_some(),
        };
        let mut orgs: Vec<&Owner> = state.owners.values().collect();
        orgs.retain(|org| {
            let member = state.people.members.contains_key(&(org.id, caller.user));
            member && !denied.contains(&org.id) && reached(org)
        });
        orgs.sort_by_key(|org| org.id);
        let page = Page::from_query(uri.query());
        let shown = page.cut(&orgs).iter().map(|org| self.wire(&state).org_in_list(org));
        let reply = Reply::json(StatusCode::OK, &shown.collect::<Vec<Value>>());
        Ok(partial(page.link(reply, &self.0.web_url, uri, orgs.len()), &denied_sso))
    }
}

/// Which organizations a token must leave out of lists.
struct Sifted {
    view: Option<TokenView>,
    /// Those that the answer tells about.
    denied_sso: Vec<u64>,
    denied: Vec<u64>,
}

impl State {
    fn sift(&mut self, caller: &PersonalCaller, peer: IpAddr) -> Sifted {
        let view = self.people.tokens.get(&caller.digest).map(TokenView::from);
        let mut sifted = Sifted {
            view: view.clone(),
            denied_sso: Vec::new(),
            denied: Vec::new(),
        };
        let Some(view) = view else { return sifted };
        let mut orgs: Vec<(u64, String)> = Vec::new();
        for id in self.people.policies.keys() {
            let found = self.owners.values().find(|owner| owner.id == *id);
            orgs.extend(found.map(|owner| (*id, owner.login.clone())));
        }
        for (id, login) in orgs {
            match self.check_policy(&view, &login, false, peer) {
                Ok(()) => continue,
                Err(Denial::Sso { .. }) => sifted.denied_sso.push(id),
                Err(_) => {}
            }
            sifted.denied.push(id);
        }
        sifted
    }
}

/// Says that organizations were left out for want of single sign-on.
fn partial(reply: Reply, orgs: &[u64]) -> Reply {
    if orgs.is_empty() {
        return reply;
    }
    let ids: Vec<String> = orgs.iter().map(u64::to_string).collect();
    reply.with(
        "x-github-sso",
        &format!("partial-results; organizations={}", ids.join(",")),
    )
}

/// What `GET /user/repos` is asked for.
struct Wanted<'a> {
    visibility: Option<&'a str>,
    affiliation: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn from_query(query: Option<&'a str>) -> Self {
        Self {
            visibility: parameter(query, "visibility"),
            affiliation: parameter(query, "affiliation"),
        }
    }

    fn wants(&self, state: &State, user: u64, repository: &Repository) -> bool {
        let visible = match self.visibility {
            Some("private") => repository.private,
            Some("public") => !repository.private,
            _ => true,
        };
        let owner = state.owner(&repository.owner);
        let affiliated = |how: &str| match how {
            "owner" => owner.is_some_and(|owner| owner.kind == OwnerKind::User && owner.id == user),
            "collaborator" => state.people.collaborators.contains_key(&(repository.id, user)),
            "organization_member" => owner.is_some_and(|owner| state.people.members.contains_key(&(owner.id, user))),
            _ => false,
        };
        let list = self.affiliation.map(|list| list.replace("%2C", ","));
        visible && list.is_none_or(|list| list.split(',').any(affiliated))
    }
}

impl GitHubSim {
    /// An organization, with what only its members see when the token may tell.
    pub(crate) fn get_org(
        &self,
        login: &str,
        caller: Option<&PersonalCaller>,
        peer: IpAddr,
    ) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let org = state.organization(login).map(|(owner, _)| owner.clone());
        let org = org.ok_or_else(ApiError::not_found)?;
        let view = caller
            .and_then(|caller| state.people.tokens.get(&caller.digest))
            .map(TokenView::from);
        if let Some(view) = &view {
            let checked = state.check_policy(view, &org.login, false, peer);
            checked.map_err(Denial::into_error)?;
        }
        let role = view.and_then(|view| state.people.members.get(&(org.id, view.user)).copied());
        let told = caller.is_some_and(
            |caller| match state.people.tokens.get(&caller.digest).map(|t| &t.reach) {
                Some(Reach::Classic(scopes) | Reach::OAuth(scopes)) => scopes.allow("read:org"),
                Some(Reach::FineGrained { owner, .. }) => owner.eq_ignore_ascii_case(&org.login),
                Some(Reach::AppUser { .. }) | None => false,
            },
        );
        let mine = state
            .repositories
            .values()
            .filter(|r| r.owner.eq_ignore_ascii_case(&org.login));
        let (private, public): (Vec<&Repository>, Vec<&Repository>) = mine.partition(|r| r.private);
        let mut body = self.wire(&state).org(&org, public.len());
        if told && role.is_some() {
            merge(
                &mut body,
                json!({ "total_private_repos": private.len(), "owned_private_repos": private.len() }),
            );
        }
        if told && role == Some(OrgRole::Admin) {
            let base = state.people.policy(org.id).base_role;
            merge(
                &mut body,
                json!({
                    "two_factor_requirement_enabled": true,
                    "default_repository_permission": base.map_or("none", RepoRole::as_str),
                }),
            );
        }
        Ok(Reply::json(StatusCode::OK, &body))
    }
}
