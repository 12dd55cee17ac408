//! Objects as GitLab writes them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::GitLab;
use super::model::{Space, State, Token, User};
use super::routes::Holder;
use super::spec::{AccessLevel, GitLabTokenKind};

/// `2026-06-01T12:00:00.000Z`
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An access token, without the token.
pub(super) fn token(token: &Token, now: Timestamp) -> Map<String, Value> {
    let mut wire = Map::new();
    let mut set = |key: &str, value: Value| wire.insert(key.to_owned(), value);
    set("id", token.id.into());
    set("name", token.name.clone().into());
    set("revoked", token.revoked.into());
    set("created_at", time(token.created_at).into());
    set("description", Value::Null);
    set("scopes", json!(token.scopes));
    set("user_id", token.user.into());
    set("last_used_at", token.last_used_at.map(time).into());
    set("active", token.active(now).into());
    set("expires_at", token.expires_at.map(|day| day.to_string()).into());
    let resource = match token.kind {
        GitLabTokenKind::Personal | GitLabTokenKind::Impersonation => None,
        GitLabTokenKind::Project(id) => Some(("project", id)),
        GitLabTokenKind::Group(id) => Some(("group", id)),
    };
    if let Some((kind, id)) = resource {
        set("access_level", token.level.number().into());
        set("resource_type", kind.into());
        set("resource_id", id.into());
    }
    wire
}

impl GitLab {
    pub(super) fn user_wire(&self, user: &User) -> Value {
        let host = &self.ground.address;
        let email = if user.bot {
            format!("{}@noreply.{}", user.username, host.ip())
        } else {
            format!("{}@example.com", user.username)
        };
        json!({
            "id": user.id,
            "username": user.username,
            "public_email": null,
            "name": user.name,
            "state": if user.blocked { "blocked" } else { "active" },
            "locked": false,
            "avatar_url": null,
            "web_url": format!("{}/{}", self.ground.url(), user.username),
            "created_at": time(user.created_at),
            "bio": "",
            "bot": user.bot,
            "email": email,
            "commit_email": email,
            "confirmed_at": time(user.created_at),
            "two_factor_enabled": false,
            "external": false,
            "private_profile": false,
            "can_create_group": !user.bot,
            "can_create_project": !user.bot,
        })
    }

    pub(super) fn space_wire(&self, state: &State, space: &Space, user: Option<u64>) -> Value {
        match space.holder {
            Holder::Project => self.project_wire(state, space, user),
            Holder::Group => self.group_wire(state, space),
        }
    }

    fn project_wire(&self, state: &State, project: &Space, user: Option<u64>) -> Value {
        let (base, path) = (self.ground.url(), &project.path);
        let parent = state.space_at(project.parent_path());
        let own = user.and_then(|user| project.members.get(&user));
        let around = parent.and_then(|group| user.and_then(|user| state.level(group, user)));
        let access = |level: Option<AccessLevel>| {
            level.map(|level| json!({ "access_level": level.number(), "notification_level": 3 }))
        };
        json!({
            "id": project.id,
            "description": null,
            "name": project.name(),
            "name_with_namespace": path.replace('/', " / "),
            "path": project.name(),
            "path_with_namespace": path,
            "created_at": time(project.created_at),
            "default_branch": "main",
            "tag_list": [],
            "topics": [],
            "ssh_url_to_repo": format!("ssh://git@{}/{path}.git", self.ground.address.ip()),
            "http_url_to_repo": format!("{base}/{path}.git"),
            "web_url": format!("{base}/{path}"),
            "readme_url": format!("{base}/{path}/-/blob/main/README.md"),
            "forks_count": 0,
            "star_count": 0,
            "last_activity_at": time(project.created_at),
            "namespace": {
                "id": parent.map(|group| group.id),
                "name": project.parent_path().rsplit('/').next(),
                "path": project.parent_path().rsplit('/').next(),
                "kind": if parent.is_some() { "group" } else { "user" },
                "full_path": project.parent_path(),
            },
            "archived": false,
            "empty_repo": false,
            "visibility": project.visibility.name(),
            "permissions": { "project_access": access(own.copied()), "group_access": access(around) },
        })
    }

    fn group_wire(&self, state: &State, group: &Space) -> Value {
        json!({
            "id": group.id,
            "web_url": format!("{}/groups/{}", self.ground.url(), group.path),
            "name": group.name(),
            "path": group.name(),
            "description": "",
            "visibility": group.visibility.name(),
            "full_name": group.path.replace('/', " / "),
            "full_path": group.path,
            "parent_id": state.space_at(group.parent_path()).map(|parent| parent.id),
            "created_at": time(group.created_at),
        })
    }
}
