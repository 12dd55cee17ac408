use async_trait::async_trait;
use jeton_domain::{
    AccountId, AccountLabel, AccountScope, CredentialKind, Fingerprint, ForgeEndpoint, ForgeKind, LeaseHolder, Quota,
    RotationId, Sealed, Serves, Validity,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::VaultError;

/// A stored account. What a test of it found stands in the fields from `identity_id` to `report`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of its own, and all combinations are meant"
)]
pub struct AccountRecord {
    /// Names it for ever.
    pub id: AccountId,
    /// Its owner's name for it; unique within its scope.
    pub label: AccountLabel,
    /// A line for people; without control and direction characters.
    pub note: Option<String>,
    /// Who may see and use it.
    pub scope: AccountScope,
    /// Who added it, for people: [`jeton_domain::Identity`] as text.
    pub added_by: String,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// What kind of token it is, as exactly as is known.
    pub kind: CredentialKind,
    /// The user's name at the forge, where it was given.
    pub username: Option<String>,
    /// The user's e-mail address, where the forge wants one.
    pub email: Option<String>,
    /// The token, locked.
    pub token: Sealed,
    /// What may be shown of the token.
    pub fingerprint: Fingerprint,
    /// What it serves when several fit; everything when empty.
    pub serves: Vec<Serves>,
    /// Whether it is the one to take on its forge when nothing else decides; at most one per scope and forge.
    pub is_default: bool,
    /// Whether it may be used.
    pub active: bool,
    /// Whether jeton renews it by itself, where the forge can.
    pub auto_rotate: bool,
    /// Whose it is at the forge: what never changes.
    pub identity_id: Option<String>,
    /// Whose it is at the forge: the name.
    pub identity_name: Option<String>,
    /// Its scopes by the forge's word; `None` when the forge does not tell.
    pub scopes: Option<Vec<String>>,
    /// When it ends; `None` when it does not, or when that is not known.
    pub expires_at: Option<Timestamp>,
    /// Whether the forge said when it ends, or that it does not.
    pub end_is_known: bool,
    /// What the last look that gave a clear word said.
    pub validity: Validity,
    /// The code of the gravest finding of the last look.
    pub finding: Option<String>,
    /// The last look in full, as JSON; at most 32 KiB, without secrets.
    pub report: Option<Value>,
    /// When the forge was last asked.
    pub checked_at: Option<Timestamp>,
    /// When the forge last gave a clear word.
    pub verdict_at: Option<Timestamp>,
    /// When the watch looks next.
    pub next_check_at: Timestamp,
    /// When the next warning of its end is due.
    pub next_warning_at: Option<Timestamp>,
    /// When jeton renews it.
    pub rotate_at: Option<Timestamp>,
    /// When the token was put in.
    pub token_since: Timestamp,
    /// When the account was added.
    pub created_at: Timestamp,
    /// When a person last changed it.
    pub updated_at: Timestamp,
}

/// Whose accounts somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountView {
    /// Everybody's.
    All,
    /// The shared ones, and the private ones of this [`jeton_domain::IdentityKey`].
    Of(String),
}

/// In which order accounts that end in a time are given; those that end at once are by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOrder {
    /// From the beginning of the time on.
    SoonestFirst,
    /// From the end of the time back, ids too.
    LatestFirst,
}

/// Which accounts are asked for; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Of this kind of forge.
    pub forge_kind: Option<ForgeKind>,
    /// On this host.
    pub host: Option<String>,
    /// With this standing.
    pub validity: Option<Validity>,
    /// Active or not.
    pub active: Option<bool>,
    /// Whose label begins so.
    pub label_prefix: Option<String>,
    /// With this text in the label, the note, the user's name or e-mail address, the name at the forge or the host, in
    /// whatever case (of ASCII); no character of it stands for others. Of the note the first 200 characters are looked at, of the
    /// user's name and the name at the forge the first 100.
    pub text: Option<String>,
    /// That end before this time, by the forge's word or as was noted.
    pub ends_before: Option<Timestamp>,
    /// Private to somebody, or shared.
    pub private: Option<bool>,
    /// That have not ended at this time: what ends at it has, and what has no end that is known has not.
    pub not_ended_at: Option<Timestamp>,
}

