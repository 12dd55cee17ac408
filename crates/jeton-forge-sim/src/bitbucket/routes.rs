//! The routes of the simulated Bitbucket, and the scopes each asks for.

use crate::site::table::{Entry, content, entry, git};

/// What runners and variables belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Repository,
    Workspace,
    /// A deployment environment, which has variables only.
    Environment,
}

impl Place {
    /// How many parts of a path name it.
    pub(super) fn names(self) -> usize {
        match self {
            Self::Workspace => 1,
            Self::Repository => 2,
            Self::Environment => 3,
        }
    }
}

/// What a route means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    ShowUser,
    ListEmails,
    ListUserWorkspaces,
    ListRepositoryPermissions,
    ListWorkspaces,
    ShowWorkspace,
    ListRepositories,
    ShowRepository,
    RedirectToSource,
    ShowSource,
    ListFileHistory,
    ListCommits,
    ListCommitsOf,
    ShowCommit,
    ListRefs,
    ListBranches,
    ShowBranch,
    ListTags,
    ShowTag,
    ShowMedia,
    ListPullRequests,
    ListRunners(Place),
    CreateRunner(Place),
    ShowRunner(Place),
    UpdateRunner(Place),
    DeleteRunner(Place),
    ListVariables(Place),
    CreateVariable(Place),
    ShowVariable(Place),
    UpdateVariable(Place),
    DeleteVariable(Place),
    ListEnvironments,
    GitRefs,
    GitUpload,
    GitReceive,
}

use Action as A;
use Place::{Environment, Repository, Workspace};

pub(super) static TABLE: &[Entry<Action>] = &[
    entry("GET /2.0/user", A::ShowUser),
    entry("GET /2.0/user/emails", A::ListEmails),
    entry("GET /2.0/user/workspaces", A::ListUserWorkspaces),
    entry("GET /2.0/user/permissions/repositories", A::ListRepositoryPermissions),
    entry("GET /2.0/workspaces", A::ListWorkspaces),
    entry("GET /2.0/workspaces/{workspace}", A::ShowWorkspace),
    content("GET /2.0/repositories/{workspace}", A::ListRepositories),
    content("GET /2.0/repositories/{workspace}/{repo_slug}", A::ShowRepository),
    content("GET /2.0/repositories/{workspace}/{repo_slug}/src", A::RedirectToSource),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/src/{commit}/{path*}",
        A::ShowSource,
    ),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/filehistory/{commit}/{path+}",
        A::ListFileHistory,
    ),
    content("GET /2.0/repositories/{workspace}/{repo_slug}/commits", A::ListCommits),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/commits/{revision}",
        A::ListCommitsOf,
    ),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/commit/{commit}",
        A::ShowCommit,
    ),
    content("GET /2.0/repositories/{workspace}/{repo_slug}/refs", A::ListRefs),
    content("GET /2.0/repositories/{workspace}/{repo_slug}/refs/tags", A::ListTags),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/refs/tags/{name+}",
        A::ShowTag,
    ),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/refs/branches",
        A::ListBranches,
    ),
    content(
        "GET /2.0/repositories/{workspace}/{repo_slug}/refs/branches/{name+}",
        A::ShowBranch,
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/pullrequests",
        A::ListPullRequests,
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners",
        A::ListRunners(Repository),
    ),
    entry(
        "POST /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners",
        A::CreateRunner(Repository),
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}",
        A::ShowRunner(Repository),
    ),
    entry(
        "PUT /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}",
        A::UpdateRunner(Repository),
    ),
    entry(
        "DELETE /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners/{runner_uuid}",
        A::DeleteRunner(Repository),
    ),
    entry(
        "GET /2.0/workspaces/{workspace}/pipelines-config/runners",
        A::ListRunners(Workspace),
    ),
    entry(
        "POST /2.0/workspaces/{workspace}/pipelines-config/runners",
        A::CreateRunner(Workspace),
    ),
    entry(
        "GET /2.0/workspaces/{workspace}/pipelines-config/runners/{runner_uuid}",
        A::ShowRunner(Workspace),
    ),
    entry(
        "PUT /2.0/workspaces/{workspace}/pipelines-config/runners/{runner_uuid}",
        A::UpdateRunner(Workspace),
    ),
    entry(
        "DELETE /2.0/workspaces/{workspace}/pipelines-config/runners/{runner_uuid}",
        A::DeleteRunner(Workspace),
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables",
        A::ListVariables(Repository),
    ),
    entry(
        "POST /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables",
        A::CreateVariable(Repository),
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}",
        A::ShowVariable(Repository),
    ),
    entry(
        "PUT /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}",
        A::UpdateVariable(Repository),
    ),
    entry(
        "DELETE /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables/{variable_uuid}",
        A::DeleteVariable(Repository),
    ),
    entry(
        "GET /2.0/workspaces/{workspace}/pipelines-config/variables",
        A::ListVariables(Workspace),
    ),
    entry(
        "POST /2.0/workspaces/{workspace}/pipelines-config/variables",
        A::CreateVariable(Workspace),
    ),
    entry(
        "GET /2.0/workspaces/{workspace}/pipelines-config/variables/{variable_uuid}",
        A::ShowVariable(Workspace),
    ),
    entry(
        "PUT /2.0/workspaces/{workspace}/pipelines-config/variables/{variable_uuid}",
        A::UpdateVariable(Workspace),
    ),
    entry(
        "DELETE /2.0/workspaces/{workspace}/pipelines-config/variables/{variable_uuid}",
        A::DeleteVariable(Workspace),
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables",
        A::ListVariables(Environment),
    ),
    entry(
        "POST /2.0/repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables",
        A::CreateVariable(Environment),
    ),
    entry(
        "PUT /2.0/repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables/{variable_uuid}",
        A::UpdateVariable(Environment),
    ),
    entry(
        "DELETE /2.0/repositories/{workspace}/{repo_slug}/deployments_config/environments/{environment_uuid}/variables/{variable_uuid}",
        A::DeleteVariable(Environment),
    ),
    entry(
        "GET /2.0/repositories/{workspace}/{repo_slug}/environments",
        A::ListEnvironments,
    ),
    content("GET /media/{workspace}/{repo_slug}/{object}", A::ShowMedia),
    git("GET /{workspace}/{repo_slug}/info/refs", A::GitRefs),
    git("POST /{workspace}/{repo_slug}/git-upload-pack", A::GitUpload),
    git("POST /{workspace}/{repo_slug}/git-receive-pack", A::GitReceive),
];

