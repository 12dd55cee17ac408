//! Access tokens of people: what a token says of itself, lists, revocation.

use http::StatusCode;
use serde_json::Value;

use super::GitLab;
use super::answer::{Answer, object};
use super::caller::Caller;
use super::error;
use super::model::{State, Token};
use super::routes::Action;
use super::spec::GitLabTokenKind;
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl GitLab {
    pub(super) fn show_own_token(&self, caller: Caller) -> Answer {
        let id = own(caller)?;
        let state = self.state();
        let token = state.tokens.get(&id).ok_or_else(error::unauthorized)?;
        Ok(object(StatusCode::OK, token, self.now()))
    }

    pub(super) fn revoke_own_token(&self, caller: Caller) -> Answer {
        let id = own(caller)?;
        if let Some(token) = self.state().tokens.get_mut(&id) {
            token.revoked = true;
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    /// One's own tokens, or for an administrator everybody's; filters as the API has them.
    pub(super) fn list_tokens(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = caller.required()?;
        let now = self.now();
        let state = self.state();
        let admin = state.is_admin(user);
        let wanted = call.query("user_id").and_then(|id| id.parse::<u64>().ok());
        if !admin && wanted.is_some_and(|wanted| wanted != user) {
            return Err(error::unauthorized());
        }
        let whose = if admin { wanted } else { Some(user) };
        let (status, revoked, search) = (
            call.query("state"),
            call.query("revoked").map(|_| call.flag("revoked")),
            call.query("search"),
        );
        let matches = |token: &&Token| {
            whose.is_none_or(|user| token.user == user)
                && status
                    .as_deref()
                    .is_none_or(|status| (status == "active") == token.active(now))
                && revoked.is_none_or(|revoked| revoked == token.revoked)
                && search.as_deref().is_none_or(|text| token.name.contains(text))
        };
        let tokens = state.tokens.values().filter(matches);
        let all: Vec<Value> = tokens.map(|token| wire::token(token, now).into()).collect();
        self.paged(call, &all)
    }

    pub(super) fn show_token(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = caller.required()?;
        let state = self.state();
        let token = state.reachable_token(call, user)?;
        Ok(object(StatusCode::OK, token, self.now()))
    }

    pub(super) fn revoke_token(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = caller.required()?;
        let mut state = self.state();
        let id = state.reachable_token(call, user)?.id;
        if let Some(token) = state.tokens.get_mut(&id) {
            token.revoked = true;
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }
}

/// The access token that was used. Other credentials have no such thing.
fn own(caller: Caller) -> Result<u64, Refused> {
    match caller {
        Caller::Token { token, .. } => Ok(token),
        Caller::OAuth { .. } | Caller::Job { .. } => Err(error::bad_request(
            "This endpoint requires token type to be a personal access token",
        )),
        Caller::Nobody => Err(error::unauthorized()),
    }
}

impl State {
    pub(super) fn is_admin(&self, user: u64) -> bool {
        self.users.get(&user).is_some_and(|user| user.admin)
    }

    /// The token that a path names by number, if it belongs to the caller. To all but administrators, somebody else's
    /// token and none are the same.
    pub(super) fn reachable_token(&self, call: &Call<Action>, user: u64) -> Result<&Token, Refused> {
        let id = call.number(0).ok_or_else(|| error::parameter("id is invalid"))?;
        let admin = self.is_admin(user);
        let personal = |token: &&Token| {
            matches!(token.kind, GitLabTokenKind::Personal | GitLabTokenKind::Impersonation) || token.user == user
        };
        match self.tokens.get(&id).filter(personal) {
            Some(token) if admin || token.user == user => Ok(token),
            None if admin => Err(error::not_found("")),
            _ => Err(error::unauthorized()),
        }
    }
}