impl AccountFilter {
    /// The part of the order by label and id in which a page lies: after a label and an id, where nothing is below the empty
    /// label and no id, and before another label. `None` when the conditions hold for no account.
    pub fn range<'a>(&'a self, after: Option<(&'a AccountLabel, AccountId)>) -> Option<AccountRange<'a>> {
        let prefix = self.label_prefix.as_deref().unwrap_or_default();
        let in_labels = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        // Databases differ in what they make of a zero in a text.
        let has_zero = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains('\0'));
        if !prefix.chars().all(in_labels) || has_zero(&self.host) || has_zero(&self.text) {
            return None;
        }
        let (after_label, after_id) = match after {
            Some((label, id)) if label.as_str() >= prefix => (label.as_str(), Some(id)),
            Some(_) | None => (prefix, None),
        };
        Some(AccountRange {
            after_label,
            after_id,
            // Above all that a label is made of.
            before_label: format!("{prefix}~"),
        })
    }

    /// Whether a narrow index is walked along for it, and only the rows that are meant are read: what is asked for may be few among
    /// many, and stands in no order that a list has.
    pub fn is_searched(&self) -> bool {
        self.text.is_some() || self.ends_before.is_some() || self.private.is_some() || self.not_ended_at.is_some()
    }

    /// The text as it stands in what is searched: in lower case, as far as ASCII goes. `None` when every account has it.
    pub fn search(&self) -> Option<String> {
        let text = self.text.as_deref().filter(|text| !text.is_empty())?;
        Some(text.to_ascii_lowercase())
    }
}

/// What lists and counts need to know of an account: without its token and its last look, which are long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSketch {
    /// Names it for ever.
    pub id: AccountId,
    /// Its owner's name for it.
    pub label: AccountLabel,
    /// Who may see and use it.
    pub scope: AccountScope,
    /// The kind of its forge.
    pub forge_kind: ForgeKind,
    /// The host of its forge.
    pub host: String,
    /// What the last look that gave a clear word said.
    pub validity: Validity,
    /// Whether it may be used.
    pub active: bool,
    /// When it ends, if that is known or noted.
    pub expires_at: Option<Timestamp>,
}

/// How many accounts are alike in what an overview tells of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTally {
    /// The kind of their forge.
    pub forge_kind: ForgeKind,
    /// What the last look that gave a clear word said.
    pub validity: Validity,
    /// Whether they may be used.
    pub active: bool,
    /// Whether their end has passed.
    pub ended: bool,
    /// How many.
    pub count: u64,
}

/// What is left of a forge's limit, as a row keeps it beside the report that tells it: `(permille, end of the window)`.
/// `None` when the report does not say both.
pub fn quota_left(report: Option<&Value>) -> Option<(i64, Timestamp)> {
    let quota: Quota = serde_json::from_value(report?.get("quota")?.clone()).ok()?;
    let left = u128::from(quota.remaining.min(quota.limit)) * 1000;
    let permille = left.checked_div(u128::from(quota.limit))?;
    Some((i64::try_from(permille).ok()?, quota.resets_at?))
}

/// See [`AccountFilter::range`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRange<'a> {
    /// Those of this label have a greater id than the next one.
    pub after_label: &'a str,
    /// Below every id when absent.
    pub after_id: Option<AccountId>,
    /// A label that is no part of it any more.
    pub before_label: String,
}

/// What a look at the forge changes in a row. Labels, switches and the token stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountCheck {
    /// The kind, more exactly.
    pub kind: CredentialKind,
    /// Whose it is: `(id, name)`.
    pub identity: Option<(String, String)>,
    /// Its scopes.
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Whether that is known.
    pub end_is_known: bool,
    /// What it says now.
    pub validity: Validity,
    /// The gravest finding.
    pub finding: Option<String>,
    /// All of it.
    pub report: Value,
    /// When the forge was asked.
    pub checked_at: Timestamp,
    /// When the forge last gave a clear word.
    pub verdict_at: Option<Timestamp>,
    /// When the watch looks next.
    pub next_check_at: Timestamp,
    /// When the next warning is due.
    pub next_warning_at: Option<Timestamp>,
    /// When jeton renews it.
    pub rotate_at: Option<Timestamp>,
}

