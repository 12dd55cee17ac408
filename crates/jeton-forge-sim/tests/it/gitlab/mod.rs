//! The simulated GitLab, as any client sees it.

mod ci;
mod commits;
mod content;
mod control;
mod credential;
mod faults;
mod git;
mod holder;
mod large;
mod limits;
mod projects;
mod refs;
mod rotation;
mod tokens;

use jeton_forge_sim::{
    AccessLevel, GitLabSim, GitLabSimConfig, GitLabToken, GitLabTokenInfo, GitLabTokenSpec, SimClock, Visibility,
};
use jiff::civil::{Date, date};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::common::{Answer, client, send, start_time};

/// `ada` maintains the private `acme/tools`; `eve` belongs nowhere. It is 2026-06-01.
pub(crate) struct World {
    pub(crate) sim: GitLabSim,
    pub(crate) ada: u64,
    pub(crate) eve: u64,
    pub(crate) tools: u64,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(GitLabSimConfig::default()).await
    }

    pub(crate) async fn with(config: GitLabSimConfig) -> Self {
        let clock = SimClock::manual(start_time());
        let sim = GitLabSim::start(GitLabSimConfig { clock, ..config }).await.unwrap();
        let (ada, eve) = (sim.add_user("ada").unwrap(), sim.add_user("eve").unwrap());
        let tools = sim.add_project("acme/tools", Visibility::Private).unwrap();
        sim.add_member(tools, ada, AccessLevel::Maintainer).unwrap();
        Self { sim, ada, eve, tools }
    }

    pub(crate) fn personal(&self, scopes: &[&str]) -> GitLabToken {
        let spec = GitLabTokenSpec::personal(self.ada).scopes(scopes.iter().copied());
        self.sim.add_token(&spec).unwrap()
    }

    pub(crate) fn of_project(&self, scopes: &[&str]) -> GitLabToken {
        let spec = GitLabTokenSpec::project(self.tools, AccessLevel::Maintainer).scopes(scopes.iter().copied());
        self.sim.add_token(&spec).unwrap()
    }

    pub(crate) fn group(&self) -> u64 {
        let found = self.sim.add_group("acme", Visibility::Private);
        assert!(found.is_err(), "the project made it");
        self.tools - 1
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client().request(method, format!("{}{path}", self.sim.api_url()))
    }

    pub(crate) async fn call(&self, token: &str, method: &str, path: &str) -> Answer {
        send(self.request(method, path).header("PRIVATE-TOKEN", token)).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(token, "GET", path).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).header("PRIVATE-TOKEN", token).json(body)).await
    }

    pub(crate) fn info(&self, id: u64) -> GitLabTokenInfo {
        self.sim.tokens().into_iter().find(|token| token.id == id).unwrap()
    }
}

impl Answer {
    /// Checks a status and a whole body.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, body: &Value) {
        assert_eq!((self.status.as_u16(), &self.json()), (status, body));
    }

    /// Checks a refusal of the first kind: a message.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, message: &str) {
        self.says(status, &json!({ "message": message }));
    }
}

pub(crate) fn today() -> Date {
    date(2026, 6, 1)
}
