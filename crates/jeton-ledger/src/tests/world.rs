use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jeton_domain::{
    AppId, Caller, Clock, Entropy, Fingerprint, GrantId, InstallationId, Pause, Permissions, Sealed, Secret, TokenId,
    TokenKeyDigest,
};
use jeton_seal::{DataKey, KeyRing};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{GrantOf, GrantRecord, LeaseRepo, TokenRecord, TokenState, Vault, VaultError, VaultTx};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::SqliteVault;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::{Event, FindingKind, Ledger, LedgerParts, Verdict, VerifyOptions, events};

/// Runs a test on each database.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident: &World) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn on($world: &World) $body

            $(#[$attribute])*
            #[tokio::test]
            async fn sqlite() {
                on(&World::sqlite().await).await;
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn postgres() {
                on(&World::postgres().await).await;
            }
        })*
    };
}
pub(super) use on_both;

#[derive(Debug)]
pub(super) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(super) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> Pause<'_> {
        unreachable!("the record waits for no clock")
    }
}

/// Counts up; no two answers are the same.
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

/// A database in front of which a test can stand.
#[derive(Debug)]
pub(super) struct Gate {
    inner: Arc<dyn Vault>,
    /// How many of the next transactions that write fail, and how many panic.
    pub(super) away: AtomicU32,
    pub(super) panics: AtomicU32,
}

impl Gate {
    fn takes(count: &AtomicU32) -> bool {
        count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok()
    }
}