/// The stored accounts.
#[async_trait]
pub trait AccountRepo: Send {
    /// Adds one; [`VaultError::Conflict`] when its scope has one of this label, or a default on this host already.
    async fn add(&mut self, account: &AccountRecord) -> Result<(), VaultError>;
    /// One by its id. In a transaction that writes, its row is locked.
    async fn find(&mut self, id: AccountId) -> Result<Option<AccountRecord>, VaultError>;
    /// Those of these ids that there are, by label, then by id. One statement.
    async fn find_many(&mut self, ids: &[AccountId]) -> Result<Vec<AccountRecord>, VaultError>;
    /// One by its label, in one scope.
    async fn find_by_label(
        &mut self,
        scope: &AccountScope,
        label: &AccountLabel,
    ) -> Result<Option<AccountRecord>, VaultError>;
    /// A page by label, then by id: at most `limit` that come after `after`. One statement; without a filter, with a filter by host,
    /// and for the private ones of one holder, it costs the same at a million rows as at a thousand.
    async fn list(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError>;
    /// The same page without what is long. It costs less than the page itself, and is there to be counted and chosen from.
    async fn browse(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError>;
    /// How many a list has in all its pages, counted up to `most`.
    async fn count_matching(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        most: u32,
    ) -> Result<u64, VaultError>;
    /// How many of those in a view are alike, at a time: one walk along an index. What there is none of is left out.
    async fn tally(&mut self, view: &AccountView, now: Timestamp) -> Result<Vec<AccountTally>, VaultError>;
    /// Up to `limit` active ones that end from `from` on and before `to`: the first ones in this order.
    async fn ending(
        &mut self,
        view: &AccountView,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
        order: EndOrder,
    ) -> Result<Vec<AccountRecord>, VaultError>;
    /// How many active ones end from `from` on and before `to`.
    async fn count_ending_in(&mut self, view: &AccountView, from: Timestamp, to: Timestamp) -> Result<u64, VaultError>;
    /// Up to `limit` active ones of whose forge's limit the least is left, by reports whose windows end after `now`; the least first,
    /// then by id. With `private` the private ones alone, or the shared ones.
    async fn least_quota(
        &mut self,
        view: &AccountView,
        now: Timestamp,
        private: Option<bool>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError>;
    /// Those of a token with this fingerprint, in one scope or all: at most 20.
    async fn find_by_fingerprint(&mut self, fingerprint: &Fingerprint) -> Result<Vec<AccountRecord>, VaultError>;
    /// Those that are active and could serve: on `host` when given, of `forge_kind`, in the scopes that `view` sees, and
    /// serving one of `keys` ([`Serves::keys_of`]) or everything. The most exact first, then private before shared, then
    /// the default, then those that are not invalid, then by label; at most `limit`. Costs the same at a million rows.
    async fn choose(
        &mut self,
        view: &AccountView,
        forge_kind: ForgeKind,
        host: Option<&str>,
        keys: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError>;
    /// Writes all of a row but what [`AccountRepo::put_check`] writes and the token with its fingerprint and time, if the row was
    /// last changed at `seen`; whether it was. [`VaultError::Conflict`] as for [`AccountRepo::add`]; the transaction can
    /// go on.
    async fn update(&mut self, account: &AccountRecord, seen: Timestamp) -> Result<bool, VaultError>;
    /// Makes no account of a scope the default on a host; how many were.
    async fn clear_default(&mut self, scope: &AccountScope, host: &str) -> Result<u64, VaultError>;
    /// Puts another token in, with the kind, user name, e-mail address and all that a look at the forge found; if the
    /// token in the row is still the one of `seen`. Whether it was. The time of the last change moves forward to the one
    /// given, and never back.
    async fn put_token(&mut self, account: &AccountRecord, seen: &Fingerprint) -> Result<bool, VaultError>;
    /// Notes what a look found, if the token in the row is still the one that was looked at; whether it was.
    async fn put_check(&mut self, id: AccountId, seen: &Fingerprint, check: &AccountCheck) -> Result<bool, VaultError>;
    /// How many there are in one scope, counted up to `most`.
    async fn count_in(&mut self, scope: &AccountScope, most: u32) -> Result<u64, VaultError>;
    /// Switches off all active accounts of one scope, so that nothing renews them either; as they are then, by label.
    async fn switch_off_in(&mut self, scope: &AccountScope, now: Timestamp) -> Result<Vec<AccountRecord>, VaultError>;
    /// Removes one with what is written of its renewals; whether it was there. Its grants stay on record.
    async fn remove(&mut self, id: AccountId) -> Result<bool, VaultError>;
    /// Takes up to `limit` active accounts whose next look is due by `now`, the longest overdue first, and moves their next look to
    /// `until`, so that no other server takes them meanwhile. Hosts in `not_on` are left out. What cannot be read is moved
    /// too, and left out.
    async fn claim_due_checks(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        not_on: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError>;
    /// Makes up to `limit` active accounts whose next look lies after `far` due at `to`, the farthest first; how many. No look is ever
    /// put off so long: a clock that was wrong has done it.
    async fn recall_far_checks(&mut self, far: Timestamp, to: Timestamp, limit: u32) -> Result<u64, VaultError>;
    /// Sets when the watch looks next.
    async fn set_next_check(&mut self, id: AccountId, at: Timestamp) -> Result<(), VaultError>;
    /// Up to `limit` active accounts whose next warning is due by `now`. In a transaction that writes, no other takes them.
    async fn due_warnings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<AccountRecord>, VaultError>;
    /// Sets when the next warning is due.
    async fn set_next_warning(&mut self, id: AccountId, next: Option<Timestamp>) -> Result<(), VaultError>;
    /// Up to `limit` ids of active accounts that are to be renewed by `now` and have no renewal under way.
    async fn due_rotations(&mut self, now: Timestamp, limit: u32) -> Result<Vec<AccountId>, VaultError>;
    /// Sets when the next renewal is due.
    async fn set_rotate_at(&mut self, id: AccountId, at: Option<Timestamp>) -> Result<(), VaultError>;
    /// How many there are of each kind of forge and standing, for metrics and the page.
    async fn count(&mut self) -> Result<Vec<(ForgeKind, Validity, u64)>, VaultError>;
    /// How many active accounts of each kind of forge end from `from` on and before `to`.
    async fn count_ending(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<(ForgeKind, u64)>, VaultError>;
}

/// Where a renewal stands. A renewal that is not done, failed or lost is open; an account has at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationState {
    /// Written down; the forge was not asked yet.
    Intended,
    /// The forge is being asked, or was, and its answer is not known here.
    Asked,
    /// The forge's answer is here: the new token stands sealed in `new_token`; the old one is dead.
    Received,
    /// The new token is in the account.
    Done,
    /// The forge refused; the old token is as it was.
    Failed,
    /// The forge renewed it and the answer was lost: neither token can be used.
    Lost,
}

impl RotationState {
    /// Whether nothing more will happen.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Lost)
    }
}

/// One renewal of an account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationRecord {
    /// Names it.
    pub id: RotationId,
    /// Whose token.
    pub account: AccountId,
    /// Where it stands.
    pub state: RotationState,
    /// What may be shown of the old token.
    pub old_fingerprint: Fingerprint,
    /// The new token, locked; only while the state is [`RotationState::Received`].
    pub new_token: Option<Sealed>,
    /// When the new token ends, by the forge's word.
    pub new_expires_at: Option<Timestamp>,
    /// What may be shown of the new token.
    pub new_fingerprint: Option<Fingerprint>,
    /// Who works on it.
    pub holder: Option<LeaseHolder>,
    /// How often the forge was asked.
    pub attempts: u32,
    /// Who wanted it, for people; the watch, mostly.
    pub asked_by: String,
    /// What went wrong last: a code and a sentence, without secrets.
    pub error: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it last moved on.
    pub changed_at: Timestamp,
    /// When people were told that it does not move on.
    pub alarmed_at: Option<Timestamp>,
}

/// The journal of renewals.
#[async_trait]
pub trait RotationRepo: Send {
    /// Writes one down; `false`, and nothing written, when the account has an open one, or another account with the same token has.
    async fn begin(&mut self, rotation: &RotationRecord) -> Result<bool, VaultError>;
    /// One by its id.
    async fn find(&mut self, id: RotationId) -> Result<Option<RotationRecord>, VaultError>;
    /// The open one of an account.
    async fn find_open(&mut self, account: AccountId) -> Result<Option<RotationRecord>, VaultError>;
    /// Those of an account, newest first: at most `limit`.
    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<RotationRecord>, VaultError>;
    /// Writes all of a row, if its state is still `from` and it was last moved on at `seen`; whether it was. The one way from step to
    /// step: of two servers that try, one succeeds.
    async fn step(
        &mut self,
        rotation: &RotationRecord,
        from: RotationState,
        seen: Timestamp,
    ) -> Result<bool, VaultError>;
    /// Removes up to `limit` closed ones that last moved before `before`; how many.
    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError>;
}
