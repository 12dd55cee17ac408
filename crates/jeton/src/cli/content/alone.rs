//! Reads without a server, with a token of the environment or as nobody.

use std::sync::Arc;

use jeton_accounts::{EnvironmentAccount, read_environment};
use jeton_content::{AloneContent, AloneParts, ContentError, ContentSettings};
use jeton_domain::{Coded as _, ForgeKind, Secret};

use super::{CliError, Context, forge, target::Target};
use crate::{
    cli::{args_content::WhereArgs, error::Told, started},
    system::{SystemClock, SystemEntropy},
    wiring_accounts,
};

/// The forge, as whom it is asked, and what to say when it does not answer.
pub(super) struct Alone {
    pub(super) content: AloneContent,
    kind: ForgeKind,
    /// The variable whose token is used.
    variable: Option<&'static str>,
    /// Why a token of the environment for this forge is not used.
    unused: Option<String>,
}

impl Alone {
    /// Looks for a token in the environment; asks nobody.
    ///
    /// # Errors
    /// When the configuration or the environment cannot be read, or it cannot be told which forge is meant.
    pub(super) fn new(args: &WhereArgs, target: &Target, context: &Context) -> Result<Self, CliError> {
        // Once aloud, so that a file that cannot be read is told; below it can no longer fail.
        context.sources.variable("GITHUB_TOKEN")?;
        let found = read_environment(&|name| context.sources.variable(name).ok().flatten().map(Secret::new));
        let (endpoint, account) = forge::alone(args, target, &found.accounts)?;
        let outbound = wiring_accounts::guarded(&context.config()?).map_err(started)?;
        let kind = endpoint.kind();
        let unused = found.notes.iter().find(|note| is_of(kind, note.variable));
        let of_others = found.accounts.iter().find(|one| one.credential.forge.kind() == kind);
        Ok(Self {
            kind,
            variable: account.map(|account: &EnvironmentAccount| account.variable),
            unused: unused
                .map(ToString::to_string)
                .or_else(|| of_others.map(of_another_host))
                .filter(|_| account.is_none()),
            content: AloneContent::new(AloneParts {
                outbound,
                clock: Arc::new(SystemClock),
                entropy: Arc::new(SystemEntropy::default()),
                settings: ContentSettings::new(None),
                credential: account.map(|account| account.credential.clone()),
                forge: endpoint,
            }),
        })
    }

    /// The same error, with what can be done about it here.
    pub(super) fn failed(&self, error: ContentError) -> CliError {
        let ContentError::RepositoryNotFound { repository, host, .. } = &error else {
            return CliError::of(error);
        };
        let (who, remedy) = match (self.variable, &self.unused) {
            (Some(variable), _) => (
                format!("the token in {variable}"),
                format!(
                    "Check owner and name, and whether that token may read it: `jeton account test --from-env {variable} --for \
                     read-content --repository {repository}` tells."
                ),
            ),
            (None, Some(unused)) => (
                "anybody".to_owned(),
                format!("If it is private, a token is needed. {unused}"),
            ),
            (None, None) => (
                "anybody".to_owned(),
                format!(
                    "Check owner and name. If it is private, set {} to a token that may read it.",
                    variables(self.kind)
                ),
            ),
        };
        CliError::of(Told {
            what: format!("{host} shows no repository {repository} to {who}"),
            code: error.code(),
            remedy: Some(remedy),
        })
    }
}

/// Where a token of a forge is looked for.
fn variables(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "GH_TOKEN or GITHUB_TOKEN",
        ForgeKind::GitLab => "GITLAB_TOKEN",
        ForgeKind::Bitbucket => "BITBUCKET_TOKEN and BITBUCKET_EMAIL, or BITBUCKET_ACCESS_TOKEN,",
    }
}

/// Why a token is kept from this forge: it goes to no other than the environment names.
fn of_another_host(account: &EnvironmentAccount) -> String {
    let forge = &account.credential.forge;
    let other = match forge.kind() {
        ForgeKind::GitHub => " For another host set GH_HOST and GH_ENTERPRISE_TOKEN.",
        ForgeKind::GitLab => " For another host set GITLAB_HOST.",
        ForgeKind::Bitbucket => "",
    };
    format!("The one in {} is for {}.{other}", account.variable, forge.host())
}

fn is_of(kind: ForgeKind, variable: &str) -> bool {
    match kind {
        ForgeKind::GitHub => variable.starts_with("GH_") || variable.starts_with("GITHUB_"),
        ForgeKind::GitLab => ["GITLAB_", "GL_", "CI_"]
            .iter()
            .any(|start| variable.starts_with(start)),
        ForgeKind::Bitbucket => variable.starts_with("BITBUCKET_"),
    }
}
