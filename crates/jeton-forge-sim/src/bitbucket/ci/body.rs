//! Bodies of requests: JSON objects, read strictly. The words of these refusals are a guess.

use http::StatusCode;
use serde_json::{Map, Value};

use super::super::error;
use super::super::routes::Action;
use crate::site::{Call, Refused};

pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn of(call: &Call<Action>) -> Result<Self, Refused> {
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(bad("The request body is not a JSON object")),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(bad(&format!("Invalid {name}"))),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(bad(&format!("Invalid {name}"))),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let all = value.as_array().into_iter().flatten();
        let texts: Option<Vec<String>> = all.map(|one| one.as_str().map(str::to_owned)).collect();
        let texts = texts.filter(|_| value.is_array());
        texts.map(Some).ok_or_else(|| bad(&format!("Invalid {name}")))
    }
}

pub(super) fn bad(words: &str) -> Refused {
    error::message(StatusCode::BAD_REQUEST, words)
}

pub(super) fn missing(name: &str) -> Refused {
    bad(&format!("{name} is required"))
}
