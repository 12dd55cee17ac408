use async_trait::async_trait;
use jeton_domain::{
    AccountId, CiScope, CredentialKind, Fingerprint, ForgeEndpoint, OldTokenId, RunnerId, Sealed, SecretName, TargetId,
};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::VaultError;

/// What makes a place of a forge's CI another one: its API, the scope without case, as forges compare it, and what it is called there.
/// A digest, because a path may be longer than what a database takes into an index. Each part stands behind its length.
fn place(forge: &ForgeEndpoint, scope: &CiScope, names: &[&str]) -> [u8; 32] {
    let path = scope.path().to_ascii_lowercase();
    let mut hash = Sha256::new();
    for part in [forge.api_url(), scope.kind(), &path].iter().chain(names) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// How far a runner that jeton makes has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunnerState {
    /// It was written down; the forge may have been asked.
    Making,
    /// It is there, and its token is kept.
    Live,
    /// Its token may have been renewed at the forge.
    Renewing,
    /// Its token is dead, and no new one could be had.
    Lost,
}

/// A runner that jeton made at a forge (GitLab, Bitbucket) and whose token it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerRecord {
    /// Names it for ever.
    pub id: RunnerId,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// For what it works.
    pub scope: CiScope,
    /// Its name; of one API, scope (compared without case) and name there is one runner.
    pub name: String,
    /// How it was asked for, as JSON: labels, switches. Without secrets.
    pub wish: Value,
    /// How far it has come.
    pub state: RunnerState,
    /// The forge's id of it; `None` until it is there.
    pub forge_id: Option<String>,
    /// Bitbucket's OAuth client id.
    pub client_id: Option<String>,
    /// Its token, locked; `None` until it is there.
    pub token: Option<Sealed>,
    /// What may be shown of the token.
    pub fingerprint: Option<Fingerprint>,
    /// When the token ends; `None` when it does not, or when that is not known.
    pub expires_at: Option<Timestamp>,
    /// When the token is to be renewed.
    pub renew_at: Option<Timestamp>,
    /// With whose credential it was made, as policies name it.
    pub source: String,
    /// By whom, for people.
    pub made_by: String,
    /// What is wrong with it, without secrets.
    pub error: Option<String>,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// When its row last changed. Every change makes it greater.
    pub changed_at: Timestamp,
}

impl RunnerRecord {
    /// By what the databases tell runners apart: the API, the scope without case, and the name.
    pub fn place(forge: &ForgeEndpoint, scope: &CiScope, name: &str) -> [u8; 32] {
        place(forge, scope, &[name])
    }
}

/// The runners that jeton keeps.
#[async_trait]
pub trait RunnerRepo: Send {
    /// Adds one. `Ok(false)`, and nothing written, when there is one of this API, scope and name.
    async fn add(&mut self, runner: &RunnerRecord) -> Result<bool, VaultError>;
    /// One by its id.
    async fn find(&mut self, id: RunnerId) -> Result<Option<RunnerRecord>, VaultError>;
    /// One by where it works and what it is called; the scope is compared without case.
    async fn find_named(
        &mut self,
        forge: &ForgeEndpoint,
        scope: &CiScope,
        name: &str,
    ) -> Result<Option<RunnerRecord>, VaultError>;
    /// Up to `limit` in the order of their ids, after `after`, on a host when one is named.
    async fn list(
        &mut self,
        host: Option<&str>,
        after: Option<RunnerId>,
        limit: u32,
    ) -> Result<Vec<RunnerRecord>, VaultError>;
    /// Writes all of one that was last changed at `seen`. `Ok(false)`, and nothing written, when somebody else was faster or it is
    /// gone; [`VaultError::Conflict`] when another one has this API, scope and name.
    async fn change(&mut self, runner: &RunnerRecord, seen: Timestamp) -> Result<bool, VaultError>;
    /// Removes one; whether it was there.
    async fn remove(&mut self, id: RunnerId) -> Result<bool, VaultError>;
}

/// How a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TargetState {
    /// The account's token is to be pushed.
    Pending,
    /// It was pushed; `pushed` says which one.
    Current,
    /// It could not be pushed, and is not tried any more by itself.
    Failed,
}

