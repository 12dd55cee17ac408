use std::{path::PathBuf, sync::Arc};

use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::Vault;
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::{SqliteOptions, SqliteVault};
use tempfile::TempDir;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file of its own.
    Sqlite,
    /// A database of its own on the server that all tests of a run share.
    Postgres,
}

/// A fresh database for one test; gone with it.
#[derive(Debug)]
pub struct Database {
    dir: TempDir,
    postgres: Option<(TempPostgres, Secret)>,
    sqlite_options: SqliteOptions,
}

impl Database {
    /// Makes one.
    pub fn new(kind: DatabaseKind) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let postgres = (kind == DatabaseKind::Postgres).then(|| {
            let server = TempPostgres::shared().expect("PostgreSQL");
            let url = server.database().expect("a fresh database");
            (server, Secret::new(url))
        });
        Self {
            dir,
            postgres,
            sqlite_options: SqliteOptions::default(),
        }
    }

    /// A SQLite database on a disk that holds so many pages of 4 KiB.
    pub fn sqlite_with_pages(pages: u32) -> Self {
        let mut database = Self::new(DatabaseKind::Sqlite);
        database.sqlite_options.max_pages = Some(pages);
        database
    }

    /// Its kind.
    pub fn kind(&self) -> DatabaseKind {
        if self.postgres.is_some() {
            DatabaseKind::Postgres
        } else {
            DatabaseKind::Sqlite
        }
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.dir.path().join("jeton.db")
    }

    /// The PostgreSQL URL.
    pub fn url(&self) -> Option<&Secret> {
        self.postgres.as_ref().map(|(_, url)| url)
    }

    /// Opens it, as each server does.
    pub async fn open(&self) -> Arc<dyn Vault> {
        match &self.postgres {
            Some((_, url)) => {
                let options = PostgresOptions { max_connections: 5 };
                Arc::new(
                    PostgresVault::connect(url, options)
                        .await
                        .expect("the PostgreSQL vault"),
                )
            }
            None => Arc::new(
                SqliteVault::open_with(&self.file(), self.sqlite_options.clone())
                    .await
                    .expect("the SQLite vault"),
            ),
        }
    }
}
