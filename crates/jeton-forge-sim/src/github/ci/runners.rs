//! Tokens with which runners come and go, and the runners that came.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode, Uri};
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

use super::body::{object, require, text};
use super::door::CiCall;
use super::model::{Label, Place, Runner, RunnerToken};
use super::routes::RunnerTokenPurpose;
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::{Repository, State};
use crate::github::page::Page;
use crate::github::token::token_digest;
use crate::random::Random;
use crate::reply::Reply;

impl GitHubSim {
    /// Makes a token. It can be used until its end, by as many runners as come.
    pub(super) fn make_runner_token(&self, place: &Place, purpose: RunnerTokenPurpose) -> Result<Reply, ApiError> {
        let now = self.now();
        let mut state = self.state();
        let lifetime = state.ci.rules.runner_token_lifetime;
        // In milliseconds, as it is told: the token ends when the answer says.
        let ends = now.checked_add(lifetime).and_then(|end| end.round(Unit::Millisecond));
        let expires_at = ends.map_err(|_| ApiError::unprocessable("The lifetime is out of range."))?;
        let token = token_text(&mut state.noise);
        let number = state.ci.tokens.len();
        let made = RunnerToken {
            place: place.clone(),
            purpose,
            expires_at,
            uses: 0,
            number,
        };
        state.ci.tokens.insert(token_digest(&token), made);
        let zoned = expires_at.to_zoned(state.ci.rules.zone());
        let body = json!({
            "token": token,
            "expires_at": zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
        });
        Ok(Reply::json(StatusCode::CREATED, &body))
    }

    /// What `config.sh` asks first. The names of its fields are public, and the answer is only what a test needs; `name`
    /// is the simulator's own, for a runner that shall be found again.
    pub(super) fn register_runner(&self, call: CiCall<'_>) -> Result<Reply, ApiError> {
        let fields = object(call.body)?;
        require(&fields, &["url", "runner_event"])?;
        let purpose = match text(&fields, "runner_event")? {
            "register" => RunnerTokenPurpose::Registration,
            "remove" => RunnerTokenPurpose::Removal,
            _ => return Err(super::body::wrong("runner_event", "the value is not a permitted value")),
        };
        let url = text(&fields, "url")?;
        let name = fields.get("name").and_then(Value::as_str);
        let now = self.now();
        let mut state = self.state();
        let place = place_of_url(&state, url).ok_or_else(ApiError::not_found)?;
        let digest = remote_auth(&call.parts.headers).map(token_digest);
        let token = digest.and_then(|digest| state.ci.tokens.get_mut(&digest));
        let live = |token: &&mut RunnerToken| token.purpose == purpose && token.place == place && is_live(token, now);
        // A dead token reads 404, like one that never was.
        let token = token.filter(live).ok_or_else(ApiError::not_found)?;
        token.uses += 1;
        match purpose {
            RunnerTokenPurpose::Registration => {
                let runner = state.new_runner(name, &["self-hosted".to_owned()], 1, false);
                let runners = state.ci.runners.entry(place).or_default();
                runners.retain(|other| !other.name.eq_ignore_ascii_case(&runner.name));
                runners.push(runner);
            }
            RunnerTokenPurpose::Removal => {
                let runners = state.ci.runners.entry(place).or_default();
                runners.retain(|runner| name.is_none_or(|name| !runner.name.eq_ignore_ascii_case(name)));
            }
        }
        let body = json!({
            "url": format!("{}/_apis/", self.web_url()),
            "token_schema": "OAuthAccessToken",
            "token": state.noise.base62(40),
        });
        Ok(Reply::json(StatusCode::OK, &body))
    }

    pub(super) fn list_runners(&self, place: &Place, uri: &Uri) -> Reply {
        let state = self.state();
        let runners = state.ci.runners.get(place).map_or(&[][..], Vec::as_slice);
        let page = Page::from_query(uri.query());
        let shown: Vec<Value> = page.cut(runners).iter().map(runner_json).collect();
        let body = json!({ "total_count": runners.len(), "runners": shown });
        page.link(Reply::json(StatusCode::OK, &body), self.web_url(), uri, runners.len())
    }
}

impl State {
    pub(super) fn new_runner(&mut self, name: Option<&str>, labels: &[String], group: u64, ephemeral: bool) -> Runner {
        let id = self.ci.next_id();
        let labels = labels.iter().map(|name| Label {
            id: self.ci.next_id(),
            name: name.clone(),
        });
        let labels = labels.collect();
        Runner {
            id,
            name: name.map_or_else(|| format!("runner-{id}"), str::to_owned),
            labels,
            group,
            ephemeral,
        }
    }
}

pub(super) fn runner_json(runner: &Runner) -> Value {
    let own = ["self-hosted", "linux", "macos", "windows", "x64", "arm", "arm64"];
    let labels = runner.labels.iter().map(|label| {
        let fixed = own.iter().any(|name| label.name.eq_ignore_ascii_case(name));
        let kind = if fixed { "read-only" } else { "custom" };
        json!({ "id": label.id, "name": label.name, "type": kind })
    });
    json!({
        "id": runner.id,
        "name": runner.name,
        "os": "unknown",
        "status": "offline",
        "busy": false,
        "labels": labels.collect::<Vec<Value>>(),
        "runner_group_id": runner.group,
        "ephemeral": runner.ephemeral,
    })
}

/// 29 upper-case letters and digits.
fn token_text(random: &mut Random) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut place = || ALPHABET[usize::try_from(random.below(36)).unwrap_or_default()];
    (0..29).map(|_| char::from(place())).collect()
}

fn remote_auth(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("RemoteAuth").then(|| token.trim())
}

/// What the address of a repository, an organization or an enterprise means, on whatever host.
fn place_of_url(state: &State, url: &str) -> Option<Place> {
    let url = url::Url::parse(url).ok()?;
    let parts: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["enterprises", slug] => {
            let found = state.ci.enterprises.get(&slug.to_ascii_lowercase());
            found.map(|enterprise| Place::Enterprise(enterprise.id))
        }
        [owner, name] => {
            let found = state.find_repository(owner, name);
            found.map(|found| Place::Repository(found.repository.id))
        }
        [org] => state.organization(org).map(|(owner, _)| Place::Organization(owner.id)),
        _ => None,
    }
}

/// Where a token or a secret belongs, as a path of the API.
pub(super) fn place_path(state: &State, place: &Place) -> String {
    let repo = |id: &u64| {
        let name = state.repositories.get(id).map(Repository::full_name);
        name.unwrap_or_else(|| format!("{id}"))
    };
    match place {
        Place::Repository(id) => format!("repos/{}", repo(id)),
        Place::Environment(id, name) => format!("repos/{}/environments/{name}", repo(id)),
        Place::Organization(id) => {
            let found = state.owners.values().find(|owner| owner.id == *id);
            format!("orgs/{}", found.map_or("?", |owner| owner.login.as_str()))
        }
        Place::Enterprise(id) => {
            let found = state.ci.enterprises.values().find(|enterprise| enterprise.id == *id);
            format!(
                "enterprises/{}",
                found.map_or("?", |enterprise| enterprise.slug.as_str())
            )
        }
    }
}

/// Whether a token still works.
pub(super) fn is_live(token: &RunnerToken, now: Timestamp) -> bool {
    now < token.expires_at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_29_upper_case_letters_and_digits() {
        let token = token_text(&mut Random::new(9));
        assert_eq!(token.len(), 29);
        assert!(token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert_ne!(token, token_text(&mut Random::new(10)));
    }
}
