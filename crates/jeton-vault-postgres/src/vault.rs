use std::sync::Arc;

use async_trait::async_trait;
use jeton_domain::Secret;
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};
use sqlx::{PgPool, Postgres, Transaction, postgres::PgPoolOptions};

use crate::{
    connect::{self, WAIT},
    errors::{connection_is_gone, failed},
    tx::{Access, PostgresTx},
};

/// How to use a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The most connections at a time. All servers on one database together must stay below its `max_connections`.
    pub max_connections: u32,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { max_connections: 10 }
    }
}

/// The vault in a PostgreSQL database, which other servers may share.
#[derive(Debug)]
pub struct PostgresVault {
    connections: Connections,
}

/// The pool, and how to begin on a connection of it that lives.
#[derive(Debug)]
pub(crate) struct Connections {
    pool: PgPool,
    pool_size: u32,
    pub(crate) place: Arc<str>,
}

impl PostgresVault {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// [`VaultError::NotADatabase`] for what is no PostgreSQL URL, or a database with another program's tables;
    /// [`VaultError::Unavailable`] with the server's words when it refuses; [`VaultError::Newer`], with nothing
    /// changed, when a newer jeton has migrated it. No error shows the password.
    pub async fn connect(url: &Secret, options: PostgresOptions) -> Result<Self, VaultError> {
        let connect_options = connect::read_url(url)?;
        let place: Arc<str> = connect::describe(&connect_options).into();
        connect::migrate(&connect_options, &place).await?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(WAIT)
            // `Connections::begin` finds out by beginning.
            .test_before_acquire(false)
            .connect_lazy_with(connect_options);
        tracing::debug!(vault.place = %place, "database is open");
        Ok(Self {
            connections: Connections {
                pool,
                pool_size: options.max_connections,
                place,
            },
        })
    }
}

impl Connections {
    /// Begins on a connection that lives. After a restart of the server each pooled connection fails once, here, where
    /// nothing was done yet; then new ones are made, for which the pool waits as long as the server is starting.
    async fn begin(&self, statement: &'static str) -> Result<Transaction<'static, Postgres>, VaultError> {
        let mut dead = 0;
        loop {
            // Twice the pool's own patience: a server that vanished without a word answers no BEGIN either.
            let Ok(begun) = tokio::time::timeout(WAIT * 2, self.pool.begin_with(statement)).await else {
                return Err(VaultError::Unavailable {
                    reason: "the server does not answer".to_owned(),
                });
            };
            match begun {
                Ok(tx) => return Ok(tx),
                Err(error) if connection_is_gone(&error) && dead < self.pool_size => dead += 1,
                Err(error) => return Err(failed(&self.place, error)),
            }
        }
    }

    /// READ COMMITTED, whatever the server's default: a statement that waited for a lock must see what it waited for.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Postgres>, VaultError> {
        // The limits are for a replica that stops in the middle of a transaction: its row locks must not stop the others.
        // They come in the same message as the BEGIN, and with no setting of the session, which a pooler would mix up.
        self.begin(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '10s'; \
             SET LOCAL idle_in_transaction_session_timeout = '30s'",
        )
        .await
    }

    async fn begin_read(&self) -> Result<Transaction<'static, Postgres>, VaultError> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    fn tx(&self, inner: Transaction<'static, Postgres>, access: Access) -> Box<dyn VaultTx> {
        Box::new(PostgresTx {
            inner,
            access,
            place: Arc::clone(&self.place),
        })
    }
}

#[async_trait]
impl Vault for PostgresVault {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        let inner = self.connections.begin_write().await?;
        Ok(self.connections.tx(inner, Access::Write))
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        let inner = self.connections.begin_read().await?;
        Ok(self.connections.tx(inner, Access::Read))
    }

    fn leases(&self) -> &dyn LeaseRepo {
        &self.connections
    }

    async fn check(&self) -> Result<(), VaultError> {
        let place = self.place();
        let mut tx = self.connections.begin_write().await?;
        sqlx::query(
            "INSERT INTO probe (id, count) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET count = probe.count + 1",
        )
        .execute(&mut *tx)
        .await
        .map_err(|error| failed(place, error))?;
        tx.commit().await.map_err(|error| failed(place, error))
    }

    fn shared(&self) -> bool {
        true
    }

    fn place(&self) -> &str {
        &self.connections.place
    }

    async fn close(&self) {
        self.connections.pool.close().await;
    }
}
