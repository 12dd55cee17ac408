//! Asks the forge without a server, with a token of the environment.

use std::{collections::BTreeMap, sync::Arc};

use jeton_accounts::{EnvironmentAccount, FoundEnvironment, read_environment};
use jeton_ci::{AloneCi, AloneParts, CiError};
use jeton_domain::{
    AccountId, AccountLabel, Code, Coded as _, Credential, CredentialKind, Fingerprint, ForgeEndpoint, ForgeKind,
    Secret,
};
use jeton_inspect::{Wholeness, inspect};

use super::{CliError, Context, Spot};
use crate::{
    cli::{
        content::forge,
        error::{Refusal, Told},
        started,
    },
    system::{SystemClock, SystemEntropy},
    wiring_accounts,
};

/// The forge, and as whom it is asked.
pub(crate) struct Alone {
    pub(in crate::cli) ci: AloneCi,
}

impl Alone {
    /// Looks for a token in the environment; asks nobody.
    ///
    /// # Errors
    /// When there is none for the forge that is meant, or it cannot be told which one is.
    pub(super) fn find(spot: &Spot, context: &Context) -> Result<Self, CliError> {
        // Once aloud, so that a file that cannot be read is told; below it can no longer fail.
        context.sources.variable("GITHUB_TOKEN")?;
        let mut found = read_environment(&|name| context.sources.variable(name).ok().flatten().map(Secret::new));
        found.accounts.extend(of_jobs(&context.sources.env));
        let (forge, account) = forge::alone(&spot.words(), &spot.target, &found.accounts)?;
        spot.fits(&forge)?;
        let account = account.ok_or_else(|| no_token(&forge, &found))?;
        let outbound = wiring_accounts::guarded(&context.config()?).map_err(started)?;
        Ok(Self {
            ci: AloneCi::new(AloneParts {
                outbound,
                clock: Arc::new(SystemClock),
                entropy: Arc::new(SystemEntropy::default()),
                is_workflow: is_workflow(account, &context.sources.env),
                credential: account.credential.clone(),
                variable: account.variable.to_owned(),
                forge,
            }),
        })
    }

    /// The same error as people are told it.
    #[expect(
        clippy::unused_self,
        clippy::needless_pass_by_value,
        reason = "it is the error of this very forge"
    )]
    pub(in crate::cli) fn failed(&self, error: CiError) -> CliError {
        let look = error.tried().first().and_then(|tried| tried.evidence.last());
        let what = match error.tried().first() {
            Some(tried) => tried.diagnosis.cause.clone(),
            None => error.to_string(),
        };
        CliError::Refused(Box::new(Refusal {
            what,
            code: error.code(),
            remedy: error.remedy(),
            page: error.url().map(str::to_owned),
            said: look.and_then(|look| look.said.clone()),
            request_id: look.and_then(|look| look.request_id.clone()),
        }))
    }
}

/// The tokens that jobs get from their forge. They are no accounts, and do for little; but what they do not do for is told best by trying.
fn of_jobs(env: &BTreeMap<String, String>) -> Vec<EnvironmentAccount> {
    let mut found = Vec::new();
    let server = env.get("GITHUB_SERVER_URL").map(String::as_str);
    let github = [
        ("GH_TOKEN", Some("https://github.com")),
        ("GITHUB_TOKEN", server),
        ("GH_ENTERPRISE_TOKEN", server),
    ];
    for (variable, url) in github {
        let token = env.get(variable).map(|text| Secret::new(text.trim()));
        let Some(token) = token.filter(|token| !token.expose().is_empty()) else {
            continue;
        };
        let inspection = inspect(&token, Some(ForgeKind::GitHub));
        // That it cannot serve as an account is of no matter here.
        let kind = inspection.kind.filter(|_| inspection.wholeness != Wholeness::Damaged);
        if let Some(kind @ (CredentialKind::GitHubInstallation | CredentialKind::GitHubAppUser)) = kind {
            found.extend(of_variable(variable, kind, url, inspection.token));
        }
    }
    let job = env
        .get("CI_JOB_TOKEN")
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    let server = env.get("CI_SERVER_URL").map(String::as_str);
    if let (Some(token), Some(url)) = (job, server) {
        let token = Secret::new(token);
        found.extend(of_variable("CI_JOB_TOKEN", CredentialKind::GitLabJob, Some(url), token));
    }
    found
}

