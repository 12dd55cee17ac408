//! What a call needs at the least (OpenAPI descriptions of github.com and of Enterprise Cloud), and how people call it.

use jeton_domain::CiScope;

use crate::ci::SecretFamily;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Register or remove runners.
    Runners,
    /// Write secrets to one of the stores.
    Secrets(SecretFamily),
    /// Write secrets to an environment.
    EnvironmentSecrets,
}

impl Task {
    /// As the subject of a sentence.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Runners => "registering runners",
            Self::Secrets(SecretFamily::Actions) => "writing secrets",
            Self::Secrets(SecretFamily::Dependabot) => "writing Dependabot secrets",
            Self::Secrets(SecretFamily::Codespaces) => "writing Codespaces secrets",
            Self::EnvironmentSecrets => "writing secrets of environments",
        }
    }

    /// The permission of fine-grained tokens and Apps; `None` where no such token will do.
    pub(super) fn permission(self, scope: &CiScope) -> Option<&'static str> {
        use SecretFamily::{Actions, Codespaces, Dependabot};
        match (scope, self) {
            (CiScope::Repository(_), Self::Runners) => Some("administration=write"),
            (CiScope::Repository(_), Self::Secrets(Actions)) => Some("secrets=write"),
            (CiScope::Repository(_), Self::Secrets(Dependabot)) => Some("dependabot_secrets=write"),
            (CiScope::Repository(_), Self::Secrets(Codespaces)) => Some("codespaces_secrets=write"),
            (CiScope::Repository(_), Self::EnvironmentSecrets) => Some("environments=write"),
            (CiScope::Owner(_), Self::Runners) => Some("organization_self_hosted_runners=write"),
            (CiScope::Owner(_), Self::Secrets(Actions)) => Some("organization_secrets=write"),
            (CiScope::Owner(_), Self::Secrets(Dependabot)) => Some("organization_dependabot_secrets=write"),
            (CiScope::Owner(_), Self::Secrets(Codespaces)) => Some("organization_codespaces_secrets=write"),
            (CiScope::Owner(_), Self::EnvironmentSecrets) | (CiScope::Enterprise(_) | CiScope::Instance, _) => None,
        }
    }

    /// The scope of classic and OAuth tokens.
    pub(super) fn classic_scope(scope: &CiScope) -> &'static str {
        match scope {
            CiScope::Repository(_) => "repo",
            CiScope::Owner(_) => "admin:org",
            CiScope::Enterprise(_) | CiScope::Instance => "manage_runners:enterprise",
        }
    }

    /// Who may do it, as far as it hangs on a person; completes "it takes".
    pub(super) fn role(self, scope: &CiScope) -> String {
        match (scope, self) {
            (CiScope::Repository(path), Self::Runners) => {
                format!("somebody with the role \"Admin\" on the repository `{path}`")
            }
            (CiScope::Repository(path), _) => format!("somebody with the role \"Write\" on the repository `{path}`"),
            (CiScope::Owner(org), _) => format!("an owner of the organisation `{org}`"),
            (CiScope::Enterprise(name), _) => format!("an owner of the enterprise `{name}`"),
            (CiScope::Instance, _) => "an administrator of the server".to_owned(),
        }
    }

    /// In which part of a token's or App's permissions it stands.
    pub(super) fn section(scope: &CiScope) -> &'static str {
        match scope {
            CiScope::Repository(_) => "Repository permissions",
            _ => "Organization permissions",
        }
    }

    /// The least that will do, in short: `administration: write`, or a scope where there is no permission.
    pub(super) fn least(self, scope: &CiScope) -> String {
        match self.permission(scope) {
            Some(permission) => permission.replace('=', ": "),
            None => Self::classic_scope(scope).to_owned(),
        }
    }
}

/// The place as people call it.
pub(super) fn thing(scope: &CiScope) -> String {
    match scope {
        CiScope::Repository(path) => format!("the repository `{path}`"),
        CiScope::Owner(org) => format!("the organisation `{org}`"),
        CiScope::Enterprise(name) => format!("the enterprise `{name}`"),
        CiScope::Instance => "the whole server".to_owned(),
    }
}

/// Its owner, where organisations set their policies.
pub(super) fn owner(scope: &CiScope) -> Option<&str> {
    match scope {
        CiScope::Repository(path) => Some(path.owner()),
        CiScope::Owner(org) => Some(org.as_str()),
        CiScope::Enterprise(_) | CiScope::Instance => None,
    }
}

/// The path below the API's URL; empty for what GitHub has not.
pub(super) fn path(scope: &CiScope) -> Vec<&str> {
    match scope {
        CiScope::Repository(path) => vec!["repos", path.owner(), path.name().as_str()],
        CiScope::Owner(org) => vec!["orgs", org.as_str()],
        CiScope::Enterprise(name) => vec!["enterprises", name.as_str()],
        CiScope::Instance => Vec::new(),
    }
}

/// The word for one of GitHub's stores in paths and in addresses of settings.
pub(super) fn store(family: SecretFamily) -> &'static str {
    match family {
        SecretFamily::Actions => "actions",
        SecretFamily::Dependabot => "dependabot",
        SecretFamily::Codespaces => "codespaces",
    }
}
