use jeton_access::AccessError;
use jeton_accounts::PresentToken;
use jeton_domain::{Code, Coded as _, Credential, Diagnosis};
use jeton_forge::ci::{CiAt, CiRefusal, Holder, SecretOptions};
use jeton_vault::TargetRecord;

use super::ITSELF;
use crate::{CiError, ci::Inner, secrets::need_of, sources::Source, tried::of_one};

/// As whom a target is pushed, opened for one push.
pub(super) struct KeptSource {
    /// As policies name it.
    pub(super) name: String,
    pub(super) credential: Credential,
    /// The App, where it is one.
    app: Option<Source>,
}

impl KeptSource {
    pub(super) fn at<'a>(&'a self, row: &'a TargetRecord, now: jiff::Timestamp) -> CiAt<'a> {
        CiAt {
            forge: &row.forge,
            scope: &row.scope,
            credential: &self.credential,
            holder: if self.app.is_some() {
                Holder::App(self.name.trim_start_matches("app:"))
            } else {
                Holder::Account(&self.name)
            },
            now,
        }
    }
}

impl Inner {
    /// Opens the source of a target. It was allowed when the target was added; no policy is asked here.
    ///
    /// # Errors
    /// What the vault or the record said. That it cannot be used now is no error of this.
    pub(super) async fn kept_source(
        &self,
        row: &TargetRecord,
        own: &PresentToken,
        options: &SecretOptions,
    ) -> Result<Result<KeptSource, Diagnosis>, CiError> {
        if row.source == ITSELF {
            return Ok(kept_account(row, own.source.clone(), own.credential.clone()));
        }
        if row.source.starts_with("app:") {
            return self.kept_app(row, options).await;
        }
        let opened = self.broker.accounts().open_shared(&row.source).await;
        Ok(match opened {
            Ok(Some((_, credential))) => kept_account(row, row.source.clone(), credential),
            Ok(None) => Err(gone(row)),
            Err(error) => Err(diagnosis_of(row, error.into())?),
        })
    }

    /// The same source with another token of its App's, in the place of one that the forge refuses as dead.
    pub(super) async fn kept_after_dead(
        &self,
        kept: &KeptSource,
        options: &SecretOptions,
        refusal: &CiRefusal,
    ) -> Option<Credential> {
        let app = kept.app.as_ref()?;
        self.after_dead(app, need_of(options), &kept.credential, refusal).await
    }

    async fn kept_app(
        &self,
        row: &TargetRecord,
        options: &SecretOptions,
    ) -> Result<Result<KeptSource, Diagnosis>, CiError> {
        let apps = self.broker.work_apps(row.forge.host()).await;
        let is_it =
            |app: &jeton_broker::WorkApp| app.source() == row.source && app.forge().api_url() == row.forge.api_url();
        let Some(app) = apps.into_iter().find(is_it) else {
            return Ok(Err(gone(row)));
        };
        let source = Source::of_kept_app(app, &row.scope, &row.rule);
        Ok(match self.credential(&source, need_of(options)).await {
            Ok(credential) => Ok(KeptSource {
                name: source.name.clone(),
                credential,
                app: Some(source),
            }),
            Err(error) => Err(diagnosis_of(row, error)?),
        })
    }
}

fn kept_account(row: &TargetRecord, name: String, credential: Credential) -> Result<KeptSource, Diagnosis> {
    // A label may mean another account by now.
    if credential.forge.api_url() != row.forge.api_url() {
        return Err(gone(row));
    }
    Ok(KeptSource {
        name,
        credential,
        app: None,
    })
}

/// What is wrong with the source alone.
///
/// # Errors
/// What holds up all targets.
fn diagnosis_of(row: &TargetRecord, error: CiError) -> Result<Diagnosis, CiError> {
    if holds_up_all(&error) {
        return Err(error);
    }
    Ok(match of_one(&row.source, error) {
        Ok(tried) => tried.into_iter().next().map_or_else(|| gone(row), |one| one.diagnosis),
        Err(error) => of_error(&error),
    })
}

/// Whether no other target could be pushed either, nor what came of it be written down.
pub(super) fn holds_up_all(error: &CiError) -> bool {
    matches!(
        error,
        CiError::Vault(_) | CiError::Access(AccessError::Ledger(_) | AccessError::Vault(_))
    )
}

/// An error of ours in the form in which rows and messages have it.
pub(super) fn of_error(error: &CiError) -> Diagnosis {
    Diagnosis {
        code: error.code(),
        cause: error.to_string(),
        remedy: error.remedy().unwrap_or_default(),
        url: error.url().map(str::to_owned),
        retry_at: None,
    }
}

fn gone(row: &TargetRecord) -> Diagnosis {
    Diagnosis {
        code: Code::RunnerNoSource,
        cause: format!("`{}`, as which it is pushed, is not there any more", row.source),
        remedy: "Remove the target, and add it again with another App or account.".to_owned(),
        url: None,
        retry_at: None,
    }
}

/// An error in the form in which rows and messages have it.
pub(super) fn as_diagnosis(error: &jeton_accounts::AccountError) -> Diagnosis {
    Diagnosis {
        code: error.code(),
        cause: error.to_string(),
        remedy: error.remedy().unwrap_or_default(),
        url: error.url().map(str::to_owned),
        retry_at: error.retry_at(),
    }
}
