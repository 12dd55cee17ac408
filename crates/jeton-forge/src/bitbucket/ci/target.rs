//! For what a call is: a repository or a workspace, with its places in the API and the pages that people open. The API writes
//! `pipelines_config` in some paths and `pipelines-config` in others; the paths here are those of its description.

use jeton_domain::{CiScope, Code, Diagnosis, ForgeEndpoint};

use crate::diagnose::diagnosis;

/// What is to be done, as far as the words and the least that is wanted differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Runner,
    Variable,
}

impl Task {
    /// To stand behind "for".
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Runner => "making, reading and removing runners",
            Self::Variable => "reading and writing variables of Pipelines",
        }
    }

    /// The scopes of an API token and those of an access token, all of them. That `pipeline:variable` holds `pipeline` stands nowhere.
    pub(super) fn scopes(self) -> [&'static [&'static str]; 2] {
        match self {
            Self::Runner => [&["read:runner:bitbucket", "write:runner:bitbucket"], &["runner:write"]],
            Self::Variable => [
                &["read:pipeline:bitbucket", "admin:pipeline:bitbucket"],
                &["pipeline", "pipeline:variable"],
            ],
        }
    }
}

/// A repository or a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Repository { workspace: String, name: String },
    Workspace(String),
}

impl Target {
    /// Reads a scope.
    pub(super) fn of(scope: &CiScope) -> Result<Self, Diagnosis> {
        match scope {
            CiScope::Repository(path) => Ok(Self::Repository {
                workspace: path.owner().to_owned(),
                name: path.name().to_string(),
            }),
            CiScope::Owner(owner) => Ok(Self::Workspace(owner.to_string())),
            CiScope::Enterprise(_) | CiScope::Instance => Err(diagnosis(
                Code::RunnerUnsupported,
                "Bitbucket Cloud has runners and variables of repositories and workspaces, and nothing above a workspace.",
                "Name a repository (OWNER/REPO) or a workspace (`--workspace`).",
            )),
        }
    }

    /// `the repository acme/tools`.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Repository { workspace, name } => format!("the repository `{workspace}/{name}`"),
            Self::Workspace(workspace) => format!("the workspace `{workspace}`"),
        }
    }

    fn space(&self) -> Vec<&str> {
        match self {
            Self::Repository { workspace, name } => vec!["repositories", workspace, name],
            Self::Workspace(workspace) => vec!["workspaces", workspace],
        }
    }

    pub(super) fn runners(&self) -> Vec<&str> {
        [self.space().as_slice(), &["pipelines-config", "runners"]].concat()
    }

    pub(super) fn environments(&self) -> Vec<&str> {
        [self.space().as_slice(), &["environments"]].concat()
    }

    /// Of an environment where one is given, by its UUID.
    pub(super) fn variables<'a>(&'a self, environment: Option<&'a str>) -> Vec<&'a str> {
        let tail = match (self, environment) {
            (Self::Repository { .. }, Some(uuid)) => vec!["deployments_config", "environments", uuid, "variables"],
            (Self::Repository { .. }, None) => vec!["pipelines_config", "variables"],
            (Self::Workspace(_), _) => vec!["pipelines-config", "variables"],
        };
        [self.space(), tail].concat()
    }

    /// `acme/tools`, `acme`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Repository { workspace, name } => format!("{workspace}/{name}"),
            Self::Workspace(workspace) => workspace.clone(),
        }
    }

    /// Where people see it.
    pub(super) fn page(&self, forge: &ForgeEndpoint) -> String {
        format!("{}/{}", forge.web_url(), self.path())
    }

    /// Where its administrators change it.
    pub(super) fn settings_page(&self, forge: &ForgeEndpoint) -> String {
        match self {
            Self::Repository { .. } => format!("{}/admin", self.page(forge)),
            Self::Workspace(_) => format!("{}/workspace/settings", self.page(forge)),
        }
    }

    /// The way from there to the page of a task.
    pub(super) fn way(&self, task: Task) -> &'static str {
        match (self, task) {
            (Self::Repository { .. }, Task::Runner) => "\"Repository settings\", \"Runners\"",
            (Self::Workspace(_), Task::Runner) => "\"Workspace settings\", \"Workspace runners\"",
            (Self::Repository { .. }, Task::Variable) => "\"Repository settings\", \"Repository variables\"",
            (Self::Workspace(_), Task::Variable) => "\"Workspace settings\", \"Workspace variables\"",
        }
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CiScope, ForgeKind};

    use super::Target;

    #[test]
    fn each_place_has_the_path_of_the_description() {
        let of = |kind, path| Target::of(&CiScope::from_parts(ForgeKind::Bitbucket, kind, path).unwrap()).unwrap();
        let (repository, workspace) = (of("repository", "acme/tools"), of("owner", "acme"));
        let path = |parts: Vec<&str>| parts.join("/");
        assert_eq!(
            path(repository.runners()),
            "repositories/acme/tools/pipelines-config/runners"
        );
        assert_eq!(path(workspace.runners()), "workspaces/acme/pipelines-config/runners");
        assert_eq!(
            path(repository.variables(None)),
            "repositories/acme/tools/pipelines_config/variables"
        );
        assert_eq!(
            path(workspace.variables(None)),
            "workspaces/acme/pipelines-config/variables"
        );
        assert_eq!(
            path(repository.variables(Some("{u}"))),
            "repositories/acme/tools/deployments_config/environments/{u}/variables"
        );
        assert!(Target::of(&CiScope::Instance).is_err());
    }
}
