//! Accounts whose own token is pushed to a forge's CI.

use jeton_domain::{AccountId, AccountLabel, Caller, Credential, Fingerprint};
use jiff::SignedDuration;

use crate::{
    Account, AccountError, Accounts, HandOut,
    account::source_of,
    candidates::{Candidate, Wanted},
    hand_out::Asking,
    rights::Want,
};

/// A token that ends this soon is of no use where it is pushed.
const SHORTEST_LIFE: SignedDuration = SignedDuration::from_secs(60);

/// The present token of a stored account, for work that goes on when nobody asks any more.
#[derive(Debug, Clone)]
pub struct PresentToken {
    /// Whose it is.
    pub label: AccountLabel,
    /// The account's name in policies.
    pub source: String,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// The token with all that belongs to it.
    pub credential: Credential,
}

impl Accounts {
    /// The token of an account for the places to which a copy of it is to be pushed, if the policies let the caller use the account for
    /// these repositories. They may be on another forge than the account, so that policies are asked by their names alone.
    ///
    /// # Errors
    /// As [`Accounts::hand_out`]; [`AccountError::EndsSoon`] for a token that is as good as dead, [`AccountError::RotationUnderWay`] for
    /// one that may be any moment.
    pub async fn token_to_push(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        places: &[String],
    ) -> Result<HandOut, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let wanted = Wanted::named(account, places)?;
        let asking = Asking {
            inner,
            caller,
            request_id,
            wanted: &wanted,
            need: None,
            now,
        };
        asking.could_be_allowed()?;
        let candidates = asking.candidates().await?;
        let (candidate, allowed) = asking.choose(candidates)?;
        asking.may_be_copied(&allowed)?;
        ends_soon(&candidate, now)?;
        if asking.is_renewing(&candidate).await? {
            return Err(AccountError::RotationUnderWay(candidate.label.to_string()));
        }
        let credential = inner.open_candidate(&candidate)?;
        Ok(HandOut {
            account: candidate.id,
            source: candidate.source,
            fingerprint: candidate.fingerprint,
            expires_at: candidate.end.time().unwrap_or(jiff::Timestamp::MAX),
            token_end: candidate.end,
            rule: allowed.rule,
            scopes: candidate.scopes,
            repositories: wanted.repositories,
            credential,
        })
    }

    /// The present token of a stored account, read anew. Nobody is asked whether that may be: whoever calls this does what somebody was
    /// let do before.
    ///
    /// # Errors
    /// [`AccountError::Inactive`]; [`AccountError::Broken`] and [`AccountError::EndsSoon`] when the token is of no use; or what the vault
    /// said. `Ok(None)` when there is no such account.
    pub async fn present_token(&self, account: AccountId) -> Result<Option<PresentToken>, AccountError> {
        let inner = &self.0;
        let record = inner.vault.read().await?.accounts().find(account).await?;
        let Some(record) = record else { return Ok(None) };
        let source = source_of(&record.scope, &record.label);
        let candidate = Candidate::of_stored(record);
        let now = inner.now();
        candidate.check_usable(now)?;
        ends_soon(&candidate, now)?;
        Ok(Some(PresentToken {
            credential: inner.open_candidate(&candidate)?,
            label: candidate.label,
            source,
            fingerprint: candidate.fingerprint,
        }))
    }

    /// A stored account that the caller may change.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], [`AccountError::Environment`], or that the caller may not.
    pub async fn to_change(
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
        Ok(Account::stored(record, inner.now()))
    }
}

fn ends_soon(candidate: &Candidate, now: jiff::Timestamp) -> Result<(), AccountError> {
    match candidate.end.time() {
        Some(at) if at.duration_since(now) <= SHORTEST_LIFE => Err(AccountError::EndsSoon {
            label: candidate.label.to_string(),
            at,
        }),
        _ => Ok(()),
    }
}
