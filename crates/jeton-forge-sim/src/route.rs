//! Which route a method and a path mean.

use http::Method;

/// The names of all routes, for [`Calls`](crate::Calls) and [`FaultRule::on`](crate::FaultRule::on).
///
/// `"unknown"` is every request that means none of the others.
pub const ROUTES: &[&str] = &[
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
    "GET /user",
    "GET /rate_limit",
    "GET /{owner}/{repo}.git/info/refs",
    "POST /{owner}/{repo}.git/git-upload-pack",
    "POST /{owner}/{repo}.git/git-receive-pack",
    "unknown",
];

pub(crate) fn is_known(name: &str) -> bool {
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
    User,
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
    /// The name under which calls are counted and faults are aimed.
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
            Self::User => "GET /user",
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

    /// Reads a request line. `path` is as sent, without its query; the API answers both at the root
    /// and under `/api/v3`, where a server of one's own has it.
    pub(crate) fn parse(method: &Method, path: &str) -> Self {
        // A name that needs decoding (`%2F`, `%00`, `..`) names nothing here, which is also what
        // keeps it away from the file system.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._".contains(&b);
        let Some(path) = path.strip_prefix('/') else {
            return Self::Unknown;
        };
        if !path.bytes().all(plain) || path.split('/').any(|part| matches!(part, "." | "..")) {
            return Self::Unknown;
        }
        let api = path.strip_prefix("api/v3/").unwrap_or(path);
        let parts: Vec<&str> = api.split('/').collect();
        match Self::parse_api(method, &parts) {
            Self::Unknown if api.len() == path.len() => Self::parse_git(method, &parts),
            route => route,
        }
    }

    fn parse_api(method: &Method, parts: &[&str]) -> Self {
        let id = |text: &str| text.parse::<u64>().ok();
        // HEAD is answered like GET; the server leaves the body out.
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        let found = match (method, parts) {
            ("GET", ["app"]) => Some(Self::App),
            ("GET", ["app", "installations"]) => Some(Self::Installations),
            ("GET", ["app", "installations", i]) => id(i).map(Self::Installation),
            ("DELETE", ["app", "installations", i]) => id(i).map(Self::Uninstall),
            ("POST", ["app", "installations", i, "access_tokens"]) => id(i).map(Self::Mint),
            ("PUT", ["app", "installations", i, "suspended"]) => id(i).map(Self::Suspend),
            ("DELETE", ["app", "installations", i, "suspended"]) => id(i).map(Self::Unsuspend),
            ("GET", ["repos", owner, name]) => Some(Self::Repo(RepoRef::name(owner, name))),
            ("GET", ["repos", owner, name, "installation"]) => Some(Self::RepoInstallation(RepoRef::name(owner, name))),
            ("GET", ["repositories", i]) => id(i).map(|i| Self::Repo(RepoRef::Id(i))),
            ("GET", ["repositories", i, "installation"]) => id(i).map(|i| Self::RepoInstallation(RepoRef::Id(i))),
            ("GET", ["orgs", org, "installation"]) => Some(Self::OrgInstallation((*org).into())),
            ("GET", ["users", user, "installation"]) => Some(Self::UserInstallation((*user).into())),
            ("GET", ["installation", "repositories"]) => Some(Self::TokenRepositories),
            ("DELETE", ["installation", "token"]) => Some(Self::RevokeToken),
            ("GET", ["user"]) => Some(Self::User),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_answers_at_the_root_and_under_its_prefix() {
        for prefix in ["", "/api/v3"] {
            let path = format!("{prefix}/app/installations/7/access_tokens");
            assert_eq!(Route::parse(&Method::POST, &path), Route::Mint(7));
        }
    }

    #[test]
    fn git_answers_with_and_without_the_suffix_but_not_under_the_api() {
        let repo = RepoRef::name("acme", "tools");
        for path in ["/acme/tools.git/info/refs", "/acme/tools/info/refs"] {
            assert_eq!(Route::parse(&Method::GET, path), Route::GitInfoRefs(repo.clone()));
        }
        let under_api = "/api/v3/acme/tools.git/info/refs";
        assert_eq!(Route::parse(&Method::GET, under_api), Route::Unknown);
    }

    #[test]
    fn names_that_would_need_decoding_are_unknown() {
        for path in [
            "/acme/..%2f..%2fetc/info/refs",
            "/acme/../info/refs",
            "/acme/./info/refs",
            "/repos/acme/a%2Fb",
            "/repos/acme/a%00b",
            "/repos/acme/a%20b",
            "/app/",
            "app",
            "*",
            "/app/installations/-1",
            "/app/installations/99999999999999999999999",
        ] {
            assert_eq!(Route::parse(&Method::GET, path), Route::Unknown, "{path}");
        }
    }

    #[test]
    fn every_route_has_a_listed_name() {
        let repo = RepoRef::name("a", "b");
        let all = [
            Route::App,
            Route::Installations,
            Route::Installation(1),
            Route::Uninstall(1),
            Route::Mint(1),
            Route::Suspend(1),
            Route::Unsuspend(1),
            Route::Repo(repo.clone()),
            Route::RepoInstallation(repo.clone()),
            Route::Repo(RepoRef::Id(1)),
            Route::RepoInstallation(RepoRef::Id(1)),
            Route::OrgInstallation("a".into()),
            Route::UserInstallation("a".into()),
            Route::TokenRepositories,
            Route::RevokeToken,
            Route::User,
            Route::RateLimit,
            Route::GitInfoRefs(repo.clone()),
            Route::GitUploadPack(repo.clone()),
            Route::GitReceivePack(repo),
            Route::Unknown,
        ];
        assert_eq!(all.len(), ROUTES.len());
        assert!(all.iter().all(|route| is_known(route.key())));
    }
}