fn of_variable(
    variable: &'static str,
    kind: CredentialKind,
    url: Option<&str>,
    token: Secret,
) -> Option<EnvironmentAccount> {
    Some(EnvironmentAccount {
        id: AccountId::from_uuid(uuid::Uuid::nil()),
        label: AccountLabel::parse(&variable.to_ascii_lowercase().replace('_', "-")).ok()?,
        variable,
        fingerprint: Fingerprint::of(&token),
        credential: Credential {
            kind,
            forge: ForgeEndpoint::of_kind(kind.forge(), url).ok()?,
            token,
            username: None,
            email: None,
        },
        report: Arc::default(),
    })
}

/// Whether a token is the one that a job gets from its forge. In GitHub Actions one of an App looks just like it; but whoever has an
/// App's token there has no need to look for a better one.
fn is_workflow(account: &EnvironmentAccount, env: &BTreeMap<String, String>) -> bool {
    let in_actions = env.get("GITHUB_ACTIONS").is_some_and(|text| text == "true");
    match account.credential.kind {
        CredentialKind::GitHubInstallation => in_actions,
        CredentialKind::GitLabJob => true,
        _ => false,
    }
}

fn no_token(forge: &ForgeEndpoint, found: &FoundEnvironment) -> CliError {
    let (starts, variables): (&[&str], _) = match forge.kind() {
        ForgeKind::GitHub => (&["GH_", "GITHUB_"], "GH_TOKEN or GITHUB_TOKEN"),
        ForgeKind::GitLab => (&["GITLAB_", "GL_", "CI_"], "GITLAB_TOKEN"),
        ForgeKind::Bitbucket => (&["BITBUCKET_"], "BITBUCKET_TOKEN and BITBUCKET_EMAIL"),
    };
    let is_of = |variable: &str| starts.iter().any(|start| variable.starts_with(start));
    let note = found.notes.iter().find(|note| is_of(note.variable));
    let of_other = found
        .accounts
        .iter()
        .find(|one| one.credential.forge.kind() == forge.kind());
    let more = match (note, of_other) {
        (Some(note), _) => format!(" {}.", note.to_string().trim_end_matches('.')),
        (None, Some(one)) => format!(" The one in {} is for {}.", one.variable, one.credential.forge.host()),
        (None, None) => String::new(),
    };
    CliError::of(Told {
        what: format!(
            "no server is asked, and the environment has no token for {}",
            forge.host()
        ),
        code: Code::RunnerNoSource,
        remedy: Some(format!(
            "Say where a jeton server is with --url or JETON_URL, or set {variables} to a token that may do it.{more}"
        )),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{is_workflow, of_jobs};

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn tokens_of_jobs_go_to_their_own_forge() {
        let body = "Ab3".repeat(10);
        let token = format!("ghs_{body}{}", jeton_inspect::checksum::github_classic(&body));
        let ghes = env(&[
            ("GITHUB_TOKEN", &token),
            ("GITHUB_SERVER_URL", "https://git.example.com"),
            ("GITHUB_ACTIONS", "true"),
        ]);
        let found = of_jobs(&ghes);
        let hosts: Vec<_> = found
            .iter()
            .map(|one| (one.variable, one.credential.forge.host()))
            .collect();
        assert_eq!(hosts, [("GITHUB_TOKEN", "git.example.com")]);
        assert!(is_workflow(&found[0], &ghes) && !is_workflow(&found[0], &env(&[])));
        let damaged = token.replace("Ab3Ab3", "Ab3Ab4");
        assert!(of_jobs(&env(&[("GITHUB_TOKEN", &damaged)])).is_empty());
        let job = of_jobs(&env(&[
            ("CI_JOB_TOKEN", "planted"),
            ("CI_SERVER_URL", "https://lab.example.com"),
        ]));
        assert_eq!(job[0].credential.forge.host(), "lab.example.com");
        assert!(is_workflow(&job[0], &env(&[])));
        assert!(
            of_jobs(&env(&[("CI_JOB_TOKEN", "planted")])).is_empty(),
            "nothing says whose it is"
        );
        assert!(of_jobs(&env(&[("GITHUB_TOKEN", " "), ("GH_TOKEN", "x")])).is_empty());
    }
}
