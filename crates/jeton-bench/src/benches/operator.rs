//! What the operator does before a measurement.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ask;
use crate::{
    client::{post_with_key, request_with_key},
    forge::Forge,
    jeton::Server,
};

/// The operator of a server that runs.
pub(super) struct Operator {
    address: SocketAddr,
    key: String,
}

impl Operator {
    /// With the key that the server has put into its state directory.
    pub(super) fn of(jeton: &Server, forge: &Forge, state: &str) -> anyhow::Result<Self> {
        let file = forge.directory().join(state).join("operator.key");
        let key = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(Self {
            address: jeton.address,
            key: key.trim().to_owned(),
        })
    }

    /// Adds a client; its key.
    pub(super) async fn add_client(&self, name: &str) -> anyhow::Result<String> {
        Ok(self.add_known_client(name).await?.1)
    }

    /// Adds a client; its id and its key.
    pub(super) async fn add_known_client(&self, name: &str) -> anyhow::Result<(Uuid, String)> {
        let added = self.post("/v1/clients", &json!({ "name": name }), 201).await?;
        let id = added["client"]["id"].as_str().context("a client without an id")?;
        let key = added["key"].as_str().context("a client without a key")?;
        Ok((id.parse()?, key.to_owned()))
    }

    /// The operator's own key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Lets a client do something.
    pub(super) async fn allow(&self, client: &str, action: &str, repositories: &[&str]) -> anyhow::Result<()> {
        let policy = json!({
            "name": format!("{client}-{}", action.replace('.', "-")),
            "callers": { "client": client },
            "actions": [action],
            "repositories": repositories,
        });
        self.post("/v1/policies", &policy, 201).await?;
        Ok(())
    }

    /// Lets a client read the content of one repository.
    pub(super) async fn let_read(&self, client: &str, repository: &str) -> anyhow::Result<()> {
        let policy = json!({
            "name": format!("{client}-reads"),
            "callers": { "client": client },
            "actions": ["token.mint"],
            "repositories": [repository],
            "permissions": { "contents": "read" },
        });
        self.post("/v1/policies", &policy, 201).await?;
        Ok(())
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = ask(self.address, &request_with_key(path, &self.key), 200)
            .await
            .with_context(|| path.to_owned())?;
        Ok(serde_json::from_slice(answer.body())?)
    }

    pub(super) async fn post(&self, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
        let request = post_with_key(path, &self.key, body);
        let answer = ask(self.address, &request, status)
            .await
            .with_context(|| path.to_owned())?;
        Ok(serde_json::from_slice(answer.body())?)
    }
}
