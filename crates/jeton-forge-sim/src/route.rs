//! Which route a method and a path mean.

mod inside;

use http::Method;
pub(crate) use inside::Inside;

use crate::github::{CI_ROUTES, CiRoute};
use crate::{bitbucket, gitlab};

/// The names of all routes, for [`Calls`](crate::Calls) and [`FaultRule::on`](crate::FaultRule::on).
///
/// `"unknown"` is every request that means none of the others.
pub const ROUTES: &[&str] = &all_routes();

const fn all_routes() -> [&'static str; COMMON.len() + CI_ROUTES.len()] {
    let mut all = [""; COMMON.len() + CI_ROUTES.len()];
    let mut index = 0;
    while index < all.len() {
        all[index] = if index < CI_ROUTES.len() {
            CI_ROUTES[index].name
        } else {
            COMMON[index - CI_ROUTES.len()]
        };
        index += 1;
    }
    all
}

/// All routes but those of runners, secrets and environments, which have a table of their own.
const COMMON: &[&str] = &[
    "GET /app",
    "GET /app/installations",
    "GET /app/installations/{id}",
    "DELETE /app/installations/{id}",
    "POST /app/installations/{id}/access_tokens",
    "PUT /app/installations/{id}/suspended",
    "DELETE /app/installations/{id}/suspended",
    "GET /repos/{owner}/{repo}",
    "GET /repos/{owner}/{repo}/installation",
    "GET /repositories/{id}",
    "GET /repositories/{id}/installation",
    "GET /orgs/{org}/installation",
    "GET /users/{user}/installation",
    "GET /installation/repositories",
    "DELETE /installation/token",
    "GET /",
    "GET /user",
    "GET /user/repos",
    "GET /user/orgs",
    "GET /orgs/{org}",
    "GET /repos/{owner}/{repo}/contents/{path}",
    "GET /repos/{owner}/{repo}/branches",
    "GET /repos/{owner}/{repo}/branches/{branch}",
    "GET /repos/{owner}/{repo}/tags",
    "GET /repos/{owner}/{repo}/commits",
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
    "GET /repos/{owner}/{repo}/git/blobs/{sha}",
    "GET /repos/{owner}/{repo}/git/ref/{ref}",
    "GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
    "GET /repos/{owner}/{repo}/pulls",
    "POST /credentials/revoke",
    "GET /rate_limit",
    "GET /{owner}/{repo}.git/info/refs",
    "POST /{owner}/{repo}.git/git-upload-pack",
    "POST /{owner}/{repo}.git/git-receive-pack",
    "unknown",
];

/// Whether any simulated forge has a route of this name.
pub(crate) fn is_known(name: &str) -> bool {
    is_github(name) || gitlab::is_route(name) || bitbucket::is_route(name)
}

/// Whether the simulated GitHub has one.
pub(crate) fn is_github(name: &str) -> bool {
    ROUTES.contains(&name)
}

/// One request's target. Names are as sent: unchecked, of any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    App,
    Installations,
    Installation(u64),
    Uninstall(u64),
    Mint(u64),
    Suspend(u64),
    Unsuspend(u64),
    Repo(RepoRef),
    RepoInstallation(RepoRef),
    OrgInstallation(String),
    UserInstallation(String),
    TokenRepositories,
    RevokeToken,
    Root,
    User,
    UserRepos,
    UserOrgs,
    Org(String),
    /// Runners, secrets and environments.
    Ci(CiRoute),
    Inside(RepoRef, Inside),
    Pulls(RepoRef),
    RevokeCredentials,
    RateLimit,
    GitInfoRefs(RepoRef),
    GitUploadPack(RepoRef),
    GitReceivePack(RepoRef),
    Unknown,
}

/// How a request names a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepoRef {
    Name { owner: String, name: String },
    Id(u64),
}

impl RepoRef {
    fn name(owner: &str, name: &str) -> Self {
        Self::Name {
            owner: owner.to_owned(),
            name: name.to_owned(),
        }
    }
}

impl Route {
    /// The name under which calls are counted and faults are aimed. What is inside of a repository
    /// has one name, whether the repository was called by its own or by its number.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::App => "GET /app",
            Self::Installations => "GET /app/installations",
            Self::Installation(_) => "GET /app/installations/{id}",
            Self::Uninstall(_) => "DELETE /app/installations/{id}",
            Self::Mint(_) => "POST /app/installations/{id}/access_tokens",
            Self::Suspend(_) => "PUT /app/installations/{id}/suspended",
            Self::Unsuspend(_) => "DELETE /app/installations/{id}/suspended",
            Self::Repo(RepoRef::Name { .. }) => "GET /repos/{owner}/{repo}",
            Self::Repo(RepoRef::Id(_)) => "GET /repositories/{id}",
            Self::RepoInstallation(RepoRef::Name { .. }) => "GET /repos/{owner}/{repo}/installation",
            Self::RepoInstallation(RepoRef::Id(_)) => "GET /repositories/{id}/installation",
            Self::OrgInstallation(_) => "GET /orgs/{org}/installation",
            Self::UserInstallation(_) => "GET /users/{user}/installation",
            Self::TokenRepositories => "GET /installation/repositories",
            Self::RevokeToken => "DELETE /installation/token",
            Self::Root => "GET /",
            Self::User => "GET /user",
            Self::UserRepos => "GET /user/repos",
            Self::UserOrgs => "GET /user/orgs",
            Self::Org(_) => "GET /orgs/{org}",
            Self::Ci(route) => route.name,
            Self::Inside(_, inside) => inside.key(),
            Self::Pulls(_) => "GET /repos/{owner}/{repo}/pulls",
            Self::RevokeCredentials => "POST /credentials/revoke",
            Self::RateLimit => "GET /rate_limit",
            Self::GitInfoRefs(_) => "GET /{owner}/{repo}.git/info/refs",
            Self::GitUploadPack(_) => "POST /{owner}/{repo}.git/git-upload-pack",
            Self::GitReceivePack(_) => "POST /{owner}/{repo}.git/git-receive-pack",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn is_git(&self) -> bool {
        matches!(
            self,
            Self::GitInfoRefs(_) | Self::GitUploadPack(_) | Self::GitReceivePack(_)
        )
    }

