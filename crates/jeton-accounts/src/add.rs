use jeton_domain::{
    AccountLabel, AccountScope, Caller, CheckReport, Credential, CredentialKind, Fingerprint, ForgeEndpoint, Purpose,
    Secret, Serves, Validity,
};
use jeton_inspect::Inspection;
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, VaultError, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    Account, AccountError, Accounts,
    account::source_of,
    accounts::{Inner, token_place},
    attempt::{Attempt, TestAsk, may_be_kept},
    labels::{free_label, made_label},
    rights::shares_by_default,
    words,
};

/// Private accounts of one owner.
const MOST_PRIVATE: u32 = 100;

/// An account to be added; not yet looked at.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its label; made of the forge and whose the token is when absent.
    pub label: Option<String>,
    /// `github`, `gitlab` or `bitbucket`, or the forge's host or URL; may be left out when the token tells.
    pub forge: Option<String>,
    /// Where the forge is, when it is not the public one.
    pub base_url: Option<String>,
    /// The token as it was pasted.
    pub token: Secret,
    /// The user's name at the forge.
    pub username: Option<String>,
    /// The user's e-mail address at the forge.
    pub email: Option<String>,
    /// A line for people.
    pub note: Option<String>,
    /// Owners and repositories that it serves; everything when empty.
    pub serves: Vec<String>,
    /// Whether it is everybody's whom policies let; by who adds it when absent.
    pub shared: Option<bool>,
    /// Whether it is the one to take on its forge when nothing else decides.
    pub default: bool,
    /// Whether jeton renews it by itself; when absent, if its forge can.
    pub auto_rotate: Option<bool>,
    /// When the token ends, as the forge's page says, where its API does not tell (Bitbucket).
    pub expires_at: Option<Timestamp>,
    /// Whether it is to be kept even when the forge gives no clear word.
    pub untested: bool,
    /// What it is to be good for.
    pub purposes: Vec<Purpose>,
    /// `owner/name` of a repository to try that on.
    pub repository: Option<String>,
}

impl NewAccount {
    /// A token and nothing else.
    pub fn of(token: Secret) -> Self {
        Self {
            label: None,
            forge: None,
            base_url: None,
            token,
            username: None,
            email: None,
            note: None,
            serves: Vec::new(),
            shared: None,
            default: false,
            auto_rotate: None,
            expires_at: None,
            untested: false,
            purposes: Vec::new(),
            repository: None,
        }
    }
}

/// An account whose token was put in, and what was found of the token before.
#[derive(Debug, Clone)]
pub struct Added {
    /// The account.
    pub account: Account,
    /// What the forge said.
    pub report: Option<CheckReport>,
    /// What the token looks like; its `token` is empty.
    pub inspection: Inspection,
}

/// What was given, looked at and well-formed, but for the token.
pub(crate) struct Checked {
    label: Option<AccountLabel>,
    note: Option<String>,
    serves: Vec<Serves>,
    scope: AccountScope,
    default: bool,
    auto_rotate: Option<bool>,
    expires_at: Option<Timestamp>,
}

impl Accounts {
    /// Inspects a token, asks its forge about it, seals it and keeps it.
    ///
    /// # Errors
    /// [`AccountError`] says what is wrong with the token or with what was said with it. Nothing is kept then.
    pub async fn add(&self, caller: &Caller, request_id: Option<&str>, new: NewAccount) -> Result<Added, AccountError> {
        let inner = &self.0;
        let shared = new.shared.unwrap_or_else(|| shares_by_default(&caller.identity));
        let scope = inner.permit_scope(caller, request_id, shared)?;
        let checked = Checked {
            label: new.label.as_deref().map(words::label).transpose()?,
            note: words::note(new.note.as_deref())?,
            serves: words::serves(&of_its_repository(&new))?,
            scope,
            default: new.default,
            auto_rotate: new.auto_rotate,
            expires_at: new.expires_at,
        };
        let Attempt {
            mut inspection,
            credential,
            ask,
        } = Attempt::prepare(TestAsk {
            forge: new.forge,
            base_url: new.base_url,
            token: new.token,
            username: new.username,
            email: new.email,
            purposes: new.purposes,
            repository: new.repository,
        })?;
        inner.check_new(caller, &checked, &credential).await?;
        let report = inner.ask_forge(&credential, &ask).await;
        may_be_kept(&report, new.untested)?;
        let event = Event::new(events::ACCOUNT_ADDED, caller).in_request(request_id);
        let account = inner.keep(caller, checked, &credential, &report, event).await?;
        inspection.token = Secret::new("");
        Ok(Added {
            account,
            report: Some(report),
            inspection,
        })
    }
}

