//! The routes of the simulated GitLab, and the scopes each asks for.

use crate::site::table::{Entry, content, entry, git};

/// What an access token can belong to, besides a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    Project,
    Group,
}

/// What a route means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    ShowOwnToken,
    ShowAssociations,
    RotateOwnToken,
    RevokeOwnToken,
    ListTokens,
    ShowToken,
    RotateToken,
    RevokeToken,
    ListHolderTokens(Holder),
    CreateHolderToken(Holder),
    ShowHolderToken(Holder),
    RotateOwnHolderToken(Holder),
    RotateHolderToken(Holder),
    RevokeHolderToken(Holder),
    ShowUser,
    ShowVersion,
    ShowMetadata,
    ShowOAuthToken,
    ShowJob,
    ListProjects,
    ShowProject,
    ListGroups,
    ShowGroup,
    ShowMember(Holder),
    CreateRunner,
    VerifyRunner,
    ResetOwnRunner,
    DeleteOwnRunner,
    ShowRunner,
    ResetRunner,
    DeleteRunner,
    ListRunners(Holder),
    ListVariables(Holder),
    CreateVariable(Holder),
    ShowVariable(Holder),
    UpdateVariable(Holder),
    DeleteVariable(Holder),
    ListMergeRequests,
    ListTree,
    ShowFile,
    ShowRawFile,
    ShowBlob,
    ShowRawBlob,
    ListCommits,
    ShowCommit,
    ListBranches,
    ShowBranch,
    ListTags,
    ShowTag,
    GitRefs,
    GitUpload,
    GitReceive,
}

use Action as A;
use Holder::{Group, Project};

pub(super) static TABLE: &[Entry<Action>] = &[
    entry("GET /api/v4/personal_access_tokens/self", A::ShowOwnToken),
    entry(
        "GET /api/v4/personal_access_tokens/self/associations",
        A::ShowAssociations,
    ),
    entry("POST /api/v4/personal_access_tokens/self/rotate", A::RotateOwnToken),
    entry("DELETE /api/v4/personal_access_tokens/self", A::RevokeOwnToken),
    entry("GET /api/v4/personal_access_tokens", A::ListTokens),
    entry("GET /api/v4/personal_access_tokens/{token_id}", A::ShowToken),
    entry("POST /api/v4/personal_access_tokens/{token_id}/rotate", A::RotateToken),
    entry("DELETE /api/v4/personal_access_tokens/{token_id}", A::RevokeToken),
    entry("GET /api/v4/projects/{id}/access_tokens", A::ListHolderTokens(Project)),
    entry(
        "POST /api/v4/projects/{id}/access_tokens",
        A::CreateHolderToken(Project),
    ),
    entry(
        "POST /api/v4/projects/{id}/access_tokens/self/rotate",
        A::RotateOwnHolderToken(Project),
    ),
    entry(
        "POST /api/v4/projects/{id}/access_tokens/{token_id}/rotate",
        A::RotateHolderToken(Project),
    ),
    entry(
        "GET /api/v4/projects/{id}/access_tokens/{token_id}",
        A::ShowHolderToken(Project),
    ),
    entry(
        "DELETE /api/v4/projects/{id}/access_tokens/{token_id}",
        A::RevokeHolderToken(Project),
    ),
    entry("GET /api/v4/groups/{id}/access_tokens", A::ListHolderTokens(Group)),
    entry("POST /api/v4/groups/{id}/access_tokens", A::CreateHolderToken(Group)),
    entry(
        "POST /api/v4/groups/{id}/access_tokens/self/rotate",
        A::RotateOwnHolderToken(Group),
    ),
    entry(
        "POST /api/v4/groups/{id}/access_tokens/{token_id}/rotate",
        A::RotateHolderToken(Group),
    ),
    entry(
        "GET /api/v4/groups/{id}/access_tokens/{token_id}",
        A::ShowHolderToken(Group),
    ),
    entry(
        "DELETE /api/v4/groups/{id}/access_tokens/{token_id}",
        A::RevokeHolderToken(Group),
    ),
    entry("GET /api/v4/user", A::ShowUser),
    entry("GET /api/v4/version", A::ShowVersion),
    entry("GET /api/v4/metadata", A::ShowMetadata),
    entry("GET /oauth/token/info", A::ShowOAuthToken),
    entry("GET /api/v4/job", A::ShowJob),
    content("GET /api/v4/projects", A::ListProjects),
    content("GET /api/v4/projects/{id}", A::ShowProject),
    entry(
        "GET /api/v4/projects/{id}/members/all/{user_id}",
        A::ShowMember(Project),
    ),
    entry("POST /api/v4/user/runners", A::CreateRunner),
    entry("POST /api/v4/runners/verify", A::VerifyRunner),
    entry("POST /api/v4/runners/reset_authentication_token", A::ResetOwnRunner),
    entry("DELETE /api/v4/runners", A::DeleteOwnRunner),
    entry("GET /api/v4/runners/{id}", A::ShowRunner),
    entry("POST /api/v4/runners/{id}/reset_authentication_token", A::ResetRunner),
    entry("DELETE /api/v4/runners/{id}", A::DeleteRunner),
    entry("GET /api/v4/projects/{id}/runners", A::ListRunners(Project)),
    entry("GET /api/v4/projects/{id}/variables", A::ListVariables(Project)),
    entry("POST /api/v4/projects/{id}/variables", A::CreateVariable(Project)),
    entry("GET /api/v4/projects/{id}/variables/{key}", A::ShowVariable(Project)),
    entry("PUT /api/v4/projects/{id}/variables/{key}", A::UpdateVariable(Project)),
    entry(
        "DELETE /api/v4/projects/{id}/variables/{key}",
        A::DeleteVariable(Project),
    ),
    entry("GET /api/v4/groups/{id}/runners", A::ListRunners(Group)),
    entry("GET /api/v4/groups/{id}/variables", A::ListVariables(Group)),
    entry("POST /api/v4/groups/{id}/variables", A::CreateVariable(Group)),
    entry("GET /api/v4/groups/{id}/variables/{key}", A::ShowVariable(Group)),
    entry("PUT /api/v4/groups/{id}/variables/{key}", A::UpdateVariable(Group)),
    entry("DELETE /api/v4/groups/{id}/variables/{key}", A::DeleteVariable(Group)),
    entry("GET /api/v4/projects/{id}/merge_requests", A::ListMergeRequests),
    content("GET /api/v4/projects/{id}/repository/tree", A::ListTree),
    content("GET /api/v4/projects/{id}/repository/files/{file_path}", A::ShowFile),
    content(
        "GET /api/v4/projects/{id}/repository/files/{file_path}/raw",
        A::ShowRawFile,
    ),
    content("GET /api/v4/projects/{id}/repository/blobs/{sha}", A::ShowBlob),
    content("GET /api/v4/projects/{id}/repository/blobs/{sha}/raw", A::ShowRawBlob),
    content("GET /api/v4/projects/{id}/repository/commits", A::ListCommits),
    content("GET /api/v4/projects/{id}/repository/commits/{sha}", A::ShowCommit),
    content("GET /api/v4/projects/{id}/repository/branches", A::ListBranches),
    content("GET /api/v4/projects/{id}/repository/branches/{branch}", A::ShowBranch),
    content("GET /api/v4/projects/{id}/repository/tags", A::ListTags),
    content("GET /api/v4/projects/{id}/repository/tags/{tag_name}", A::ShowTag),
    entry("GET /api/v4/groups", A::ListGroups),
    entry("GET /api/v4/groups/{id}", A::ShowGroup),
    entry("GET /api/v4/groups/{id}/members/all/{user_id}", A::ShowMember(Group)),
    git("GET /{project+}/info/refs", A::GitRefs),
    git("POST /{project+}/git-upload-pack", A::GitUpload),
    git("POST /{project+}/git-receive-pack", A::GitReceive),
];

