//! Steering a running GitLab over HTTP, under `/_sim`.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::GitLab;
use super::model::today;
use super::routes::Holder;
use super::spec::{AccessLevel, GitLabTokenForm, GitLabTokenInfo, GitLabTokenKind, GitLabTokenSpec, Visibility};
use crate::control::{Outcome, Refusal, created, done, number, ok, parse};
use crate::site::WorldError;

pub(super) const INDEX: &str = "\
jeton-forge-sim: control of the simulated GitLab. Bodies are JSON.

POST   /_sim/users                    {\"username\":NAME,\"admin\":false}
POST   /_sim/users/{username}/block   and /unblock
POST   /_sim/groups                   {\"path\":PATH,\"visibility\":\"private\"}
POST   /_sim/projects                 {\"path\":PATH,\"visibility\":\"private\",\"empty\":false}
POST   /_sim/members                  {\"path\":PATH,\"username\":NAME,\"access_level\":10|20|30|40|50}
POST   /_sim/files                    {\"path\":PROJECT,\"file\":PATH,\"content\":TEXT}
POST   /_sim/tokens                   {\"username\":NAME | \"path\":PATH,\"access_level\":40,\"scopes\":[\"api\"],\"expires_at\":DAY|null,
                                       \"name\":NAME,\"form\":\"legacy\"|\"routable\",\"prefix\":TEXT,\"impersonation\":false}; answers the token
GET    /_sim/tokens                   all of them, by fingerprint
POST   /_sim/tokens/{id}/revoke       as its owner would in the browser
POST   /_sim/tokens/{id}/expire       it ends today
POST   /_sim/settings                 {\"impersonation\":true,\"require_dpop\":false,\"max_lifetime_days\":365,\"calls_per_minute\":N}
GET    /_sim/runners                  all of them, without their tokens
POST   /_sim/runners                  {\"path\":PATH,\"description\":TEXT}; without a path, the server's; answers the token
POST   /_sim/runners/{id}/expire      its token ends now
DELETE /_sim/runners/{id}             as its owner would in the browser
POST   /_sim/runner-token-lifetime    {\"path\":PATH,\"seconds\":N|null}; of new tokens; without a path, the server's setting
POST   /_sim/runner-creation          {\"maintainers\":true,\"runner_type\":TYPE,\"message\":TEXT|null}: refuse new ones of a type with 403
POST   /_sim/variables                {\"path\":PATH,\"key\":KEY,\"value\":TEXT,\"environment_scope\":\"*\",\"masked\":false,\"hidden\":false,
                                       \"protected\":false}
POST   /_sim/variables/value          {\"path\":PATH,\"key\":KEY,\"environment_scope\":\"*\"}: what jobs get, hidden or not
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserWire {
    username: String,
    #[serde(default)]
    admin: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceWire {
    path: String,
    visibility: Option<String>,
    /// Projects only: without a commit.
    #[serde(default)]
    empty: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberWire {
    path: String,
    username: String,
    access_level: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    path: String,
    file: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenWire {
    username: Option<String>,
    path: Option<String>,
    access_level: Option<u64>,
    scopes: Option<Vec<String>>,
    /// Absent: 30 days; null: never.
    #[serde(default)]
    expires_at: EndWire,
    name: Option<String>,
    form: Option<String>,
    prefix: Option<String>,
    #[serde(default)]
    impersonation: bool,
}

/// When a token ends, as it is sent. Null is not the same as absent.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum EndWire {
    #[serde(skip)]
    #[default]
    Usual,
    On(Date),
    Never(()),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsWire {
    impersonation: Option<bool>,
    require_dpop: Option<bool>,
    max_lifetime_days: Option<u32>,
    calls_per_minute: Option<u32>,
}

pub(super) fn route(gitlab: &GitLab, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    if let Some(outcome) = super::ci::route(gitlab, method, segments, body) {
        return outcome;
    }
    match (method, segments) {
        ("POST", ["users"]) => {
            let wire: UserWire = parse(body)?;
            let id = gitlab.make_user(&wire.username, wire.admin)?;
            Ok(created(&json!({ "id": id })))
        }
        ("POST", ["users", username, state @ ("block" | "unblock")]) => {
            let id = user(gitlab, username)?;
            if let Some(user) = gitlab.state().users.get_mut(&id) {
                user.blocked = *state == "block";
            }
            done()
        }
        ("POST", ["groups"]) => make_space(gitlab, Holder::Group, body),
        ("POST", ["projects"]) => make_space(gitlab, Holder::Project, body),
        ("POST", ["members"]) => {
            let wire: MemberWire = parse(body)?;
            let (space, _) = space(gitlab, &wire.path)?;
            let (user, level) = (user(gitlab, &wire.username)?, level(wire.access_level)?);
            gitlab.with_space(space, |space| space.members.insert(user, level))?;
            done()
        }
        ("POST", ["files"]) => {
            let wire: FileWire = parse(body)?;
            let (project, _) = space(gitlab, &wire.path)?;
            let ground = &gitlab.ground;
            let commit = ground
                .store
                .commit_file(project, &wire.file, wire.content.as_bytes(), ground.clock.now());
            Ok(created(&json!({ "commit": commit.map_err(WorldError::from)? })))
        }
        ("POST", ["tokens"]) => {
            let made = gitlab.make_token(&token_spec(gitlab, parse(body)?)?)?;
            Ok(created(
                &json!({ "id": made.id, "user_id": made.user_id, "token": made.token }),
            ))
        }
        ("GET", ["tokens"]) => {
            let now = gitlab.now();
            let state = gitlab.state();
            let all: Vec<Value> = state.tokens.values().map(|token| info(&token.info(now))).collect();
            Ok(ok(&json!(all)))
        }
        ("POST", ["tokens", id, "revoke"]) => {
            gitlab.with_token(number(id)?, |token| token.revoked = true)?;
            done()
        }
        ("POST", ["tokens", id, "expire"]) => {
            let day = today(gitlab.now());
            gitlab.with_token(number(id)?, |token| token.expires_at = Some(day))?;
            done()
        }
        ("POST", ["settings"]) => {
            let wire: SettingsWire = parse(body)?;
            let settings = &mut gitlab.state().settings;
            settings.impersonation = wire.impersonation.unwrap_or(settings.impersonation);
            settings.dpop = wire.require_dpop.unwrap_or(settings.dpop);
            settings.max_lifetime_days = wire.max_lifetime_days.map_or(settings.max_lifetime_days, i64::from);
            settings.per_minute = wire.calls_per_minute.or(settings.per_minute);
            done()
        }
        _ => Err(Refusal::absent("control; see GET /_sim/")),
    }
}

fn make_space(gitlab: &GitLab, holder: Holder, body: &[u8]) -> Outcome {
    let wire: SpaceWire = parse(body)?;
    let visibility = match wire.visibility.as_deref() {
        None => Visibility::Private,
        Some(name) => {
            Visibility::from_name(name).ok_or_else(|| Refusal::bad("visibility is private, internal or public"))?
        }
    };
    let id = match holder {
        Holder::Project if wire.empty => gitlab.make_empty_project(&wire.path, visibility)?,
        _ => gitlab.make_space(holder, &wire.path, visibility)?,
    };
    Ok(created(&json!({ "id": id })))
}

fn token_spec(gitlab: &GitLab, wire: TokenWire) -> Result<GitLabTokenSpec, Refusal> {
    let role = wire.access_level.map_or(Ok(AccessLevel::Maintainer), level)?;
    let mut spec = match (&wire.username, &wire.path) {
        (Some(username), None) if wire.impersonation => GitLabTokenSpec::impersonation(user(gitlab, username)?),
        (Some(username), None) => GitLabTokenSpec::personal(user(gitlab, username)?),
        (None, Some(path)) => match space(gitlab, path)? {
            (id, Holder::Project) => GitLabTokenSpec::project(id, role),
            (id, Holder::Group) => GitLabTokenSpec::group(id, role),
        },
        _ => {
            return Err(Refusal::bad(
                "give `username` for a personal token, or `path` for a project's or group's",
            ));
        }
    };
    if let Some(scopes) = wire.scopes {
        spec = spec.scopes(scopes);
    }
    spec = match wire.expires_at {
        EndWire::Usual => spec,
        EndWire::Never(()) => spec.never_expires(),
        EndWire::On(day) => spec.expires_at(day),
    };
    if let Some(name) = &wire.name {
        spec = spec.name(name);
    }
    if let Some(prefix) = &wire.prefix {
        spec = spec.prefix(prefix);
    }
    match wire.form.as_deref() {
        None => Ok(spec),
        Some("legacy") => Ok(spec.form(GitLabTokenForm::Legacy)),
        Some("routable") => Ok(spec.form(GitLabTokenForm::Routable)),
        Some(_) => Err(Refusal::bad("form is legacy or routable")),
    }
}

fn user(gitlab: &GitLab, username: &str) -> Result<u64, Refusal> {
    let state = gitlab.state();
    let found = state.users.values().find(|user| user.username == username);
    found.map(|user| user.id).ok_or_else(|| Refusal::absent("user"))
}

pub(super) fn space(gitlab: &GitLab, path: &str) -> Result<(u64, Holder), Refusal> {
    let state = gitlab.state();
    let found = state.space_at(path).map(|space| (space.id, space.holder));
    found.ok_or_else(|| Refusal::absent("project or group"))
}

fn level(number: u64) -> Result<AccessLevel, Refusal> {
    AccessLevel::from_number(number).ok_or_else(|| Refusal::bad("access_level is 10, 20, 30, 40 or 50"))
}

fn info(token: &GitLabTokenInfo) -> Value {
    let kind = match token.kind {
        GitLabTokenKind::Personal => json!("personal"),
        GitLabTokenKind::Impersonation => json!("impersonation"),
        GitLabTokenKind::Project(id) => json!({ "project": id }),
        GitLabTokenKind::Group(id) => json!({ "group": id }),
    };
    json!({
        "id": token.id,
        "family": token.family,
        "kind": kind,
        "user_id": token.user_id,
        "name": token.name,
        "scopes": token.scopes,
        "expires_at": token.expires_at.map(|day| day.to_string()),
        "revoked": token.revoked,
        "active": token.active,
        "fingerprint": token.fingerprint,
    })
}
