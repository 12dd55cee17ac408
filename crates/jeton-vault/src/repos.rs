use async_trait::async_trait;
use jeton_domain::{
    AccountId, AppId, AppName, Fingerprint, GrantId, JobId, KeyId, LeaseHolder, TokenId, TokenKeyDigest,
};
use jiff::Timestamp;

use crate::{
    AccountRepo, AppRecord, ClientRepo, DataKeyRecord, GrantFilter, GrantRecord, InstallationRecord, JobRecord, Lease,
    LedgerRepo, NewJob, OldTokenRepo, PolicyRepo, RotationRepo, RunnerRepo, SealedRowRepo, TargetRepo, TokenRecord,
    UserRepo, VaultError, WebSessionRepo,
};

/// A database. Cheap to clone behind an `Arc`; opened and migrated by its own crate.
#[async_trait]
pub trait Vault: std::fmt::Debug + Send + Sync {
    /// Begins a transaction that may write. On SQLite there is one at a time, and callers queue for it.
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError>;

    /// Begins a transaction that only reads, and waits for no writer. Dropping it is enough.
    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError>;

    /// The leases, each call a step of its own, outside of any transaction.
    fn leases(&self) -> &dyn LeaseRepo;

    /// Whether the database answers and can be written, for readiness and the doctor.
    async fn check(&self) -> Result<(), VaultError>;

    /// Whether other processes may use it at the same time.
    fn shared(&self) -> bool {
        true
    }

    /// Where it is: a file, or a URL without its password.
    fn place(&self) -> &str;

    /// Waits for running statements and closes every connection.
    async fn close(&self);
}

/// A transaction. Dropped without [`VaultTx::commit`], it rolls back.
#[async_trait]
pub trait VaultTx: Send {
    /// The wrapped data keys.
    fn data_keys(&mut self) -> Box<dyn DataKeyRepo + '_>;
    /// Sealed values, wherever they stand.
    fn sealed_rows(&mut self) -> Box<dyn SealedRowRepo + '_>;
    /// The GitHub Apps.
    fn apps(&mut self) -> Box<dyn AppRepo + '_>;
    /// The stored accounts.
    fn accounts(&mut self) -> Box<dyn AccountRepo + '_>;
    /// The journal of renewals of accounts' tokens.
    fn rotations(&mut self) -> Box<dyn RotationRepo + '_>;
    /// The runners that jeton keeps.
    fn runners(&mut self) -> Box<dyn RunnerRepo + '_>;
    /// The targets of accounts.
    fn targets(&mut self) -> Box<dyn TargetRepo + '_>;
    /// The tokens that were replaced.
    fn old_tokens(&mut self) -> Box<dyn OldTokenRepo + '_>;
    /// What is known of installations.
    fn installations(&mut self) -> Box<dyn InstallationRepo + '_>;
    /// The minted tokens.
    fn tokens(&mut self) -> Box<dyn TokenRepo + '_>;
    /// Who holds what.
    fn grants(&mut self) -> Box<dyn GrantRepo + '_>;
    /// The queue.
    fn jobs(&mut self) -> Box<dyn JobRepo + '_>;
    /// Small facts about this database.
    fn settings(&mut self) -> Box<dyn SettingRepo + '_>;
    /// The programs that may ask.
    fn clients(&mut self) -> Box<dyn ClientRepo + '_>;
    /// The people who may sign in.
    fn users(&mut self) -> Box<dyn UserRepo + '_>;
    /// The browsers in which somebody has signed in.
    fn web_sessions(&mut self) -> Box<dyn WebSessionRepo + '_>;
    /// The policies that were added over the API.
    fn policies(&mut self) -> Box<dyn PolicyRepo + '_>;
    /// The record.
    fn ledger(&mut self) -> Box<dyn LedgerRepo + '_>;
    /// Makes it so.
    async fn commit(self: Box<Self>) -> Result<(), VaultError>;
}

