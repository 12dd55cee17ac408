//! Apps, repositories, installations and tokens over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, Refusal, created, done, found, number, ok, parse, people};
use crate::github::{AppSpec, GitHubSim, InstallSpec, Permissions, SimApp, SimError, TokenInfo};
use crate::reply::Reply;
use crate::sim::Core;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppWire {
    name: String,
    owner: Option<String>,
    permissions: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryWire {
    owner: String,
    name: String,
    #[serde(default = "yes")]
    private: bool,
    #[serde(default)]
    empty: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenameWire {
    owner: String,
    name: String,
    new_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameWire {
    owner: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InstallWire {
    app_id: u64,
    owner: String,
    repositories: Option<Vec<String>>,
    permissions: Option<BTreeMap<String, String>>,
}

pub(super) async fn route(core: &Arc<Core>, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    let github = &core.github;
    match (method, segments) {
        ("GET", ["apps"]) => {
            let apps = github.apps().into_iter();
            let apps: Vec<Value> = apps.map(|(id, slug)| json!({ "id": id, "slug": slug })).collect();
            Ok(ok(&json!(apps)))
        }
        ("POST", ["apps"]) => add_app(github, parse(body)?).await,
        ("POST", ["apps", id, "rotate-key"]) => {
            let id = number(id)?;
            let app = blocking(github, move |github| github.try_rotate_app_key(id)).await?;
            Ok(ok(&app_json(&app)))
        }
        ("POST", ["repositories"]) => {
            let RepositoryWire {
                owner,
                name,
                private,
                empty,
            } = parse(body)?;
            let made = move |github: &GitHubSim| {
                if empty {
                    github.try_add_empty_repository(&owner, &name, private)
                } else {
                    github.try_add_repository(&owner, &name, private)
                }
            };
            let id = blocking(github, made).await?;
            Ok(created(&json!({ "id": id })))
        }
        ("POST", ["repositories", "rename"]) => {
            let RenameWire { owner, name, new_name } = parse(body)?;
            github.try_rename_repository(&owner, &name, &new_name)?;
            done()
        }
        ("POST", ["repositories", "remove"]) => {
            let NameWire { owner, name } = parse(body)?;
            found(github.remove_repository(&owner, &name), "repository")
        }
        ("GET", ["installations"]) => Ok(installations(github)),
        ("POST", ["installations"]) => install(github, parse(body)?),
        ("POST", ["installations", id, "suspend"]) => found(github.suspend(number(id)?), "installation"),
        ("POST", ["installations", id, "unsuspend"]) => found(github.unsuspend(number(id)?), "installation"),
        ("POST", ["installations", id, "reinstall"]) => {
            let id = github.try_reinstall(number(id)?)?;
            Ok(created(&json!({ "id": id })))
        }
        ("DELETE", ["installations", id]) => found(github.uninstall(number(id)?), "installation"),
        _ => people::route(core, method, segments, body).await,
    }
}

/// Keys and repositories take a while to make; other requests must not wait for them.
pub(super) async fn blocking<T: Send + 'static>(
    github: &GitHubSim,
    work: impl FnOnce(&GitHubSim) -> Result<T, SimError> + Send + 'static,
) -> Result<T, SimError> {
    let github = github.clone();
    match tokio::task::spawn_blocking(move || work(&github)).await {
        Ok(made) => made,
        Err(error) => Err(SimError::Io(error.into())),
    }
}

pub(super) fn permissions(map: BTreeMap<String, String>) -> Result<Permissions, Refusal> {
    Permissions::parse(map).map_err(|error| Refusal::bad(error.to_string()))
}

async fn add_app(github: &GitHubSim, wire: AppWire) -> Outcome {
    let mut spec = AppSpec::new(wire.name);
    if let Some(owner) = wire.owner {
        spec = spec.owner(owner);
    }
    if let Some(map) = wire.permissions {
        spec.permissions = permissions(map)?;
    }
    let app = blocking(github, move |github| github.try_add_app(spec)).await?;
    Ok(created(&app_json(&app)))
}

fn app_json(app: &SimApp) -> Value {
    json!({
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "private_key_pkcs1_pem": app.private_key_pkcs1_pem,
        "private_key_pkcs8_pem": app.private_key_pkcs8_pem,
    })
}

fn install(github: &GitHubSim, wire: InstallWire) -> Outcome {
    let mut spec = wire.repositories.map_or_else(InstallSpec::all, InstallSpec::selected);
    spec.permissions = wire.permissions.map(permissions).transpose()?;
    let id = github.try_install(wire.app_id, &wire.owner, spec)?;
    Ok(created(&json!({ "id": id })))
}

fn installations(github: &GitHubSim) -> Reply {
    let all = github.installations().into_iter().map(|i| {
        json!({
            "id": i.id,
            "app_id": i.app_id,
            "owner": i.owner,
            "repositories": i.repositories,
            "permissions": i.permissions,
            "suspended": i.suspended,
        })
    });
    ok(&json!(all.collect::<Vec<Value>>()))
}

pub(super) fn tokens(github: &GitHubSim) -> Reply {
    let shown = |token: TokenInfo| {
        json!({
            "fingerprint": token.fingerprint,
            "app_id": token.app_id,
            "installation_id": token.installation_id,
            "repositories": token.repositories,
            "permissions": token.permissions,
            "expires_at": token.expires_at.to_string(),
        })
    };
    let live: Vec<Value> = github.live_tokens().into_iter().map(shown).collect();
    ok(&json!(live))
}
