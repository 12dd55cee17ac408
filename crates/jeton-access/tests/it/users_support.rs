//! `Access` on a database of its own, with a clock that a test moves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_access::{Access, AccessParts, AccessSettings, OperatorKeys, Visitor};
use jeton_domain::{Caller, Clock, Entropy, Identity, Pause, Role, Secret};
use jeton_ledger::{Ledger, LedgerParts, VerifyOptions};
use jeton_oidc::{JwtVerifier, OidcHttpOptions, SignIn};
use jeton_seal::{DataKey, KeyRing};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{LedgerEntry, LedgerFilter, UserRecord, Vault};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::SqliteVault;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::users_gate::Gate;

/// Runs each test once per database.
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($t:ident: World) $body:block)*) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                async fn body($t: World) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    body(World::start(false).await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    body(World::start(true).await).await;
                }
            }
        )*
    };
}
pub(crate) use both_databases;

#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn advance(&self, by: SignedDuration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(async move {
            self.advance(SignedDuration::try_from(pause).unwrap());
            tokio::task::yield_now().await;
        })
    }
}

#[derive(Debug)]
pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).unwrap();
    }
}

pub(crate) struct World {
    pub(crate) access: Access,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) clock: TestClock,
    pub(crate) dir: TempDir,
    ring: Arc<KeyRing>,
    _postgres: Option<TempPostgres>,
}

impl World {
    pub(crate) async fn start(on_postgres: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (postgres, vault): (_, Arc<dyn Vault>) = if on_postgres {
            let server = TempPostgres::shared().unwrap();
            let url = Secret::new(server.database().unwrap());
            let options = PostgresOptions { max_connections: 8 };
            (
                Some(server),
                Arc::new(PostgresVault::connect(&url, options).await.unwrap()),
            )
        } else {
            (
                None,
                Arc::new(SqliteVault::open(&dir.path().join("jeton.db")).await.unwrap()),
            )
        };
        let gate = Gate::new(vault);
        let vault: Arc<dyn Vault> = Arc::clone(&gate) as Arc<dyn Vault>;
        let clock = TestClock(Arc::new(Mutex::new("2026-11-02T09:00:00Z".parse().unwrap())));
        let ring = Arc::new(KeyRing::new([], &DataKey::generate(&Random)));
        let access = server(&vault, &clock, &ring, AccessSettings::default(), None).await;
        Self {
            access,
            vault,
            gate,
            clock,
            dir,
            ring,
            _postgres: postgres,
        }
    }

    /// Another server on the same database.
    pub(crate) async fn another(&self, settings: AccessSettings, sign_in: Option<SignIn>) -> Access {
        server(&self.vault, &self.clock, &self.ring, settings, sign_in).await
    }

    /// Adds a user without a password.
    pub(crate) async fn add(&self, name: &str, role: Role) -> Secret {
        self.access.add_user(&operator(), None, name, role).await.unwrap().link
    }

    /// Adds a user with a password.
    pub(crate) async fn add_with_password(&self, name: &str, role: Role, password: &str) -> UserRecord {
        let link = self.add(name, role).await;
        let visitor = Visitor::default();
        self.access
            .redeem(&link, None, &Secret::new(password), visitor)
            .await
            .unwrap()
    }

    /// All entries, oldest first, after it is sure that the chain is whole.
    pub(crate) async fn record(&self) -> Vec<LedgerEntry> {
        let ledger = self.access.ledger();
        ledger.flush().await.unwrap();
        assert!(
            ledger
                .verify(VerifyOptions::default())
                .await
                .unwrap()
                .findings
                .is_empty()
        );
        let page = ledger.list(&LedgerFilter::default(), None, 500).await.unwrap();
        page.entries.into_iter().rev().collect()
    }

    /// The names of all entries, oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        self.record().await.into_iter().map(|entry| entry.event).collect()
    }
}

async fn server(
    vault: &Arc<dyn Vault>,
    clock: &TestClock,
    ring: &Arc<KeyRing>,
    settings: AccessSettings,
    sign_in: Option<SignIn>,
) -> Access {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let ledger = Ledger::open(LedgerParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        clock: Arc::clone(&clock),
        entropy: Arc::new(Random),
        anchor_file: None,
    });
    let parts = AccessParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        ledger: ledger.await.unwrap(),
        verifier: JwtVerifier::new(Vec::new(), Arc::clone(&clock), OidcHttpOptions::default()).unwrap(),
        sign_in,
        operator_keys: OperatorKeys::default(),
        clock,
        entropy: Arc::new(Random),
        settings,
    };
    Access::start(parts).await.unwrap()
}

/// Whoever runs the server.
pub(crate) fn operator() -> Caller {
    Caller {
        identity: Identity::Operator,
        address: None,
    }
}

/// A browser somewhere.
pub(crate) fn visitor(address: &str) -> Visitor<'static> {
    Visitor {
        address: Some(address.parse().unwrap()),
        browser: Some("Mozilla/5.0 (X11; Linux x86_64)"),
        request_id: Some("request-1"),
    }
}

pub(crate) const PASSWORD: &str = "correct horse battery staple";

pub(crate) fn password() -> Secret {
    Secret::new(PASSWORD)
}
