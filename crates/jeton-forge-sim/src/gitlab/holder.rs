//! Access tokens of projects and groups.

use http::StatusCode;
use serde_json::Value;

use super::GitLab;
use super::answer::{Answer, object};
use super::caller::Caller;
use super::error;
use super::rotate::wanted_end;
use super::routes::{Action, Holder};
use super::setup::SCOPES;
use super::spec::{AccessLevel, Expiry, GitLabTokenKind, GitLabTokenSpec};
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl Holder {
    /// As GitLab's sentences have it: `404 Project Not Found`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Group => "Group",
        }
    }
}

impl GitLab {
    pub(super) fn list_holder_tokens(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let now = self.now();
        let state = self.state();
        let space = state.managed_space(call, caller, holder)?;
        let kind = holder.kind(space.id);
        let wanted = call.query("state");
        let matches = |active: bool| wanted.as_deref().is_none_or(|wanted| (wanted == "active") == active);
        let tokens = state
            .tokens
            .values()
            .filter(|token| token.kind == kind && matches(token.active(now)));
        let all: Vec<Value> = tokens.map(|token| wire::token(token, now).into()).collect();
        self.paged(call, &all)
    }

    pub(super) fn show_holder_token(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let state = self.state();
        let space = state.managed_space(call, caller, holder)?;
        let token = state.token_of(call, space)?;
        Ok(object(StatusCode::OK, token, self.now()))
    }

    pub(super) fn revoke_holder_token(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let mut state = self.state();
        let space = state.managed_space(call, caller, holder)?;
        let id = state.token_of(call, space)?.id;
        if let Some(token) = state.tokens.get_mut(&id) {
            token.revoked = true;
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn create_holder_token(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let (spec, end) = {
            let space = state.managed_space(call, caller, holder)?;
            let personal = matches!(caller, Caller::Token { token, .. } if state.tokens.get(&token)
                .is_some_and(|token| matches!(token.kind, GitLabTokenKind::Personal | GitLabTokenKind::Impersonation)));
            if !personal {
                let word = holder.word().to_lowercase();
                let reason = format!("User does not have permission to create {word} access token");
                return Err(error::bad_request(&reason));
            }
            let max = state.settings.max_lifetime_days;
            (wanted_token(call, holder, space.id)?, wanted_end(call, now, max, max)?)
        };
        let made = state.add_token(&spec, Expiry::On(end), &self.token_prefix, self.token_form, now);
        let made = made.map_err(|_| error::not_found(holder.word()))?;
        let token = state.tokens.get(&made.id).ok_or_else(|| error::not_found(""))?;
        let mut wire = wire::token(token, now);
        wire.insert("token".to_owned(), made.token.into());
        Ok(Reply::json(StatusCode::CREATED, &Value::Object(wire)))
    }
}

/// The token that a request describes.
fn wanted_token(call: &Call<Action>, holder: Holder, space: u64) -> Result<GitLabTokenSpec, Refused> {
    let parameters = call.parameters().ok_or_else(|| error::parameter("body is invalid"))?;
    let name = parameters.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| error::parameter("name is missing"))?;
    let scopes = parameters.get("scopes").and_then(Value::as_array);
    let scopes = scopes.ok_or_else(|| error::parameter("scopes is missing"))?;
    let known = |scope: &Value| scope.as_str().filter(|scope| SCOPES.contains(scope)).map(str::to_owned);
    let scopes: Option<Vec<String>> = scopes.iter().map(known).collect();
    let scopes = scopes.filter(|scopes| !scopes.is_empty());
    let scopes = scopes.ok_or_else(|| error::parameter("scopes does not have a valid value"))?;
    let level = match parameters.get("access_level") {
        None | Some(Value::Null) => Some(AccessLevel::Maintainer),
        Some(number) => number.as_u64().and_then(AccessLevel::from_number),
    };
    let level = level.ok_or_else(|| error::parameter("access_level does not have a valid value"))?;
    let spec = match holder {
        Holder::Project => GitLabTokenSpec::project(space, level),
        Holder::Group => GitLabTokenSpec::group(space, level),
    };
    Ok(spec.name(name).scopes(scopes))
}
