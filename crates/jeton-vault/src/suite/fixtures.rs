use std::sync::atomic::{AtomicU64, Ordering};

use jeton_domain::{
    ApiKeyDigest, AppId, AppIssuer, AppName, ClientId, ClientKeyId, ClientName, Entropy, Fingerprint, ForgeEndpoint,
    GrantId, InstallationId, JobId, KeyId, LeaseHolder, Permissions, PolicyName, Role, Sealed, TokenId, TokenKeyDigest,
    UserId, UserName,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    AppRecord, ClientKeyRecord, ClientRecord, CookieDigest, DataKeyRecord, GrantFilter, GrantOf, GrantRecord,
    InstallationRecord, LedgerEntry, LedgerMark, NewJob, PolicyRecord, TokenRecord, TokenState, UserRecord, Vault,
    VaultTx, WebSessionRecord,
};

/// Counts up: ids that are made later sort later, even within one millisecond, and no two are the same.
#[derive(Debug)]
pub(super) struct Counting;

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let next = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        buffer.fill(0);
        let start = buffer.len() - next.len();
        buffer[start..].copy_from_slice(&next);
    }
}

/// So many seconds after the time at which every rule begins.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(super) fn holder() -> LeaseHolder {
    LeaseHolder::generate(at(0), &Counting)
}

pub(super) fn key(number: u8) -> TokenKeyDigest {
    TokenKeyDigest::from_bytes(&[number; 32]).unwrap()
}

pub(super) fn permissions() -> Permissions {
    Permissions::parse_list("contents=write,metadata=read").unwrap()
}

pub(super) fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint::of_bytes(text.as_bytes())
}

/// A live token that was minted at the beginning.
pub(super) fn token(key: TokenKeyDigest, ends: Timestamp) -> TokenRecord {
    let id = TokenId::generate(at(0), &Counting);
    TokenRecord {
        id,
        key,
        app: AppId::generate(at(0), &Counting),
        installation: InstallationId(9_007_199_254_740_993),
        owner: "Acme".to_owned(),
        repositories: vec!["Tools".to_owned(), "ünïcode's \"name\"".to_owned()],
        permissions: permissions(),
        token: Some(Sealed::from_bytes(vec![0, 1, 254, 255])),
        fingerprint: fingerprint(&id.to_string()),
        minted_at: at(0),
        expires_at: ends,
        forge_expires_at: ends,
        state: TokenState::Live,
    }
}

/// A grant on a token, that ends with it.
pub(super) fn grant(token: &TokenRecord, issued: Timestamp) -> GrantRecord {
    GrantRecord {
        id: GrantId::generate(issued, &Counting),
        of: GrantOf::Token(token.id),
        forge: "github.com".to_owned(),
        source: "app:main".to_owned(),
        repositories: vec!["Acme/Tools".to_owned()],
        permissions: Some(permissions()),
        fingerprint: token.fingerprint.clone(),
        holder: "anonymous".to_owned(),
        holder_key: "anonymous".to_owned(),
        rule: String::new(),
        address: None,
        request_id: None,
        issued_at: issued,
        expires_at: token.expires_at,
        released_at: None,
    }
}

/// All grants, or those alone that are live.
pub(super) fn if_live(only_live: bool) -> GrantFilter {
    GrantFilter {
        only_live,
        ..GrantFilter::default()
    }
}

pub(super) fn of_holder(only_live: bool, holder_key: &str) -> GrantFilter {
    GrantFilter {
        holder_key: Some(holder_key.to_owned()),
        ..if_live(only_live)
    }
}

pub(super) fn job(kind: &str, dedup: Option<&str>, run_at: Timestamp) -> NewJob {
    NewJob {
        id: JobId::generate(at(0), &Counting),
        kind: kind.to_owned(),
        payload: json!({"token": "an id", "count": 3}),
        dedup: dedup.map(str::to_owned),
        run_at,
    }
}

pub(super) fn app(name: &str) -> AppRecord {
    AppRecord {
        id: AppId::generate(at(0), &Counting),
        name: AppName::parse(name).unwrap(),
        forge: ForgeEndpoint::github("https://github.example.com/api/v3").unwrap(),
        issuer: AppIssuer::parse("123456").unwrap(),
        private_key: Sealed::from_bytes(vec![7; 300]),
        key_fingerprint: fingerprint(name),
        created_at: at(1),
    }
}

pub(super) fn installation(app: AppId, owner: &str, number: u64) -> InstallationRecord {
    InstallationRecord {
        app,
        owner: owner.to_owned(),
        installation: InstallationId(number),
        found_at: at(2),
    }
}

