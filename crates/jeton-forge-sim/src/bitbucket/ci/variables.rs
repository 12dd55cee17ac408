//! Variables of Pipelines, in all three places, and the deployment environments.

use http::StatusCode;
use serde_json::Value;

use super::super::Bitbucket;
use super::super::answer::Answer;
use super::super::error;
use super::super::page::paged;
use super::super::routes::{Action, Place};
use super::body::{Body, bad, missing};
use super::spec::{BitbucketCiScope, BitbucketVariable};
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl Bitbucket {
    /// Which role may see them is not documented; here it is the one that sets variables.
    pub(in super::super) fn list_environments(&self, call: &Call<Action>) -> Answer {
        let state = self.state();
        let scope = state.ci_scope(call, self.now(), Place::Repository)?;
        let ci = state.ci(&scope).ok_or_else(|| error::not_found("Environment"))?;
        let all: Vec<Value> = ci.environments.iter().map(wire::environment).collect();
        paged(call, &all, &self.ground.url())
    }

    pub(in super::super) fn answer_variables(&self, call: &Call<Action>, place: Place) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let scope = state.ci_scope(call, now, place)?;
        let fresh = state.uuid();
        let variables = state.variables_mut(&scope).ok_or_else(absent)?;
        let uuid = call.caught(place.names());
        match call.action {
            Action::CreateVariable(_) => {
                let body = Body::of(call)?;
                let key = body.text("key")?.ok_or_else(|| missing("key"))?;
                let value = body.text("value")?.ok_or_else(|| missing("value"))?;
                let secured = body.flag("secured")?.unwrap_or(false);
                check_key(variables, &key, None)?;
                let location = self.location(call, &fresh);
                let made = BitbucketVariable {
                    uuid: fresh,
                    key,
                    value,
                    secured,
                };
                let reply = Reply::json(StatusCode::CREATED, &wire::variable(&made));
                variables.push(made);
                Ok(reply.with("location", &location))
            }
            Action::ShowVariable(_) => {
                let variable = &variables[find(variables, uuid)?];
                Ok(Reply::json(StatusCode::OK, &wire::variable(variable)))
            }
            Action::UpdateVariable(_) => {
                let index = find(variables, uuid)?;
                let changed = changed(variables, index, &Body::of(call)?)?;
                let reply = Reply::json(StatusCode::OK, &wire::variable(&changed));
                variables[index] = changed;
                Ok(reply)
            }
            Action::DeleteVariable(_) => {
                let index = find(variables, uuid)?;
                variables.remove(index);
                Ok(Reply::empty(StatusCode::NO_CONTENT))
            }
            _ => {
                let all: Vec<Value> = variables.iter().map(wire::variable).collect();
                paged(call, &all, &self.ground.url())
            }
        }
    }

    /// The address of a new variable.
    fn location(&self, call: &Call<Action>, uuid: &str) -> String {
        let path = call.parts.uri.path().trim_end_matches('/');
        let uuid = uuid.trim_matches(['{', '}']);
        format!("{}{path}/%7B{uuid}%7D", self.ground.url())
    }

    /// Sets a variable, whatever the API would say to it.
    pub(super) fn put_variable(
        &self,
        scope: &BitbucketCiScope,
        key: &str,
        value: &str,
        secured: bool,
    ) -> Option<String> {
        let mut state = self.state();
        let uuid = state.uuid();
        let variables = state.variables_mut(scope)?;
        variables.retain(|variable| variable.key != key);
        variables.push(BitbucketVariable {
            uuid: uuid.clone(),
            key: key.to_owned(),
            value: value.to_owned(),
            secured,
        });
        Some(uuid)
    }
}

fn absent() -> Refused {
    error::not_found("Variable")
}

fn find(variables: &[BitbucketVariable], uuid: &str) -> Result<usize, Refused> {
    let found = variables.iter().position(|variable| variable.uuid == uuid);
    found.ok_or_else(absent)
}

/// A variable as a body wants it from now on; what the body leaves out stays.
fn changed(variables: &[BitbucketVariable], index: usize, body: &Body) -> Result<BitbucketVariable, Refused> {
    let old = &variables[index];
    let (key, value) = (body.text("key")?, body.text("value")?);
    if let Some(key) = &key {
        check_key(variables, key, Some(index))?;
    }
    let secured = body.flag("secured")?.unwrap_or(old.secured);
    // A secured value never comes back, so it cannot be unsecured either. How Bitbucket says so is a guess.
    if old.secured && !secured && value.is_none() {
        return Err(bad("A secured variable needs a new value to be unsecured"));
    }
    Ok(BitbucketVariable {
        uuid: old.uuid.clone(),
        key: key.unwrap_or_else(|| old.key.clone()),
        value: value.unwrap_or_else(|| old.value.clone()),
        secured,
    })
}

/// Letters, digits and `_`, no digit first; no other variable of this name.
fn check_key(variables: &[BitbucketVariable], key: &str, at: Option<usize>) -> Result<(), Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_well = |first: char| !first.is_ascii_digit();
    if !key.chars().next().is_some_and(starts_well) || !key.chars().all(plain) {
        return Err(bad("Invalid key"));
    }
    let mut all = variables.iter().enumerate();
    if all.any(|(index, variable)| Some(index) != at && variable.key == key) {
        let words = "A variable with this key already exists";
        return Err(error::message(StatusCode::CONFLICT, words));
    }
    Ok(())
}
