//! Objects as Bitbucket writes them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Bitbucket;
use super::model::{Account, Repository, State, Workspace};

/// `2026-06-01T12:00:00.000000+00:00`
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

impl Bitbucket {
    pub(super) fn api(&self) -> String {
        format!("{}/2.0", self.ground.url())
    }

    pub(super) fn account_wire(&self, account: &Account) -> Value {
        let (api, web) = (self.api(), self.ground.url());
        json!({
            "type": "user",
            "uuid": account.uuid,
            "account_id": format!("557058:{}", account.uuid.trim_matches(['{', '}'])),
            "account_status": "active",
            "username": account.username,
            "nickname": account.username,
            "display_name": account.username,
            "created_on": time(account.created_at),
            "has_2fa_enabled": null,
            "is_staff": false,
            "links": {
                "self": { "href": format!("{api}/users/{}", account.uuid) },
                "html": { "href": format!("{web}/{}/", account.uuid) },
                "repositories": { "href": format!("{api}/repositories/{}", account.uuid) },
            },
        })
    }

    pub(super) fn workspace_wire(&self, workspace: &Workspace) -> Value {
        let (api, slug) = (self.api(), &workspace.slug);
        json!({
            "type": "workspace",
            "uuid": workspace.uuid,
            "slug": slug,
            "name": slug,
            "is_private": true,
            "created_on": time(workspace.created_at),
            "links": {
                "self": { "href": format!("{api}/workspaces/{slug}") },
                "html": { "href": format!("{}/{slug}/", self.ground.url()) },
                "repositories": { "href": format!("{api}/repositories/{slug}") },
                "projects": { "href": format!("{api}/workspaces/{slug}/projects") },
            },
        })
    }

    pub(super) fn repository_wire(&self, state: &State, repository: &Repository) -> Value {
        let (api, web) = (self.api(), self.ground.url());
        let (workspace, slug) = (&repository.workspace, &repository.slug);
        let own = format!("{api}/repositories/{workspace}/{slug}");
        let link = |tail: &str| json!({ "href": format!("{own}/{tail}") });
        json!({
            "type": "repository",
            "uuid": repository.uuid,
            "full_name": format!("{workspace}/{slug}"),
            "name": slug,
            "slug": slug,
            "description": "",
            "scm": "git",
            "is_private": repository.private,
            "fork_policy": if repository.private { "no_public_forks" } else { "allow_forks" },
            "has_issues": false,
            "has_wiki": false,
            "language": "",
            "size": 4_096,
            "created_on": time(repository.created_at),
            "updated_on": time(repository.created_at),
            "project": {
                "type": "project",
                "key": repository.project,
                "name": repository.project,
                "links": { "self": { "href": format!("{api}/workspaces/{workspace}/projects/{}", repository.project) } },
            },
            "workspace": state.workspaces.get(workspace).map(|workspace| self.workspace_wire(workspace)),
            "owner": { "type": "team", "username": workspace, "display_name": workspace },
            "links": {
                "self": { "href": own },
                "html": { "href": format!("{web}/{workspace}/{slug}") },
                "branches": link("refs/branches"),
                "pullrequests": link("pullrequests"),
                "source": link("src"),
                "clone": [
                    { "name": "https", "href": format!("{web}/{workspace}/{slug}.git") },
                    { "name": "ssh", "href": format!("ssh://git@{}/{workspace}/{slug}.git", self.ground.address.ip()) },
                ],
            },
        })
    }
}
