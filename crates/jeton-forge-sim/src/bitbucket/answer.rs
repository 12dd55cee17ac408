//! From a route to its answer.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Bitbucket;
use super::error;
use super::model::{Charged, Repository, State, Token};
use super::page::paged;
use super::routes::Action;
use super::spec::{BitbucketRole, BitbucketTokenKind};
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused, not_modified};

pub(super) type Answer = Result<Reply, Refused>;

/// Repository data, an hour.
const PER_HOUR: u32 = 1_000;
/// Without a credential, an hour and address.
const PER_HOUR_OF_NOBODY: u32 = 60;

impl Bitbucket {
    pub(super) fn answer(&self, call: &Call<Action>) -> Reply {
        let charged = self.charged(call);
        let (limit, used) = self.spend(charged, call.action, self.now());
        if used > limit {
            return error::rate_limited(None).into_reply();
        }
        let reply = self.perform(call).unwrap_or_else(Refused::into_reply);
        // The tag of a file is there to be asked with; whether a 304 is cheaper is not said, and here it is not.
        let mut reply = not_modified(&call.parts.headers, reply);
        // Only access tokens are told how they stand. The name of the resource is a guess.
        if matches!(charged, Charged::Token(_)) && call.action.is_repository_data() {
            let near = used.saturating_mul(5) >= limit.saturating_mul(4);
            reply.set("x-ratelimit-limit", &limit.to_string());
            reply.set("x-ratelimit-resource", "api-repository-data");
            reply.set("x-ratelimit-nearlimit", if near { "true" } else { "false" });
        }
        reply
    }

    /// Counts one call; answers the limit and what was used of it.
    fn spend(&self, charged: Charged, action: Action, now: Timestamp) -> (u32, u32) {
        let mut state = self.state();
        let limit = match charged {
            Charged::Nobody(_) => PER_HOUR_OF_NOBODY,
            Charged::Account(_) | Charged::Token(_) => state.per_hour.unwrap_or(PER_HOUR),
        };
        if !action.is_repository_data() {
            return (limit, 0);
        }
        let window = state.windows.entry(charged).or_insert((now, 0));
        let age = now.duration_since(window.0);
        if age >= SignedDuration::from_hours(1) || age < SignedDuration::ZERO {
            *window = (now, 0);
        }
        window.1 = window.1.saturating_add(1);
        (limit, window.1)
    }

    fn perform(&self, call: &Call<Action>) -> Answer {
        match call.action {
            Action::RedirectToSource
            | Action::ShowSource
            | Action::ListFileHistory
            | Action::ListCommits
            | Action::ListCommitsOf
            | Action::ShowCommit
            | Action::ListRefs
            | Action::ListBranches
            | Action::ShowBranch
            | Action::ListTags
            | Action::ShowTag => return self.show_content(call),
            Action::ShowMedia => return self.show_media(call),
            Action::ListRepositories | Action::ShowRepository => return self.show_repositories(call),
            Action::ListRunners(place)
            | Action::CreateRunner(place)
            | Action::ShowRunner(place)
            | Action::UpdateRunner(place)
            | Action::DeleteRunner(place) => return self.answer_runners(call, place),
            Action::ListVariables(place)
            | Action::CreateVariable(place)
            | Action::ShowVariable(place)
            | Action::UpdateVariable(place)
            | Action::DeleteVariable(place) => return self.answer_variables(call, place),
            Action::ListEnvironments => return self.list_environments(call),
            _ => {}
        }
        let state = self.state();
        let caller = state.admit(call, self.now())?;
        let account = || {
            let id = caller.ok_or_else(error::nobody)?.kind.account();
            // Access tokens act as their repository, project or workspace: they have no scope that opens these
            // routes, so that they were refused before.
            id.ok_or_else(error::unusable)
        };
        let list = |all: Vec<Value>| paged(call, &all, &self.ground.url());
        match call.action {
            Action::ShowUser => {
                let account = state.accounts.get(&account()?).ok_or_else(error::unusable)?;
                Ok(Reply::json(StatusCode::OK, &self.account_wire(account)))
            }
            Action::ListEmails => {
                let account = state.accounts.get(&account()?).ok_or_else(error::unusable)?;
                let address = &account.email;
                let link = json!({ "self": { "href": format!("{}/user/emails/{address}", self.api()) } });
                list(vec![json!({
                    "type": "email", "email": address, "is_primary": true, "is_confirmed": true, "links": link,
                })])
            }
            Action::ListWorkspaces | Action::ListUserWorkspaces => {
                let account = account()?;
                list(self.workspaces(&state, account, call.action))
            }
            Action::ShowWorkspace => {
                let workspace = state.find_workspace(call.caught(0));
                let workspace = workspace.filter(|workspace| match caller {
                    None => false,
                    Some(token) => in_workspace(&state, &workspace.slug, token),
                });
                let workspace = workspace.ok_or_else(|| error::not_found("Workspace"))?;
                Ok(Reply::json(StatusCode::OK, &self.workspace_wire(workspace)))
            }
            Action::ListRepositoryPermissions => {
                let account = account()?;
                list(self.permissions(&state, account))
            }
            Action::ListPullRequests => {
                let repository = state.repository_for(call, caller, BitbucketRole::Read)?;
                list(self.pull_requests(repository))
            }
            _ => Err(error::not_found("Resource")),
        }
    }

