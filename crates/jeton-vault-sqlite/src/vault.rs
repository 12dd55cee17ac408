use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};
use sqlx::SqlitePool;

use crate::{errors::failed, leases::MemoryLeases, lock::FileLock, open, tx::SqliteTx};

/// How to open a database. The default is right for a server.
#[derive(Debug, Clone, Default)]
pub struct SqliteOptions {
    /// The most pages (of 4096 bytes) that the file may have; more is [`VaultError::Full`]. For tests of a full disk.
    pub max_pages: Option<u32>,
}

/// The vault in one SQLite file, which it holds alone for as long as it lives.
#[derive(Debug)]
pub struct SqliteVault {
    writer: SqlitePool,
    readers: SqlitePool,
    leases: MemoryLeases,
    place: Arc<str>,
    // Last, so that it is dropped after the pools.
    _lock: FileLock,
}

impl SqliteVault {
    /// Opens the file, creates it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`VaultError::NotADatabase`] for a directory, another program's file or a missing directory;
    /// [`VaultError::InUse`] when another server has it; [`VaultError::Newer`], with nothing changed, when a newer
    /// jeton has written it; [`VaultError::ReadOnly`], [`VaultError::Full`] and [`VaultError::Unavailable`] as the
    /// system says.
    pub async fn open(path: &Path) -> Result<Self, VaultError> {
        Self::open_with(path, SqliteOptions::default()).await
    }

    /// [`SqliteVault::open`] with options.
    ///
    /// # Errors
    /// As [`SqliteVault::open`].
    pub async fn open_with(path: &Path, options: SqliteOptions) -> Result<Self, VaultError> {
        let place: Arc<str> = path.display().to_string().into();
        open::check_path(path)?;
        let lock = FileLock::take(path)?;
        open::create_file(path)?;
        open::inspect(path, &place).await?;
        open::tighten(path)?;
        let writer = open::writer(path, &place, options.max_pages).await?;
        open::migrate(&writer, &place).await?;
        let readers = open::readers(path, &place).await?;
        tracing::debug!(vault.place = %place, schema.version = open::known_version(), "database is open");
        Ok(Self {
            writer,
            readers,
            leases: MemoryLeases::default(),
            place,
            _lock: lock,
        })
    }

    async fn begin_on(&self, pool: &SqlitePool, statement: &'static str) -> Result<Box<dyn VaultTx>, VaultError> {
        let inner = pool
            .begin_with(statement)
            .await
            .map_err(|error| failed(&self.place, error))?;
        Ok(Box::new(SqliteTx {
            inner,
            place: Arc::clone(&self.place),
        }))
    }
}

#[async_trait]
impl Vault for SqliteVault {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        // A plain BEGIN becomes a writer at its first write, and can then fail where waiting would have helped.
        self.begin_on(&self.writer, "BEGIN IMMEDIATE").await
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        self.begin_on(&self.readers, "BEGIN DEFERRED").await
    }

    fn leases(&self) -> &dyn LeaseRepo {
        &self.leases
    }

    async fn check(&self) -> Result<(), VaultError> {
        sqlx::query("INSERT INTO probe (id, count) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET count = count + 1")
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|error| failed(&self.place, error))
    }

    fn shared(&self) -> bool {
        false
    }

    fn place(&self) -> &str {
        &self.place
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
