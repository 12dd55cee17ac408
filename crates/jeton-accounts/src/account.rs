use jeton_domain::{
    AccountId, AccountLabel, AccountScope, CheckReport, Code, CredentialKind, Diagnosis, Fingerprint, ForgeEndpoint,
    ForgeIdentity, Serves, TokenEnd, Validity,
};
use jeton_vault::{AccountRecord, RotationRecord};
use jiff::Timestamp;

use crate::{EnvironmentAccount, report};

/// Where an account's token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOrigin {
    /// It stands sealed in the database.
    Stored,
    /// It stands in the server's environment, and nowhere else but in memory.
    Environment {
        /// Which variable.
        variable: &'static str,
    },
}

/// An account as people see it, wherever its token comes from. Never the token.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own that people see and set by its name"
)]
pub struct Account {
    /// Names it for ever.
    pub id: AccountId,
    /// Its owner's name for it.
    pub label: AccountLabel,
    /// A line for people.
    pub note: Option<String>,
    /// Who may see and use it.
    pub scope: AccountScope,
    /// Who added it, for people; `None` for what comes from the environment.
    pub owner: Option<String>,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// What kind of token it is, as exactly as is known.
    pub kind: CredentialKind,
    /// The user's name at the forge, where it was given.
    pub username: Option<String>,
    /// The user's e-mail address, where it was given.
    pub email: Option<String>,
    /// What may be shown of the token.
    pub fingerprint: Fingerprint,
    /// What it serves when several fit; everything when empty.
    pub serves: Vec<Serves>,
    /// Whether it is taken on its forge when nothing else decides.
    pub is_default: bool,
    /// Whether it may be used.
    pub active: bool,
    /// Whether jeton renews it by itself.
    pub auto_rotate: bool,
    /// Whose it is, by the forge's word.
    pub identity: Option<ForgeIdentity>,
    /// Its scopes by the forge's word; `None` when the forge does not tell.
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    pub end: TokenEnd,
    /// Whether somebody noted that end, because the forge does not tell it.
    pub end_is_noted: bool,
    /// What the last look that gave a clear word said.
    pub validity: Validity,
    /// What is wrong with it, by the last look, or because its end has passed since.
    pub finding: Option<Diagnosis>,
    /// The last look in full.
    pub report: Option<CheckReport>,
    /// When the forge was last asked.
    pub checked_at: Option<Timestamp>,
    /// When the forge last gave a clear word.
    pub verdict_at: Option<Timestamp>,
    /// When the watch looks next.
    pub next_check_at: Option<Timestamp>,
    /// When jeton renews it.
    pub rotate_at: Option<Timestamp>,
    /// When the token was put in.
    pub token_since: Option<Timestamp>,
    /// When the account was added.
    pub created_at: Option<Timestamp>,
    /// When a person last changed it.
    pub updated_at: Option<Timestamp>,
    /// Its name in policies and grants: `account:work`, `account:own/work` for a private one, `account:env/github-token`.
    pub source: String,
    /// Where its token comes from.
    pub origin: AccountOrigin,
    /// The newest renewal, without any token; only when one account is asked for.
    pub rotation: Option<RotationRecord>,
}

impl Account {
    /// A stored account at a time.
    pub(crate) fn stored(record: AccountRecord, now: Timestamp) -> Self {
        let report = record.report.as_ref().and_then(report::read);
        let end = end_of(&record);
        let source = source_of(&record.scope, &record.label);
        let identity = identity_of(&record);
        Self {
            finding: finding(report.as_ref(), end, record.end_is_known, record.validity, now),
            id: record.id,
            label: record.label,
            note: record.note,
            scope: record.scope,
            owner: Some(record.added_by),
            forge: record.forge,
            kind: record.kind,
            username: record.username,
            email: record.email,
            fingerprint: record.fingerprint,
            serves: record.serves,
            is_default: record.is_default,
            active: record.active,
            auto_rotate: record.auto_rotate,
            identity,
            scopes: record.scopes,
            end,
            end_is_noted: record.expires_at.is_some() && !record.end_is_known,
            validity: record.validity,
            report,
            checked_at: record.checked_at,
            verdict_at: record.verdict_at,
            next_check_at: Some(record.next_check_at),
            rotate_at: record.rotate_at,
            token_since: Some(record.token_since),
            created_at: Some(record.created_at),
            updated_at: Some(record.updated_at),
            source,
            origin: AccountOrigin::Stored,
            rotation: None,
        }
    }

