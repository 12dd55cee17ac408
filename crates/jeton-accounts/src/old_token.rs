//! A token that was replaced by hand and shall not live on at its forge.

use jeton_domain::{AccountScope, Code, Credential, Diagnosis, Fingerprint, OldTokenId, RowRef};
use jeton_forge::TokenEnded;
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, OldTokenRecord, OldTokenState, SealedPlace, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{AccountError, Accounts, EndOldToken, accounts::Inner};

/// For so long at most a token that was replaced lives on.
const LONGEST_GRACE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The wish that a token which is replaced be ended at its forge: once all of the account's targets have the new one, and not later than
/// its grace says. Without targets it is ended at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndOld {
    /// For how long it lives on at most, 0 to 30 days; [`crate::AccountSettings::old_token_grace`] when absent.
    pub grace: Option<SignedDuration>,
}

/// Where an old token stands until it has ended.
pub(crate) fn old_token_place(row: &str) -> RowRef<'_> {
    SealedPlace::OldToken.of(row)
}

impl Accounts {
    /// For how long the present token of an account may live on, where its end is wished for and can be had. Asks no forge.
    ///
    /// # Errors
    /// That no such token can be ended by its forge's API, that another account holds it too, or that the grace is none.
    pub(crate) async fn check_end_old(
        &self,
        tx: &mut dyn VaultTx,
        old: &AccountRecord,
        wish: Option<EndOld>,
    ) -> Result<Option<SignedDuration>, AccountError> {
        let Some(wish) = wish else { return Ok(None) };
        let inner = &self.0;
        let grace = wish.grace.unwrap_or(inner.settings.old_token_grace);
        if grace.is_negative() || grace > LONGEST_GRACE {
            return Err(AccountError::Invalid(format!(
                "the old token cannot live on for {} seconds: 0 to {} can be asked for",
                grace.as_secs(),
                LONGEST_GRACE.as_secs()
            )));
        }
        if let Some(diagnosis) = inner.forges.of(old.forge.kind()).cannot_end(&old.forge, old.kind) {
            return Err(AccountError::Forge(Box::new(Diagnosis {
                code: Code::OldTokenUnsupported,
                ..diagnosis
            })));
        }
        self.check_alone(tx, old).await?;
        Ok(Some(grace))
    }

    /// That no other account has the very token that is to be ended.
    async fn check_alone(&self, tx: &mut dyn VaultTx, old: &AccountRecord) -> Result<(), AccountError> {
        let twins = tx.accounts().find_by_fingerprint(&old.fingerprint).await?;
        let stored = twins.into_iter().find(|twin| twin.id != old.id);
        let stored = stored.map(|twin| in_words(&twin, twin.scope == old.scope));
        match stored.or_else(|| self.0.in_environment(&old.fingerprint)) {
            Some(other) => Err(AccountError::OldTokenShared {
                label: old.label.to_string(),
                other,
            }),
            None => Ok(()),
        }
    }

    /// Writes the end of an account's token down, in the transaction that puts another one in its place. `old` has the token still.
    pub(crate) async fn keep_old(
        &self,
        tx: &mut dyn VaultTx,
        old: &AccountRecord,
        grace: SignedDuration,
        now: Timestamp,
    ) -> Result<OldTokenId, AccountError> {
        let inner = &self.0;
        // As it stands in this transaction: another account may have got the token meanwhile.
        let twins = tx.accounts().find_by_fingerprint(&old.fingerprint).await?;
        if twins.iter().any(|twin| twin.id != old.id) {
            return Err(AccountError::Changed(old.label.to_string()));
        }
        let id = OldTokenId::generate(inner.clock.now(), &*inner.entropy);
        let credential = inner.open(old)?;
        let token = inner
            .ring
            .seal(&credential.token, old_token_place(&id.to_string()), &*inner.entropy);
        let record = OldTokenRecord {
            id,
            account: old.id,
            forge: old.forge.clone(),
            kind: old.kind,
            username: old.username.clone(),
            email: old.email.clone(),
            token: Some(token),
            fingerprint: old.fingerprint.clone(),
            state: OldTokenState::Waiting,
            ends_by: now.checked_add(grace).unwrap_or(Timestamp::MAX),
            ending_since: None,
            error: None,
            created_at: now,
            changed_at: now,
        };
        tx.old_tokens().add(&record).await?;
        let job = EndOldToken { old_token: id }.job(self.new_job_id(), now);
        tx.jobs().add(&job).await?;
        Ok(id)
    }