/// The wrapped data keys.
#[async_trait]
pub trait DataKeyRepo: Send {
    /// All of them, oldest first.
    async fn list(&mut self) -> Result<Vec<DataKeyRecord>, VaultError>;
    /// Adds one. `Ok(false)`, and nothing written, when there is one already and `first` is asked for: two servers that
    /// start on an empty database at once must end with one key.
    async fn add(&mut self, key: &DataKeyRecord, first: bool) -> Result<bool, VaultError>;
    /// Lets a key seal new values from now on, if it does not yet; whether it was so. The time in the row is later than that
    /// of every other key, whatever the clock says.
    async fn activate(&mut self, id: &KeyId, at: Timestamp) -> Result<bool, VaultError>;
    /// Wraps a key anew: `new` takes the place of `old`. `Ok(false)`, and nothing written, when it is wrapped otherwise by
    /// now.
    async fn rewrap(&mut self, old: &DataKeyRecord, new: &DataKeyRecord) -> Result<bool, VaultError>;
    /// Removes a key. `Ok(false)`, and nothing removed, when a value names it, when it is the one that seals, or when it is
    /// not there. From then on the database refuses a value of this key with [`VaultError::DataKeyGone`].
    async fn remove(&mut self, id: &KeyId) -> Result<bool, VaultError>;
}

/// The GitHub Apps.
#[async_trait]
pub trait AppRepo: Send {
    /// All of them, by name.
    async fn list(&mut self) -> Result<Vec<AppRecord>, VaultError>;
    /// One by its name.
    async fn find(&mut self, name: &AppName) -> Result<Option<AppRecord>, VaultError>;
    /// Adds one; [`VaultError::Conflict`] when the name is taken.
    async fn add(&mut self, app: &AppRecord) -> Result<(), VaultError>;
    /// Removes one with its installations; whether it was there. Its tokens and grants stay on record.
    async fn remove(&mut self, id: AppId) -> Result<bool, VaultError>;
}

/// What is known of installations.
#[async_trait]
pub trait InstallationRepo: Send {
    /// The one of an App on an owner (in lower case).
    async fn find(&mut self, app: AppId, owner: &str) -> Result<Option<InstallationRecord>, VaultError>;
    /// Notes one, over what was known before.
    async fn put(&mut self, installation: &InstallationRecord) -> Result<(), VaultError>;
    /// Forgets one.
    async fn remove(&mut self, app: AppId, owner: &str) -> Result<(), VaultError>;
}

