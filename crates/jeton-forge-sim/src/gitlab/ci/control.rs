//! Steering runners and variables over HTTP.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::GitLab;
use super::super::control::space;
use super::super::routes::Holder;
use super::spec::{GitLabRunnerInfo, GitLabRunnerKind, GitLabVariable};
use crate::control::{Outcome, Refusal, created, done, found, number, ok, parse};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunnerWire {
    /// Absent: the server's.
    path: Option<String>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifetimeWire {
    /// Absent: the server's.
    path: Option<String>,
    /// Absent or null: no end.
    seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreationWire {
    /// Whether maintainers may; absent: as it was.
    maintainers: Option<bool>,
    runner_type: Option<String>,
    /// The refusal of all runners of the type; absent or null: none.
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariableWire {
    path: String,
    key: String,
    value: String,
    #[serde(default = "everywhere")]
    environment_scope: String,
    #[serde(default)]
    masked: bool,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    protected: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedWire {
    path: String,
    key: String,
    #[serde(default = "everywhere")]
    environment_scope: String,
}

fn everywhere() -> String {
    "*".to_owned()
}

/// Answers what is about CI/CD; `None` for all else.
pub(in super::super) fn route(gitlab: &GitLab, method: &str, segments: &[&str], body: &[u8]) -> Option<Outcome> {
    Some(match (method, segments) {
        ("GET", ["runners"]) => {
            let all: Vec<Value> = gitlab.runner_infos().iter().map(info).collect();
            Ok(ok(&json!(all)))
        }
        ("POST", ["runners"]) => add_runner(gitlab, body),
        ("POST", ["runners", id, "expire"]) => expire(gitlab, id),
        ("DELETE", ["runners", id]) => number(id).and_then(|id| {
            let removed = gitlab.state().ci.runners.remove(&id);
            found(removed.is_some(), "runner")
        }),
        ("POST", ["runner-token-lifetime"]) => set_lifetime(gitlab, body),
        ("POST", ["runner-creation"]) => set_creation(gitlab, body),
        ("POST", ["variables"]) => put_variable(gitlab, body),
        ("POST", ["variables", "value"]) => show_value(gitlab, body),
        _ => return None,
    })
}

fn add_runner(gitlab: &GitLab, body: &[u8]) -> Outcome {
    let wire: RunnerWire = parse(body)?;
    let kind = match wire.path {
        None => GitLabRunnerKind::Instance,
        Some(path) => match space(gitlab, &path)? {
            (id, Holder::Group) => GitLabRunnerKind::Group(id),
            (id, Holder::Project) => GitLabRunnerKind::Project(id),
        },
    };
    let made = gitlab.add_runner(kind, &wire.description)?;
    Ok(created(&json!({ "id": made.id, "token": made.token })))
}

fn expire(gitlab: &GitLab, id: &str) -> Outcome {
    let now = gitlab.now();
    gitlab.with_runner(number(id)?, |runner| runner.token_expires_at = Some(now))?;
    done()
}

fn set_lifetime(gitlab: &GitLab, body: &[u8]) -> Outcome {
    let wire: LifetimeWire = parse(body)?;
    let id = wire.path.map(|path| space(gitlab, &path)).transpose()?;
    let lifetime = wire.seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
    gitlab.set_lifetime(id.map(|(id, _)| id), lifetime)?;
    done()
}

fn set_creation(gitlab: &GitLab, body: &[u8]) -> Outcome {
    let wire: CreationWire = parse(body)?;
    let kind = match wire.runner_type.as_deref() {
        None => None,
        Some("instance_type") => Some(GitLabRunnerKind::Instance),
        Some("group_type") => Some(GitLabRunnerKind::Group(0)),
        Some("project_type") => Some(GitLabRunnerKind::Project(0)),
        Some(_) => {
            let types = "runner_type is instance_type, group_type or project_type";
            return Err(Refusal::bad(types));
        }
    };
    let mut state = gitlab.state();
    if let Some(allowed) = wire.maintainers {
        state.ci.maintainers_create = allowed;
    }
    match (kind, wire.message) {
        (Some(kind), Some(message)) => state.ci.refusals.insert(kind.name(), message),
        (Some(kind), None) => state.ci.refusals.remove(kind.name()),
        (None, Some(_)) => return Err(Refusal::bad("a message needs a runner_type")),
        (None, None) => None,
    };
    done()
}

fn put_variable(gitlab: &GitLab, body: &[u8]) -> Outcome {
    let wire: VariableWire = parse(body)?;
    let (id, _) = space(gitlab, &wire.path)?;
    let variable = GitLabVariable {
        environment_scope: wire.environment_scope,
        masked: wire.masked || wire.hidden,
        hidden: wire.hidden,
        protected: wire.protected,
        ..GitLabVariable::new(&wire.key, &wire.value)
    };
    gitlab.put_variable(id, &variable)?;
    done()
}

/// What jobs get, hidden or not.
fn show_value(gitlab: &GitLab, body: &[u8]) -> Outcome {
    let wire: NamedWire = parse(body)?;
    let (id, _) = space(gitlab, &wire.path)?;
    let found = gitlab.variable(id, &wire.key, &wire.environment_scope);
    let variable = found.ok_or_else(|| Refusal::absent("variable"))?;
    Ok(ok(&json!({ "value": variable.value })))
}

fn info(runner: &GitLabRunnerInfo) -> Value {
    json!({
        "id": runner.id,
        "runner_type": runner.kind.name(),
        "space": runner.kind.space(),
        "description": runner.description,
        "tags": runner.tags,
        "paused": runner.paused,
        "created_at": runner.created_at.to_string(),
        "token_expires_at": runner.token_expires_at.map(|end| end.to_string()),
        "token_rotation_deadline": runner.token_rotation_deadline.map(|end| end.to_string()),
        "contacted_at": runner.contacted_at.map(|at| at.to_string()),
        "fingerprint": runner.fingerprint,
    })
}
