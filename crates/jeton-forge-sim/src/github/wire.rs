//! GitHub's JSON.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::limits::LimitView;
use super::model::{App, Installation, Owner, Repository, State};
use super::personal::RepoRole;
use super::spec::OwnerKind;

/// RFC 3339 in UTC with whole seconds, as GitHub writes times.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The answer to minting. Keys that a token without narrowed repositories lacks are left out.
#[derive(Serialize)]
pub(crate) struct MintedToken {
    pub(crate) token: String,
    pub(crate) expires_at: String,
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) repository_selection: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repositories: Option<Vec<Value>>,
}

/// Writes what needs a look into the state and the address of the server.
pub(crate) struct Wire<'a> {
    pub(crate) state: &'a State,
    pub(crate) web_url: &'a str,
}

impl Wire<'_> {
    /// A person or an organization, as it stands inside of other things.
    pub(crate) fn owner(&self, login: &str) -> Value {
        let unknown = Owner {
            id: 0,
            login: login.to_owned(),
            kind: OwnerKind::Organization,
        };
        let owner = self.state.owner(login).unwrap_or(&unknown);
        json!({
            "login": owner.login,
            "id": owner.id,
            "node_id": node_id("O", owner.id),
            "type": owner.kind.as_str(),
            "url": format!("{}/api/v3/users/{}", self.web_url, owner.login),
            "html_url": format!("{}/{}", self.web_url, owner.login),
            "site_admin": false,
        })
    }

    /// An organization as lists show it.
    pub(crate) fn org_in_list(&self, org: &Owner) -> Value {
        let url = format!("{}/api/v3/orgs/{}", self.web_url, org.login);
        json!({
            "login": org.login,
            "id": org.id,
            "node_id": node_id("O", org.id),
            "url": url,
            "repos_url": format!("{url}/repos"),
            "description": null,
        })
    }

    /// An organization by itself.
    pub(crate) fn org(&self, org: &Owner, public_repos: usize) -> Value {
        let mut body = self.org_in_list(org);
        let more = json!({
            "name": org.login,
            "type": "Organization",
            "html_url": format!("{}/{}", self.web_url, org.login),
            "public_repos": public_repos,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
        });
        merge(&mut body, more);
        body
    }

    /// A repository with what the caller may do with it.
    pub(crate) fn repository_for(&self, repository: &Repository, role: RepoRole) -> Value {
        let mut body = self.repository(repository);
        let permissions = json!({
            "admin": role >= RepoRole::Admin,
            "maintain": role >= RepoRole::Maintain,
            "push": role >= RepoRole::Write,
            "triage": role >= RepoRole::Triage,
            "pull": true,
        });
        merge(&mut body, json!({ "permissions": permissions }));
        body
    }

    pub(crate) fn app(&self, app: &App) -> Value {
        let installations = self.state.installations.values();
        let count = installations.filter(|i| i.app == app.id && !i.removed).count();
        json!({
            "id": app.id,
            "slug": app.slug,
            "client_id": app.client_id,
            "node_id": node_id("A", app.id),
            "owner": self.owner(&app.owner),
            "name": app.name,
            "description": "",
            "external_url": "https://example.invalid",
            "html_url": format!("{}/apps/{}", self.web_url, app.slug),
            "created_at": time(app.created_at),
            "updated_at": time(app.created_at),
            "permissions": app.permissions.to_map(),
            "events": [],
            "installations_count": count,
        })
    }

    pub(crate) fn installation(&self, installation: &Installation, app: &App) -> Value {
        let id = installation.id;
        let owner = self.owner(&installation.owner);
        let api = format!("{}/api/v3", self.web_url);
        let selection = if installation.selected.is_some() {
            "selected"
        } else {
            "all"
        };
        json!({
            "id": id,
            "client_id": app.client_id,
            "app_id": app.id,
            "app_slug": app.slug,
            "target_id": owner["id"],
            "target_type": owner["type"],
            "account": owner,
            "repository_selection": selection,
            "access_tokens_url": format!("{api}/app/installations/{id}/access_tokens"),
            "repositories_url": format!("{api}/installation/repositories"),
            "html_url": format!("{}/settings/installations/{id}", self.web_url),
            "permissions": installation.permissions.to_map(),
            "events": [],
            "created_at": time(installation.created_at),
            "updated_at": time(installation.suspended_at.unwrap_or(installation.created_at)),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": installation.suspended_at.map(|_| self.owner(&app.owner)),
            "suspended_at": installation.suspended_at.map(time),
            "contact_email": null,
        })
    }

    pub(crate) fn repository(&self, repository: &Repository) -> Value {
        let full_name = repository.full_name();
        let visibility = if repository.private { "private" } else { "public" };
        json!({
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": full_name,
            "private": repository.private,
            "visibility": visibility,
            "owner": self.owner(&repository.owner),
            "html_url": format!("{}/{full_name}", self.web_url),
            "url": format!("{}/api/v3/repos/{full_name}", self.web_url),
            "clone_url": format!("{}/{full_name}.git", self.web_url),
            "default_branch": repository.default_branch,
            "description": null,
            "fork": false,
            "archived": false,
            "disabled": false,
        })
    }
}

/// Adds the fields of one object to another.
pub(crate) fn merge(body: &mut Value, more: Value) {
    if let (Value::Object(body), Value::Object(more)) = (body, more) {
        body.extend(more);
    }
}

/// The body of `GET /rate_limit`, of both limits that are simulated. The version of 2026-03-10 dropped `rate`.
pub(crate) fn rate_limit(view: &LimitView, runners: &LimitView, with_rate: bool) -> Value {
    let one = |view: &LimitView| {
        json!({
            "limit": view.limit,
            "used": view.used,
            "remaining": view.remaining(),
            "reset": view.reset.as_second(),
            "resource": view.resource.as_str(),
        })
    };
    let core = one(view);
    // Those of routes that are not simulated; nothing is ever used of them.
    let other = |resource: &str, limit: u32| {
        json!({
            "limit": limit,
            "used": 0,
            "remaining": limit,
            "reset": view.reset.as_second(),
            "resource": resource,
        })
    };
    let resources = json!({
        "core": core,
        "search": other("search", 30),
        "graphql": other("graphql", 5_000),
        "actions_runner_registration": one(runners),
    });
    if with_rate {
        json!({ "resources": resources, "rate": core })
    } else {
        json!({ "resources": resources })
    }
}

/// An opaque id; GitHub's also has a letter or two for the kind in front.
fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_sim{id:012x}")
}
