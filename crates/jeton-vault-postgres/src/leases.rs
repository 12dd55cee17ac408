use async_trait::async_trait;
use jeton_domain::LeaseHolder;
use jeton_vault::{Lease, LeaseRepo, VaultError};
use jiff::Timestamp;

use crate::{errors::failed, vault::Connections};

// Each call is a transaction of its own: it costs two more round trips than the bare statement, and begins on a
// connection that is known to live. A lease is asked for when nothing is cached, which is rare.
#[async_trait]
impl LeaseRepo for Connections {
    async fn acquire(&self, lease: &Lease, now: Timestamp) -> Result<bool, VaultError> {
        let mut tx = self.begin_write().await?;
        let done = sqlx::query(
            "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE leases.holder = excluded.holder OR leases.until <= $4",
        )
        .bind(&lease.name)
        .bind(lease.holder.as_uuid())
        .bind(lease.until.as_millisecond())
        .bind(now.as_millisecond())
        .execute(&mut *tx)
        .await
        .map_err(|error| failed(&self.place, error))?;
        tx.commit().await.map_err(|error| failed(&self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn release(&self, name: &str, holder: LeaseHolder) -> Result<(), VaultError> {
        let mut tx = self.begin_write().await?;
        sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(name)
            .bind(holder.as_uuid())
            .execute(&mut *tx)
            .await
            .map_err(|error| failed(&self.place, error))?;
        tx.commit().await.map_err(|error| failed(&self.place, error))
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, VaultError> {
        let mut tx = self.begin_write().await?;
        let done = sqlx::query("DELETE FROM leases WHERE until < $1")
            .bind(before.as_millisecond())
            .execute(&mut *tx)
            .await
            .map_err(|error| failed(&self.place, error))?;
        tx.commit().await.map_err(|error| failed(&self.place, error))?;
        Ok(done.rows_affected())
    }
}
