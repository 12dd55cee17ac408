use async_trait::async_trait;
use jeton_domain::{ClientId, ClientKeyId, ClientName, PolicyName, Role, Secret, UserId, UserName};
use jiff::Timestamp;

use crate::{
    ClientKeyRecord, ClientRecord, CookieDigest, LedgerEntry, LedgerFilter, LedgerMark, PolicyRecord, UserRecord,
    VaultError, WebSessionRecord,
};

/// The programs that may ask.
#[async_trait]
pub trait ClientRepo: Send {
    /// A page by name, then by id: at most `limit` that come after the client named `after`. Revoked ones only when
    /// asked for.
    async fn list(
        &mut self,
        after: Option<(&ClientName, ClientId)>,
        with_revoked: bool,
        limit: u32,
    ) -> Result<Vec<ClientRecord>, VaultError>;
    /// The one of this name that is not revoked.
    async fn find(&mut self, name: &ClientName) -> Result<Option<ClientRecord>, VaultError>;
    /// Every client that is not revoked, with its keys that have not ended by `now`, in no order.
    async fn load(&mut self, now: Timestamp) -> Result<Vec<(ClientRecord, Vec<ClientKeyRecord>)>, VaultError>;
    /// Adds one; [`VaultError::Conflict`] when one that is not revoked has the name.
    async fn add(&mut self, client: &ClientRecord) -> Result<(), VaultError>;
    /// Revokes one and removes its keys; whether it was not revoked before.
    async fn revoke(&mut self, id: ClientId, at: Timestamp) -> Result<bool, VaultError>;
    /// Adds a key.
    async fn add_key(&mut self, key: &ClientKeyRecord) -> Result<(), VaultError>;
    /// The keys of a client that have not ended by `now`, oldest first. In a transaction that writes, the client's row
    /// is locked first, so that two rotations at once follow each other.
    async fn keys(&mut self, client: ClientId, now: Timestamp) -> Result<Vec<ClientKeyRecord>, VaultError>;
    /// Lets all keys of a client but one end at `at`, unless they end sooner; how many.
    async fn end_other_keys(&mut self, client: ClientId, but: ClientKeyId, at: Timestamp) -> Result<u64, VaultError>;
    /// Notes when clients were last used; never moves a time back.
    async fn touch(&mut self, used: &[(ClientId, Timestamp)]) -> Result<(), VaultError>;
    /// Removes keys that ended before `before`; how many.
    async fn purge_keys(&mut self, before: Timestamp) -> Result<u64, VaultError>;
}

/// The people who may sign in.
#[async_trait]
pub trait UserRepo: Send {
    /// A page by name: at most `limit` that come after `after`.
    async fn list(&mut self, after: Option<&UserName>, limit: u32) -> Result<Vec<UserRecord>, VaultError>;
    /// One by its id.
    async fn find(&mut self, id: UserId) -> Result<Option<UserRecord>, VaultError>;
    /// One by the name.
    async fn find_by_name(&mut self, name: &UserName) -> Result<Option<UserRecord>, VaultError>;
    /// One by the provider's issuer and subject.
    async fn find_by_provider(&mut self, issuer: &str, subject: &str) -> Result<Option<UserRecord>, VaultError>;
    /// Adds one; [`VaultError::Conflict`] when the name, or the provider's subject, is taken.
    async fn add(&mut self, user: &UserRecord) -> Result<(), VaultError>;
    /// Changes the role; whether the user is there.
    async fn set_role(&mut self, id: UserId, role: Role) -> Result<bool, VaultError>;
    /// Changes the password's hash; whether the user is there.
    async fn set_password(&mut self, id: UserId, password: &Secret) -> Result<bool, VaultError>;
    /// Shuts a user out, or lets them in again (`None`); whether the user is there.
    async fn set_disabled(&mut self, id: UserId, at: Option<Timestamp>) -> Result<bool, VaultError>;
    /// Removes one with their browser sessions; whether the user was there.
    async fn remove(&mut self, id: UserId) -> Result<bool, VaultError>;
    /// Notes a sign-in.
    async fn signed_in(&mut self, id: UserId, at: Timestamp) -> Result<(), VaultError>;
    /// How many operators are not shut out. In a transaction that writes, no other transaction can change the answer
    /// until this one ends.
    async fn count_operators(&mut self) -> Result<u64, VaultError>;
    /// Whether there is any user at all.
    async fn any(&mut self) -> Result<bool, VaultError>;
}

