use jeton_domain::{
    AccountId, ApiKeyDigest, AppId, AppIssuer, AppName, ClientId, ClientKeyId, ClientName, Fingerprint, ForgeEndpoint,
    GrantId, InstallationId, JobId, KeyId, LeaseHolder, Permissions, PolicyName, Role, Sealed, Secret, TokenId,
    TokenKeyDigest, UserId, UserName,
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
    /// Since when it seals new values; `None` while the servers are still getting to know it. The latest one seals.
    pub activated_at: Option<Timestamp>,
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
    /// When it ends for its holders: by the forge's word, or sooner where a policy gives it a shorter life.
    pub expires_at: Timestamp,
    /// When it ends by the forge's word.
    pub forge_expires_at: Timestamp,
    /// Where it stands.
    pub state: TokenState,
}

/// What a grant is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOf {
    /// A token that was minted; several grants may share one.
    Token(TokenId),
    /// The token of a stored account, or of one from the environment, which has no row.
    Account(AccountId),
}

impl GrantOf {
    /// The minted token, if it is one.
    pub fn token(self) -> Option<TokenId> {
        match self {
            Self::Token(id) => Some(id),
            Self::Account(_) => None,
        }
    }

    /// The account, if it is one's token.
    pub fn account(self) -> Option<AccountId> {
        match self {
            Self::Token(_) => None,
            Self::Account(id) => Some(id),
        }
    }
}

/// One credential handed to one caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRecord {
    /// Names it.
    pub id: GrantId,
    /// What was handed out.
    pub of: GrantOf,
    /// The forge's host, such as `github.com`.
    pub forge: String,
    /// Where it came from, by the name of that time, as policies write it: `app:ci`, `account:work`.
    pub source: String,
    /// `owner/name` of each repository that was asked for; an account's token may open others too.
    pub repositories: Vec<String>,
    /// What it may do; `None` for an account's token, which cannot be narrowed.
    pub permissions: Option<Permissions>,
    /// What may be shown of the token.
    pub fingerprint: Fingerprint,
    /// Who got it, for people: [`jeton_domain::Identity`] as text.
    pub holder: String,
    /// Who got it, to compare: [`jeton_domain::IdentityKey`] as text.
    pub holder_key: String,
    /// The rule that allowed it.
    pub rule: String,
    /// Where the holder asked from; `None` over a Unix socket.
    pub address: Option<String>,
    /// The request that it answered.
    pub request_id: Option<String>,
    /// When it was handed out.
    pub issued_at: Timestamp,
    /// Until when the holder may use it: to the end of a minted token; for an account's token, until the holder should ask again.
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

/// A program that may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// Names it for ever.
    pub id: ClientId,
    /// The operator's name for it; unique among those that are not revoked.
    pub name: ClientName,
    /// What it is for.
    pub description: Option<String>,
    /// The networks it may ask from, such as `10.0.0.0/8`; any when empty.
    pub networks: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When one of its keys was last used, to within a minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// One key of a client. The key itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKeyRecord {
    /// Names it.
    pub id: ClientKeyId,
    /// Whose it is.
    pub client: ClientId,
    /// The SHA-256 of the key; unique.
    pub digest: ApiKeyDigest,
    /// What may be shown of the key.
    pub fingerprint: Fingerprint,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, as the older one does in a rotation.
    pub expires_at: Option<Timestamp>,
}

/// A person who may sign in.
#[derive(Debug, Clone)]
pub struct UserRecord {
    /// Names them.
    pub id: UserId,
    /// With which they sign in; unique.
    pub name: UserName,
    /// What they may do.
    pub role: Role,
    /// The argon2id hash of the password as a PHC string; `None` for those who sign in elsewhere.
    pub password: Option<Secret>,
    /// The issuer and the subject by which a provider knows them; unique together.
    pub provider: Option<(String, String)>,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// When they were shut out.
    pub disabled_at: Option<Timestamp>,
}

/// Which grants are meant; all conditions hold together. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Only those that were neither given back nor have ended.
    pub only_live: bool,
    /// Only those of this holder: [`jeton_domain::IdentityKey`] as text.
    pub holder_key: Option<String>,
    /// Only those from this App or account, as in [`GrantRecord::source`].
    pub source: Option<String>,
    /// Only those for this repository (`owner/name`), or with a `/` at the end for any of this owner or group; in whatever
    /// case.
    pub repository: Option<String>,
    /// Only those of the token with this fingerprint.
    pub fingerprint: Option<String>,
}

impl GrantFilter {
    /// Whether it asks for something that needs more than the order of the grants or of one holder's. `None` when it holds for no
    /// grant: databases differ in what they make of a zero in a text.
    pub fn is_narrow(&self) -> Option<bool> {
        let texts = [&self.holder_key, &self.source, &self.repository, &self.fingerprint];
        if texts
            .iter()
            .any(|text| text.as_deref().is_some_and(|text| text.contains('\0')))
        {
            return None;
        }
        Some(texts[1..].iter().any(|text| text.is_some()))
    }

    /// The repository as it stands in what is searched.
    pub fn repository_key(&self) -> Option<String> {
        self.repository.as_deref().map(str::to_ascii_lowercase)
    }
}

/// The SHA-256 of what a browser's cookie holds: all that is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CookieDigest(pub [u8; 32]);

/// A browser in which somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSessionRecord {
    /// Of the cookie; unique.
    pub digest: CookieDigest,
    /// Who has signed in.
    pub user: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute or so.
    pub last_seen_at: Timestamp,
    /// When it ends, used or not.
    pub expires_at: Timestamp,
    /// From where they signed in.
    pub address: Option<String>,
    /// What the browser called itself, cut.
    pub browser: Option<String>,
}

/// A policy that was added over the API. The text is checked by whoever puts it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRecord {
    /// Its name; unique.
    pub name: PolicyName,
    /// What it says, as JSON.
    pub spec: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One entry of the record. The text columns are hashed as they stand: whoever changes one breaks the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its number: 1 and up, without a gap.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, such as `token.granted`.
    pub event: String,
    /// Who did it: [`jeton_domain::IdentityKey`] as text.
    pub actor: String,
    /// Who did it, for people: [`jeton_domain::Identity`] as text.
    pub actor_name: String,
    /// The fingerprint of the secret that it is about.
    pub fingerprint: Option<String>,
    /// The request in which it happened.
    pub request_id: Option<String>,
    /// All else, as a JSON object.
    pub body: String,
    /// The keyed hash over the entry before and this one.
    pub hash: [u8; 32],
}

/// A place in the chain, with a keyed hash of its own that says it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerMark {
    /// The number of an entry; 0 before the first.
    pub seq: u64,
    /// That entry's hash.
    pub hash: [u8; 32],
    /// Over both.
    pub mac: [u8; 32],
}

/// Which entries of the record are meant. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Only these events, or with a `.` at the end, all that begin so; any when empty.
    pub events: Vec<String>,
    /// Only by this actor, by key or by name.
    pub actor: Option<String>,
    /// Only about the secret of this fingerprint.
    pub fingerprint: Option<String>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}
