use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ForgeKind;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $forge:ident, $account:literal, $words:literal;)*) => {
        /// What kind of credential a token of a forge is. Names stand in rows and in JSON: added, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum CredentialKind {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl CredentialKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in JSON and SQL.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The kind of forge that it opens.
            pub fn forge(self) -> ForgeKind {
                match self { $(Self::$name => ForgeKind::$forge,)* }
            }

            /// Whether such a token may be stored as an account: people make it, it lives long, and it opens an API.
            pub fn can_be_account(self) -> bool {
                match self { $(Self::$name => $account,)* }
            }

            /// The forge's own name for it, with an article: `a GitHub personal access token (classic)`.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

kinds! {
    /// `ghp_…`.
    GitHubClassic = "github_classic", GitHub, true, "a GitHub personal access token (classic)";
    /// `github_pat_…`.
    GitHubFineGrained = "github_fine_grained", GitHub, true, "a GitHub fine-grained personal access token";
    /// `gho_…`, such as the one that `gh auth token` prints.
    GitHubOAuth = "github_oauth", GitHub, true, "a GitHub OAuth token";
    /// `ghu_…`.
    GitHubAppUser = "github_app_user", GitHub, false, "a user token of a GitHub App";
    /// `ghs_…`.
    GitHubInstallation = "github_installation", GitHub, false, "an installation token of a GitHub App";
    /// `ghr_…`.
    GitHubRefresh = "github_refresh", GitHub, false, "a refresh token of a GitHub App";
    /// 29 upper-case characters.
    GitHubRunner = "github_runner_registration", GitHub, false, "a GitHub runner registration token";
    /// `glpat-…` of a person. The prefix alone does not tell it from a project's or a group's.
    GitLabPersonal = "gitlab_personal", GitLab, true, "a GitLab personal access token";
    /// `glpat-…` of a project's bot.
    GitLabProject = "gitlab_project", GitLab, true, "a GitLab project access token";
    /// `glpat-…` of a group's bot.
    GitLabGroup = "gitlab_group", GitLab, true, "a GitLab group access token";
    /// 64 hex digits.
    GitLabOAuth = "gitlab_oauth", GitLab, false, "a GitLab OAuth token";
    /// `gldt-…`.
    GitLabDeploy = "gitlab_deploy", GitLab, false, "a GitLab deploy token";
    /// `glrt-…`, `glrtr-…`.
    GitLabRunner = "gitlab_runner", GitLab, false, "a GitLab runner authentication token";
    /// `GR1348941…`.
    GitLabRunnerRegistration = "gitlab_runner_registration", GitLab, false, "a GitLab runner registration token";
    /// `glcbt-…`.
    GitLabJob = "gitlab_job", GitLab, false, "a GitLab CI job token";
    /// Feed, trigger, SCIM and other tokens with a purpose of their own.
    GitLabOther = "gitlab_other", GitLab, false, "a GitLab token for one special purpose";
    /// `ATATT…`.
    BitbucketApiToken = "bitbucket_api_token", Bitbucket, true, "an Atlassian API token";
    /// `ATCTT…` of a repository, a project or a workspace, which the prefix does not tell apart.
    BitbucketAccess = "bitbucket_access", Bitbucket, true, "a Bitbucket access token";
    /// `ATCTT…` of a repository.
    BitbucketRepository = "bitbucket_repository", Bitbucket, true, "a Bitbucket repository access token";
    /// `ATCTT…` of a project.
    BitbucketProject = "bitbucket_project", Bitbucket, true, "a Bitbucket project access token";
    /// `ATCTT…` of a workspace.
    BitbucketWorkspace = "bitbucket_workspace", Bitbucket, true, "a Bitbucket workspace access token";
    /// `ATBB…`, dead since 2026-07-28.
    BitbucketAppPassword = "bitbucket_app_password", Bitbucket, false, "a Bitbucket app password";
}

impl CredentialKind {
    /// Reads [`CredentialKind::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether the forge lets such a token renew itself over its API. Only GitLab does
    /// (<https://docs.gitlab.com/api/personal_access_tokens/>).
    pub fn renews_itself(self) -> bool {
        matches!(self, Self::GitLabPersonal | Self::GitLabProject | Self::GitLabGroup)
    }

    /// Whether an account of such a token needs the e-mail address of its owner, which Bitbucket's REST API takes as user name
    /// (<https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>).
    pub fn needs_email(self) -> bool {
        self == Self::BitbucketApiToken
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialKind;

    #[test]
    fn every_kind_reads_back_and_names_its_forge() {
        for kind in CredentialKind::ALL {
            assert_eq!(CredentialKind::parse(kind.as_str()), Some(*kind));
            assert!(kind.as_str().starts_with(kind.forge().as_str()));
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::Value::from(kind.as_str())
            );
        }
    }
}