impl Action {
    /// The scopes of which a token needs one; none: any token will do.
    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::ShowOwnToken | Self::ShowAssociations | Self::RevokeOwnToken | Self::ShowOAuthToken => &[],
            Self::RotateOwnToken | Self::RotateOwnHolderToken(_) => &["api", "self_rotate"],
            Self::RotateToken
            | Self::RevokeToken
            | Self::CreateHolderToken(_)
            | Self::RotateHolderToken(_)
            | Self::RevokeHolderToken(_)
            | Self::CreateVariable(_)
            | Self::UpdateVariable(_)
            | Self::DeleteVariable(_) => &["api"],
            Self::CreateRunner => &["api", "create_runner"],
            Self::ResetRunner | Self::DeleteRunner => &["api", "manage_runner"],
            Self::ShowUser | Self::ShowVersion | Self::ShowMetadata => &["api", "read_api", "read_user"],
            // The API of files, and the one called "repositories". Commits, branches and tags have APIs of their own.
            Self::ListTree | Self::ShowFile | Self::ShowRawFile | Self::ShowBlob | Self::ShowRawBlob => {
                &["api", "read_api", "read_repository"]
            }
            _ => &["api", "read_api"],
        }
    }

    /// Whether the caller is a runner, which says so with a token of its own in the parameters.
    pub(super) fn is_for_runners(self) -> bool {
        matches!(self, Self::VerifyRunner | Self::ResetOwnRunner | Self::DeleteOwnRunner)
    }

    /// The paths in which GitLab looks for a revoked token in use: `access_tokens/(\d+|self)/rotate$`.
    pub(super) fn is_rotation(self) -> bool {
        matches!(
            self,
            Self::RotateOwnToken | Self::RotateToken | Self::RotateOwnHolderToken(_) | Self::RotateHolderToken(_)
        )
    }
}
