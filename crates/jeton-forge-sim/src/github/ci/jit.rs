//! Runners that are configured before they start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::body::{object, require, text, wrong};
use super::model::Place;
use super::runners::{place_path, runner_json};
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::reply::Reply;

/// The group that every place has; others are not simulated.
const DEFAULT_GROUP: u64 = 1;

impl GitHubSim {
    /// Makes a runner and what it needs to start, once.
    pub(super) fn make_jit_config(&self, place: &Place, body: &[u8]) -> Result<Reply, ApiError> {
        let fields = object(body)?;
        require(&fields, &["name", "runner_group_id", "labels"])?;
        let name = text(&fields, "name")?;
        if name.is_empty() {
            return Err(wrong("name", "the value is empty"));
        }
        let group = fields.get("runner_group_id").and_then(Value::as_u64);
        let group = group.ok_or_else(|| wrong("runner_group_id", "the value is not an integer"))?;
        let labels = labels(&fields)?;
        let work_folder = match fields.get("work_folder") {
            None => "_work",
            Some(_) => text(&fields, "work_folder")?,
        };
        if group != DEFAULT_GROUP {
            return Err(ApiError::not_found());
        }
        let mut state = self.state();
        let taken = state.ci.runners.get(place).into_iter().flatten();
        if taken.into_iter().any(|runner| runner.name.eq_ignore_ascii_case(name)) {
            // The stars are GitHub's own.
            let message = "Already exists - A runner with the name *** already exists.";
            return Err(ApiError::new(StatusCode::CONFLICT, message));
        }
        let runner = state.new_runner(Some(name), &labels, group, true);
        let shown = runner_json(&runner);
        // Three files, each in base64, and base64 around them: what `run.sh --jitconfig` unpacks.
        let file = |content: &Value| STANDARD.encode(content.to_string());
        let url = format!("{}/{}", self.web_url(), place_path(&state, place));
        let config = json!({
            ".runner": file(&json!({
                "AgentId": runner.id.to_string(), "AgentName": name, "PoolId": group.to_string(), "Ephemeral": "True",
                "WorkFolder": work_folder, "GitHubUrl": url,
            })),
            ".credentials": file(&json!({ "Scheme": "OAuth", "Data": { "ClientId": state.noise.base62(36) } })),
            ".credentials_rsaparams": file(&json!({ "d": state.noise.base62(64) })),
        });
        state.ci.runners.entry(place.clone()).or_default().push(runner);
        let body = json!({ "runner": shown, "encoded_jit_config": file(&config) });
        Ok(Reply::json(StatusCode::CREATED, &body))
    }
}

/// 1 to 100 of them, none empty.
fn labels(fields: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let Some(Value::Array(values)) = fields.get("labels") else {
        return Err(wrong("labels", "the value is not an array"));
    };
    if values.is_empty() {
        return Err(wrong("labels", "0 items are fewer than the permitted minimum of 1"));
    }
    if values.len() > 100 {
        return Err(wrong("labels", "the items are more than the permitted maximum of 100"));
    }
    let label = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let read: Option<Vec<String>> = values.iter().map(label).collect();
    read.ok_or_else(|| wrong("labels", "an item is not a string"))
}
