use jeton_accounts::PresentToken;
use jeton_domain::{Code, Coded as _, Credential, Diagnosis};
use jeton_forge::ci::{CiAt, Holder, SecretOptions};
use jeton_vault::TargetRecord;

use super::ITSELF;
use crate::{CiError, ci::Inner, secrets::need_of, sources::Source, tried::of_one};

/// As whom a target is pushed, opened for one push.
pub(super) struct KeptSource {
    /// As policies name it.
    pub(super) name: String,
    credential: Credential,
    is_app: bool,
}

impl KeptSource {
    pub(super) fn at<'a>(&'a self, row: &'a TargetRecord, now: jiff::Timestamp) -> CiAt<'a> {
        CiAt {
            forge: &row.forge,
            scope: &row.scope,
            credential: &self.credential,
            holder: if self.is_app {
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
    /// Why it cannot be used now; or what the vault said.
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
                name: source.name,
                credential,
                is_app: true,
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
        is_app: false,
    })
}

/// What is wrong with the source alone.
fn diagnosis_of(row: &TargetRecord, error: CiError) -> Result<Diagnosis, CiError> {
    let tried = of_one(&row.source, error)?;
    let first = tried.into_iter().next();
    Ok(first.map_or_else(|| gone(row), |one| one.diagnosis))
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
