//! Runners, variables and environments as Bitbucket writes them.

use serde_json::{Value, json};

use super::super::wire::time;
use super::model::{Environment, Runner};
use super::spec::BitbucketVariable;

/// Where a runner gets its access tokens. Only the names of these members are known.
const TOKEN_ENDPOINT: &str = "https://auth.atlassian.com/oauth/token";
const AUDIENCE: &str = "api.atlassian.com";

/// A runner; its secret is shown once.
pub(super) fn runner(runner: &Runner, secret: Option<&str>) -> Value {
    let mut client = json!({ "id": runner.client_id, "token_endpoint": TOKEN_ENDPOINT, "audience": AUDIENCE });
    if let Some(secret) = secret {
        client["secret"] = secret.into();
    }
    json!({
        "type": "pipeline_runner",
        "uuid": runner.uuid,
        "name": runner.name,
        "labels": runner.labels,
        "state": {
            "status": runner.status,
            "version": { "version": "3.22.0", "current": "3.22.0" },
            "updated_on": time(runner.updated_at),
            "cordoned": false,
        },
        "created_on": time(runner.created_at),
        "updated_on": time(runner.updated_at),
        "oauth_client": client,
    })
}

/// A variable; secured values come back empty.
pub(super) fn variable(variable: &BitbucketVariable) -> Value {
    let mut wire = json!({
        "type": "pipeline_variable", "uuid": variable.uuid, "key": variable.key, "secured": variable.secured,
    });
    if !variable.secured {
        wire["value"] = variable.value.clone().into();
    }
    wire
}

pub(super) fn environment(environment: &Environment) -> Value {
    json!({
        "type": "deployment_environment",
        "uuid": environment.uuid,
        "name": environment.name,
        "slug": environment.name.to_lowercase().replace(' ', "-"),
        "environment_type": { "type": "deployment_environment_type", "name": environment.kind },
    })
}
