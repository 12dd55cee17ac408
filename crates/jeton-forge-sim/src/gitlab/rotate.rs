//! Rotation: the new token comes, the old one is dead at once, and a token that was rotated away betrays its family.

use http::StatusCode;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::GitLab;
use super::answer::Answer;
use super::caller::Caller;
use super::error;
use super::model::{Space, State, Token, today};
use super::routes::{Action, Holder};
use super::spec::{AccessLevel, GitLabTokenKind};
use super::token;
use super::wire;
use crate::reply::Reply;
use crate::secret::token_digest;
use crate::site::{Call, Refused};

/// How long a rotated token lives when nothing else was asked for.
const DEFAULT_DAYS: i64 = 7;

impl GitLab {
    /// Any access token that may; whether GitLab lets a bot's in here too, beside the path of its holder, is not
    /// documented.
    pub(super) fn rotate_own_token(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let id = used_token(caller)?;
        self.rotate(call, id)
    }

    pub(super) fn rotate_token(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = caller.required()?;
        let id = self.state().reachable_token(call, user)?.id;
        self.rotate(call, id)
    }

    /// With a project's or group's own token. One of another holder is no token for this path.
    pub(super) fn rotate_own_holder_token(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let id = used_token(caller)?;
        {
            let state = self.state();
            let space = state.holder_space(call, caller, holder)?;
            let token = state.tokens.get(&id).ok_or_else(error::unauthorized)?;
            match token.kind {
                // Not stated by the documentation: a person's token is let nowhere near.
                GitLabTokenKind::Personal | GitLabTokenKind::Impersonation => return Err(error::not_allowed()),
                kind if kind != holder.kind(space.id) => return Err(error::unauthorized()),
                _ => {}
            }
        }
        self.rotate(call, id)
    }

    pub(super) fn rotate_holder_token(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let id = {
            let state = self.state();
            let space = state.managed_space(call, caller, holder)?;
            state.token_of(call, space)?.id
        };
        self.rotate(call, id)
    }

    fn rotate(&self, call: &Call<Action>, id: u64) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let old = state.tokens.get(&id).ok_or_else(|| error::not_found(""))?;
        if old.revoked {
            let family = old.family;
            state.revoke_family(family);
            return Err(error::bad_request("token already revoked"));
        }
        if old.expired(now) {
            // A caller who names another token by its number gets this far with one that ended.
            return Err(error::bad_request("token already expired"));
        }
        let end = wanted_end(call, now, state.settings.max_lifetime_days, DEFAULT_DAYS)?;
        let (new, secret) = state.renew(id, end, now).ok_or_else(|| error::not_found(""))?;
        let mut object = wire::token(new, now);
        object.insert("token".to_owned(), secret.into());
        Ok(Reply::json(StatusCode::OK, &Value::Object(object)))
    }
}

/// The access token that was used; 405 for all that is none.
fn used_token(caller: Caller) -> Result<u64, Refused> {
    match caller {
        Caller::Token { token, .. } => Ok(token),
        Caller::OAuth { .. } | Caller::Job { .. } => Err(error::not_allowed()),
        Caller::Nobody => Err(error::unauthorized()),
    }
}

/// The day that the request asks for, or the one so many days ahead. The words for a day too far are a guess.
pub(super) fn wanted_end(
    call: &Call<Action>,
    now: Timestamp,
    max_days: i64,
    default_days: i64,
) -> Result<Date, Refused> {
    let ahead = |days: i64| today(now).saturating_add(Span::new().days(days));
    let parameters = call.parameters().ok_or_else(|| error::parameter("body is invalid"))?;
    let from_query = call.query("expires_at").map(Value::from);
    let end = match parameters.get("expires_at").cloned().or(from_query) {
        None | Some(Value::Null) => ahead(default_days.min(max_days)),
        Some(Value::String(text)) => text.parse().map_err(|_| error::parameter("expires_at is invalid"))?,
        Some(_) => return Err(error::parameter("expires_at is invalid")),
    };
    if end <= today(now) {
        return Err(error::bad_request("Expiration date must be in the future"));
    }
    let last = ahead(max_days);
    if end > last {
        return Err(error::bad_request(&format!("Expiration date must be before {last}")));
    }
    Ok(end)
}

impl Holder {
    pub(super) fn kind(self, id: u64) -> GitLabTokenKind {
        match self {
            Self::Project => GitLabTokenKind::Project(id),
            Self::Group => GitLabTokenKind::Group(id),
        }
    }

    /// The role that may manage tokens, runners and variables: maintainers a project's, owners a group's.
    pub(super) fn manager(self) -> AccessLevel {
        match self {
            Self::Project => AccessLevel::Maintainer,
            Self::Group => AccessLevel::Owner,
        }
    }
}

impl State {
    /// The project or group that a path names, if the caller may know of it.
    pub(super) fn holder_space(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Result<&Space, Refused> {
        let found = self.find_space(holder, call.caught(0));
        let seen = found.filter(|space| self.sees(space, caller.user()));
        seen.ok_or_else(|| error::not_found(holder.word()))
    }

    /// The same, if the caller may manage its tokens.
    pub(super) fn managed_space(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Result<&Space, Refused> {
        let user = caller.required()?;
        let space = self.holder_space(call, caller, holder)?;
        if self.level(space, user) < Some(holder.manager()) {
            return Err(error::unauthorized());
        }
        Ok(space)
    }

    /// The token that a path names by number after its holder.
    pub(super) fn token_of(&self, call: &Call<Action>, space: &Space) -> Result<&Token, Refused> {
        let id = call.number(1).ok_or_else(|| error::parameter("token_id is invalid"))?;
        let kind = space.holder.kind(space.id);
        let found = self.tokens.get(&id).filter(|token| token.kind == kind);
        found.ok_or_else(|| error::not_found(""))
    }

    /// Ends a token and makes its successor.
    fn renew(&mut self, id: u64, end: Date, now: Timestamp) -> Option<(&Token, String)> {
        let next = self.next_id();
        let old = self.tokens.get_mut(&id)?;
        old.revoked = true;
        let secret = token::access_token(&mut self.random, &old.prefix, old.form, old.user);
        let new = Token {
            id: next,
            family: old.family,
            kind: old.kind,
            user: old.user,
            level: old.level,
            name: old.name.clone(),
            scopes: old.scopes.clone(),
            created_at: now,
            expires_at: Some(end),
            revoked: false,
            last_used_at: None,
            digest: token_digest(&secret),
            prefix: old.prefix.clone(),
            form: old.form,
        };
        self.by_digest.insert(new.digest, next);
        let new = self.tokens.entry(next).or_insert(new);
        Some((new, secret))
    }
}