/// The minted tokens.
#[async_trait]
pub trait TokenRepo: Send {
    /// The live token of a key that ends last, if it ends after `now`.
    async fn find_live(&mut self, key: &TokenKeyDigest, now: Timestamp) -> Result<Option<TokenRecord>, VaultError>;
    /// One by its id.
    async fn find(&mut self, id: TokenId) -> Result<Option<TokenRecord>, VaultError>;
    /// The live tokens with a fingerprint that end after `now`.
    async fn find_by_fingerprint(
        &mut self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Vec<TokenRecord>, VaultError>;
    /// Those that were revoked, or are about to be, before they end: what a process must drop from its memory.
    async fn list_ended_early(&mut self, now: Timestamp) -> Result<Vec<(TokenId, TokenKeyDigest)>, VaultError> {
        let _ = now;
        Ok(Vec::new())
    }
    /// Adds one.
    async fn add(&mut self, token: &TokenRecord) -> Result<(), VaultError>;
    /// Live → revoking; whether it was live.
    async fn begin_revoke(&mut self, id: TokenId) -> Result<bool, VaultError>;
    /// → revoked; the token's bytes are removed. Whether the row was there.
    async fn finish_revoke(&mut self, id: TokenId) -> Result<bool, VaultError>;
    /// Removes rows whose tokens ended before `before` and that no grant refers to; the others that ended lose their bytes
    /// (the state becomes revoked). How many rows were touched, `limit` at most: a full batch means that there is more.
    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError>;
}

/// Who holds what.
#[async_trait]
pub trait GrantRepo: Send {
    /// Adds one.
    async fn add(&mut self, grant: &GrantRecord) -> Result<(), VaultError>;
    /// One by its id.
    async fn find(&mut self, id: GrantId) -> Result<Option<GrantRecord>, VaultError>;
    /// By what the holder of the newest grant is known that has this name in [`GrantRecord::holder`]. Reads every grant if
    /// there is none: for names of which nothing else is left.
    async fn last_key_of(&mut self, holder: &str) -> Result<Option<String>, VaultError>;
    /// A page, newest first: at most `limit` grants made before the grant `before`. `now` tells what has ended. With any one
    /// condition it costs the same at a million rows as at a thousand; with several, what meets one of them is walked through for
    /// the others. Of live ones alone, what has ended or was given back does not count: at most all that are held are looked at.
    async fn list(
        &mut self,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError>;
    /// How many grants were made in each hour from `from` on and before `to`, by anybody or one holder; hours without any are left out.
    /// Each hour is named by its beginning. The time is that of the grants' ids, which is when they were made.
    async fn count_by_hour(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        holder_key: Option<&str>,
    ) -> Result<Vec<(Timestamp, u64)>, VaultError>;
    /// Marks one as given back; whether it was held until now.
    async fn release(&mut self, id: GrantId, at: Timestamp) -> Result<bool, VaultError>;
    /// Marks all of a token as given back; how many were held.
    async fn release_all(&mut self, token: TokenId, at: Timestamp) -> Result<u64, VaultError>;
    /// Marks all that are held of an account by `at` as given back, but for those of a token with the fingerprint `but`; how
    /// many were.
    async fn release_account(
        &mut self,
        account: AccountId,
        but: Option<&Fingerprint>,
        at: Timestamp,
    ) -> Result<u64, VaultError>;
    /// Up to `limit` that are held of an account by `now`, newest first.
    async fn held_of_account(
        &mut self,
        account: AccountId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError>;
    /// How many of a token are held.
    async fn count_held(&mut self, token: TokenId) -> Result<u64, VaultError>;
    /// Removes up to `limit` that ended before `before`; how many.
    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError>;
}

/// The queue. A job is queued in the transaction that makes it necessary.
#[async_trait]
pub trait JobRepo: Send {
    /// Queues one; `Ok(false)` when its twin waits or runs already.
    async fn add(&mut self, job: &NewJob) -> Result<bool, VaultError>;
    /// Takes up to `limit` due jobs of the named kinds: queued and due, or running with a lease that ended before
    /// `now`. Two workers never take the same one. Counts an attempt and sets the lease.
    async fn claim(
        &mut self,
        kinds: &[&str],
        holder: LeaseHolder,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<JobRecord>, VaultError>;
    /// Extends the lease of a running job; `false` when another worker has it by now.
    async fn heartbeat(&mut self, id: JobId, holder: LeaseHolder, until: Timestamp) -> Result<bool, VaultError>;
    /// Removes a job that is done; `false` when another worker has it by now.
    async fn finish(&mut self, id: JobId, holder: LeaseHolder) -> Result<bool, VaultError>;
    /// Puts a job back for later; `false` when another worker has it by now.
    async fn retry(
        &mut self,
        id: JobId,
        holder: LeaseHolder,
        run_at: Timestamp,
        error: &str,
    ) -> Result<bool, VaultError>;
    /// Gives a job up; `false` when another worker has it by now.
    async fn bury(&mut self, id: JobId, holder: LeaseHolder, error: &str) -> Result<bool, VaultError>;
    /// The job of a kind and a `dedup` text that waits or runs.
    async fn find(&mut self, kind: &str, dedup: &str) -> Result<Option<JobRecord>, VaultError>;
    /// How many jobs are queued or running, and how many are dead.
    async fn count(&mut self) -> Result<(u64, u64), VaultError>;
    /// When the next queued job is due, if there is one.
    async fn next_due(&mut self) -> Result<Option<Timestamp>, VaultError>;
}

/// Leases between processes that share a database.
#[async_trait]
pub trait LeaseRepo: Send + Sync {
    /// Takes the lease if it is free, has ended, or is the holder's already (then it is extended). Whether it is the
    /// holder's now. A shared database counts by its own clock, from the length that `until` and `now` give.
    async fn acquire(&self, lease: &Lease, now: Timestamp) -> Result<bool, VaultError>;
    /// Gives a lease back, if it is the holder's.
    async fn release(&self, name: &str, holder: LeaseHolder) -> Result<(), VaultError>;
    /// Removes leases that ended a while ago, by `before` or by the database's own clock; how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, VaultError>;
}

/// Small facts about this database, by name.
#[async_trait]
pub trait SettingRepo: Send {
    /// One value.
    async fn find(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError>;
    /// Sets a value that is not there yet; `false`, and nothing written, when it is.
    async fn add(&mut self, name: &str, value: &[u8]) -> Result<bool, VaultError>;
    /// Sets a value, over the one that is there.
    async fn put(&mut self, name: &str, value: &[u8]) -> Result<(), VaultError>;
}
