//! Pipelines: runners, variables, environments.

mod control;
mod runners;
mod variables;

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{EMAIL, World};
use crate::common::{Answer, send};

impl World {
    /// As `ada`, with an API token.
    pub(super) fn asked(&self, token: &str, method: &str, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path).basic_auth(EMAIL, Some(token)).json(body)
    }

    pub(super) async fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        send(self.asked(token, method, path, body)).await
    }
}

/// A UUID in a path.
pub(super) fn escaped(uuid: &Value) -> String {
    let uuid = uuid.as_str().unwrap();
    assert!(uuid.starts_with('{') && uuid.ends_with('}'), "{uuid}");
    uuid.replace('{', "%7B").replace('}', "%7D")
}
