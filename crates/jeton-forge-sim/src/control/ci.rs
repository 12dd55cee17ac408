//! Runners, secrets and environments over HTTP.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::permissions;
use super::{Outcome, Refusal, created, done, ok, parse};
use crate::github::{CiRules, GitHubSim, RunnerTokenInfo, RunnerTokenPurpose, SecretFamily, SecretScope};

/// One line per route, for `GET /_sim/`.
pub(super) const INDEX: &str = "\
GET    /_sim/ci-rules                       limits and words around runners and secrets
POST   /_sim/ci-rules                       any of {\"runner_token_lifetime_seconds\":N,\"runner_token_offset_hours\":N,\"runner_tokens_per_hour\":N,\"no_repository_runners\":TEXT,\"stale_key\":TEXT,\"secret_bytes\":N,\"secrets_per_repository\":N,\"secrets_per_environment\":N,\"secrets_per_organization\":N}
GET    /_sim/runner-tokens                  every registration and removal token, dead ones too, without the token
GET    /_sim/runners                        names of all runners, by where they are
POST   /_sim/repository-runners             {\"owner\":LOGIN,\"name\":NAME,\"forbidden\":BOOL}; for all of an organization's, see its policy
POST   /_sim/workflow-tokens                {\"owner\":LOGIN,\"name\":NAME,\"permissions\":{KEY:LEVEL}}: a job's GITHUB_TOKEN
POST   /_sim/enterprises                    {\"slug\":NAME,\"admins\":[LOGIN]}
POST   /_sim/environments                   {\"owner\":LOGIN,\"name\":NAME,\"environment\":NAME}
POST   /_sim/secret-names                   SCOPE: {\"owner\":LOGIN,\"name\":NAME,\"environment\":NAME} or {\"org\":LOGIN}, and \"family\":\"actions\"|\"dependabot\"|\"codespaces\"
POST   /_sim/secret-value                   {\"scope\":SCOPE,\"secret\":NAME}; answers it in base64
POST   /_sim/secret-key/rotate              {\"scope\":SCOPE,\"at_next_put\":BOOL}: now, or just before the next PUT
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesWire {
    runner_token_lifetime_seconds: Option<i64>,
    runner_token_offset_hours: Option<i8>,
    runner_tokens_per_hour: Option<u32>,
    no_repository_runners: Option<String>,
    stale_key: Option<String>,
    secret_bytes: Option<usize>,
    secrets_per_repository: Option<usize>,
    secrets_per_environment: Option<usize>,
    secrets_per_organization: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunnersWire {
    owner: String,
    name: String,
    forbidden: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkflowWire {
    owner: String,
    name: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterpriseWire {
    slug: String,
    #[serde(default)]
    admins: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentWire {
    owner: String,
    name: String,
    environment: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeWire {
    owner: Option<String>,
    name: Option<String>,
    environment: Option<String>,
    org: Option<String>,
    family: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueWire {
    scope: ScopeWire,
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateWire {
    scope: ScopeWire,
    #[serde(default)]
    at_next_put: bool,
}

/// Answers what is about runners, secrets and environments; `None` for all else.
pub(super) fn route(github: &GitHubSim, method: &str, segments: &[&str], body: &[u8]) -> Option<Outcome> {
    Some(match (method, segments) {
        ("GET", ["ci-rules"]) => Ok(ok(&rules_json(&github.ci_rules()))),
        ("POST", ["ci-rules"]) => parse::<RulesWire>(body).map(|wire| {
            github.change_ci_rules(|rules| wire.apply(rules));
            ok(&rules_json(&github.ci_rules()))
        }),
        ("GET", ["runner-tokens"]) => {
            let all: Vec<Value> = github.runner_tokens().iter().map(token_json).collect();
            Ok(ok(&json!(all)))
        }
        ("GET", ["runners"]) => Ok(ok(&json!(github.runners()))),
        ("POST", ["repository-runners"]) => parse(body).and_then(|wire: RunnersWire| {
            github.forbid_repository_runners(&wire.owner, &wire.name, wire.forbidden)?;
            done()
        }),
        ("POST", ["workflow-tokens"]) => parse(body).and_then(|wire: WorkflowWire| {
            let granted = permissions(wire.permissions)?;
            let token = github.try_add_workflow_token(&wire.owner, &wire.name, granted)?;
            Ok(created(&json!({ "token": token })))
        }),
        ("POST", ["enterprises"]) => parse(body).and_then(|wire: EnterpriseWire| {
            github.try_add_enterprise(&wire.slug, &wire.admins)?;
            done()
        }),
        ("POST", ["environments"]) => parse(body).and_then(|wire: EnvironmentWire| {
            github.add_environment(&wire.owner, &wire.name, &wire.environment)?;
            done()
        }),
        ("POST", ["secret-names"]) => parse(body).and_then(|wire: ScopeWire| {
            let names = github.secret_names(&wire.scope()?);
            Ok(ok(&json!(names)))
        }),
        ("POST", ["secret-value"]) => parse(body).and_then(|wire: ValueWire| {
            let value = github.secret_value(&wire.scope.scope()?, &wire.secret);
            let value = value.ok_or_else(|| Refusal::absent("secret with a value"))?;
            Ok(ok(&json!({ "base64": STANDARD.encode(value) })))
        }),
        ("POST", ["secret-key", "rotate"]) => parse(body).and_then(|wire: RotateWire| {
            let scope = wire.scope.scope()?;
            if wire.at_next_put {
                github.rotate_secret_key_at_next_put(&scope)?;
            } else {
                github.rotate_secret_key(&scope)?;
            }
            done()
        }),
        _ => return None,
    })
}

impl RulesWire {
    fn apply(self, rules: &mut CiRules) {
        let seconds = self.runner_token_lifetime_seconds.map(SignedDuration::from_secs);
        let set = |wish: Option<usize>, place: &mut usize| *place = wish.unwrap_or(*place);
        rules.runner_token_lifetime = seconds.unwrap_or(rules.runner_token_lifetime);
        rules.runner_token_offset_hours = self
            .runner_token_offset_hours
            .unwrap_or(rules.runner_token_offset_hours);
        rules.runner_tokens_per_hour = self.runner_tokens_per_hour.unwrap_or(rules.runner_tokens_per_hour);
        set(self.secret_bytes, &mut rules.secret_bytes);
        set(self.secrets_per_repository, &mut rules.secrets_per_repository);
        set(self.secrets_per_environment, &mut rules.secrets_per_environment);
        set(self.secrets_per_organization, &mut rules.secrets_per_organization);
        if let Some(words) = self.no_repository_runners {
            rules.no_repository_runners = words;
        }
        if let Some(words) = self.stale_key {
            rules.stale_key = words;
        }
    }
}

fn rules_json(rules: &CiRules) -> Value {
    json!({
        "runner_token_lifetime_seconds": rules.runner_token_lifetime.as_secs(),
        "runner_token_offset_hours": rules.runner_token_offset_hours,
        "runner_tokens_per_hour": rules.runner_tokens_per_hour,
        "no_repository_runners": rules.no_repository_runners,
        "stale_key": rules.stale_key,
        "secret_bytes": rules.secret_bytes,
        "secrets_per_repository": rules.secrets_per_repository,
        "secrets_per_environment": rules.secrets_per_environment,
        "secrets_per_organization": rules.secrets_per_organization,
    })
}

impl ScopeWire {
    fn scope(self) -> Result<SecretScope, Refusal> {
        let family = match self.family.as_deref() {
            None | Some("actions") => SecretFamily::Actions,
            Some("dependabot") => SecretFamily::Dependabot,
            Some("codespaces") => SecretFamily::Codespaces,
            Some(other) => return Err(Refusal::bad(format!("there is no family {other:?}"))),
        };
        let scope = match (self.owner, self.name, self.environment, self.org) {
            (Some(owner), Some(name), None, None) => SecretScope::repository(owner, name),
            (Some(owner), Some(name), Some(environment), None) => SecretScope::environment(owner, name, environment),
            (None, None, None, Some(org)) => SecretScope::organization(org),
            _ => {
                return Err(Refusal::bad(
                    "give `owner` and `name`, with or without `environment`, or `org`",
                ));
            }
        };
        Ok(scope.family(family))
    }
}

fn token_json(token: &RunnerTokenInfo) -> Value {
    let purpose = match token.purpose {
        RunnerTokenPurpose::Registration => "registration",
        RunnerTokenPurpose::Removal => "removal",
    };
    json!({
        "fingerprint": token.fingerprint,
        "purpose": purpose,
        "scope": token.scope,
        "expires_at": token.expires_at.to_string(),
        "uses": token.uses,
        "live": token.live,
    })
}