    /// An account of the environment at a time.
    pub(crate) fn of_environment(account: &EnvironmentAccount, now: Timestamp) -> Self {
        let report = account.report.load_full().map(|report| (*report).clone());
        let seen = report.as_ref();
        let end = seen.map_or(TokenEnd::Unknown, |report| report.end);
        let validity = seen.map_or(Validity::Unknown, |report| report.validity);
        let checked_at = seen.map(|report| report.checked_at);
        Self {
            id: account.id,
            label: account.label.clone(),
            note: None,
            scope: AccountScope::Shared,
            owner: None,
            forge: account.credential.forge.clone(),
            kind: seen.map_or(account.credential.kind, |report| report.kind),
            username: account.credential.username.clone(),
            email: account.credential.email.clone(),
            fingerprint: account.fingerprint.clone(),
            serves: Vec::new(),
            is_default: false,
            active: true,
            auto_rotate: false,
            identity: seen.and_then(|report| report.identity.clone()),
            scopes: seen.and_then(|report| report.scopes.clone()),
            end,
            end_is_noted: false,
            validity,
            finding: finding(seen, end, true, validity, now),
            checked_at,
            verdict_at: checked_at.filter(|_| validity != Validity::Unknown),
            next_check_at: None,
            rotate_at: None,
            token_since: None,
            created_at: None,
            updated_at: None,
            source: account.source(),
            origin: AccountOrigin::Environment {
                variable: account.variable,
            },
            rotation: None,
            report,
        }
    }
}

/// An account's name in policies and grants. Private ones share a name with those of other people: a policy for
/// `account:own/*` lets each use their own.
pub(crate) fn source_of(scope: &AccountScope, label: &AccountLabel) -> String {
    match scope {
        AccountScope::Shared => format!("account:{label}"),
        AccountScope::Private(_) => format!("account:own/{label}"),
    }
}

/// When a stored token ends.
pub(crate) fn end_of(record: &AccountRecord) -> TokenEnd {
    match (record.expires_at, record.end_is_known) {
        (Some(at), _) => TokenEnd::At(at),
        (None, true) => TokenEnd::Never,
        (None, false) => TokenEnd::Unknown,
    }
}

/// Whose a stored token is.
pub(crate) fn identity_of(record: &AccountRecord) -> Option<ForgeIdentity> {
    let (id, name) = record.identity_id.clone().zip(record.identity_name.clone())?;
    Some(ForgeIdentity { id, name })
}

/// What is wrong, if anything: an end that has passed is known without asking anybody.
pub(crate) fn finding(
    report: Option<&CheckReport>,
    end: TokenEnd,
    end_is_known: bool,
    validity: Validity,
    now: Timestamp,
) -> Option<Diagnosis> {
    let told = report.and_then(|report| report.diagnoses.first());
    match end.time().filter(|end| *end <= now) {
        Some(end) if validity != Validity::Invalid => Some(expired(end, end_is_known)),
        _ => told.cloned(),
    }
}

/// What to say of a token whose end has passed. `by_the_forge`: the forge said when; else somebody noted it.
pub(crate) fn expired(end: Timestamp, by_the_forge: bool) -> Diagnosis {
    Diagnosis {
        code: Code::CredentialExpired,
        cause: if by_the_forge {
            format!("the token ended at {end}, by the forge's own word")
        } else {
            format!("the token ended at {end}, as was noted with the account")
        },
        remedy: "Make a new token at the forge and put it in the place of this one with `jeton account replace`; \
                 `jeton account show` names the page."
            .to_owned(),
        url: None,
        retry_at: None,
    }
}
