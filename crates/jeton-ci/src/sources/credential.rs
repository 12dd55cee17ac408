//! The credential of a source for one thing.

use jeton_broker::BrokerError;
use jeton_domain::{CiScope, Code, Coded as _, Credential, Diagnosis, Fingerprint, Permissions, RepoSet};
use jeton_forge::ci::CiRefusal;
use jiff::{SignedDuration, Timestamp};

use super::{Means, Need, Source};
use crate::{CiError, Tried, ci::Inner};

impl Inner {
    /// The credential of a source for one thing.
    pub(crate) async fn credential(&self, source: &Source, need: Need) -> Result<Credential, CiError> {
        match &source.means {
            Means::Account(account) => Ok(self.broker.accounts().open_work_account(account)?),
            Means::App(app) => {
                let Some((repositories, permissions)) = app_needs(&source.scope, need)? else {
                    return Err(tried_by(source, no_enterprise()));
                };
                let token = self.broker.work_token(app, &repositories, &permissions).await;
                match token {
                    Ok(Some(token)) => Ok(token.credential()),
                    // A look tells why: the App is nowhere, or not there.
                    Ok(None) => Err(self
                        .broker
                        .look_at_rights(app, &repositories, &permissions)
                        .await
                        .err()
                        .map_or(CiError::Busy, |error| of_app(source, error, self.clock.now()))),
                    Err(error) => Err(of_app(source, error, self.clock.now())),
                }
            }
        }
    }

    /// Another credential of an App's in the place of one that the forge refuses as dead: a token may die before its time, when the App
    /// is installed anew or somebody ends it. `None` where there is no other: the refusal stands then.
    pub(crate) async fn after_dead(
        &self,
        source: &Source,
        need: Need,
        used: &Credential,
        refusal: &CiRefusal,
    ) -> Option<Credential> {
        let Means::App(app) = &source.means else { return None };
        if refusal.diagnosis.code != Code::CredentialInvalid {
            return None;
        }
        let (repositories, permissions) = app_needs(&source.scope, need).ok()??;
        let present = self.broker.work_token(app, &repositories, &permissions).await.ok()??;
        let used = Fingerprint::of(&used.token);
        if *present.fingerprint() != used {
            return Some(present.credential());
        }
        let other = self.broker.replace_work_token(None, &present).await.ok()??;
        (*other.fingerprint() != used).then(|| other.credential())
    }

    /// Whether an App has what it takes, without minting anything; nothing is known of accounts here.
    pub(crate) async fn app_rights(&self, source: &Source, need: Need) -> Option<Result<(), CiError>> {
        let Means::App(app) = &source.means else { return None };
        Some(match app_needs(&source.scope, need) {
            Ok(Some((repositories, permissions))) => {
                let looked = self.broker.look_at_rights(app, &repositories, &permissions).await;
                looked.map_err(|error| of_app(source, error, self.clock.now()))
            }
            Ok(None) => Err(tried_by(source, no_enterprise())),
            Err(error) => Err(error),
        })
    }
}

/// What an App's token has to cover and to be able to do; `None` for what no App's token reaches.
pub(super) fn app_needs(scope: &CiScope, need: Need) -> Result<Option<(RepoSet, Permissions)>, CiError> {
    let (repositories, key) = match scope {
        CiScope::Repository(path) => {
            let key = match need {
                Need::Runners => "administration",
                Need::Secrets => "secrets",
                Need::EnvironmentSecrets => "environments",
                Need::DependabotSecrets => "dependabot_secrets",
                Need::CodespacesSecrets => "codespaces_secrets",
            };
            (RepoSet::from(path), key)
        }
        CiScope::Owner(owner) => {
            let key = match need {
                Need::Runners => "organization_self_hosted_runners",
                Need::Secrets | Need::EnvironmentSecrets => "organization_secrets",
                Need::DependabotSecrets => "organization_dependabot_secrets",
                Need::CodespacesSecrets => "organization_codespaces_secrets",
            };
            (RepoSet::organization(owner), key)
        }
        CiScope::Enterprise(_) | CiScope::Instance => return Ok(None),
    };
    let permissions = Permissions::new([(key, "write")]).map_err(|_| CiError::Internal("a permission is none"))?;
    Ok(Some((repositories, permissions)))
}

fn no_enterprise() -> Diagnosis {
    Diagnosis {
        code: Code::RunnerUnsupported,
        cause: "GitHub lets no App register runners for an enterprise".to_owned(),
        remedy: "Add an account with a classic personal access token of an enterprise owner that has the scope \
                 `manage_runners:enterprise`, or register the runners for an organization."
            .to_owned(),
        url: None,
        retry_at: None,
    }
}

fn tried_by(source: &Source, diagnosis: Diagnosis) -> CiError {
    CiError::Refused {
        tried: vec![Tried {
            source: source.name.clone(),
            diagnosis,
            evidence: Vec::new(),
        }],
    }
}

/// Why an App did not serve, as one of several that were tried.
fn of_app(source: &Source, error: BrokerError, now: Timestamp) -> CiError {
    let page = match &error {
        BrokerError::NotInstalled { install_url, .. } => install_url.clone(),
        BrokerError::PermissionNotGranted { settings_url, .. } => settings_url.clone(),
        other => other.url().map(str::to_owned),
    };
    let pause = error
        .retry_after()
        .and_then(|pause| SignedDuration::try_from(pause).ok());
    let diagnosis = Diagnosis {
        code: error.code(),
        cause: error.to_string(),
        remedy: error.remedy().unwrap_or_default(),
        url: page,
        retry_at: pause.and_then(|pause| now.checked_add(pause).ok()),
    };
    match error {
        BrokerError::Access(_) | BrokerError::Vault(_) | BrokerError::Seal(_) | BrokerError::Internal(_) => {
            error.into()
        }
        _ => tried_by(source, diagnosis),
    }
}
