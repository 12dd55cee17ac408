//! What every database must do, on PostgreSQL.

use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault_postgres::{PostgresOptions, PostgresVault};

async fn fresh() -> (PostgresVault, TempPostgres) {
    let server = TempPostgres::shared().expect("a PostgreSQL server");
    let url = Secret::new(server.database().expect("a new database"));
    let vault = PostgresVault::connect(&url, PostgresOptions::default())
        .await
        .expect("a new schema");
    (vault, server)
}

jeton_vault::vault_suite!(fresh);