#[async_trait]
impl Vault for Gate {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        assert!(!Self::takes(&self.panics), "as the test asked for");
        if Self::takes(&self.away) {
            let reason = "as the test asked for".to_owned();
            return Err(VaultError::Unavailable { reason });
        }
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        self.inner.read().await
    }

    fn leases(&self) -> &dyn LeaseRepo {
        self.inner.leases()
    }

    async fn check(&self) -> Result<(), VaultError> {
        self.inner.check().await
    }

    fn place(&self) -> &str {
        self.inner.place()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

enum Raw {
    Sqlite(PathBuf),
    Postgres(String),
}

/// A database with what belongs to it.
pub(super) struct World {
    pub(super) vault: Arc<Gate>,
    pub(super) clock: Arc<TestClock>,
    pub(super) ring: Arc<KeyRing>,
    pub(super) dir: tempfile::TempDir,
    raw: Raw,
    _server: Option<TempPostgres>,
}

impl World {
    pub(super) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jeton.db");
        let vault = SqliteVault::open(&path).await.unwrap();
        Self::on(Arc::new(vault), Raw::Sqlite(path), dir, None)
    }

    pub(super) async fn postgres() -> Self {
        let server = TempPostgres::shared().unwrap();
        let url = server.database().unwrap();
        let options = PostgresOptions { max_connections: 6 };
        let vault = PostgresVault::connect(&Secret::new(url.as_str()), options)
            .await
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        Self::on(Arc::new(vault), Raw::Postgres(url), dir, Some(server))
    }

    fn on(inner: Arc<dyn Vault>, raw: Raw, dir: tempfile::TempDir, server: Option<TempPostgres>) -> Self {
        let start = Timestamp::from_millisecond(1_793_610_000_123).unwrap();
        Self {
            vault: Arc::new(Gate {
                inner,
                away: AtomicU32::new(0),
                panics: AtomicU32::new(0),
            }),
            clock: Arc::new(TestClock(Mutex::new(start))),
            ring: Arc::new(KeyRing::new([], &DataKey::generate(&Counting))),
            dir,
            raw,
            _server: server,
        }
    }

    pub(super) fn parts(&self) -> LedgerParts {
        LedgerParts {
            vault: Arc::clone(&self.vault) as Arc<dyn Vault>,
            ring: Arc::clone(&self.ring),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::new(Counting),
            anchor_file: None,
        }
    }

    pub(super) fn anchor_file(&self) -> PathBuf {
        self.dir.path().join("anchor")
    }

    pub(super) async fn ledger(&self) -> Ledger {
        Ledger::open(self.parts()).await.unwrap()
    }

    pub(super) async fn anchored(&self) -> Ledger {
        let anchor_file = Some(self.anchor_file());
        let parts = self.parts();
        Ledger::open(LedgerParts { anchor_file, ..parts }).await.unwrap()
    }

    /// Does to the database what no jeton would.
    pub(super) async fn sql(&self, sql: &str) {
        match &self.raw {
            Raw::Sqlite(path) => {
                let mut conn = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Raw::Postgres(url) => {
                let mut conn = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }

    /// As whoever may change the schema would begin.
    pub(super) async fn drop_triggers(&self) {
        match &self.raw {
            Raw::Sqlite(path) => {
                let mut conn = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
                let names: Vec<String> = sqlx::query_scalar(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger%'",
                )
                .fetch_all(&mut conn)
                .await
                .unwrap();
                assert!(names.len() > 3);
                for name in names {
                    sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}")))
                        .execute(&mut conn)
                        .await
                        .unwrap();
                }
            }
            Raw::Postgres(_) => {
                let both = "ALTER TABLE ledger DISABLE TRIGGER USER; ALTER TABLE ledger_marks DISABLE TRIGGER USER";
                self.sql(both).await;
            }
        }
    }

    /// Bytes as this database writes them.
    pub(super) fn bytes(&self, hex: &str) -> String {
        match self.raw {
            Raw::Sqlite(_) => format!("x'{hex}'"),
            Raw::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    /// A ledger with this many entries, a second apart.
    pub(super) async fn filled(&self, count: u64) -> Ledger {
        let ledger = self.ledger().await;
        self.fill(&ledger, count).await;
        ledger
    }

    pub(super) async fn fill(&self, ledger: &Ledger, count: u64) {
        for number in 0..count {
            ledger.record(crate::Write::event(event(number))).await.unwrap();
            self.clock.advance(SignedDuration::from_secs(1));
        }
    }

    pub(super) async fn add_token(&self, token: &TokenRecord) {
        let mut tx = self.vault.begin().await.unwrap();
        tx.tokens().add(token).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) fn token(&self) -> TokenRecord {
        let now = self.clock.now();
        TokenRecord {
            id: TokenId::generate(now, &Counting),
            key: TokenKeyDigest::from_bytes(&[7; 32]).unwrap(),
            app: AppId::generate(now, &Counting),
            installation: InstallationId(1),
            owner: "acme".to_owned(),
            repositories: vec!["tools".to_owned()],
            permissions: Permissions::parse_list("contents=read").unwrap(),
            token: Some(Sealed::from_bytes(vec![1, 2, 3])),
            fingerprint: Fingerprint::of_bytes(b"token"),
            minted_at: now,
            expires_at: now + SignedDuration::from_hours(1),
            forge_expires_at: now + SignedDuration::from_hours(1),
            state: TokenState::Live,
        }
    }

    pub(super) fn grant(&self, token: &TokenRecord) -> GrantRecord {
        GrantRecord {
            id: GrantId::generate(self.clock.now(), &Counting),
            of: GrantOf::Token(token.id),
            forge: "github.com".to_owned(),
            source: "app:main".to_owned(),
            repositories: vec!["acme/tools".to_owned()],
            permissions: Some(token.permissions.clone()),
            fingerprint: token.fingerprint.clone(),
            holder: "anonymous".to_owned(),
            holder_key: "anonymous".to_owned(),
            rule: "everybody".to_owned(),
            address: None,
            request_id: None,
            issued_at: token.minted_at,
            expires_at: token.expires_at,
            released_at: None,
        }
    }
}

pub(super) fn event(number: u64) -> Event {
    Event::new(
        events::TOKEN_GRANTED,
        &Caller::anonymous(Some("203.0.113.9".parse().unwrap())),
    )
    .with("number", number)
    .with_fingerprint(Fingerprint::of_bytes(&number.to_be_bytes()))
    .with_request_id(format!("request-{number}"))
}

/// Verifies, without archives.
pub(super) async fn verify(ledger: &Ledger) -> Verdict {
    ledger.verify(VerifyOptions::default()).await.unwrap()
}

/// What is found, in short.
pub(super) async fn found(ledger: &Ledger) -> Vec<(u64, FindingKind)> {
    let verdict = verify(ledger).await;
    verdict
        .findings
        .iter()
        .map(|finding| (finding.seq, finding.kind))
        .collect()
}
