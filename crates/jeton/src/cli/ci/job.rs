//! The job of CI in which a command runs.

use std::collections::BTreeMap;

use jeton_domain::ForgeKind;

/// What a forge says to its job of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The kind of forge.
    pub(super) kind: ForgeKind,
    /// Where it is, as people see it.
    pub(super) url: Option<String>,
    /// The repository whose job it is.
    pub(super) repository: Option<String>,
}

impl Job {
    /// Reads the variables that the forges set (<https://docs.github.com/actions/reference/workflows-and-actions/variables>,
    /// <https://docs.gitlab.com/ci/variables/predefined_variables/>,
    /// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>). `None` outside of CI, whatever else is set.
    pub(super) fn find(env: &BTreeMap<String, String>) -> Option<Self> {
        let text = |name: &str| env.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let owned = |name: &str| text(name).map(str::to_owned);
        let (kind, url, repository) = if text("GITHUB_ACTIONS") == Some("true") {
            (
                ForgeKind::GitHub,
                owned("GITHUB_SERVER_URL"),
                owned("GITHUB_REPOSITORY"),
            )
        } else if text("GITLAB_CI") == Some("true") {
            (ForgeKind::GitLab, owned("CI_SERVER_URL"), owned("CI_PROJECT_PATH"))
        } else if text("BITBUCKET_BUILD_NUMBER").is_some() {
            (ForgeKind::Bitbucket, None, owned("BITBUCKET_REPO_FULL_NAME"))
        } else {
            return None;
        };
        Some(Self { kind, url, repository })
    }
}
