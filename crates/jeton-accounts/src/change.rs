use jeton_domain::{AccountScope, Caller};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, VaultError};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Account, AccountError, Accounts,
    account::source_of,
    accounts::Inner,
    add::check_noted_end,
    add::{facts, has_room, renewal_supported},
    find::Found,
    rights::Want,
    schedule,
    standing::standing,
    words,
};

/// What to change of an account. What is absent stays; an empty text takes away what was there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Its label. Policies that name the old one do not apply any more.
    pub label: Option<String>,
    /// A line for people.
    pub note: Option<String>,
    /// The user's name at the forge.
    pub username: Option<String>,
    /// The user's e-mail address at the forge.
    pub email: Option<String>,
    /// Owners and repositories that it serves; everything when empty.
    pub serves: Option<Vec<String>>,
    /// Whether it may be used.
    pub active: Option<bool>,
    /// Whether jeton renews it by itself.
    pub auto_rotate: Option<bool>,
    /// Whether it is everybody's whom policies let, or the caller's own.
    pub shared: Option<bool>,
    /// When its token ends, where the forge's API does not tell; `None` inside takes it away.
    pub expires_at: Option<Option<Timestamp>>,
}

impl AccountChange {
    /// Whether it does nothing but switch the account off.
    fn only_ends(&self) -> bool {
        *self
            == Self {
                active: Some(false),
                ..Self::default()
            }
    }
}

impl Accounts {
    /// Lets a caller change an account, or put another token in: for who looks at it before they ask for that.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], or that the caller may not, which is on record then.
    pub async fn permit_change(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
    ) -> Result<(), AccountError> {
        let mut tx = self.0.vault.read().await?;
        match self.0.find(&mut *tx, caller, account).await? {
            Found::Stored(record) => self.0.permit(caller, request_id, &record, Want::Change),
            Found::Environment(_) => self.0.permit_shared(caller, request_id),
        }
    }

    /// Changes what is known of an account, but not its token.
    ///
    /// # Errors
    /// [`AccountError`] says what will not do. Nothing is changed then.
    pub async fn update(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        change: AccountChange,
    ) -> Result<Account, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut tx = inner.vault.begin().await?;
        let before = inner.find_stored(&mut *tx, caller, account).await?;
        let want = if change.only_ends() { Want::End } else { Want::Change };
        inner.permit(caller, request_id, &before, want)?;
        let mut after = inner.changed(caller, request_id, &before, &change)?;
        let changed = what_changed(&before, &after);
        if changed.is_empty() {
            return Ok(Account::stored(before, now));
        }
        if after.scope != before.scope {
            has_room(&mut *tx, &after.scope).await?;
        }
        after.updated_at = now;
        match tx.accounts().update(&after, before.updated_at).await {
            Ok(true) => {}
            Ok(false) => return Err(AccountError::Changed(before.label.to_string())),
            Err(VaultError::Conflict(_)) => return Err(AccountError::LabelTaken(after.label.to_string())),
            Err(error) => return Err(error.into()),
        }
        if after.expires_at != before.expires_at {
            let check = standing(after.clone(), after.checked_at.unwrap_or(now));
            tx.accounts().put_check(after.id, &after.fingerprint, &check).await?;
        }
        if after.rotate_at != before.rotate_at {
            tx.accounts().set_rotate_at(after.id, after.rotate_at).await?;
        }
        // What was given up while it was off is tried again.
        let is_back = after.active && !before.active;
        let targets = if is_back {
            self.push_again(&mut *tx, &after, now).await?
        } else {
            0
        };
        let mut event = facts(Event::new(events::ACCOUNT_CHANGED, caller), &after)
            .with("changed", json!(changed))
            .with("active", after.active)
            .with("auto_rotate", after.auto_rotate)
            .in_request(request_id);
        if changed.contains(&"label") || changed.contains(&"shared") {
            event = event.with("source_before", source_of(&before.scope, &before.label));
        }
        if is_back {
            event = event.with("targets", targets);
        }
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        if targets > 0 {
            inner.wake_worker.notify_one();
        }
        Ok(Account::stored(after, now))
    }

    /// Makes an account the one to take on its forge when nothing else decides, in the place of another one, or ends that.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], or that the caller may not.
    pub async fn set_default(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &str,
        on: bool,
    ) -> Result<Account, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut tx = inner.vault.begin().await?;
        let before = inner.find_stored(&mut *tx, caller, account).await?;
        inner.permit(caller, request_id, &before, Want::Change)?;
        if before.is_default == on {
            return Ok(Account::stored(before, now));
        }
        if on {
            tx.accounts().clear_default(&before.scope, before.forge.host()).await?;
        }
        let after = AccountRecord {
            is_default: on,
            updated_at: now,
            ..before.clone()
        };
        match tx.accounts().update(&after, before.updated_at).await {
            Ok(true) => {}
            // Of two who make one the default at once, the second comes too late.
            Ok(false) | Err(VaultError::Conflict(_)) => return Err(AccountError::Changed(before.label.to_string())),
            Err(error) => return Err(error.into()),
        }
        let event = facts(Event::new(events::ACCOUNT_CHANGED, caller), &after)
            .with("changed", json!(["default"]))
            .with("default", on)
            .in_request(request_id);
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(Account::stored(after, now))
    }
}

