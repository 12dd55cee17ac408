//! CI/CD variables of projects and groups.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::GitLab;
use super::super::answer::Answer;
use super::super::caller::Caller;
use super::super::error;
use super::super::model::{Space, State};
use super::super::routes::{Action, Holder};
use super::fields::Fields;
use super::spec::GitLabVariable;
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

const TYPES: &[&str] = &["env_var", "file"];
/// Characters that a key has at most.
const LONGEST_KEY: usize = 255;
/// Characters that a value has at most.
const LONGEST_VALUE: usize = 10_000;
/// Characters that a value needs to be masked.
const SHORTEST_MASKED: usize = 8;

impl GitLab {
    pub(in super::super) fn list_variables(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let state = self.state();
        let space = state.ci_space(call, caller, holder)?;
        let all: Vec<Value> = space.variables.iter().map(wire::variable).collect();
        self.paged(call, &all)
    }

    pub(in super::super) fn show_variable(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let filter = Fields::of(call)?.filter()?;
        let state = self.state();
        let space = state.ci_space(call, caller, holder)?;
        let index = find(space, call.caught(1), filter.as_deref())?;
        Ok(Reply::json(StatusCode::OK, &wire::variable(&space.variables[index])))
    }

    pub(in super::super) fn create_variable(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let mut state = self.state();
        let space = state.ci_space_mut(call, caller, holder)?;
        let fields = Fields::of(call)?;
        let mut new = GitLabVariable::new(&fields.required("key")?, &fields.required("value")?);
        change(&mut new, &fields)?;
        // One parameter says both, and only here.
        if fields.flag("masked_and_hidden")? == Some(true) {
            (new.masked, new.hidden) = (true, true);
        }
        check(&new)?;
        check_free(space, &new, None)?;
        let wire = wire::variable(&new);
        space.variables.push(new);
        Ok(Reply::json(StatusCode::CREATED, &wire))
    }

    pub(in super::super) fn update_variable(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let mut state = self.state();
        let space = state.ci_space_mut(call, caller, holder)?;
        let fields = Fields::of(call)?;
        let index = find(space, call.caught(1), fields.filter()?.as_deref())?;
        let mut new = space.variables[index].clone();
        if let Some(value) = fields.text("value")? {
            new.value = value;
        }
        change(&mut new, &fields)?;
        // That a hidden one cannot be shown again is sure, the words are not. `masked_and_hidden` is no parameter here,
        // and unknown ones are passed over.
        if new.hidden && !new.masked {
            return Err(invalid("masked", "must be enabled for a hidden variable"));
        }
        check(&new)?;
        check_free(space, &new, Some(index))?;
        let wire = wire::variable(&new);
        space.variables[index] = new;
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(in super::super) fn delete_variable(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let mut state = self.state();
        let space = state.ci_space_mut(call, caller, holder)?;
        let filter = Fields::of(call)?.filter()?;
        let index = find(space, call.caught(1), filter.as_deref())?;
        space.variables.remove(index);
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }
}

impl State {
    fn ci_space_mut(&mut self, call: &Call<Action>, caller: Caller, holder: Holder) -> Result<&mut Space, Refused> {
        let id = self.ci_space(call, caller, holder)?.id;
        let space = self.spaces.get_mut(&id);
        space.ok_or_else(|| error::not_found(holder.word()))
    }
}

/// The place of the one variable that a key and perhaps an environment scope name.
fn find(space: &Space, key: &str, scope: Option<&str>) -> Result<usize, Refused> {
    let named = |variable: &GitLabVariable| {
        variable.key == key && scope.is_none_or(|scope| variable.environment_scope == scope)
    };
    let mut found = (0..space.variables.len()).filter(|index| named(&space.variables[*index]));
    let first = found.next().ok_or_else(|| error::not_found("Variable"))?;
    if found.next().is_some() {
        let words = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
        return Err(error::message(StatusCode::CONFLICT, words));
    }
    Ok(first)
}

/// Takes what can be said of new variables and old ones alike.
fn change(variable: &mut GitLabVariable, fields: &Fields) -> Result<(), Refused> {
    if let Some(kind) = fields.word("variable_type", TYPES)? {
        variable.file = kind == "file";
    }
    variable.protected = fields.flag("protected")?.unwrap_or(variable.protected);
    variable.masked = fields.flag("masked")?.unwrap_or(variable.masked);
    variable.raw = fields.flag("raw")?.unwrap_or(variable.raw);
    if let Some(scope) = fields.text("environment_scope")? {
        variable.environment_scope = scope;
    }
    if let Some(description) = fields.text("description")? {
        variable.description = Some(description);
    }
    Ok(())
}

/// The rules of keys and values. The words about lengths and characters are a guess, those about masking are not.
fn check(variable: &GitLabVariable) -> Result<(), Refused> {
    let GitLabVariable { key, value, .. } = variable;
    if key.is_empty() {
        return Err(invalid("key", "can't be blank"));
    }
    if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(invalid("key", "can contain only letters, digits and '_'."));
    }
    if key.chars().count() > LONGEST_KEY {
        return Err(invalid("key", "is too long (maximum is 255 characters)"));
    }
    if value.chars().count() > LONGEST_VALUE {
        return Err(invalid("value", "is too long (maximum is 10000 characters)"));
    }
    if variable.masked && !maskable(value, variable.raw) {
        return Err(invalid("value", "is invalid"));
    }
    Ok(())
}

/// Whether logs can hide a value: one line of eight characters or more. Where `$` means something, few characters will
/// do; a raw value only must have no white space.
fn maskable(value: &str, raw: bool) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=/@:.~-".contains(c);
    // Ruby's `\s` knows the white space of ASCII only.
    let solid = |c: char| !matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    let fits = |c: char| if raw { solid(c) } else { plain(c) };
    value.chars().count() >= SHORTEST_MASKED && value.chars().all(fits)
}

/// One key can have one value for each environment scope.
fn check_free(space: &Space, new: &GitLabVariable, at: Option<usize>) -> Result<(), Refused> {
    let same = |other: &GitLabVariable| other.key == new.key && other.environment_scope == new.environment_scope;
    let mut all = space.variables.iter().enumerate();
    if all.any(|(index, other)| Some(index) != at && same(other)) {
        return Err(invalid("key", &format!("({}) has already been taken", new.key)));
    }
    Ok(())
}

fn invalid(field: &str, reason: &str) -> Refused {
    let body = json!({ "message": { field: [reason] } });
    Reply::json(StatusCode::BAD_REQUEST, &body).into()
}
