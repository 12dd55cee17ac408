use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use async_trait::async_trait;
use jeton_domain::Secret;
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};
use sqlx::{Connection as _, PgPool, Postgres, Transaction, postgres::PgPoolOptions};

use crate::{
    connect,
    errors::{connection_is_gone, failed},
    tx::{Access, PostgresTx},
    watch::{TimeLimits, Watched as _, silence},
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
    limits: TimeLimits,
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
        Self::connect_with(url, options, TimeLimits::default()).await
    }

    /// [`PostgresVault::connect`] with other time limits, for tests of a server that falls silent.
    ///
    /// # Errors
    /// As [`PostgresVault::connect`].
    pub async fn connect_with(url: &Secret, options: PostgresOptions, limits: TimeLimits) -> Result<Self, VaultError> {
        let connect_options = connect::read_url(url)?;
        let place: Arc<str> = connect::describe(&connect_options).into();
        connect::migrate(&connect_options, &place, limits.connection).await?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(limits.connection)
            // `Connections::begin` finds out by beginning.
            .test_before_acquire(false)
            // The pool asks for a sign of life too, and would wait for it as long as the kernel does: meanwhile the
            // connection counts as one of the pool, and few such connections stop a server whose database is back.
            .after_release(move |connection, _| {
                Box::pin(async move {
                    let ping = tokio::time::timeout(limits.ping, connection.ping()).await;
                    // An error and no `false`: that would make the pool say goodbye over the same connection.
                    ping.unwrap_or_else(|elapsed| Err(io::Error::new(io::ErrorKind::TimedOut, elapsed).into()))?;
                    Ok(true)
                })
            })
            .connect_lazy_with(connect_options);
        tracing::debug!(vault.place = %place, "database is open");
        Ok(Self {
            connections: Connections {
                pool,
                pool_size: options.max_connections,
                limits,
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
            let patience = self.limits.connection * 2;
            let Ok(begun) = tokio::time::timeout(patience, self.pool.begin_with(statement)).await else {
                self.drop_idle();
                return Err(silence());
            };
            match begun {
                Ok(tx) => return Ok(tx),
                Err(error) if connection_is_gone(&error) && dead < self.pool_size => dead += 1,
                Err(error) => return Err(failed(&self.place, error)),
            }
        }
    }

    /// Closes what lies in the pool: where one connection went silent, the others most likely did, and each would cost a
    /// request the same long wait. Whoever still has a live server pays with a few connections.
    fn drop_idle(&self) {
        while let Some(idle) = self.pool.try_acquire() {
            drop(idle.detach());
        }
    }

    /// READ COMMITTED, whatever the server's default: a statement that waited for a lock must see what it waited for.
    pub(crate) async fn begin_write(&self) -> Result<PostgresTx, VaultError> {
        // The limits are for a replica that stops in the middle of a transaction: its row locks must not stop the others.
        // They come in the same message as the BEGIN, and with no setting of the session, which a pooler would mix up.
        let begun = self.begin(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '10s'; \
             SET LOCAL idle_in_transaction_session_timeout = '30s'",
        );
        Ok(self.tx(begun.await?, Access::Write))
    }

    async fn begin_read(&self) -> Result<PostgresTx, VaultError> {
        let begun = self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        Ok(self.tx(begun.await?, Access::Read))
    }

    fn tx(&self, inner: Transaction<'static, Postgres>, access: Access) -> PostgresTx {
        PostgresTx {
            inner,
            access,
            place: Arc::clone(&self.place),
            limit: self.limits.statement,
            silent: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Vault for PostgresVault {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        Ok(Box::new(self.connections.begin_write().await?))
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        Ok(Box::new(self.connections.begin_read().await?))
    }

    fn leases(&self) -> &dyn LeaseRepo {
        &self.connections
    }

    async fn check(&self) -> Result<(), VaultError> {
        let mut tx = self.connections.begin_write().await?;
        let repo = tx.repo();
        sqlx::query(
            "INSERT INTO probe (id, count) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET count = probe.count + 1",
        )
        .execute(&mut *repo.conn)
        .watched(repo.watch)
        .await?;
        tx.finish().await
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
