//! Steering a running Bitbucket over HTTP, under `/_sim`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Bitbucket;
use super::spec::{BitbucketRole, BitbucketTokenKind, BitbucketTokenSpec};
use crate::control::{Outcome, Refusal, created, done, number, ok, parse};
use crate::secret::fingerprint;
use crate::site::WorldError;

pub(super) const INDEX: &str = "\
jeton-forge-sim: control of the simulated Bitbucket Cloud. Bodies are JSON.

POST   /_sim/accounts                 {\"username\":NAME,\"email\":ADDRESS}
POST   /_sim/workspaces               {\"slug\":SLUG}
POST   /_sim/members                  {\"workspace\":SLUG,\"username\":NAME,\"owner\":false}
POST   /_sim/repositories             {\"workspace\":SLUG,\"slug\":SLUG,\"project\":\"PROJ\",\"private\":true,\"empty\":false}
POST   /_sim/roles                    {\"workspace\":SLUG,\"repository\":SLUG,\"username\":NAME,\"role\":\"read\"|\"write\"|\"admin\"|null}
POST   /_sim/files                    {\"workspace\":SLUG,\"repository\":SLUG,\"file\":PATH,\"content\":TEXT}
POST   /_sim/tokens                   {\"kind\":\"api\"|\"repository\"|\"project\"|\"workspace\"|\"oauth\"|\"app_password\",\"username\":NAME,
                                       \"workspace\":SLUG,\"repository\":SLUG,\"project\":KEY,\"scopes\":[SCOPE],\"expires_at\":TIME}; answers the token
GET    /_sim/tokens                   all of them, by fingerprint
POST   /_sim/tokens/{id}/revoke       as its owner would in the browser
POST   /_sim/tokens/{id}/expire       it ends now
POST   /_sim/settings                 {\"calls_per_hour\":N,\"walk_limit\":N,\"runner_limit\":N}
GET    /_sim/runners                  all of them, without their secrets
POST   /_sim/runners                  {\"workspace\":SLUG,\"repository\":SLUG,\"name\":NAME}; without a repository, the workspace's; answers
                                      the secret
POST   /_sim/environments             {\"workspace\":SLUG,\"repository\":SLUG,\"name\":NAME,\"kind\":\"Test\"|\"Staging\"|\"Production\"}
POST   /_sim/variables                {\"workspace\":SLUG,\"repository\":SLUG,\"environment\":UUID,\"key\":KEY,\"value\":TEXT,\"secured\":false}
POST   /_sim/variables/value          {\"workspace\":SLUG,\"repository\":SLUG,\"environment\":UUID,\"key\":KEY}: what steps get
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountWire {
    username: String,
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceWire {
    slug: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberWire {
    workspace: String,
    username: String,
    #[serde(default)]
    owner: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RepositoryWire {
    workspace: String,
    slug: String,
    project: Option<String>,
    #[serde(default = "yes")]
    private: bool,
    /// Without a commit.
    #[serde(default)]
    empty: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleWire {
    workspace: String,
    repository: String,
    username: String,
    role: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    workspace: String,
    repository: String,
    file: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWire {
    kind: String,
    username: Option<String>,
    workspace: Option<String>,
    repository: Option<String>,
    project: Option<String>,
    scopes: Option<Vec<String>>,
    expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsWire {
    calls_per_hour: Option<u32>,
    walk_limit: Option<usize>,
    runner_limit: Option<usize>,
}

pub(super) fn route(bitbucket: &Bitbucket, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    if let Some(outcome) = super::ci::route(bitbucket, method, segments, body) {
        return outcome;
    }
    match (method, segments) {
        ("POST", ["accounts"]) => {
            let wire: AccountWire = parse(body)?;
            let id = bitbucket.make_account(&wire.username, &wire.email)?;
            Ok(created(&json!({ "id": id })))
        }
        ("POST", ["workspaces"]) => {
            bitbucket.make_workspace(&parse::<WorkspaceWire>(body)?.slug)?;
            done()
        }
        ("POST", ["members"]) => {
            let wire: MemberWire = parse(body)?;
            let account = account(bitbucket, &wire.username)?;
            bitbucket.set_member(&wire.workspace, account, wire.owner)?;
            done()
        }
        ("POST", ["repositories"]) => {
            let wire: RepositoryWire = parse(body)?;
            let project = wire.project.as_deref().unwrap_or("PROJ");
            let id = if wire.empty {
                bitbucket.make_empty_repository(&wire.workspace, &wire.slug, project, wire.private)?
            } else {
                bitbucket.make_repository(&wire.workspace, &wire.slug, project, wire.private)?
            };
            Ok(created(&json!({ "id": id })))
        }
        ("POST", ["roles"]) => {
            let wire: RoleWire = parse(body)?;
            let repository = repository(bitbucket, &wire.workspace, &wire.repository)?;
            let account = account(bitbucket, &wire.username)?;
            let unknown = || Refusal::bad("role is read, write, admin or null");
            let role = wire
                .role
                .map(|name| BitbucketRole::from_name(&name).ok_or_else(unknown))
                .transpose()?;
            bitbucket.with_repository(repository, |repository| match role {
                Some(role) => repository.roles.insert(account, role),
                None => repository.roles.remove(&account),
            })?;
            done()
        }
        ("POST", ["files"]) => {
            let wire: FileWire = parse(body)?;
            let id = repository(bitbucket, &wire.workspace, &wire.repository)?;
            let ground = &bitbucket.ground;
            let commit = ground
                .store
                .commit_file(id, &wire.file, wire.content.as_bytes(), ground.clock.now());
            Ok(created(&json!({ "commit": commit.map_err(WorldError::from)? })))
        }
        ("POST", ["tokens"]) => {
            let made = bitbucket.make_token(&token_spec(bitbucket, parse(body)?)?)?;
            Ok(created(&json!({ "id": made.id, "token": made.token })))
        }
        ("GET", ["tokens"]) => Ok(ok(&tokens(bitbucket))),
        ("POST", ["tokens", id, "revoke"]) => {
            bitbucket.with_token(number(id)?, |token| token.revoked = true)?;
            done()
        }
        ("POST", ["tokens", id, "expire"]) => {
            let now = bitbucket.now();
            bitbucket.with_token(number(id)?, |token| token.expires_at = now)?;
            done()
        }
        ("POST", ["settings"]) => {
            let wire: SettingsWire = parse(body)?;
            let mut state = bitbucket.state();
            state.per_hour = wire.calls_per_hour.or(state.per_hour);
            state.walk_limit = wire.walk_limit.unwrap_or(state.walk_limit);
            state.runner_limit = wire.runner_limit.unwrap_or(state.runner_limit);
            done()
        }
        _ => Err(Refusal::absent("control; see GET /_sim/")),
    }
}

fn token_spec(bitbucket: &Bitbucket, wire: TokenWire) -> Result<BitbucketTokenSpec, Refusal> {
    let given = |value: Option<String>, name: &str| {
        value.ok_or_else(|| Refusal::bad(format!("a token of this kind needs {name:?}")))
    };
    let spec = match wire.kind.as_str() {
        "api" => BitbucketTokenSpec::api_token(account(bitbucket, &given(wire.username, "username")?)?),
        "oauth" => BitbucketTokenSpec::oauth(account(bitbucket, &given(wire.username, "username")?)?),
        "app_password" => BitbucketTokenSpec::app_password(account(bitbucket, &given(wire.username, "username")?)?),
        "repository" => {
            let (workspace, slug) = (
                given(wire.workspace, "workspace")?,
                given(wire.repository, "repository")?,
            );
            BitbucketTokenSpec::repository_token(repository(bitbucket, &workspace, &slug)?)
        }
        "project" => {
            let (workspace, key) = (given(wire.workspace, "workspace")?, given(wire.project, "project")?);
            BitbucketTokenSpec::project_token(&workspace, &key)
        }
        "workspace" => BitbucketTokenSpec::workspace_token(&given(wire.workspace, "workspace")?),
        _ => {
            let kinds = "kind is api, repository, project, workspace, oauth or app_password";
            return Err(Refusal::bad(kinds));
        }
    };
    let spec = match wire.scopes {
        Some(scopes) => spec.scopes(scopes),
        None => spec,
    };
    Ok(match wire.expires_at {
        Some(at) => spec.expires_at(at),
        None => spec,
    })
}

fn account(bitbucket: &Bitbucket, username: &str) -> Result<u64, Refusal> {
    let state = bitbucket.state();
    let found = state.accounts.iter().find(|(_, account)| account.username == username);
    found.map(|(id, _)| *id).ok_or_else(|| Refusal::absent("account"))
}

pub(super) fn repository(bitbucket: &Bitbucket, workspace: &str, slug: &str) -> Result<u64, Refusal> {
    let state = bitbucket.state();
    let found = state.find_repository(workspace, slug).map(|repository| repository.id);
    found.ok_or_else(|| Refusal::absent("repository"))
}

fn tokens(bitbucket: &Bitbucket) -> Value {
    let now = bitbucket.now();
    let state = bitbucket.state();
    let all = state.tokens.iter().map(|(id, token)| {
        let kind = match token.kind {
            BitbucketTokenKind::ApiToken { .. } => "api",
            BitbucketTokenKind::RepositoryToken { .. } => "repository",
            BitbucketTokenKind::ProjectToken { .. } => "project",
            BitbucketTokenKind::WorkspaceToken { .. } => "workspace",
            BitbucketTokenKind::OAuth { .. } => "oauth",
            BitbucketTokenKind::AppPassword { .. } => "app_password",
        };
        json!({
            "id": id,
            "kind": kind,
            "scopes": token.scopes,
            "expires_at": token.expires_at.to_string(),
            "revoked": token.revoked,
            "active": token.living(now),
            "fingerprint": fingerprint(&token.digest),
        })
    });
    Value::Array(all.collect())
}
