//! The parameters of a call, wherever they came: in the query, in a form or in JSON.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::error;
use super::super::routes::Action;
use crate::site::{Call, Refused};

/// The parameters of one call. What the body has wins over the query.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(call: &Call<Action>) -> Result<Self, Refused> {
        let mut all = Map::new();
        take_pairs(&mut all, call.parts.uri.query().unwrap_or_default().as_bytes());
        let form = "application/x-www-form-urlencoded";
        if call.header("content-type").is_some_and(|kind| kind.starts_with(form)) {
            take_pairs(&mut all, &call.body);
        } else {
            let body = call.parameters().ok_or_else(|| error::parameter("body is invalid"))?;
            all.extend(body);
        }
        Ok(Self(all))
    }

    /// A parameter that was sent and is not null.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A text; numbers and booleans are taken for one, as Grape does.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(_) => Err(invalid(name)),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<String, Refused> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" | "on" => Ok(Some(true)),
                "false" | "f" | "0" | "off" => Ok(Some(false)),
                _ => Err(invalid(name)),
            },
            Some(_) => Err(invalid(name)),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        let number = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
        };
        number.map(Some).ok_or_else(|| invalid(name))
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let text = self.text(name)?;
        text.map(|text| text.parse().map_err(|_| invalid(name))).transpose()
    }

    /// One of these words.
    pub(super) fn word(&self, name: &str, words: &'static [&'static str]) -> Result<Option<&'static str>, Refused> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let known = words.iter().find(|word| **word == text);
        known.map(|word| Some(*word)).ok_or_else(|| no_value(name))
    }

    /// A list: of JSON, of several `name[]`, or one text with commas.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let texts = |all: &[Value]| -> Option<Vec<String>> {
            let texts = all.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect()
        };
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(all)) => texts(all).map(Some).ok_or_else(|| invalid(name)),
            Some(Value::String(text)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(Some(parts.map(str::to_owned).collect()))
            }
            Some(_) => Err(invalid(name)),
        }
    }

    /// `filter[environment_scope]`
    pub(super) fn filter(&self) -> Result<Option<String>, Refused> {
        let nested = self.get("filter").and_then(|filter| filter.get("environment_scope"));
        match nested {
            Some(Value::String(scope)) => Ok(Some(scope.clone())),
            Some(_) => Err(invalid("filter")),
            None => self.text("filter[environment_scope]"),
        }
    }
}

fn take_pairs(all: &mut Map<String, Value>, encoded: &[u8]) {
    for (key, value) in url::form_urlencoded::parse(encoded) {
        let value = Value::from(value.into_owned());
        match key.strip_suffix("[]") {
            None => {
                all.insert(key.into_owned(), value);
            }
            Some(name) => match all.get_mut(name) {
                Some(Value::Array(values)) => values.push(value),
                _ => {
                    all.insert(name.to_owned(), Value::Array(vec![value]));
                }
            },
        }
    }
}

fn invalid(name: &str) -> Refused {
    error::parameter(&format!("{name} is invalid"))
}

pub(super) fn missing(name: &str) -> Refused {
    error::parameter(&format!("{name} is missing"))
}

pub(super) fn no_value(name: &str) -> Refused {
    error::parameter(&format!("{name} does not have a valid value"))
}