/// A place of a forge's CI to which an account's token is pushed after every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRecord {
    /// Names it for ever.
    pub id: TargetId,
    /// Whose token.
    pub account: AccountId,
    /// The forge to which it is pushed; any, not only the account's own.
    pub forge: ForgeEndpoint,
    /// For what.
    pub scope: CiScope,
    /// The name of the secret.
    pub name: SecretName,
    /// The environment, where there is one; also a part of what makes a target another one.
    pub environment: Option<String>,
    /// How the secret is to be kept, as JSON.
    pub options: Value,
    /// With whose credential it is pushed, as policies name it.
    pub source: String,
    /// How it stands.
    pub state: TargetState,
    /// The token that was pushed last.
    pub pushed: Option<Fingerprint>,
    /// When it was pushed last.
    pub pushed_at: Option<Timestamp>,
    /// How often the push of the present token was tried.
    pub attempts: u32,
    /// When it is to be tried next; `None` for at once.
    pub due_at: Option<Timestamp>,
    /// How long it was put off since the present token came, by the pauses that were chosen: a clock that jumps changes nothing of it.
    pub waited_seconds: u32,
    /// What was wrong last, as JSON: a diagnosis, without secrets.
    pub error: Option<Value>,
    /// By whom it was added, for people.
    pub added_by: String,
    /// The policy that allowed it.
    pub rule: String,
    /// When it was added: targets are pushed in this order.
    pub created_at: Timestamp,
    /// When its row last changed. Every change makes it greater.
    pub changed_at: Timestamp,
}

impl TargetRecord {
    /// By what the databases tell the targets of one account apart: the API, the scope without case, the environment, where none is
    /// the same as an empty one, and the name without case.
    pub fn place(&self) -> [u8; 32] {
        let environment = self.environment.as_deref().unwrap_or_default();
        let name = self.name.as_str().to_ascii_lowercase();
        place(&self.forge, &self.scope, &[environment, &name])
    }
}

/// The targets of accounts. They go with their account.
#[async_trait]
pub trait TargetRepo: Send {
    /// Adds one. `Ok(false)`, and nothing written, when the account has one of this API, scope (without case), environment and name
    /// (without case); [`VaultError::Conflict`] when there is no such account.
    async fn add(&mut self, target: &TargetRecord) -> Result<bool, VaultError>;
    /// One by its id.
    async fn find(&mut self, id: TargetId) -> Result<Option<TargetRecord>, VaultError>;
    /// All of an account in the order in which they were added, up to `limit`.
    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<TargetRecord>, VaultError>;
    /// Writes all of one that was last changed at `seen`. `Ok(false)`, and nothing written, when somebody else was faster or it is
    /// gone; [`VaultError::Conflict`] when another one of the account has this API, scope, environment and name.
    async fn change(&mut self, target: &TargetRecord, seen: Timestamp) -> Result<bool, VaultError>;
    /// Sets all of an account to [`TargetState::Pending`], due at once and with no attempts, as a new token does, with `now` as the time
    /// of the change (or a millisecond after the last one); how many.
    async fn await_push(&mut self, account: AccountId, now: Timestamp) -> Result<u64, VaultError>;
    /// Removes one; whether it was there.
    async fn remove(&mut self, id: TargetId) -> Result<bool, VaultError>;
}

/// How a token that was replaced stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OldTokenState {
    /// It lives on until the account's targets have the new one, or its time is over.
    Waiting,
    /// It was ended at its forge.
    Ended,
    /// It could not be ended, and lives on.
    Kept,
}

/// A token that was replaced and is to be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldTokenRecord {
    /// Names it for ever.
    pub id: OldTokenId,
    /// Whose it was.
    pub account: AccountId,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// What kind of token.
    pub kind: CredentialKind,
    /// The user's name at the forge, where it was given.
    pub username: Option<String>,
    /// The user's e-mail address, where the forge wants one.
    pub email: Option<String>,
    /// The token, locked; `None` once it was ended or given up.
    pub token: Option<Sealed>,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// How it stands.
    pub state: OldTokenState,
    /// It is ended at this time at the latest.
    pub ends_by: Timestamp,
    /// Since when its forge is being asked to end it, while it waits: until that is over no account may get it again.
    pub ending_since: Option<Timestamp>,
    /// What was wrong last, as JSON: a diagnosis, without secrets.
    pub error: Option<Value>,
    /// When it was replaced.
    pub created_at: Timestamp,
    /// When its row last changed. Every change makes it greater.
    pub changed_at: Timestamp,
}

/// The tokens that were replaced. They stay when their account goes, until they have ended.
#[async_trait]
pub trait OldTokenRepo: Send {
    /// Adds one.
    async fn add(&mut self, token: &OldTokenRecord) -> Result<(), VaultError>;
    /// One by its id.
    async fn find(&mut self, id: OldTokenId) -> Result<Option<OldTokenRecord>, VaultError>;
    /// The latest of an account, newest first, up to `limit`.
    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<OldTokenRecord>, VaultError>;
    /// All that wait with this very token, in the order of their ids.
    async fn waiting_with(&mut self, fingerprint: &Fingerprint) -> Result<Vec<OldTokenRecord>, VaultError>;
    /// Writes all of one that was last changed at `seen`. `Ok(false)`, and nothing written, when somebody else was faster or it is
    /// gone. One that does not wait any more has no token, and is not being ended: the database refuses it otherwise.
    async fn change(&mut self, token: &OldTokenRecord, seen: Timestamp) -> Result<bool, VaultError>;
    /// Removes up to `limit` that do not wait any more and were last changed before this time; how many.
    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError>;
}
