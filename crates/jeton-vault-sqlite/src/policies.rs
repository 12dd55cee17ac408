use async_trait::async_trait;
use jeton_domain::PolicyName;
use jeton_vault::{PolicyRecord, PolicyRepo, VaultError};
use sqlx::sqlite::SqliteRow;

use crate::{errors::failed, rows::Reader, tx::Repo};

fn read(row: &SqliteRow) -> Result<PolicyRecord, VaultError> {
    let row = Reader::new(row, "policies", "name");
    Ok(PolicyRecord {
        name: PolicyName::parse(&row.text("name")?).map_err(|_| row.corrupt("name"))?,
        spec: row.text("spec")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[async_trait]
impl PolicyRepo for Repo<'_> {
    async fn list(&mut self) -> Result<Vec<PolicyRecord>, VaultError> {
        let rows = sqlx::query("SELECT * FROM policies ORDER BY place")
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn find(&mut self, name: &PolicyName) -> Result<Option<PolicyRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM policies WHERE name = ?1")
            .bind(name.as_str())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn put(&mut self, policy: &PolicyRecord) -> Result<bool, VaultError> {
        // In two steps, of which the first tells whether it is new.
        let added = sqlx::query(
            "INSERT INTO policies (name, spec, created_at, updated_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(policy.name.as_str())
        .bind(&policy.spec)
        .bind(policy.created_at.as_millisecond())
        .bind(policy.updated_at.as_millisecond())
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        if added.rows_affected() == 1 {
            return Ok(true);
        }
        let changed = sqlx::query("UPDATE policies SET spec = ?2, updated_at = ?3 WHERE name = ?1")
            .bind(policy.name.as_str())
            .bind(&policy.spec)
            .bind(policy.updated_at.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        if changed.rows_affected() == 1 {
            Ok(false)
        } else {
            // Somebody removed it between the steps.
            Err(VaultError::Conflict(format!("a change to the policy {}", policy.name)))
        }
    }

    async fn remove(&mut self, name: &PolicyName) -> Result<bool, VaultError> {
        let done = sqlx::query("DELETE FROM policies WHERE name = ?1")
            .bind(name.as_str())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }
}
