//! Taking a secret in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::body::{object, require, text, wrong};
use super::door::CiCall;
use super::model::{Place, StoredSecret, Visibility};
use super::routes::SecretFamily;
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::State;
use crate::reply::Reply;

impl GitHubSim {
    /// 201 for a new secret, 204 for one that was there.
    pub(super) fn put_secret(&self, place: Place, family: SecretFamily, call: CiCall<'_>) -> Result<Reply, ApiError> {
        let now = self.now();
        let fields = object(call.body)?;
        let of_org = matches!(place, Place::Organization(_));
        let required: &[&str] = if of_org {
            &["encrypted_value", "key_id", "visibility"]
        } else {
            &["encrypted_value", "key_id"]
        };
        require(&fields, required)?;
        let (sealed, key_id) = (text(&fields, "encrypted_value")?, text(&fields, "key_id")?);
        let sealed = unpack(sealed)?;
        let name = secret_name(&call.route.secret)?;
        let mut state = self.state();
        let visibility = match &place {
            Place::Organization(id) => Some(visibility(&state, *id, &fields)?),
            _ => None,
        };
        state.turn_key(&place, family);
        let key = state.secret_key(place.clone(), family)?;
        let rules = state.ci.rules.clone();
        if key.id != key_id {
            return Err(ApiError::unprocessable(rules.stale_key));
        }
        // These words and the next are those of public issues.
        let value = key.pair.open(&sealed).ok_or_else(|| {
            ApiError::unprocessable("Bad request - validation failed due to an improperly encrypted secret")
        })?;
        if value.len() > rules.secret_bytes {
            return Err(ApiError::unprocessable("Value is too large."));
        }
        let most = match &place {
            Place::Environment(..) => rules.secrets_per_environment,
            Place::Organization(_) => rules.secrets_per_organization,
            Place::Repository(_) | Place::Enterprise(_) => rules.secrets_per_repository,
        };
        let store = state.secret_store(place, family);
        if let Some(secret) = store.secrets.get_mut(&name) {
            secret.value = Some(value);
            secret.visibility = visibility;
            secret.updated_at = now;
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        if store.secrets.len() >= most {
            // Not in the vendor's documentation.
            return Err(ApiError::unprocessable(format!(
                "There are too many secrets: at most {most} are allowed here."
            )));
        }
        let secret = StoredSecret {
            value: Some(value),
            visibility,
            created_at: now,
            updated_at: now,
        };
        store.secrets.insert(name, secret);
        Ok(Reply::json(StatusCode::CREATED, &json!({})))
    }
}

impl State {
    /// Changes the key, if a test wanted that to happen just now.
    fn turn_key(&mut self, place: &Place, family: SecretFamily) {
        let store = self.secret_store(place.clone(), family);
        if std::mem::take(&mut store.rotate_before_put) {
            let key = self.new_secret_key();
            self.secret_store(place.clone(), family).key = key;
        }
    }
}

/// A name as it is kept: in upper case.
pub(super) fn secret_name(name: &str) -> Result<String, ApiError> {
    let upper = name.to_ascii_uppercase();
    let plain = upper.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    // Both refusals as public issues quote them.
    if !plain || upper.is_empty() || upper.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(ApiError::unprocessable(
            "Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are \
             not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
        ));
    }
    if upper.starts_with("GITHUB_") {
        return Err(ApiError::unprocessable("Secret names must not start with GITHUB_."));
    }
    Ok(upper)
}

/// Undoes base64. What is none is repeated in the refusal, as GitHub does: a client that shows the words shows the value.
fn unpack(sealed: &str) -> Result<Vec<u8>, ApiError> {
    const FORM: &str = r"/^(?:[A-Za-z0-9+\/]{4})*(?:[A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=|[A-Za-z0-9+\/]{4})$/";
    let bytes = STANDARD.decode(sealed).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| ApiError::invalid(&format!("{sealed} does not match {FORM}.")))
}

/// Who may use a secret of an organization.
fn visibility(state: &State, org: u64, fields: &Map<String, Value>) -> Result<Visibility, ApiError> {
    let selected = fields.get("selected_repository_ids");
    let visibility = match text(fields, "visibility")? {
        "all" => Visibility::All,
        "private" => Visibility::Private,
        "selected" => {
            let owner = state.owners.values().find(|owner| owner.id == org);
            let here = |value: &Value| {
                let id = value.as_u64()?;
                let repository = state.repositories.get(&id)?;
                let ours = owner.is_some_and(|owner| owner.login.eq_ignore_ascii_case(&repository.owner));
                ours.then_some(id)
            };
            let ids = match selected {
                None => Some(std::collections::BTreeSet::new()),
                Some(Value::Array(ids)) => ids.iter().map(here).collect(),
                Some(_) => None,
            };
            let bad = || {
                wrong(
                    "selected_repository_ids",
                    "an item is no repository of this organization",
                )
            };
            return ids.map(Visibility::Selected).ok_or_else(bad);
        }
        _ => return Err(wrong("visibility", "the value is not a permitted value")),
    };
    if selected.is_some() {
        return Err(wrong(
            "selected_repository_ids",
            "it is for the visibility `selected` only",
        ));
    }
    Ok(visibility)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_in_upper_case_and_some_are_refused() {
        for (given, kept) in [("token", "TOKEN"), ("_a1", "_A1"), ("MY_GITHUB_X", "MY_GITHUB_X")] {
            assert_eq!(secret_name(given).unwrap(), kept);
        }
        for bad in ["", "1A", "A-B", "A B", "É", "GITHUB_TOKEN", "github_x", "A/B", "A.B"] {
            assert!(secret_name(bad).is_err(), "{bad}");
        }
    }
}
