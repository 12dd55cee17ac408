//! Routes of runners, of secrets and of environments.

use http::Method;

use super::table::TABLE;
use crate::github::model::is_name;
use crate::github::permissions::Level;
use crate::github::personal::{Need, RepoRole};
use crate::route::RepoRef;
use crate::site::table::find;

use Action::{DeleteSecret, GetSecret, JitConfig, ListRunners, ListSecrets, PutSecret, RunnerToken, SecretKey};

/// Whose workflows read a secret. All three have calls of the same shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SecretFamily {
    /// Workflows.
    #[default]
    Actions,
    /// Workflows that Dependabot starts.
    Dependabot,
    /// Development environments.
    Codespaces,
}

/// What a token for runners is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunnerTokenPurpose {
    /// Adding a runner.
    Registration,
    /// Taking one away.
    Removal,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    ListRunners,
    RunnerToken(RunnerTokenPurpose),
    JitConfig,
    /// What `config.sh` calls with a registration or removal token.
    RegisterRunner,
    ListSecrets(SecretFamily),
    SecretKey(SecretFamily),
    GetSecret(SecretFamily),
    PutSecret(SecretFamily),
    DeleteSecret(SecretFamily),
    ListEnvironments,
    GetEnvironment,
    PutEnvironment,
}

/// Where it is to be done, as the path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    Repository(RepoRef),
    Environment(RepoRef, String),
    Organization(String),
    Enterprise(String),
    /// The path names nothing; the credential does.
    Credential,
}

/// One request for any of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CiRoute {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    pub(crate) scope: Scope,
    /// The secret's name, where the path ends with one; decoded and unchecked.
    pub(crate) secret: String,
}

/// What a call needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Of classic and OAuth tokens.
    pub(crate) scope: &'static str,
    /// Of fine-grained and app tokens; `None`: no such token will do.
    pub(crate) permission: Option<&'static str>,
    pub(crate) level: Level,
    /// Of the person, in a repository.
    pub(crate) role: RepoRole,
    /// Anybody may, where the repository is public.
    pub(crate) open: bool,
}

impl Wanted {
    /// The same as a repository asks it.
    pub(crate) fn need(&self) -> Need {
        Need {
            permission: self.permission.unwrap_or_default(),
            level: self.level,
            role: self.role,
            open: self.open,
        }
    }

    /// In the words of `X-Accepted-GitHub-Permissions`.
    pub(crate) fn header(&self) -> Option<String> {
        let permission = self.permission?;
        Some(format!("{permission}={}", self.level.as_str()))
    }
}

impl CiRoute {
    /// Reads a request line; `path` without the prefix of the API. What hangs on a repository has one name, whether
    /// the repository is called by its own or by its number.
    pub(crate) fn parse(method: &Method, path: &str) -> Option<Self> {
        let numbered = path
            .strip_prefix("/repositories/")
            .and_then(|rest| rest.split_once('/'));
        let by_number = match numbered {
            Some((id, tail)) => Some((id.parse().ok()?, format!("/repos/by/number/{tail}"))),
            None => None,
        };
        let (id, path) = match &by_number {
            Some((id, path)) => (Some(*id), path.as_str()),
            None => (None, path),
        };
        let (entry, caught) = find(TABLE, method, path)?;
        let mut caught = caught.into_iter();
        let mut next = || caught.next().unwrap_or_default();
        let template = entry.name.split_once(' ').map_or("", |(_, template)| template);
        let scope = if template.starts_with("/repos/") {
            let (owner, name) = (next(), next());
            let repo = match id {
                Some(id) => RepoRef::Id(id),
                None if is_name(&owner) && is_name(&name) => RepoRef::Name { owner, name },
                None => return None,
            };
            if template.contains("/{env}") {
                Scope::Environment(repo, next())
            } else {
                Scope::Repository(repo)
            }
        } else if template.starts_with("/orgs/") {
            Scope::Organization(Some(next()).filter(|org| is_name(org))?)
        } else if template.starts_with("/enterprises/") {
            Scope::Enterprise(Some(next()).filter(|slug| is_name(slug))?)
        } else {
            Scope::Credential
        };
        Some(Self {
            name: entry.name,
            action: entry.action,
            scope,
            secret: next(),
        })
    }

