//! As whom a dead token is replaced.

use jeton_domain::{Credential, ForgeEndpoint};
use jeton_vault::RunnerRecord;

use super::make::same_api;
use crate::{
    CiError,
    ci::Inner,
    sources::{Need, Source},
    tried,
};

/// As whom a token that is dead is replaced.
pub(super) enum Helpers<'a> {
    /// What the caller may use.
    Sources(&'a [Source]),
    /// What the runner was made from, if everybody shares it.
    Itself,
}

/// Somebody who may be able to replace a token.
pub(super) struct Helper {
    pub(super) name: String,
    pub(super) forge: ForgeEndpoint,
    pub(super) credential: Credential,
}

impl Inner {
    /// Who may be able to replace a token; or why nobody is.
    pub(super) async fn open_helpers(
        &self,
        row: &RunnerRecord,
        helpers: &Helpers<'_>,
    ) -> Result<Result<Vec<Helper>, String>, CiError> {
        let mut opened = Vec::new();
        match helpers {
            Helpers::Sources(sources) => {
                let mut sources: Vec<&Source> = sources.iter().filter(|one| same_api(&one.forge, &row.forge)).collect();
                sources.sort_by_key(|one| one.name != row.source);
                for source in sources {
                    match self.credential(source, Need::Runners).await {
                        Ok(credential) => opened.push(Helper {
                            name: source.name.clone(),
                            forge: source.forge.clone(),
                            credential,
                        }),
                        Err(error) => drop(tried::of_one(&source.name, error)?),
                    }
                }
            }
            Helpers::Itself => match self.broker.accounts().open_shared(&row.source).await {
                Ok(Some((forge, credential))) if same_api(&forge, &row.forge) => opened.push(Helper {
                    name: row.source.clone(),
                    forge,
                    credential,
                }),
                Ok(_) => {
                    return Ok(Err(format!(
                        "{} is not there any more, or is one caller's own",
                        row.source
                    )));
                }
                Err(error) => match CiError::from(error) {
                    error @ CiError::Vault(_) => return Err(error),
                    error => return Ok(Err(error.to_string())),
                },
            },
        }
        Ok(Ok(opened))
    }
}
