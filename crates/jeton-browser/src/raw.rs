use std::borrow::Cow;

use chromiumoxide::{Command, Method};
use serde::Serialize;
use serde_json::Value;

/// A command of the browser's protocol with its answer as it comes. Types made for one version of the protocol refuse answers
/// of the next over a word that they do not know, and Debian's Chromium moves every month.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Raw {
    #[serde(skip)]
    name: &'static str,
    parameters: Value,
}

impl Raw {
    pub(crate) fn new(name: &'static str, parameters: Value) -> Self {
        Self { name, parameters }
    }
}

impl Method for Raw {
    fn identifier(&self) -> Cow<'static, str> {
        self.name.into()
    }
}

impl Command for Raw {
    type Response = Value;
}
