//! Who a call is charged to, who it is about, and the answers of limits.

use http::StatusCode;
use http::request::Parts;
use jiff::SignedDuration;

use super::GitHubSim;
use super::ci::Scope;
use super::error::ApiError;
use super::limits::{Bucket, LimitView, Resource};
use crate::reply::Reply;
use crate::route::{RepoRef, Route};

impl GitHubSim {
    /// The answer of a fault that stands in for the primary limit.
    pub(crate) fn limited(&self, parts: &Parts, status: StatusCode, reset_in: SignedDuration) -> Reply {
        let mut view = self.view_of(parts);
        view.used = view.limit;
        view.reset = self.now().checked_add(reset_in).unwrap_or(view.reset);
        let mut reply = ApiError::primary_limit(status, &who(view.bucket)).into_reply();
        limit_headers(&mut reply, &view);
        reply
    }

    /// Any other refusal of a fault, with the headers it would have.
    pub(crate) fn refused(&self, parts: &Parts, error: ApiError) -> Reply {
        let view = self.view_of(parts);
        let mut reply = error.into_reply();
        limit_headers(&mut reply, &view);
        reply
    }

    /// Calls that cost somebody quota, ever. An unchanged answer (304) to a caller with a credential costs none; it
    /// counts as a call of its route all the same.
    pub fn quota_charged(&self) -> u64 {
        self.state().limits.charged()
    }

    /// The limit that a request would count for, as it stands.
    fn view_of(&self, parts: &Parts) -> LimitView {
        let resource = Resource::of(&Route::parse(&parts.method, parts.uri.path()));
        self.charge(self.bucket_of(parts), resource, 0)
    }

    pub(crate) fn charge(&self, bucket: Bucket, resource: Resource, cost: u32) -> LimitView {
        let now = self.now();
        let mut state = self.state();
        let repositories = match bucket {
            Bucket::Installation(id) => {
                let installation = state.installation(id);
                installation.map_or(0, |i| state.covered_by(i).len())
            }
            Bucket::App(_) | Bucket::Workflow(_) | Bucket::User(_) | Bucket::Anonymous(_) => 0,
        };
        let limit = match (resource, bucket) {
            (Resource::Core, _) | (_, Bucket::Anonymous(_)) => state.limits.core(bucket, repositories),
            (Resource::RunnerRegistration, _) => state.ci.rules.runner_tokens_per_hour,
        };
        state.limits.spend(bucket, resource, limit, cost, now)
    }

    /// Whose repository or installation a request is about, for faults aimed at an owner.
    pub(crate) fn owner_of(&self, route: &Route, parts: &Parts) -> Option<String> {
        let of_installation = |id: u64| {
            let state = self.state();
            state.installations.get(&id).map(|i| i.owner.clone())
        };
        match route {
            Route::Installation(id)
            | Route::Uninstall(id)
            | Route::Mint(id)
            | Route::Suspend(id)
            | Route::Unsuspend(id) => of_installation(*id),
            Route::Repo(repo)
            | Route::Inside(repo, _)
            | Route::Pulls(repo)
            | Route::RepoInstallation(repo)
            | Route::GitInfoRefs(repo)
            | Route::GitUploadPack(repo)
            | Route::GitReceivePack(repo) => self.owner_of_repository(repo),
            Route::Ci(ci) => match &ci.scope {
                Scope::Repository(repo) | Scope::Environment(repo, _) => self.owner_of_repository(repo),
                Scope::Organization(login) | Scope::Enterprise(login) => Some(login.clone()),
                Scope::Credential => None,
            },
            Route::Org(login) | Route::OrgInstallation(login) | Route::UserInstallation(login) => Some(login.clone()),
            Route::TokenRepositories
            | Route::RevokeToken
            | Route::Root
            | Route::User
            | Route::UserRepos
            | Route::UserOrgs
            | Route::RateLimit => match self.bucket_of(parts) {
                Bucket::Installation(id) | Bucket::Workflow(id) => of_installation(id),
                Bucket::User(id) => Some(self.state().people.login(id).to_owned()),
                Bucket::App(_) | Bucket::Anonymous(_) => None,
            },
            Route::App | Route::Installations | Route::RevokeCredentials | Route::Unknown => None,
        }
    }

    fn owner_of_repository(&self, repo: &RepoRef) -> Option<String> {
        match repo {
            RepoRef::Name { owner, .. } => Some(owner.clone()),
            RepoRef::Id(id) => {
                let state = self.state();
                state.repositories.get(id).map(|r| r.owner.clone())
            }
        }
    }
}

pub(crate) fn who(bucket: Bucket) -> String {
    match bucket {
        Bucket::App(id) => format!("app ID {id}"),
        Bucket::Installation(id) | Bucket::Workflow(id) => format!("installation ID {id}"),
        Bucket::User(id) => format!("user ID {id}"),
        Bucket::Anonymous(address) => address.to_string(),
    }
}

pub(crate) fn limit_headers(reply: &mut Reply, view: &LimitView) {
    reply.set("x-ratelimit-limit", &view.limit.to_string());
    reply.set("x-ratelimit-remaining", &view.remaining().to_string());
    reply.set("x-ratelimit-used", &view.used.to_string());
    reply.set("x-ratelimit-reset", &view.reset.as_second().to_string());
    reply.set("x-ratelimit-resource", view.resource.as_str());
}
