//! Databases that a server has made, and what opens them.

use std::{path::PathBuf, sync::Arc};

use jeton_domain::{ClientId, IdentityKey, Secret};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::Vault;
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jeton_vault_sqlite::SqliteVault;
use jiff::SignedDuration;

use super::{
    fill::{Plan, fill},
    world::ring_of,
};
use crate::{benches::operator::Operator, forge::Forge, jeton::Server};

/// The client that asks; it may see accounts, which are the shared ones and a hundred of its own.
const CLIENT: &str = "bench";

/// Where a database is.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Sqlite(PathBuf),
    Postgres(Secret),
}

impl Place {
    pub(super) async fn open(&self) -> anyhow::Result<Arc<dyn Vault>> {
        Ok(match self {
            Self::Sqlite(file) => Arc::new(SqliteVault::open(file).await?),
            Self::Postgres(url) => {
                let options = PostgresOptions { max_connections: 5 };
                Arc::new(PostgresVault::connect(url, options).await?)
            }
        })
    }
}

/// A database with many accounts, of which a server knows.
pub(super) struct Filled {
    pub(super) place: Place,
    pub(super) state: String,
    pub(super) plan: Plan,
    /// The key of the client whose own the first private accounts are.
    pub(super) client_key: String,
}

impl Filled {
    /// Lets a server make the database, then fills it while no server runs.
    pub(super) async fn make(
        jeton: &std::path::Path,
        forge: &Forge,
        postgres: Option<&TempPostgres>,
        accounts: u32,
    ) -> anyhow::Result<Self> {
        let kind = if postgres.is_some() { "postgres" } else { "sqlite" };
        let state = format!("{kind}-{accounts}");
        let directory = forge.directory().join(&state);
        let place = match postgres {
            Some(server) => Place::Postgres(Secret::new(server.database()?)),
            None => Place::Sqlite(directory.join("jeton.db")),
        };
        let now = forge.sim.clock().now();
        let mut filled = Self {
            place,
            state,
            plan: Plan {
                accounts,
                owner: String::new(),
                now,
                // No look disturbs.
                first_check: now + SignedDuration::from_hours(24),
                spread: true,
                end: true,
            },
            client_key: String::new(),
        };
        let server = filled.serve(jeton, forge).await?;
        let operator = Operator::of(&server, forge, &filled.state)?;
        let (id, key) = operator.add_known_client(CLIENT).await?;
        operator.allow(CLIENT, "account.read", &[]).await?;
        operator.let_read(CLIENT, "acme/tools").await?;
        server.stop()?;
        filled.plan.owner = IdentityKey::Client(ClientId::from_uuid(id)).to_string();
        filled.client_key = key;
        let vault = filled.place.open().await?;
        let ring = ring_of(&*vault, &directory).await?;
        vault.close().await;
        fill(&filled.place, &ring, &filled.plan).await?;
        Ok(filled)
    }

    /// A server on it.
    pub(super) async fn serve(&self, jeton: &std::path::Path, forge: &Forge) -> anyhow::Result<Server> {
        let url = match &self.place {
            Place::Sqlite(_) => None,
            Place::Postgres(url) => Some(("JETON_DATABASE__URL", url.expose())),
        };
        let more: Vec<_> = url.into_iter().collect();
        Server::jeton_with(jeton, forge, &self.state, &forge.sim.api_url(), &more).await
    }
}
