//! Runners, secrets and environments of GitHub.

mod control;
mod environments;
mod faults;
mod jit;
mod keys;
mod org_secrets;
mod policies;
mod runner_rights;
mod runners;
mod secret_rights;
mod secrets;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use jeton_forge_sim::{AppSpec, InstallSpec, SimPersonalToken};
use serde_json::{Value, json};

use crate::common::{Answer, World, send};

pub(crate) const BY_TOKEN: &str = "Resource not accessible by personal access token";
pub(crate) const BY_APP: &str = "Resource not accessible by integration";
pub(crate) const NO_ADMIN: &str = "Must have admin rights to Repository.";
pub(crate) const REPO_RUNNERS: &str = "/repos/acme/tools/actions/runners";
pub(crate) const ORG_RUNNERS: &str = "/orgs/acme/actions/runners";
pub(crate) const ENTERPRISE_RUNNERS: &str = "/enterprises/acme-corp/actions/runners";
pub(crate) const SECRETS: &str = "/repos/acme/tools/actions/secrets";

/// Seals with another implementation than the simulator opens with.
pub(crate) fn seal(key: &Value, value: &[u8]) -> String {
    let public = STANDARD.decode(key["key"].as_str().unwrap()).unwrap();
    let public = PublicKey::from_slice(&public).unwrap();
    STANDARD.encode(public.seal(&mut OsRng, value).unwrap())
}

impl World {
    /// Calls as somebody with `octocat`'s token.
    pub(crate) async fn call(&self, token: &SimPersonalToken, method: &str, path: &str) -> Answer {
        self.as_token(&token.token, method, path).await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: &Value) -> Answer {
        send(self.request("PUT", path).bearer_auth(token).json(body)).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).bearer_auth(token).json(body)).await
    }

    /// An installation on `acme` with these permissions, and a token of it.
    pub(crate) async fn app_token<const N: usize>(&self, permissions: [(&str, &str); N]) -> String {
        let github = self.sim.github();
        let app = github.add_app(AppSpec::new("ci app").permissions(permissions));
        let installation = github.install(app.id, "acme", InstallSpec::all());
        let w = World {
            sim: self.sim.clone(),
            app,
            installation,
        };
        w.token(&json!({})).await
    }

    /// Fetches the key below `secrets`, seals the value for it and puts it there, as a client does.
    pub(crate) async fn push_secret(&self, token: &str, secrets: &str, name: &str, value: &[u8]) -> Answer {
        let key = self
            .as_token(token, "GET", &format!("{secrets}/public-key"))
            .await
            .json();
        let body = json!({ "encrypted_value": seal(&key, value), "key_id": key["key_id"] });
        self.put(token, &format!("{secrets}/{name}"), &body).await
    }

    /// What `config.sh` sends.
    pub(crate) async fn register(&self, token: &str, event: &str, at: &str) -> Answer {
        let body = json!({ "url": format!("https://github.com/{at}"), "runner_event": event, "name": "builder" });
        let request = self.request("POST", "/actions/runner-registration").json(&body);
        send(request.header("authorization", format!("RemoteAuth {token}"))).await
    }
}

/// The token in an answer of 201.
#[track_caller]
pub(crate) fn token_in(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}
