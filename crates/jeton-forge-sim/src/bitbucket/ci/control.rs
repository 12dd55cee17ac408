//! Steering Pipelines over HTTP.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Bitbucket;
use super::super::control::repository;
use super::spec::{BitbucketCiScope, BitbucketRunnerInfo};
use crate::control::{Outcome, Refusal, created, ok, parse};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunnerWire {
    workspace: String,
    /// Absent: the workspace's.
    repository: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentWire {
    workspace: String,
    repository: String,
    name: String,
    #[serde(default = "test")]
    kind: String,
}

fn test() -> String {
    "Test".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableWire {
    workspace: String,
    /// Absent: the workspace's.
    repository: Option<String>,
    /// The UUID of an environment of the repository.
    environment: Option<String>,
    key: String,
    value: String,
    #[serde(default)]
    secured: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedWire {
    workspace: String,
    repository: Option<String>,
    environment: Option<String>,
    key: String,
}

/// What a workspace, a repository in it and an environment of that name together.
fn scope(
    bitbucket: &Bitbucket,
    workspace: &str,
    slug: Option<&str>,
    environment: Option<String>,
) -> Result<BitbucketCiScope, Refusal> {
    let id = slug.map(|slug| repository(bitbucket, workspace, slug)).transpose()?;
    match (id, environment) {
        (Some(repository), Some(uuid)) => Ok(BitbucketCiScope::Environment { repository, uuid }),
        (Some(repository), None) => Ok(BitbucketCiScope::Repository(repository)),
        (None, Some(_)) => Err(Refusal::bad("an environment needs its repository")),
        (None, None) => {
            let state = bitbucket.state();
            let found = state.find_workspace(workspace);
            let workspace = found.ok_or_else(|| Refusal::absent("workspace"))?;
            Ok(BitbucketCiScope::Workspace(workspace.slug.clone()))
        }
    }
}

/// Answers what is about Pipelines; `None` for all else.
pub(in super::super) fn route(bitbucket: &Bitbucket, method: &str, segments: &[&str], body: &[u8]) -> Option<Outcome> {
    Some(match (method, segments) {
        ("GET", ["runners"]) => {
            let all: Vec<Value> = bitbucket.runner_infos().iter().map(info).collect();
            Ok(ok(&json!(all)))
        }
        ("POST", ["runners"]) => add_runner(bitbucket, body),
        ("POST", ["environments"]) => add_environment(bitbucket, body),
        ("POST", ["variables"]) => put_variable(bitbucket, body),
        ("POST", ["variables", "value"]) => show_value(bitbucket, body),
        _ => return None,
    })
}

fn add_runner(bitbucket: &Bitbucket, body: &[u8]) -> Outcome {
    let wire: RunnerWire = parse(body)?;
    let scope = scope(bitbucket, &wire.workspace, wire.repository.as_deref(), None)?;
    let made = bitbucket.add_runner(&scope, &wire.name)?;
    let client = json!({ "id": made.client_id, "secret": made.client_secret });
    Ok(created(&json!({ "uuid": made.uuid, "oauth_client": client })))
}

fn add_environment(bitbucket: &Bitbucket, body: &[u8]) -> Outcome {
    let wire: EnvironmentWire = parse(body)?;
    let id = repository(bitbucket, &wire.workspace, &wire.repository)?;
    let uuid = bitbucket.add_environment(id, &wire.name, &wire.kind)?;
    Ok(created(&json!({ "uuid": uuid })))
}

fn put_variable(bitbucket: &Bitbucket, body: &[u8]) -> Outcome {
    let wire: VariableWire = parse(body)?;
    let repository = wire.repository.as_deref();
    let scope = scope(bitbucket, &wire.workspace, repository, wire.environment)?;
    let made = bitbucket.put_variable(&scope, &wire.key, &wire.value, wire.secured);
    let uuid = made.ok_or_else(|| Refusal::absent("environment"))?;
    Ok(created(&json!({ "uuid": uuid })))
}

/// What steps get, secured or not.
fn show_value(bitbucket: &Bitbucket, body: &[u8]) -> Outcome {
    let wire: NamedWire = parse(body)?;
    let repository = wire.repository.as_deref();
    let scope = scope(bitbucket, &wire.workspace, repository, wire.environment)?;
    let found = bitbucket.variable(&scope, &wire.key);
    let variable = found.ok_or_else(|| Refusal::absent("variable"))?;
    Ok(ok(&json!({ "value": variable.value })))
}

fn info(runner: &BitbucketRunnerInfo) -> Value {
    let (repository, workspace) = match &runner.scope {
        BitbucketCiScope::Workspace(slug) => (None, Some(slug)),
        BitbucketCiScope::Repository(id) | BitbucketCiScope::Environment { repository: id, .. } => (Some(id), None),
    };
    json!({
        "uuid": runner.uuid,
        "repository": repository,
        "workspace": workspace,
        "name": runner.name,
        "labels": runner.labels,
        "client_id": runner.client_id,
        "fingerprint": runner.fingerprint,
    })
}