impl Checked {
    /// Of the environment: everybody's, and never renewed by itself, since the variable would keep the dead token.
    pub(crate) fn imported(label: AccountLabel, note: String) -> Self {
        Self {
            label: Some(label),
            note: Some(note),
            serves: Vec::new(),
            scope: AccountScope::Shared,
            default: false,
            auto_rotate: Some(false),
            expires_at: None,
        }
    }
}

impl Inner {
    /// Lets a caller add to what is everybody's or to their own; the scope that it is.
    pub(crate) fn permit_scope(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        shared: bool,
    ) -> Result<AccountScope, AccountError> {
        if shared {
            self.permit_shared(caller, request_id)?;
            return Ok(AccountScope::Shared);
        }
        self.permit_own(caller, request_id).map(AccountScope::Private)
    }

    /// What would keep the account from being added, before the forge is asked: that the token is there already, which two
    /// accounts cannot share, since the renewal of one would end the other; that the label is taken; that it is to renew itself
    /// and cannot.
    pub(crate) async fn check_new(
        &self,
        caller: &Caller,
        checked: &Checked,
        credential: &Credential,
    ) -> Result<(), AccountError> {
        if checked.auto_rotate == Some(true) {
            renewal_supported(&credential.forge, credential.kind)?;
        }
        let mut tx = self.vault.read().await?;
        let fingerprint = Fingerprint::of(&credential.token);
        let twins = tx.accounts().find_by_fingerprint(&fingerprint).await?;
        // Others' private accounts are none of the caller's business, nor are shared ones that they may not use.
        let sight = self.sight_of(caller);
        let twin = twins
            .iter()
            .find(|twin| sight.sees(twin) && twin.forge.host() == credential.forge.host());
        if let Some(twin) = twin {
            return Err(AccountError::Stored {
                id: twin.id,
                label: twin.label.to_string(),
            });
        }
        if let Some(label) = &checked.label
            && tx.accounts().find_by_label(&checked.scope, label).await?.is_some()
        {
            return Err(AccountError::LabelTaken(label.to_string()));
        }
        has_room(&mut *tx, &checked.scope).await
    }

    /// Seals the token and writes the account with its entry in the record.
    pub(crate) async fn keep(
        &self,
        caller: &Caller,
        checked: Checked,
        credential: &Credential,
        report: &CheckReport,
        event: Event,
    ) -> Result<Account, AccountError> {
        let now = self.now();
        check_noted_end(checked.expires_at, now)?;
        let id = self.new_id();
        let is_made = checked.label.is_none();
        let made = || made_label(credential.forge.kind(), report.identity.as_ref());
        let kind = match report.validity {
            Validity::Valid => report.kind,
            Validity::Invalid | Validity::Unknown => credential.kind,
        };
        let mut record = AccountRecord {
            id,
            label: checked.label.map_or_else(made, Ok)?,
            note: checked.note,
            scope: checked.scope,
            added_by: caller.identity.to_string(),
            forge: credential.forge.clone(),
            kind,
            username: credential.username.clone(),
            email: credential.email.clone(),
            token: self
                .ring
                .seal(&credential.token, token_place(&id.to_string()), &*self.entropy),
            fingerprint: Fingerprint::of(&credential.token),
            serves: checked.serves,
            is_default: checked.default,
            active: true,
            auto_rotate: checked.auto_rotate.unwrap_or_else(|| kind.renews_itself()),
            identity_id: None,
            identity_name: None,
            scopes: None,
            expires_at: None,
            end_is_known: false,
            validity: Validity::Unknown,
            finding: None,
            report: None,
            checked_at: None,
            verdict_at: None,
            next_check_at: now,
            next_warning_at: None,
            rotate_at: None,
            token_since: now,
            created_at: now,
            updated_at: now,
        };
        self.apply(&mut record, report, true);
        self.note_end(&mut record, checked.expires_at, now);
        let mut tx = self.vault.begin().await?;
        has_room(&mut *tx, &record.scope).await?;
        if is_made {
            record.label = free_label(&mut *tx, &record).await?;
        }
        if record.is_default {
            tx.accounts().clear_default(&record.scope, record.forge.host()).await?;
        }
        let added = tx.accounts().add(&record).await;
        if let Err(VaultError::Conflict(_)) = added {
            drop(tx);
            return Err(self.conflict(&record).await?);
        }
        added?;
        let kept = self.keep_from_ending(&mut *tx, &record, now).await?;
        let event = facts(event, &record).with("validity", report.validity.as_str());
        let entries: Vec<Event> = kept.into_iter().chain([event]).collect();
        self.access.ledger().append_in(&mut *tx, &entries).await?;
        self.not_to_be_ended(&mut *tx, &record).await?;
        tx.commit().await?;
        tracing::info!(
            account.label = %record.label, forge.host = record.forge.host(), account.kind = record.kind.as_str(),
            account.fingerprint = %record.fingerprint, "an account was added"
        );
        Ok(Account::stored(record, now))
    }
}

