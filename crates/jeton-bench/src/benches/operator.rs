//! What the operator does before a measurement.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::ask;
use crate::{client::post_with_key, forge::Forge, jeton::Server};

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
        let added = self.post("/v1/clients", &json!({ "name": name }), 201).await?;
        let key = added["key"].as_str().context("a client without a key")?;
        Ok(key.to_owned())
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

    pub(super) async fn post(&self, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
        let request = post_with_key(path, &self.key, body);
        let answer = ask(self.address, &request, status)
            .await
            .with_context(|| path.to_owned())?;
        Ok(serde_json::from_slice(answer.body())?)
    }
}
