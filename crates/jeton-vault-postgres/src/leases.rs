use async_trait::async_trait;
use jeton_domain::LeaseHolder;
use jeton_vault::{Lease, LeaseRepo, VaultError};
use jiff::Timestamp;

use crate::{vault::Connections, watch::Watched as _};

/// The database's clock, and the length that the caller asks for: replicas whose clocks differ would otherwise take a
/// lease from each other, or never. `clock_timestamp()` moves within a transaction, so that whoever waited for the row
/// sees the time at which it got it.
const ACQUIRE: &str = "INSERT INTO leases (name, holder, until) \
                       VALUES ($1, $2, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + $3) \
                       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, \
                       until = floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + $3 \
                       WHERE leases.holder = excluded.holder \
                       OR leases.until <= floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Of those that ended, what the database's clock says ended more than ten minutes ago.
const PURGE: &str = "DELETE FROM leases \
                     WHERE until < floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint - 10 * 60 * 1000";

// Each call is a transaction of its own: it costs two more round trips than the bare statement, and begins on a
// connection that is known to live. A lease is asked for when nothing is cached, which is rare.
#[async_trait]
impl LeaseRepo for Connections {
    async fn acquire(&self, lease: &Lease, now: Timestamp) -> Result<bool, VaultError> {
        let length_ms = lease.until.as_millisecond() - now.as_millisecond();
        let mut tx = self.begin_write().await?;
        let repo = tx.repo();
        let done = sqlx::query(ACQUIRE)
            .bind(&lease.name)
            .bind(lease.holder.as_uuid())
            .bind(length_ms)
            .execute(&mut *repo.conn)
            .watched(repo.watch)
            .await?;
        tx.finish().await?;
        Ok(done.rows_affected() == 1)
    }

    async fn release(&self, name: &str, holder: LeaseHolder) -> Result<(), VaultError> {
        let mut tx = self.begin_write().await?;
        let repo = tx.repo();
        sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(name)
            .bind(holder.as_uuid())
            .execute(&mut *repo.conn)
            .watched(repo.watch)
            .await?;
        tx.finish().await
    }

    /// `before` is by the caller's clock, and so says nothing here.
    async fn purge(&self, _before: Timestamp) -> Result<u64, VaultError> {
        let mut tx = self.begin_write().await?;
        let repo = tx.repo();
        let done = sqlx::query(PURGE).execute(&mut *repo.conn).watched(repo.watch).await?;
        tx.finish().await?;
        Ok(done.rows_affected())
    }
}
