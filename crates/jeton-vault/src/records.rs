use jeton_domain::{
    AppId, AppIssuer, AppName, Fingerprint, ForgeEndpoint, GrantId, InstallationId, JobId, KeyId, LeaseHolder,
    Permissions, Sealed, TokenId, TokenKeyDigest,
};
use jiff::Timestamp;

/// A data key, wrapped by a key from outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKeyRecord {
    /// Names the data key.
    pub id: KeyId,
    /// The data key, locked.
    pub wrapped: Sealed,
    /// Names the key that wraps it.
    pub wrapped_by: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A GitHub App that was added over the API or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRecord {
    /// Names the row.
    pub id: AppId,
    /// The operator's name for it; unique.
    pub name: AppName,
    /// The forge that it lives on.
    pub forge: ForgeEndpoint,
    /// Its id or client id there.
    pub issuer: AppIssuer,
    /// Its private key, locked.
    pub private_key: Sealed,
    /// What may be shown of the key.
    pub key_fingerprint: Fingerprint,
    /// When it was added.
    pub created_at: Timestamp,
}

/// What was last known of an App's installation on an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationRecord {
    /// The App.
    pub app: AppId,
    /// The owner in lower case.
    pub owner: String,
    /// The forge's number of the installation.
    pub installation: InstallationId,
    /// When the forge last said so.
    pub found_at: Timestamp,
}

/// Where a minted token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// May be handed out until it expires.
    Live,
    /// Waits for the forge to confirm that it is dead; never handed out.
    Revoking,
    /// Dead by the forge's word; the token's bytes are gone from the row.
    Revoked,
}

/// A minted token. `token` is there while the state is not [`TokenState::Revoked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Names the row.
    pub id: TokenId,
    /// The key that it was minted for.
    pub key: TokenKeyDigest,
    /// The App that minted it.
    pub app: AppId,
    /// The installation that it belongs to.
    pub installation: InstallationId,
    /// The owner as the forge or the first caller wrote it.
    pub owner: String,
    /// The repositories that it opens, as the forge answered, without their owner.
    pub repositories: Vec<String>,
    /// What it may do, as the forge answered.
    pub permissions: Permissions,
    /// The token, locked.
    pub token: Option<Sealed>,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// When it was minted.
    pub minted_at: Timestamp,
    /// When it ends, by the forge's word.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: TokenState,
}

/// One credential handed to one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Names it.
    pub id: GrantId,
    /// The token that was handed out.
    pub token: TokenId,
    /// The forge's host, such as `github.com`.
    pub forge: String,
    /// The App's name at that time.
    pub app: String,
    /// `owner/name` of each repository.
    pub repositories: Vec<String>,
    /// What it may do.
    pub permissions: Permissions,
    /// What may be shown of the token.
    pub fingerprint: Fingerprint,
    /// Who got it, such as `operator` or `anonymous (loopback)`.
    pub holder: String,
    /// The request that it answered.
    pub request_id: Option<String>,
    /// When it was handed out.
    pub issued_at: Timestamp,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// When the holder or the operator gave it back.
    pub released_at: Option<Timestamp>,
}

/// Work to be done later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Names it.
    pub id: JobId,
    /// Which job; kept in rows, never renamed.
    pub kind: String,
    /// What the job is about: ids only, never a secret.
    pub payload: serde_json::Value,
    /// When set, a second job of this kind with the same text is dropped while the first is not done.
    pub dedup: Option<String>,
    /// Not before this time.
    pub run_at: Timestamp,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waits for its time.
    Queued,
    /// A worker has it, until its lease ends.
    Running,
    /// Given up; a person should look.
    Dead,
}

/// A job in the queue. Done jobs are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Names it.
    pub id: JobId,
    /// Which job.
    pub kind: String,
    /// What it is about.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// Not before this time.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempts: u32,
    /// What went wrong last, without secrets.
    pub last_error: Option<String>,
    /// The worker that has it.
    pub holder: Option<LeaseHolder>,
}