    /// Opens a token that was replaced; `None` when it has ended, or was given up.
    ///
    /// # Errors
    /// [`AccountError::Seal`] when the row was changed from outside, or its key is gone.
    pub fn open_old(&self, old: &OldTokenRecord) -> Result<Option<Credential>, AccountError> {
        let Some(sealed) = &old.token else { return Ok(None) };
        let token = self.0.ring.open(sealed, old_token_place(&old.id.to_string()))?;
        Ok(Some(Credential {
            kind: old.kind,
            forge: old.forge.clone(),
            token,
            username: old.username.clone(),
            email: old.email.clone(),
        }))
    }

    /// Ends a token at its forge, for good. Whether anybody uses it still is the caller's business.
    pub async fn end_token(&self, credential: &Credential) -> TokenEnded {
        let forge = self.0.forges.of(credential.forge.kind());
        forge.end_token(credential, self.0.now()).await
    }

    /// An account that has a token which was replaced, in the vault or in the environment; in words for those who may see the account
    /// that had it.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn holder_of(&self, tx: &mut dyn VaultTx, old: &OldTokenRecord) -> Result<Option<String>, AccountError> {
        let stored = tx.accounts().find_by_fingerprint(&old.fingerprint).await?;
        let stored = stored.into_iter().next();
        let stored = stored.map(|one| in_words(&one, one.id == old.account || one.scope == AccountScope::Shared));
        Ok(stored.or_else(|| self.0.in_environment(&old.fingerprint)))
    }
}

impl Inner {
    /// An account gets a token, in this transaction: where the very same one waits for its end, that end is called off. What goes on record
    /// of it. Before the record is written to, as everybody locks the two; [`Inner::not_to_be_ended`] follows.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] while its forge is being asked to end it: whether it lives on is not known then.
    pub(crate) async fn keep_from_ending(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        now: Timestamp,
    ) -> Result<Vec<Event>, AccountError> {
        let waiting = tx.old_tokens().waiting_with(&account.fingerprint).await?;
        if waiting.iter().any(|old| old.ending_since.is_some()) {
            return Err(AccountError::Invalid(format!(
                "this token was replaced before and is being ended at {} just now: make another one",
                account.forge.host()
            )));
        }
        let mut entries = Vec::new();
        for old in waiting {
            let diagnosis = held_again(&in_words(
                account,
                account.scope == AccountScope::Shared || account.id == old.account,
            ));
            let kept = OldTokenRecord {
                token: None,
                state: OldTokenState::Kept,
                error: Some(json!(diagnosis)),
                changed_at: now.max(old.changed_at + SignedDuration::from_millis(1)),
                ..old.clone()
            };
            if !tx.old_tokens().change(&kept, old.changed_at).await? {
                return Err(AccountError::Changed(account.label.to_string()));
            }
            let whose = if old.account == account.id {
                account.label.to_string()
            } else {
                old.account.to_string()
            };
            let entry = Event::by_system(events::ACCOUNT_OLD_TOKEN_KEPT)
                .with("account", whose)
                .with("forge", old.forge.host())
                .with("code", diagnosis.code.as_str())
                .with("reason", diagnosis.cause)
                .with_fingerprint(old.fingerprint);
            entries.push(entry);
        }
        Ok(entries)
    }

    /// That nobody has written down meanwhile that the token which an account gets is to be ended. After the record was written to in this
    /// transaction: there one waits for the other, so that whoever writes that down after this finds the account with the token.
    ///
    /// # Errors
    /// [`AccountError::Changed`] when somebody has.
    pub(crate) async fn not_to_be_ended(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
    ) -> Result<(), AccountError> {
        let waiting = tx.old_tokens().waiting_with(&account.fingerprint).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        Err(AccountError::Changed(account.label.to_string()))
    }

    fn in_environment(&self, fingerprint: &Fingerprint) -> Option<String> {
        let found = self.environment.iter().find(|one| one.fingerprint == *fingerprint);
        found.map(|one| format!("the account `{}` of the environment", one.label))
    }
}

/// Why a token that was replaced lives on: somebody has it again.
pub fn held_again(holder: &str) -> Diagnosis {
    Diagnosis {
        code: Code::AccountInUse,
        cause: format!("{holder} has this very token, so that it was not ended"),
        remedy: "Nothing needs to be done. To end it, put another token into that account, or remove it, and revoke the token at its \
                 forge."
            .to_owned(),
        url: None,
        retry_at: None,
    }
}

/// A private account's name is its owner's business.
fn in_words(account: &AccountRecord, may_be_named: bool) -> String {
    if may_be_named {
        format!("the account `{}`", account.label)
    } else {
        "another account".to_owned()
    }
}
