use jeton_domain::{Caller, Code, Diagnosis, RotationId};
use jeton_vault::RotationState;

use super::RotationAsk;
use crate::{Account, AccountError, Accounts, rights::Want};

impl Accounts {
    /// Renews an account's token at its forge, and waits for it. Goes on when the one who asked hangs up.
    ///
    /// # Errors
    /// [`AccountError::RotationUnsupported`] where the forge renews no such tokens; [`AccountError::Forge`] with what the forge said, or
    /// with the finding that its answer is not known yet; or what the vault said.
    pub async fn rotate(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
    ) -> Result<Account, AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.read().await?;
        let record = inner.find_stored(&mut *tx, caller, account).await?;
        drop(tx);
        inner.permit(caller, request_id, &record, Want::Change)?;
        let id = self
            .begin_rotation(record.id, RotationAsk::Caller { caller, request_id })
            .await?;
        self.move_on(id).await?;
        self.outcome_of(id, &record.label).await?;
        self.get(caller, &record.id.to_string()).await
    }

    /// What became of a renewal that was moved on once.
    async fn outcome_of(&self, id: RotationId, label: &jeton_domain::AccountLabel) -> Result<(), AccountError> {
        let rotation = self.0.vault.read().await?.rotations().find(id).await?;
        let Some(rotation) = rotation else {
            return Err(AccountError::NotFound(label.to_string()));
        };
        let reason = || {
            rotation
                .error
                .clone()
                .unwrap_or_else(|| "the forge gave no clear word".to_owned())
        };
        // Errors of the journal read `code: words`.
        let coded = |otherwise: Code| {
            let text = reason();
            let parts = text
                .split_once(": ")
                .and_then(|(code, words)| Some((Code::parse(code)?, words.to_owned())));
            parts.unwrap_or((otherwise, text))
        };
        let diagnosis = match rotation.state {
            RotationState::Done | RotationState::Received => return Ok(()),
            RotationState::Failed => {
                let (code, cause) = coded(Code::RotationUnsupported);
                Diagnosis {
                    code,
                    cause: format!("the token of `{label}` was not renewed: {cause}"),
                    remedy: format!(
                        "The old token is as it was. Put right what stands in the way and try again, or make a new token at the forge and put it \
                         in with `jeton account replace {label}`."
                    ),
                    url: None,
                    retry_at: None,
                }
            }
            RotationState::Intended => {
                let (code, cause) = coded(Code::ForgeUnavailable);
                Diagnosis {
                    code,
                    cause: format!("the token of `{label}` is not renewed yet: {cause}"),
                    remedy: format!(
                        "Nothing happened at the forge. jeton tries again by itself; `jeton account show {label}` says how it stands."
                    ),
                    url: None,
                    retry_at: None,
                }
            }
            RotationState::Asked | RotationState::Lost => Diagnosis {
                code: if rotation.state == RotationState::Lost {
                    Code::RotationLost
                } else {
                    Code::RotationUnclear
                },
                cause: format!("whether the token of `{label}` was renewed is not known: {}", reason()),
                remedy: format!(
                    "jeton looks at the old token in ten minutes and goes on from what it sees; it does not ask twice, because GitLab ends a whole \
                     family of tokens then. `jeton account show {label}` says how it stands."
                ),
                url: None,
                retry_at: None,
            },
        };
        Err(AccountError::Forge(Box::new(diagnosis)))
    }
}
