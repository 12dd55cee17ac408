//! Secrets as everybody with the rights sees them: without their values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::door::CiCall;
use super::model::{Place, SecretKey, SecretStore, StoredSecret, Visibility};
use super::routes::SecretFamily;
use super::runners::place_path;
use super::seal::KeyPair;
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::State;
use crate::github::page::Page;
use crate::github::wire::time;
use crate::reply::Reply;

impl GitHubSim {
    pub(super) fn show_secret_key(&self, place: Place, family: SecretFamily) -> Result<Reply, ApiError> {
        let mut state = self.state();
        let key = state.secret_key(place, family)?;
        let body = json!({ "key_id": key.id, "key": STANDARD.encode(key.pair.public) });
        Ok(Reply::json(StatusCode::OK, &body))
    }

    pub(super) fn list_secrets(&self, place: Place, family: SecretFamily, call: CiCall<'_>) -> Reply {
        let state = self.state();
        let base = self.secrets_url(&state, &place, family);
        let store = state.ci.stores.get(&(place, family));
        let secrets = store.map(|store| &store.secrets).into_iter().flatten();
        let secrets: Vec<Value> = secrets.map(|(name, secret)| secret_json(&base, name, secret)).collect();
        let uri = &call.parts.uri;
        let page = Page::from_query(uri.query());
        let body = json!({ "total_count": secrets.len(), "secrets": page.cut(&secrets) });
        page.link(Reply::json(StatusCode::OK, &body), self.web_url(), uri, secrets.len())
    }

    pub(super) fn get_secret(&self, place: Place, family: SecretFamily, call: CiCall<'_>) -> Result<Reply, ApiError> {
        let name = call.route.secret.to_ascii_uppercase();
        let state = self.state();
        let base = self.secrets_url(&state, &place, family);
        let store = state.ci.stores.get(&(place, family));
        let secret = store.and_then(|store| store.secrets.get(&name));
        let secret = secret.ok_or_else(ApiError::not_found)?;
        Ok(Reply::json(StatusCode::OK, &secret_json(&base, &name, secret)))
    }

    pub(super) fn delete_secret(
        &self,
        place: Place,
        family: SecretFamily,
        call: CiCall<'_>,
    ) -> Result<Reply, ApiError> {
        let name = call.route.secret.to_ascii_uppercase();
        let mut state = self.state();
        let store = state.ci.stores.get_mut(&(place, family));
        let removed = store.and_then(|store| store.secrets.remove(&name));
        removed.ok_or_else(ApiError::not_found)?;
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    fn secrets_url(&self, state: &State, place: &Place, family: SecretFamily) -> String {
        let (web, path) = (self.web_url(), place_path(state, place));
        format!("{web}/api/v3/{path}/{}/secrets", family.as_str())
    }
}

fn secret_json(base: &str, name: &str, secret: &StoredSecret) -> Value {
    let mut body = json!({
        "name": name,
        "created_at": time(secret.created_at),
        "updated_at": time(secret.updated_at),
    });
    if let Some(visibility) = &secret.visibility {
        body["visibility"] = Value::from(match visibility {
            Visibility::All => "all",
            Visibility::Private => "private",
            Visibility::Selected(_) => "selected",
        });
        if let Visibility::Selected(_) = visibility {
            body["selected_repositories_url"] = Value::from(format!("{base}/{name}/repositories"));
        }
    }
    body
}

impl State {
    pub(super) fn secret_store(&mut self, place: Place, family: SecretFamily) -> &mut SecretStore {
        self.ci.stores.entry((place, family)).or_default()
    }

    /// The key of a place; it is made when it is first asked for.
    pub(super) fn secret_key(&mut self, place: Place, family: SecretFamily) -> Result<SecretKey, ApiError> {
        if let Some(key) = &self.secret_store(place.clone(), family).key {
            return Ok(key.clone());
        }
        let key = self.new_secret_key().ok_or_else(|| {
            let message = "No key could be made.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })?;
        self.secret_store(place, family).key = Some(key.clone());
        Ok(key)
    }

    /// A true pair, and a number of 18 digits.
    pub(super) fn new_secret_key(&mut self) -> Option<SecretKey> {
        let id = self.noise.below(900_000_000_000_000_000) + 100_000_000_000_000_000;
        let pair = KeyPair::of(self.noise.bytes())?;
        let id = id.to_string();
        Some(SecretKey { id, pair })
    }
}