/// What a credential needs, in each of the two ways that Bitbucket writes scopes; all of them.
pub(super) struct Needs {
    /// Of API tokens.
    pub(super) granular: &'static [&'static str],
    /// Of access tokens and OAuth.
    pub(super) classic: &'static [&'static str],
}

impl Action {
    pub(super) fn needs(self) -> Needs {
        let (granular, classic): (&[&str], &[&str]) = match self {
            // Its address is signed.
            Self::ShowMedia => (&[], &[]),
            Self::ShowUser => (&["read:user:bitbucket"], &["account"]),
            Self::ListEmails => (&["read:user:bitbucket"], &["email"]),
            Self::ListUserWorkspaces => (&["read:workspace:bitbucket"], &["account"]),
            Self::ListWorkspaces => (&["read:user:bitbucket", "read:workspace:bitbucket"], &["account"]),
            Self::ShowWorkspace => (&["read:workspace:bitbucket"], &[]),
            Self::ListRepositoryPermissions => (
                &["read:repository:bitbucket", "read:user:bitbucket"],
                &["account", "repository"],
            ),
            Self::ListPullRequests => (&["read:pullrequest:bitbucket"], &["pullrequest"]),
            Self::ListRunners(_) | Self::ShowRunner(_) => (&["read:runner:bitbucket"], &["runner"]),
            Self::CreateRunner(_) => (&["write:runner:bitbucket", "read:runner:bitbucket"], &["runner:write"]),
            Self::UpdateRunner(_) | Self::DeleteRunner(_) => (&["write:runner:bitbucket"], &["runner:write"]),
            Self::ListVariables(_) | Self::ShowVariable(_) | Self::ListEnvironments => {
                (&["read:pipeline:bitbucket"], &["pipeline"])
            }
            Self::CreateVariable(_) | Self::UpdateVariable(_) | Self::DeleteVariable(_) => {
                (&["admin:pipeline:bitbucket"], &["pipeline:variable"])
            }
            Self::GitReceive => (&["write:repository:bitbucket"], &["repository:write"]),
            Self::ListRepositories
            | Self::ShowRepository
            | Self::RedirectToSource
            | Self::ShowSource
            | Self::ListFileHistory
            | Self::ListCommits
            | Self::ListCommitsOf
            | Self::ShowCommit
            | Self::ListRefs
            | Self::ListBranches
            | Self::ShowBranch
            | Self::ListTags
            | Self::ShowTag
            | Self::GitRefs
            | Self::GitUpload => (&["read:repository:bitbucket"], &["repository"]),
        };
        Needs { granular, classic }
    }

    /// Whether calls count against the limit for repository data.
    pub(super) fn is_repository_data(self) -> bool {
        !matches!(
            self,
            Self::ShowUser
                | Self::ListEmails
                | Self::ListUserWorkspaces
                | Self::ListWorkspaces
                | Self::ShowWorkspace
                | Self::ShowMedia
        )
    }
}
