use async_trait::async_trait;
use jeton_domain::{KeyId, Sealed};
use jeton_vault::{DataKeyRecord, DataKeyRepo, SettingRepo, VaultError};
use sqlx::sqlite::SqliteRow;

use crate::{
    errors::failed,
    rows::{Reader, to_count},
    tx::Repo,
};

fn read(row: &SqliteRow) -> Result<DataKeyRecord, VaultError> {
    let row = Reader::new(row, "data_keys", "id");
    let key_id = |column| KeyId::parse(&row.text(column)?).map_err(|_| row.corrupt(column));
    Ok(DataKeyRecord {
        id: key_id("id")?,
        wrapped: Sealed::from_bytes(row.bytes("wrapped")?),
        wrapped_by: key_id("wrapped_by")?,
        created_at: row.time("created_at")?,
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
            "INSERT INTO data_keys (id, wrapped, wrapped_by, created_at) SELECT ?1, ?2, ?3, ?4 \
             WHERE NOT ?5 OR NOT EXISTS (SELECT 1 FROM data_keys)",
        )
        .bind(key.id.as_str())
        .bind(key.wrapped.as_bytes())
        .bind(key.wrapped_by.as_str())
        .bind(key.created_at.as_millisecond())
        .bind(first)
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn count_sealed(&mut self) -> Result<Vec<(String, u64)>, VaultError> {
        let counts: Vec<(String, i64)> = sqlx::query_as(
            "SELECT 'apps', (SELECT count(*) FROM apps) UNION ALL \
             SELECT 'tokens', (SELECT count(*) FROM tokens WHERE token IS NOT NULL)",
        )
        .fetch_all(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(counts
            .into_iter()
            .map(|(table, count)| (table, to_count(count)))
            .collect())
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