    pub(crate) fn wanted(&self) -> Wanted {
        let reads = self.name.starts_with("GET ");
        let level = if reads { Level::Read } else { Level::Write };
        let of = |scope, permission, role| Wanted {
            scope,
            permission,
            level,
            role,
            open: false,
        };
        match (self.action, &self.scope) {
            (ListRunners | RunnerToken(_) | JitConfig, Scope::Organization(_)) => {
                of("admin:org", Some("organization_self_hosted_runners"), RepoRole::Admin)
            }
            (ListRunners | RunnerToken(_) | JitConfig, Scope::Enterprise(_)) => {
                of("manage_runners:enterprise", None, RepoRole::Admin)
            }
            (ListRunners | RunnerToken(_) | JitConfig | Action::PutEnvironment, _) => {
                of("repo", Some("administration"), RepoRole::Admin)
            }
            (Action::RegisterRunner, _) => of("", None, RepoRole::Read),
            // Of environments themselves the facts say nothing; these are the documented permissions.
            (Action::ListEnvironments | Action::GetEnvironment, _) => Wanted {
                open: true,
                ..of("repo", Some("actions"), RepoRole::Read)
            },
            (_, Scope::Environment(..)) => of("repo", Some("environments"), RepoRole::Write),
            (
                ListSecrets(family) | SecretKey(family) | GetSecret(family) | PutSecret(family) | DeleteSecret(family),
                Scope::Organization(_),
            ) => of("admin:org", Some(family.org_permission()), RepoRole::Admin),
            (
                ListSecrets(family) | SecretKey(family) | GetSecret(family) | PutSecret(family) | DeleteSecret(family),
                _,
            ) => of("repo", Some(family.repo_permission()), RepoRole::Write),
        }
    }

    /// Whether the call counts for the limit of runners' registrations. Of JIT configurations it is not known.
    pub(crate) fn registers(&self) -> bool {
        matches!(self.action, RunnerToken(_))
    }
}

impl SecretFamily {
    /// The part of the path, and the word in settings.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Dependabot => "dependabot",
            Self::Codespaces => "codespaces",
        }
    }

    fn repo_permission(self) -> &'static str {
        match self {
            Self::Actions => "secrets",
            Self::Dependabot => "dependabot_secrets",
            // Not among the keys that an app can be given.
            Self::Codespaces => "codespaces_secrets",
        }
    }

    /// Of these only the first is among the keys that an app can be given.
    fn org_permission(self) -> &'static str {
        match self {
            Self::Actions => "organization_secrets",
            Self::Dependabot => "organization_dependabot_secrets",
            Self::Codespaces => "organization_codespaces_secrets",
        }
    }
}

#[cfg(test)]
mod tests {
    use SecretFamily::{Actions, Dependabot};

    use super::*;

    fn parse(method: &Method, path: &str) -> Option<(Action, Scope, String)> {
        CiRoute::parse(method, path).map(|route| (route.action, route.scope, route.secret))
    }

    fn tools() -> RepoRef {
        RepoRef::Name {
            owner: "acme".into(),
            name: "tools".into(),
        }
    }

    #[test]
    fn an_environment_may_hold_a_slash_and_a_secret_any_name() {
        let env = Scope::Environment(tools(), "prod/eu west".into());
        let path = "/repos/acme/tools/environments/prod%2Feu%20west/secrets/A-B";
        assert_eq!(
            parse(&Method::PUT, path),
            Some((PutSecret(Actions), env, "A-B".to_owned()))
        );
        let key = parse(&Method::GET, "/orgs/acme/dependabot/secrets/public-key");
        let org = Scope::Organization("acme".into());
        assert_eq!(key, Some((SecretKey(Dependabot), org, String::new())));
    }

    #[test]
    fn a_repository_may_be_called_by_its_number() {
        let path = "/repositories/7/actions/runners/registration-token";
        let route = CiRoute::parse(&Method::POST, path).unwrap();
        assert_eq!(route.scope, Scope::Repository(RepoRef::Id(7)));
        assert_eq!(
            route.name,
            "POST /repos/{owner}/{repo}/actions/runners/registration-token"
        );
    }

    #[test]
    fn names_that_cannot_be_are_no_route() {
        for path in [
            "/repos/acme/a%2Fb/actions/secrets",
            "/repos/../tools/actions/secrets",
            "/repos/acme/%2e%2e/actions/secrets",
            "/repos/acme/tools/environments/a%00b/secrets",
            "/repos/acme/tools/environments/a%0Ab",
            "/orgs/a%20b/actions/runners",
            "/enterprises//actions/runners",
            "/repositories/x/actions/runners",
            "/repos/acme/tools/agents/secrets",
        ] {
            assert_eq!(parse(&Method::GET, path), None, "{path}");
        }
    }
}
