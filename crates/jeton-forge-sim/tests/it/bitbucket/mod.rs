//! The simulated Bitbucket Cloud, as any client sees it.

mod bytes;
mod ci;
mod commits;
mod content;
mod control;
mod credential;
mod faults;
mod git;
mod repositories;

use jeton_forge_sim::{BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, SimClock};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::common::{Answer, client, send, start_time};

pub(crate) const EMAIL: &str = "ada@example.com";

/// `ada` owns the workspace `acme` with the private `tools`; `eve` belongs nowhere. It is 2026-06-01.
pub(crate) struct World {
    pub(crate) sim: BitbucketSim,
    pub(crate) ada: u64,
    pub(crate) eve: u64,
    pub(crate) tools: u64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = SimClock::manual(start_time());
        let sim = BitbucketSim::start(BitbucketSimConfig {
            clock,
            ..BitbucketSimConfig::default()
        })
        .await
        .unwrap();
        let ada = sim.add_account("ada", EMAIL).unwrap();
        let eve = sim.add_account("eve", "eve@example.com").unwrap();
        sim.add_workspace("acme").unwrap();
        sim.add_member("acme", ada, true).unwrap();
        let tools = sim.add_repository("acme", "tools", true).unwrap();
        Self { sim, ada, eve, tools }
    }

    pub(crate) fn token(&self, spec: &BitbucketTokenSpec) -> String {
        self.sim.add_token(spec).unwrap().token
    }

    /// An API token of `ada`.
    pub(crate) fn api(&self, scopes: &[&str]) -> String {
        self.token(&BitbucketTokenSpec::api_token(self.ada).scopes(scopes.iter().copied()))
    }

    /// An access token of the repository.
    pub(crate) fn access(&self, scopes: &[&str]) -> String {
        self.token(&BitbucketTokenSpec::repository_token(self.tools).scopes(scopes.iter().copied()))
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client().request(method, format!("{}{path}", self.sim.api_url()))
    }

    pub(crate) async fn basic(&self, user: &str, token: &str, path: &str) -> Answer {
        send(self.request("GET", path).basic_auth(user, Some(token))).await
    }

    /// As `ada`, with an API token.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.basic(EMAIL, token, path).await
    }

    pub(crate) async fn bearer(&self, token: &str, path: &str) -> Answer {
        send(self.request("GET", path).bearer_auth(token)).await
    }
}

impl Answer {
    /// Checks a refusal in Bitbucket's shape.
    #[track_caller]
    pub(crate) fn errs(&self, status: u16, message: &str) {
        let body = json!({ "type": "error", "error": { "message": message } });
        assert_eq!((self.status.as_u16(), self.json()), (status, body));
    }

    #[track_caller]
    pub(crate) fn lacks(&self, required: &[&str], granted: &[&str]) {
        let message = "Your credentials lack one or more required privilege scopes.";
        let detail = json!({ "required": required, "granted": granted });
        let body = json!({ "type": "error", "error": { "message": message, "detail": detail } });
        assert_eq!((self.status.as_u16(), self.json()), (403, body));
    }

    pub(crate) fn values(&self, member: &str) -> Vec<Value> {
        let all = self.json();
        all["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one[member].clone())
            .collect()
    }
}