impl Inner {
    /// What stands in the way of a new account: one of its label, or one that somebody made the default at the same time.
    async fn conflict(&self, record: &AccountRecord) -> Result<AccountError, AccountError> {
        let mut tx = self.vault.read().await?;
        let twin = tx.accounts().find_by_label(&record.scope, &record.label).await?;
        let label = record.label.to_string();
        Ok(match twin {
            Some(_) => AccountError::LabelTaken(label),
            None => AccountError::Changed(label),
        })
    }
}

/// Whether tokens of a kind can renew themselves, for somebody who wants it so.
///
/// # Errors
/// [`AccountError::RotationUnsupported`].
pub(crate) fn renewal_supported(forge: &ForgeEndpoint, kind: CredentialKind) -> Result<(), AccountError> {
    if kind.renews_itself() {
        return Ok(());
    }
    Err(AccountError::RotationUnsupported {
        cause: format!("{} has no way to renew {}", forge.kind(), kind.words()),
        remedy: "Leave it out: jeton warns ahead of the end, and tests the new token before the old one goes \
                 (`jeton account replace`)."
            .to_owned(),
    })
}

/// With what the record says of an account; never its token.
pub(crate) fn facts(event: Event, account: &AccountRecord) -> Event {
    event
        .with("account", account.label.as_str())
        .with("account_id", account.id.to_string())
        .with("source", source_of(&account.scope, &account.label))
        .with("forge", account.forge.host())
        .with("kind", account.kind.as_str())
        .with("identity", json!(account.identity_name))
        .with("expires_at", json!(account.expires_at.map(|at| at.to_string())))
        .with_fingerprint(account.fingerprint.clone())
}

/// What an account serves: what was said; for a Bitbucket access token, which belongs to a repository, else the one that it was tried on.
/// The watch cannot try it without.
fn of_its_repository(new: &NewAccount) -> Vec<String> {
    let kind = jeton_inspect::inspect(&new.token, None).kind;
    match &new.repository {
        Some(repository) if new.serves.is_empty() && kind == Some(CredentialKind::BitbucketAccess) => {
            vec![repository.clone()]
        }
        _ => new.serves.clone(),
    }
}

/// Whether an owner may have one more account of their own: each costs a look a day, which all that use the forge share.
pub(crate) async fn has_room(tx: &mut dyn VaultTx, scope: &AccountScope) -> Result<(), AccountError> {
    if *scope == AccountScope::Shared || tx.accounts().count_in(scope, MOST_PRIVATE).await? < u64::from(MOST_PRIVATE) {
        return Ok(());
    }
    Err(AccountError::Invalid(format!(
        "nobody has more than {MOST_PRIVATE} private accounts: remove one that is not needed any more (`jeton account remove`), or let          an operator add it as a shared one"
    )))
}

/// An end that somebody noted lies ahead, and no further than any forge lets a token live.
pub(crate) fn check_noted_end(end: Option<Timestamp>, now: Timestamp) -> Result<(), AccountError> {
    let longest = now + SignedDuration::from_hours(24 * 3_660);
    match end {
        Some(end) if end <= now => Err(AccountError::Invalid(format!("the token ended already, at {end}"))),
        Some(end) if end > longest => Err(AccountError::Invalid(format!("no token ends as late as {end}"))),
        _ => Ok(()),
    }
}