    /// Whether answering starts git, which takes milliseconds.
    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Inside(..))
    }

    /// Reads a request line. `path` is as sent, without its query; the API answers both at the root
    /// and under `/api/v3`, where a server of one's own has it.
    pub(crate) fn parse(method: &Method, path: &str) -> Self {
        // A name that needs decoding (`%2F`, `%00`, `..`) names nothing here, which is also what
        // keeps it away from the file system.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._".contains(&b);
        let Some(path) = path.strip_prefix('/') else {
            return Self::Unknown;
        };
        let api = path.strip_prefix("api/v3/").unwrap_or(path);
        let parts: Vec<&str> = api.split('/').collect();
        let clean = |text: &str| text.bytes().all(plain) && !text.split('/').any(|part| matches!(part, "." | ".."));
        let inside = match parts.as_slice() {
            ["repos", owner, name, tail @ ..] if Inside::is_meant(tail) => {
                let repo = (clean(owner) && clean(name)).then(|| RepoRef::name(owner, name));
                Some((repo, tail))
            }
            ["repositories", id, tail @ ..] if Inside::is_meant(tail) => Some((id.parse().ok().map(RepoRef::Id), tail)),
            _ => None,
        };
        if let Some((repo, tail)) = inside {
            let found = repo.filter(|_| reads(method)).zip(Inside::parse(tail));
            return found.map_or(Self::Unknown, |(repo, inside)| Self::Inside(repo, inside));
        }
        // Names of environments and secrets are decoded too; they never become part of a path either.
        if let Some(route) = CiRoute::parse(method, &format!("/{api}")) {
            return Self::Ci(route);
        }
        if !clean(path) {
            return Self::Unknown;
        }
        if reads(method) && matches!(path, "" | "api/v3" | "api/v3/") {
            return Self::Root;
        }
        match Self::parse_api(method, &parts) {
            Self::Unknown if api.len() == path.len() => Self::parse_git(method, &parts),
            route => route,
        }
    }

    fn of_repo(repo: RepoRef, tail: &[&str]) -> Option<Self> {
        match tail {
            [] => Some(Self::Repo(repo)),
            ["installation"] => Some(Self::RepoInstallation(repo)),
            ["pulls"] => Some(Self::Pulls(repo)),
            _ => None,
        }
    }

    fn parse_api(method: &Method, parts: &[&str]) -> Self {
        let id = |text: &str| text.parse::<u64>().ok();
        let method = if reads(method) { "GET" } else { method.as_str() };
        let found = match (method, parts) {
            ("GET", ["app"]) => Some(Self::App),
            ("GET", ["app", "installations"]) => Some(Self::Installations),
            ("GET", ["app", "installations", i]) => id(i).map(Self::Installation),
            ("DELETE", ["app", "installations", i]) => id(i).map(Self::Uninstall),
            ("POST", ["app", "installations", i, "access_tokens"]) => id(i).map(Self::Mint),
            ("PUT", ["app", "installations", i, "suspended"]) => id(i).map(Self::Suspend),
            ("DELETE", ["app", "installations", i, "suspended"]) => id(i).map(Self::Unsuspend),
            ("GET", ["repos", owner, name, tail @ ..]) => Self::of_repo(RepoRef::name(owner, name), tail),
            ("GET", ["repositories", i, tail @ ..]) => id(i).and_then(|i| Self::of_repo(RepoRef::Id(i), tail)),
            ("GET", ["orgs", org, "installation"]) => Some(Self::OrgInstallation((*org).into())),
            ("GET", ["users", user, "installation"]) => Some(Self::UserInstallation((*user).into())),
            ("GET", ["installation", "repositories"]) => Some(Self::TokenRepositories),
            ("DELETE", ["installation", "token"]) => Some(Self::RevokeToken),
            ("GET", ["user"]) => Some(Self::User),
            ("GET", ["user", "repos"]) => Some(Self::UserRepos),
            ("GET", ["user", "orgs"]) => Some(Self::UserOrgs),
            ("GET", ["orgs", org]) => Some(Self::Org((*org).into())),
            ("POST", ["credentials", "revoke"]) => Some(Self::RevokeCredentials),
            ("GET", ["rate_limit"]) => Some(Self::RateLimit),
            _ => None,
        };
        found.unwrap_or(Self::Unknown)
    }

    fn parse_git(method: &Method, parts: &[&str]) -> Self {
        let repo = |owner: &str, name: &str| RepoRef::name(owner, name.strip_suffix(".git").unwrap_or(name));
        match (method.as_str(), parts) {
            ("GET", [owner, name, "info", "refs"]) => Self::GitInfoRefs(repo(owner, name)),
            ("POST", [owner, name, "git-upload-pack"]) => Self::GitUploadPack(repo(owner, name)),
            ("POST", [owner, name, "git-receive-pack"]) => Self::GitReceivePack(repo(owner, name)),
            _ => Self::Unknown,
        }
    }
}

/// HEAD is answered like GET; the server leaves the body out.
pub(crate) fn reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// Undoes percent-encoding; `None` for what cannot be a name.
pub(crate) fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, left)) = rest.split_first() {
        rest = left;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