    fn workspaces(&self, state: &State, account: u64, action: Action) -> Vec<Value> {
        let own = state.workspaces.values().filter_map(|workspace| {
            let owner = *workspace.members.get(&account)?;
            let wire = self.workspace_wire(workspace);
            Some(if action == Action::ListUserWorkspaces {
                let slim = json!({
                    "type": "workspace_base", "slug": wire["slug"], "uuid": wire["uuid"], "links": wire["links"],
                });
                json!({ "type": "workspace_access", "administrator": owner, "workspace": slim })
            } else {
                wire
            })
        });
        own.collect()
    }

    /// One repository, or those of a workspace. What only git knows is added with the state unlocked: git may take its
    /// time.
    fn show_repositories(&self, call: &Call<Action>) -> Answer {
        let mut found = {
            let state = self.state();
            let caller = state.admit(call, self.now())?;
            if call.action == Action::ShowRepository {
                let repository = state.repository_for(call, caller, BitbucketRole::Read)?;
                vec![(repository.id, self.repository_wire(&state, repository))]
            } else {
                self.repositories(&state, call, caller)?
            }
        };
        for (id, wire) in &mut found {
            // One whose repository is being made at this moment has none yet.
            wire["mainbranch"] = self.main_branch(*id).unwrap_or_default();
        }
        let mut wires: Vec<Value> = found.into_iter().map(|(_, wire)| wire).collect();
        if call.action == Action::ListRepositories {
            return paged(call, &wires, &self.ground.url());
        }
        Ok(Reply::json(StatusCode::OK, &wires.pop()))
    }

    fn repositories(
        &self,
        state: &State,
        call: &Call<Action>,
        caller: Option<&Token>,
    ) -> Result<Vec<(u64, Value)>, Refused> {
        let workspace = state
            .find_workspace(call.caught(0))
            .ok_or_else(|| error::not_found("Workspace"))?;
        let least = match call.query("role").as_deref() {
            None => None,
            Some("member") => Some(BitbucketRole::Read),
            Some("contributor") => Some(BitbucketRole::Write),
            Some("admin" | "owner") => Some(BitbucketRole::Admin),
            Some(_) => return Err(error::message(StatusCode::BAD_REQUEST, "Invalid role")),
        };
        let matches = |repository: &&Repository| {
            let role = caller.and_then(|token| state.token_role(repository, &token.kind));
            let seen = role.is_some() || !repository.private;
            repository.workspace == workspace.slug && seen && (least.is_none() || role >= least)
        };
        let found = state.repositories.values().filter(matches);
        Ok(found
            .map(|repository| (repository.id, self.repository_wire(state, repository)))
            .collect())
    }

    fn permissions(&self, state: &State, account: u64) -> Vec<Value> {
        let own = state.repositories.values().filter_map(|repository| {
            let role = state.role(repository, account)?;
            let wire = self.repository_wire(state, repository);
            let slim = json!({
                "type": "repository", "name": wire["name"], "full_name": wire["full_name"], "uuid": wire["uuid"],
                "links": wire["links"],
            });
            let user = state.accounts.get(&account).map(|account| self.account_wire(account));
            Some(json!({
                "type": "repository_permission", "permission": role.name(), "user": user, "repository": slim,
            }))
        });
        own.collect()
    }

    fn pull_requests(&self, repository: &Repository) -> Vec<Value> {
        let (workspace, slug) = (&repository.workspace, &repository.slug);
        let titles = repository.pull_requests.iter().enumerate();
        let wires = titles.map(|(index, title)| {
            let number = index + 1;
            let link = format!("{}/repositories/{workspace}/{slug}/pullrequests/{number}", self.api());
            json!({
                "type": "pullrequest", "id": number, "title": title, "description": "", "state": "OPEN",
                "created_on": wire::time(repository.created_at), "updated_on": wire::time(repository.created_at),
                "source": { "branch": { "name": format!("change-{number}") } },
                "destination": { "branch": { "name": "main" } },
                "links": { "self": { "href": link } },
            })
        });
        wires.collect()
    }
}

/// Whether a credential may know of a workspace.
pub(super) fn in_workspace(state: &State, slug: &str, token: &Token) -> bool {
    match &token.kind {
        BitbucketTokenKind::WorkspaceToken { workspace } | BitbucketTokenKind::ProjectToken { workspace, .. } => {
            workspace == slug
        }
        BitbucketTokenKind::RepositoryToken { repository } => state
            .repositories
            .get(repository)
            .is_some_and(|repository| repository.workspace == slug),
        BitbucketTokenKind::ApiToken { account }
        | BitbucketTokenKind::OAuth { account }
        | BitbucketTokenKind::AppPassword { account } => state
            .workspaces
            .get(slug)
            .is_some_and(|workspace| workspace.members.contains_key(account)),
    }
}
