//! Runners and variables as GitLab writes them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::GitLab;
use super::super::model::State;
use super::super::wire::time;
use super::model::Runner;
use super::spec::{GitLabRunner, GitLabRunnerKind, GitLabVariable};

/// A new runner; the only time that its token is shown.
pub(super) fn made(made: &GitLabRunner, end: Option<Timestamp>) -> Value {
    registered(made.id, &made.token, end)
}

pub(super) fn registered(id: u64, token: &str, end: Option<Timestamp>) -> Value {
    json!({ "id": id, "token": token, "token_expires_at": end.map(time) })
}

/// The answer to a reset has no number.
pub(super) fn renewed(made: &GitLabRunner, end: Option<Timestamp>) -> Value {
    json!({ "token": made.token, "token_expires_at": end.map(time) })
}

/// A runner in a list.
pub(super) fn runner(runner: &Runner, now: Timestamp) -> Value {
    let status = runner.status(now);
    json!({
        "id": runner.id,
        "description": runner.wanted.description,
        "ip_address": null,
        "active": !runner.wanted.paused,
        "paused": runner.wanted.paused,
        "is_shared": runner.kind == GitLabRunnerKind::Instance,
        "runner_type": runner.kind.name(),
        "name": runner.contacted_at.map(|_| "gitlab-runner"),
        "online": match status {
            "online" => Some(true),
            "offline" => Some(false),
            _ => None,
        },
        "status": status,
        "created_at": time(runner.created_at),
    })
}

/// A variable; the value of a hidden one stays where it is.
pub(super) fn variable(variable: &GitLabVariable) -> Value {
    json!({
        "variable_type": if variable.file { "file" } else { "env_var" },
        "key": variable.key,
        "value": (!variable.hidden).then_some(&variable.value),
        "hidden": variable.hidden,
        "protected": variable.protected,
        "masked": variable.masked,
        "raw": variable.raw,
        "environment_scope": variable.environment_scope,
        "description": variable.description,
    })
}

impl GitLab {
    /// All of a runner that its own page shows. The end of its token is not among it: a later version has it.
    pub(super) fn runner_details(&self, state: &State, one: &Runner) -> Value {
        let mut wire = runner(one, self.now());
        let wanted = &one.wanted;
        wire["tag_list"] = json!(wanted.tags);
        wire["run_untagged"] = wanted.run_untagged.into();
        wire["locked"] = wanted.locked.into();
        wire["maximum_timeout"] = wanted.maximum_timeout.into();
        wire["access_level"] = if wanted.protected {
            "ref_protected"
        } else {
            "not_protected"
        }
        .into();
        wire["maintenance_note"] = wanted.maintenance_note.clone().into();
        wire["contacted_at"] = one.contacted_at.map(time).into();
        wire["version"] = Value::Null;
        let space = one.kind.space().and_then(|id| state.spaces.get(&id));
        let (mut projects, mut groups) = (Vec::new(), Vec::new());
        if let Some(space) = space {
            let web = self.ground.url();
            let (id, name, path) = (space.id, space.name(), &space.path);
            match one.kind {
                GitLabRunnerKind::Group(_) => {
                    let link = format!("{web}/groups/{path}");
                    groups.push(json!({ "id": id, "name": name, "web_url": link }));
                }
                _ => projects.push(json!({ "id": id, "name": name, "path_with_namespace": path })),
            }
        }
        wire["projects"] = projects.into();
        wire["groups"] = groups.into();
        wire
    }
}