impl Inner {
    /// The record with the change in it.
    fn changed(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        before: &AccountRecord,
        change: &AccountChange,
    ) -> Result<AccountRecord, AccountError> {
        let mut after = before.clone();
        if let Some(label) = &change.label {
            after.label = words::label(label)?;
        }
        if let Some(note) = &change.note {
            after.note = words::note(Some(note))?;
        }
        if let Some(username) = &change.username {
            after.username = words::username(Some(username))?;
        }
        if let Some(email) = &change.email {
            after.email = words::email(Some(email))?;
            if after.email.is_none() && after.kind.needs_email() {
                return Err(AccountError::Invalid(format!(
                    "{} needs the e-mail address of its owner",
                    after.kind.words()
                )));
            }
        }
        if let Some(serves) = &change.serves {
            after.serves = words::serves(serves)?;
        }
        if let Some(active) = change.active {
            after.active = active;
        }
        if let Some(auto) = change.auto_rotate {
            if auto {
                renewal_supported(&after.forge, after.kind)?;
            }
            after.auto_rotate = auto;
        }
        if let Some(shared) = change.shared
            && shared != (before.scope == AccountScope::Shared)
        {
            after.scope = self.permit_scope(caller, request_id, shared)?;
            // The scope that it comes to may have a default of its own.
            after.is_default = false;
        }
        if after.auto_rotate != before.auto_rotate {
            let (kind, auto) = (after.kind, after.auto_rotate);
            after.rotate_at = schedule::rotate_at(
                &self.settings,
                kind,
                auto,
                after.scopes.as_deref(),
                after.token_since,
                after.expires_at,
            );
        }
        if let Some(end) = change.expires_at {
            if before.end_is_known {
                return Err(AccountError::Invalid(format!(
                    "{} itself says when this token ends",
                    before.forge.host()
                )));
            }
            check_noted_end(end, self.now())?;
            self.note_end(&mut after, end, self.now());
        }
        Ok(after)
    }
}

fn what_changed(before: &AccountRecord, after: &AccountRecord) -> Vec<&'static str> {
    let all = [
        ("label", before.label != after.label),
        ("note", before.note != after.note),
        ("username", before.username != after.username),
        ("email", before.email != after.email),
        ("serves", before.serves != after.serves),
        ("active", before.active != after.active),
        ("expires_at", before.expires_at != after.expires_at),
        ("auto_rotate", before.auto_rotate != after.auto_rotate),
        ("shared", before.scope != after.scope),
    ];
    all.into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name)
        .collect()
}
