//! What to use instead of a token that cannot be an account, and where each forge makes those that can.

use jeton_domain::{Code, CredentialKind, ForgeKind};

use crate::{Certainty, Finding, Severity};

const GITHUB_PAGE: &str =
    "make a fine-grained personal access token at https://github.com/settings/personal-access-tokens/new";
const GITLAB_PAGE: &str = "make a personal access token at https://gitlab.com/-/user_settings/personal_access_tokens (on your own GitLab: Edit profile > Access tokens), or a project or group access token in its settings";
const BITBUCKET_PAGE: &str =
    "make an API token with scopes at https://id.atlassian.com/manage-profile/security/api-tokens";

const OWN_GITHUB_PAGE: &str =
    "make a personal access token on your own GitHub (Settings > Developer settings > Personal access tokens)";
const OWN_GITLAB_PAGE: &str = "make a personal access token on your own GitLab (Edit profile > Access tokens), or a project or group access token in its settings";

/// The forge that a token is meant for, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meant {
    pub(crate) forge: Option<ForgeKind>,
    /// Whether it is a server of somebody's own: the pages of the public one make no tokens for it.
    pub(crate) is_own: bool,
}

impl Meant {
    /// How to come by a token that will do, as a clause.
    fn how_to_make_one(self, forge: ForgeKind) -> &'static str {
        match forge {
            ForgeKind::GitHub if self.is_at_own(forge) => OWN_GITHUB_PAGE,
            ForgeKind::GitLab if self.is_at_own(forge) => OWN_GITLAB_PAGE,
            other => how_to_make_one(other),
        }
    }

    pub(crate) fn is_at_own(self, forge: ForgeKind) -> bool {
        self.is_own && self.forge.is_none_or(|meant| meant == forge)
    }
}

/// The same on the public forge.
fn how_to_make_one(forge: ForgeKind) -> &'static str {
    match forge {
        ForgeKind::GitHub => GITHUB_PAGE,
        ForgeKind::GitLab => GITLAB_PAGE,
        ForgeKind::Bitbucket => BITBUCKET_PAGE,
    }
}

/// How to come by a token for the forge that is meant, or for any, as a full sentence.
pub(crate) fn make_one(meant: Meant) -> String {
    match meant.forge {
        Some(forge) => format!("For {forge}, {}.", meant.how_to_make_one(forge)),
        None if meant.is_own => "Tokens are made in the settings of your own forge.".to_owned(),
        None => "Tokens are made at https://github.com/settings/personal-access-tokens/new, \
                 https://gitlab.com/-/user_settings/personal_access_tokens and \
                 https://id.atlassian.com/manage-profile/security/api-tokens (for Bitbucket)."
            .to_owned(),
    }
}

/// That a token is of a kind that no account can have.
pub(crate) fn wrong_kind(kind: CredentialKind, certainty: Certainty, meant: Meant) -> Finding {
    let make = meant.how_to_make_one(kind.forge());
    let (why, instead) = match kind {
        CredentialKind::GitHubAppUser => (
            "it belongs to a person who signed in to an App, and ends after eight hours",
            format!("For what lasts, {make}."),
        ),
        CredentialKind::GitHubInstallation => (
            "it ends an hour after it was made, and a job's `GITHUB_TOKEN` with its job",
            format!(
                "Give jeton the App itself with `jeton app add`, and it mints such tokens when they are needed. For an account, {make}."
            ),
        ),
        CredentialKind::GitHubRefresh => (
            "it opens nothing; the App that got it exchanges it for other tokens, once",
            format!("For an account, {make}."),
        ),
        CredentialKind::GitHubRunner => (
            "it only registers a runner, and ends within the hour",
            format!(
                "For an account that may register runners, {make} with the permission to administer self-hosted runners."
            ),
        ),
        CredentialKind::GitLabOAuth => (
            "an application got it for somebody, and it ends after two hours",
            format!("For an account, {make}."),
        ),
        CredentialKind::GitLabDeploy => (
            "it opens repositories and registries, and not the API",
            format!("For an account, {make}."),
        ),
        CredentialKind::GitLabRunner => (
            "a runner fetches its jobs with it, and it opens nothing else",
            format!("For an account that may create runners, {make} with the scope `create_runner`."),
        ),
        CredentialKind::GitLabRunnerRegistration => (
            "it only registers runners, in a way that GitLab is giving up",
            format!("For an account that may create runners, {make} with the scope `create_runner`."),
        ),
        CredentialKind::GitLabJob => (
            "it ends with the job that it was made for",
            format!(
                "Let the job ask jeton with its ID token (`id_tokens:` in .gitlab-ci.yml). For an account, {make}."
            ),
        ),
        CredentialKind::BitbucketAppPassword => {
            return Finding::new(
                Code::CredentialAppPassword,
                Severity::Error,
                "This is a Bitbucket app password. Bitbucket has taken none since 2026-07-28.",
                format!(
                    "Instead, {make}, or an access token in the settings of the repository, project or workspace. An API token needs your e-mail address beside it, not your user name."
                ),
            );
        }
        _ => (
            "it was made for one purpose, such as a feed, a trigger, an agent or an application's secret, and does not open the API",
            format!("For an account, {make}."),
        ),
    };
    Finding::new(
        Code::CredentialWrongKind,
        Severity::Error,
        format!(
            "This {} {}, which cannot serve as an account: {why}.",
            verb(certainty),
            kind.words()
        ),
        instead,
    )
}

/// That a token opens another forge than the one that is meant.
pub(crate) fn wrong_forge(kind: CredentialKind, certainty: Certainty, expected: ForgeKind, meant: Meant) -> Finding {
    let make = meant.how_to_make_one(expected);
    let choose = if kind.can_be_account() {
        format!("Choose {} as the forge; or, for {expected}, {make}.", kind.forge())
    } else {
        format!("For {expected}, {make}.")
    };
    Finding::new(
        Code::CredentialWrongForge,
        Severity::Error,
        format!(
            "This {} {}, and {expected} does not take it.",
            verb(certainty),
            kind.words()
        ),
        choose,
    )
}

fn verb(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Sure => "is",
        Certainty::Hint => "looks like",
    }
}