/// The browsers in which somebody has signed in.
#[async_trait]
pub trait WebSessionRepo: Send {
    /// Adds one.
    async fn add(&mut self, session: &WebSessionRecord) -> Result<(), VaultError>;
    /// The one of a cookie, with its user, when it has not ended by `now` and the user is not shut out.
    async fn find(
        &mut self,
        digest: &CookieDigest,
        now: Timestamp,
    ) -> Result<Option<(WebSessionRecord, UserRecord)>, VaultError>;
    /// Those of a user that have not ended by `now`, newest first.
    async fn list(&mut self, user: UserId, now: Timestamp) -> Result<Vec<WebSessionRecord>, VaultError>;
    /// Notes that one was used.
    async fn touch(&mut self, digest: &CookieDigest, at: Timestamp) -> Result<(), VaultError>;
    /// Ends one; whether it was there.
    async fn remove(&mut self, digest: &CookieDigest) -> Result<bool, VaultError>;
    /// Ends all of a user but one; how many.
    async fn remove_of_user(&mut self, user: UserId, but: Option<&CookieDigest>) -> Result<u64, VaultError>;
    /// Removes those that ended before `before`; how many.
    async fn purge(&mut self, before: Timestamp) -> Result<u64, VaultError>;
}

/// The policies that were added over the API.
#[async_trait]
pub trait PolicyRepo: Send {
    /// All of them, in the order in which they were added.
    async fn list(&mut self) -> Result<Vec<PolicyRecord>, VaultError>;
    /// One by its name.
    async fn find(&mut self, name: &PolicyName) -> Result<Option<PolicyRecord>, VaultError>;
    /// Adds one, or changes the one of this name (it keeps its place and its `created_at`); whether it is new.
    async fn put(&mut self, policy: &PolicyRecord) -> Result<bool, VaultError>;
    /// Removes one; whether it was there.
    async fn remove(&mut self, name: &PolicyName) -> Result<bool, VaultError>;
}

/// The record: entries that are added and never changed, each chained to the one before.
#[async_trait]
pub trait LedgerRepo: Send {
    /// The newest place of the chain; `None` when nothing was ever written. In a transaction that writes, nobody else
    /// can append until this one ends.
    async fn head(&mut self) -> Result<Option<LedgerMark>, VaultError>;
    /// Adds entries and moves the head. [`VaultError::Conflict`] when a number is taken already.
    async fn append(&mut self, entries: &[LedgerEntry], head: &LedgerMark) -> Result<(), VaultError>;
    /// A page, newest first: at most `limit` with a number below `before`. Costs the same at a million rows.
    async fn list(
        &mut self,
        filter: &LedgerFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, VaultError>;
    /// At most `limit` with a number above `after`, oldest first.
    async fn scan(&mut self, after: u64, limit: u32) -> Result<Vec<LedgerEntry>, VaultError>;
    /// The first entry that a search by time could pass over, because what the database keeps beside it for such
    /// searches was changed; `None` when there is none. Looks at every entry.
    async fn first_unfindable(&mut self) -> Result<Option<u64>, VaultError>;
    /// Up to where entries were archived and removed; `None` when none were.
    async fn base(&mut self) -> Result<Option<LedgerMark>, VaultError>;
    /// The number of the last entry that happened before a time; `None` when there is none.
    async fn last_before(&mut self, before: Timestamp) -> Result<Option<u64>, VaultError>;
    /// Removes the entries up to `base`, after they were archived elsewhere; how many.
    async fn remove_archived(&mut self, base: &LedgerMark) -> Result<u64, VaultError>;
}