pub(super) fn data_key(number: u8, created: Timestamp) -> DataKeyRecord {
    DataKeyRecord {
        id: KeyId::parse(&format!("{number:012x}")).unwrap(),
        wrapped: Sealed::from_bytes(vec![number; 60]),
        wrapped_by: KeyId::parse("ffffffffffff").unwrap(),
        created_at: created,
        activated_at: Some(created),
    }
}

/// A client without a limit.
pub(super) fn client(name: &str) -> ClientRecord {
    ClientRecord {
        id: ClientId::generate(at(0), &Counting),
        name: ClientName::parse(name).unwrap(),
        description: None,
        networks: Vec::new(),
        expires_at: None,
        created_at: at(0),
        revoked_at: None,
        last_used_at: None,
    }
}

/// A key that does not end.
pub(super) fn client_key(of: &ClientRecord, created: Timestamp) -> ClientKeyRecord {
    let mut digest = [0; 32];
    Counting.fill(&mut digest);
    let id = ClientKeyId::generate(created, &Counting);
    ClientKeyRecord {
        id,
        client: of.id,
        digest: ApiKeyDigest::from_bytes(&digest).unwrap(),
        fingerprint: fingerprint(&id.to_string()),
        created_at: created,
        expires_at: None,
    }
}

/// A person who has neither a password nor a provider.
pub(super) fn user(name: &str, role: Role) -> UserRecord {
    UserRecord {
        id: UserId::generate(at(0), &Counting),
        name: UserName::parse(name).unwrap(),
        role,
        password: None,
        provider: None,
        created_at: at(0),
        last_sign_in_at: None,
        disabled_at: None,
    }
}

/// A browser that signed in at a time, until the given end.
pub(super) fn web_session(of: &UserRecord, created: Timestamp, ends: Timestamp) -> WebSessionRecord {
    let mut digest = [0; 32];
    Counting.fill(&mut digest);
    WebSessionRecord {
        digest: CookieDigest(digest),
        user: of.id,
        created_at: created,
        last_seen_at: created,
        expires_at: ends,
        address: None,
        browser: None,
    }
}

pub(super) fn policy(name: &str) -> PolicyRecord {
    PolicyRecord {
        name: PolicyName::parse(name).unwrap(),
        spec: r#"{"allow": []}"#.to_owned(),
        created_at: at(1),
        updated_at: at(1),
    }
}

/// An entry with nothing but what each must have; it happened so many seconds after the beginning as its number says.
pub(super) fn entry(seq: u64, event: &str) -> LedgerEntry {
    LedgerEntry {
        seq,
        at: at(i64::try_from(seq).unwrap()),
        event: event.to_owned(),
        actor: "operator".to_owned(),
        actor_name: "operator".to_owned(),
        fingerprint: None,
        request_id: None,
        body: "{}".to_owned(),
        hash: [u8::try_from(seq % 251).unwrap(); 32],
    }
}

/// The place of an entry; the vault looks into no hash.
pub(super) fn mark(seq: u64) -> LedgerMark {
    LedgerMark {
        seq,
        hash: [u8::try_from(seq % 251).unwrap(); 32],
        mac: [255; 32],
    }
}

/// Appends entries in a transaction of their own, and moves the head to the last one.
pub(super) async fn append(vault: &dyn Vault, entries: &[LedgerEntry]) {
    let mut tx = begin(vault).await;
    let head = mark(entries.last().unwrap().seq);
    tx.ledger().append(entries, &head).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn begin(vault: &dyn Vault) -> Box<dyn VaultTx> {
    vault.begin().await.unwrap()
}

pub(super) async fn read(vault: &dyn Vault) -> Box<dyn VaultTx> {
    vault.read().await.unwrap()
}

/// Adds tokens in a transaction of their own.
pub(super) async fn add_tokens(vault: &dyn Vault, tokens: &[&TokenRecord]) {
    let mut tx = begin(vault).await;
    for token in tokens {
        tx.tokens().add(token).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Adds grants in a transaction of their own.
pub(super) async fn add_grants(vault: &dyn Vault, grants: &[&GrantRecord]) {
    let mut tx = begin(vault).await;
    for grant in grants {
        tx.grants().add(grant).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Queues jobs in a transaction of their own; each must be new.
pub(super) async fn add_jobs(vault: &dyn Vault, jobs: &[&NewJob]) {
    let mut tx = begin(vault).await;
    for job in jobs {
        assert!(tx.jobs().add(job).await.unwrap());
    }
    tx.commit().await.unwrap();
}
