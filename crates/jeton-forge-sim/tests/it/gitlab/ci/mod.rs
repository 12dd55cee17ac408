//! Runners and CI/CD variables.

mod control;
mod deadlines;
mod runners;
mod tokens;
mod variables;

use jeton_forge_sim::{AccessLevel, GitLabTokenSpec};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::World;
use crate::common::{Answer, send};

pub(super) const CREATE: &str = "/user/runners";

impl World {
    /// A token of `ada`, who now owns the group `acme`, too.
    pub(super) fn owner(&self, scopes: &[&str]) -> String {
        let group = self.group();
        self.sim.add_member(group, self.ada, AccessLevel::Owner).unwrap();
        self.personal(scopes).token
    }

    /// A token of `eve`, who has this role in the project.
    pub(super) fn member(&self, level: AccessLevel) -> String {
        self.sim.add_member(self.tools, self.eve, level).unwrap();
        self.sim.add_token(&GitLabTokenSpec::personal(self.eve)).unwrap().token
    }

    pub(super) fn wanted(&self) -> Value {
        json!({ "runner_type": "project_type", "project_id": self.tools })
    }

    /// A runner of the project, as its maker sees it.
    pub(super) async fn runner(&self, token: &str, with: &Value) -> Value {
        let mut body = self.wanted();
        for (key, value) in with.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = self.post(token, CREATE, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }

    /// A runner comes with its token.
    pub(super) async fn with_runner(&self, method: &str, path: &str, token: &str) -> Answer {
        send(form(self.request(method, path), &[("token", token)])).await
    }

    pub(super) async fn verify(&self, token: &str) -> u16 {
        self.with_runner("POST", "/runners/verify", token).await.status.as_u16()
    }

    pub(super) async fn put(&self, token: &str, path: &str, body: &Value) -> Answer {
        send(self.request("PUT", path).header("PRIVATE-TOKEN", token).json(body)).await
    }
}

pub(super) fn token_of(runner: &Value) -> &str {
    runner["token"].as_str().unwrap()
}

/// A request with the body of an HTML form.
pub(super) fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
}
