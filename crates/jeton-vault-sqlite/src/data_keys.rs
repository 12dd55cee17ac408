use async_trait::async_trait;
use jeton_domain::{KeyId, Sealed};
use jeton_vault::{DataKeyRecord, DataKeyRepo, SettingRepo, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{errors::failed, rows::Reader, sealed_rows, tx::Repo};

/// Removes a key that is not the one that seals, and that no value in [`SealedPlace::ALL`](jeton_vault::SealedPlace::ALL)
/// names.
pub(crate) const REMOVE: &str = "DELETE FROM data_keys WHERE id = ?1 \
    AND id <> (SELECT id FROM data_keys WHERE activated_at IS NOT NULL ORDER BY activated_at DESC, id DESC LIMIT 1) \
    AND NOT EXISTS (SELECT 1 FROM apps WHERE substr(private_key, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM tokens WHERE substr(token, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM accounts WHERE substr(token, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM account_rotations WHERE substr(new_token, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM runners WHERE substr(token, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM old_tokens WHERE substr(token, 2, 6) = ?2) \
    AND NOT EXISTS (SELECT 1 FROM settings WHERE name = 'ledger_key' AND substr(value, 2, 6) = ?2)";

fn read(row: &SqliteRow) -> Result<DataKeyRecord, VaultError> {
    let row = Reader::new(row, "data_keys", "id");
    let key_id = |column| KeyId::parse(&row.text(column)?).map_err(|_| row.corrupt(column));
    Ok(DataKeyRecord {
        id: key_id("id")?,
        wrapped: Sealed::from_bytes(row.bytes("wrapped")?),
        wrapped_by: key_id("wrapped_by")?,
        created_at: row.time("created_at")?,
        activated_at: row.time_or_null("activated_at")?,
    })
}

#[async_trait]
impl DataKeyRepo for Repo<'_> {
    async fn list(&mut self) -> Result<Vec<DataKeyRecord>, VaultError> {
        let rows = sqlx::query("SELECT * FROM data_keys ORDER BY created_at, id")
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn add(&mut self, key: &DataKeyRecord, first: bool) -> Result<bool, VaultError> {
        // One statement, and one writer at a time: nothing can come between the question and the answer.
        let done = sqlx::query(
            "INSERT INTO data_keys (id, wrapped, wrapped_by, created_at, activated_at) SELECT ?1, ?2, ?3, ?4, ?6 \
             WHERE NOT ?5 OR NOT EXISTS (SELECT 1 FROM data_keys)",
        )
        .bind(key.id.as_str())
        .bind(key.wrapped.as_bytes())
        .bind(key.wrapped_by.as_str())
        .bind(key.created_at.as_millisecond())
        .bind(first)
        .bind(key.activated_at.map(Timestamp::as_millisecond))
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn activate(&mut self, id: &KeyId, at: Timestamp) -> Result<bool, VaultError> {
        let done = sqlx::query(
            "UPDATE data_keys SET activated_at = max(?2, (SELECT coalesce(max(activated_at), 0) + 1 FROM data_keys)) \
             WHERE id = ?1 AND activated_at IS NULL",
        )
        .bind(id.as_str())
        .bind(at.as_millisecond())
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn rewrap(&mut self, old: &DataKeyRecord, new: &DataKeyRecord) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE data_keys SET wrapped = ?2, wrapped_by = ?3 WHERE id = ?1 AND wrapped = ?4")
            .bind(old.id.as_str())
            .bind(new.wrapped.as_bytes())
            .bind(new.wrapped_by.as_str())
            .bind(old.wrapped.as_bytes())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn remove(&mut self, id: &KeyId) -> Result<bool, VaultError> {
        let done = sqlx::query(REMOVE)
            .bind(id.as_str())
            .bind(sealed_rows::key_bytes(id))
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl SettingRepo for Repo<'_> {
    async fn find(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        sqlx::query_scalar("SELECT value FROM settings WHERE name = ?1")
            .bind(name)
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))
    }

    async fn add(&mut self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        let done = sqlx::query("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn put(&mut self, name: &str, value: &[u8]) -> Result<(), VaultError> {
        let put = "INSERT INTO settings (name, value) VALUES (?1, ?2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(put)
            .bind(name)
            .bind(value)
            .execute(&mut *self.conn)
            .await
            .map(drop)
            .map_err(|error| failed(self.place, error))
    }
}
