//! Making installation tokens.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::GitHubSim;
use super::answer::Tweak;
use super::ci::object;
use super::error::ApiError;
use super::installations::own_installation;
use super::model::{Installation, Repository, State, Token};
use super::permissions::Permissions;
use super::token::{TokenFormat, classic, stateless, token_digest};
use super::wire::{MintedToken, time};
use crate::reply::Reply;

/// How many repositories a token may name.
const MAX_REPOSITORIES: usize = 500;

/// What the body asks for. `None` is "as the installation".
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    names: Vec<String>,
    ids: Vec<u64>,
    permissions: Option<Permissions>,
}

impl GitHubSim {
    pub(crate) fn mint(
        &self,
        app: u64,
        id: u64,
        body: &[u8],
        format: Option<TokenFormat>,
        tweak: Tweak,
    ) -> Result<Reply, ApiError> {
        let now = self.now();
        let mut state = self.state();
        let installation = own_installation(&state, app, id)?.clone();
        if installation.suspended_at.is_some() {
            return Err(ApiError::suspended());
        }
        let mut wanted = Wanted::parse(body)?;
        let mut repositories = chosen(&state, &installation, &wanted)?;
        if let Some(asked) = &wanted.permissions
            && !installation.permissions.clone().with_metadata().include(asked)
        {
            return Err(ApiError::unprocessable(
                "The permissions requested are not granted to this installation.",
            ));
        }
        if tweak == Tweak::Wider {
            wanted.permissions = None;
            repositories = None;
        }
        let permissions = wanted.permissions.unwrap_or(installation.permissions.clone());
        let permissions = permissions.with_metadata();
        let expires_at = whole_seconds(match tweak {
            Tweak::Expired => shifted(now, SignedDuration::from_secs(-60)),
            Tweak::None | Tweak::Wider => shifted(now, SignedDuration::from_hours(1)),
        });
        let text = match format.unwrap_or(self.0.token_format) {
            TokenFormat::Classic => classic(&mut state.random),
            TokenFormat::Stateless => stateless(&mut state.random, app, id, expires_at),
        };
        let token = Token {
            app,
            installation: id,
            repositories: repositories.clone(),
            permissions: permissions.clone(),
            created_at: now,
            expires_at,
            lag: state.lag,
        };
        state.tokens.insert(token_digest(&text), token);
        let narrowed = repositories.is_some() || installation.selected.is_some();
        let minted = MintedToken {
            token: text,
            expires_at: time(expires_at),
            permissions: permissions.to_map(),
            repository_selection: if narrowed { "selected" } else { "all" },
            repositories: repositories.map(|ids| {
                let found = ids.iter().filter_map(|id| state.repositories.get(id));
                found.map(|r| self.wire(&state).repository(r)).collect()
            }),
        };
        Ok(Reply::json(StatusCode::CREATED, &minted))
    }
}

impl Wanted {
    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let fields = object(body)?;
        let wanted = Self {
            names: list(&fields, "repositories", "a string", |v| v.as_str().map(str::to_owned))?,
            ids: list(&fields, "repository_ids", "an integer", Value::as_u64)?,
            permissions: permissions(&fields)?,
        };
        if wanted.names.len().max(wanted.ids.len()) > MAX_REPOSITORIES {
            return Err(ApiError::invalid(&format!(
                "No more than {MAX_REPOSITORIES} repositories are allowed."
            )));
        }
        Ok(wanted)
    }
}

fn list<T>(
    fields: &Map<String, Value>,
    key: &str,
    form: &str,
    item: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    match fields.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => values
            .iter()
            .enumerate()
            .map(|(i, value)| {
                let detail = || format!("For 'items/{i}', {value} is not {form}.");
                item(value).ok_or_else(|| ApiError::invalid(&detail()))
            })
            .collect(),
        Some(other) => Err(ApiError::invalid(&format!(
            "For 'properties/{key}', {other} is not an array."
        ))),
    }
}

/// An empty object asks for everything, like none: that is the trap for a client which believes it
/// has asked for nothing.
fn permissions(fields: &Map<String, Value>) -> Result<Option<Permissions>, ApiError> {
    match fields.get("permissions") {
        None => Ok(None),
        Some(Value::Object(pairs)) => {
            // A level that isn't text cannot be a level: its JSON goes into the refusal.
            let pairs = pairs.iter().map(|(key, level)| match level {
                Value::String(text) => (key, text.clone()),
                other => (key, other.to_string()),
            });
            let asked = Permissions::parse(pairs).map_err(|e| ApiError::invalid(&e.to_string()))?;
            Ok(Some(asked).filter(|asked| !asked.is_empty()))
        }
        Some(other) => Err(ApiError::invalid(&format!(
            "For 'properties/permissions', {other} is not an object."
        ))),
    }
}

/// The repositories that were named, if any were.
fn chosen(state: &State, installation: &Installation, wanted: &Wanted) -> Result<Option<BTreeSet<u64>>, ApiError> {
    if wanted.names.is_empty() && wanted.ids.is_empty() {
        return Ok(None);
    }
    let absent = || {
        ApiError::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the \
             parent installation.",
        )
    };
    let covered = |repository: Option<&Repository>| {
        let found = repository.filter(|r| installation.covers(r));
        found.map(|r| r.id).ok_or_else(absent)
    };
    let by_name = wanted.names.iter().map(|name| {
        // `owner/name` names nothing here. Neither does a former name.
        covered(state.get_repository(&installation.owner, name).ok())
    });
    let by_id = wanted.ids.iter().map(|id| covered(state.repositories.get(id)));
    by_name.chain(by_id).collect::<Result<_, _>>().map(Some)
}

fn shifted(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}

/// Cuts the fraction off, so that the token ends exactly when the answer says.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A body for a fault: well-formed, big, and without meaning.
pub(crate) fn huge_json(bytes: usize) -> Vec<u8> {
    json!({ "filler": "x".repeat(bytes.saturating_sub(13)) })
        .to_string()
        .into_bytes()
}
