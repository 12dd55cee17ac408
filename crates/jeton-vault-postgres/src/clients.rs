use std::collections::HashMap;

use async_trait::async_trait;
use jeton_domain::{ApiKeyDigest, ClientId, ClientKeyId, ClientName};
use jeton_vault::{ClientKeyRecord, ClientRecord, ClientRepo, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{
    rows::{Reader, to_json},
    tx::{Access, Repo},
    watch::Watched as _,
};

/// A page of those that are not revoked, in the order of a name that is unique among them.
const LIST_LIVE: &str = "SELECT * FROM clients WHERE revoked_at IS NULL AND (name, id) > ($1, $2) \
                                ORDER BY name, id LIMIT $3";

/// A page of all.
const LIST_ALL: &str = "SELECT * FROM clients WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3";

fn read(row: &PgRow) -> Result<ClientRecord, VaultError> {
    let row = Reader::new(row, "clients", "id");
    Ok(ClientRecord {
        id: ClientId::from_uuid(row.uuid("id")?),
        name: ClientName::parse(&row.text("name")?).map_err(|_| row.corrupt("name"))?,
        description: row.text_or_null("description")?,
        networks: row.json("networks")?,
        expires_at: row.time_or_null("expires_at")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_or_null("revoked_at")?,
        last_used_at: row.time_or_null("last_used_at")?,
    })
}

fn read_key(row: &PgRow) -> Result<ClientKeyRecord, VaultError> {
    let row = Reader::new(row, "client_keys", "id");
    Ok(ClientKeyRecord {
        id: ClientKeyId::from_uuid(row.uuid("id")?),
        client: ClientId::from_uuid(row.uuid("client")?),
        digest: ApiKeyDigest::from_bytes(&row.bytes("digest")?).ok_or_else(|| row.corrupt("digest"))?,
        fingerprint: row.fingerprint("fingerprint")?,
        created_at: row.time("created_at")?,
        expires_at: row.time_or_null("expires_at")?,
    })
}

/// One row that cannot be read shuts out its own client, and no other.
fn readable<T>(record: Result<T, VaultError>) -> Option<T> {
    record
        .inspect_err(|error| tracing::error!(%error, "a client or a key of one cannot be read, and is left out"))
        .ok()
}

impl Repo<'_> {
    /// Keeps others from changing a client's keys until this transaction ends. Always the client before its keys: one
    /// order, no deadlock.
    async fn lock_client(&mut self, client: ClientId) -> Result<(), VaultError> {
        sqlx::query("SELECT 1 FROM clients WHERE id = $1 FOR NO KEY UPDATE")
            .bind(client.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await
            .map(drop)
    }
}

#[async_trait]
impl ClientRepo for Repo<'_> {
    async fn list(
        &mut self,
        after: Option<(&ClientName, ClientId)>,
        with_revoked: bool,
        limit: u32,
    ) -> Result<Vec<ClientRecord>, VaultError> {
        // Nothing is below the empty name.
        let (name, id) = after.map_or(("", Uuid::nil()), |(name, id)| (name.as_str(), id.as_uuid()));
        let rows = sqlx::query(if with_revoked { LIST_ALL } else { LIST_LIVE })
            .bind(name)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn find(&mut self, name: &ClientName) -> Result<Option<ClientRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM clients WHERE name = $1 AND revoked_at IS NULL")
            .bind(name.as_str())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn load(&mut self, now: Timestamp) -> Result<Vec<(ClientRecord, Vec<ClientKeyRecord>)>, VaultError> {
        let clients = sqlx::query("SELECT * FROM clients WHERE revoked_at IS NULL")
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        // A revoked client has none.
        let keys = sqlx::query("SELECT * FROM client_keys WHERE expires_at IS NULL OR expires_at > $1")
            .bind(now.as_millisecond())
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        let mut by_client: HashMap<ClientId, Vec<ClientKeyRecord>> = HashMap::new();
        for key in keys.iter().map(read_key).filter_map(readable) {
            by_client.entry(key.client).or_default().push(key);
        }
        let clients = clients.iter().map(read).filter_map(readable);
        Ok(clients
            .map(|client| {
                let keys = by_client.remove(&client.id).unwrap_or_default();
                (client, keys)
            })
            .collect())
    }

    async fn add(&mut self, client: &ClientRecord) -> Result<(), VaultError> {
        let done = sqlx::query(
            "INSERT INTO clients (id, name, description, networks, expires_at, created_at, revoked_at, last_used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
        )
        .bind(client.id.as_uuid())
        .bind(client.name.as_str())
        .bind(&client.description)
        .bind(to_json(&client.networks)?)
        .bind(client.expires_at.map(Timestamp::as_millisecond))
        .bind(client.created_at.as_millisecond())
        .bind(client.revoked_at.map(Timestamp::as_millisecond))
        .bind(client.last_used_at.map(Timestamp::as_millisecond))
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(VaultError::Conflict(format!("a client named {}", client.name)))
        }
    }

    async fn revoke(&mut self, id: ClientId, at: Timestamp) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE clients SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(id.as_uuid())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        sqlx::query("DELETE FROM client_keys WHERE client = $1")
            .bind(id.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn add_key(&mut self, key: &ClientKeyRecord) -> Result<(), VaultError> {
        self.lock_client(key.client).await?;
        let done = sqlx::query(
            "INSERT INTO client_keys (id, client, digest, fingerprint, created_at, expires_at) \
             SELECT $1, $2, $3, $4, $5, $6 \
             WHERE EXISTS (SELECT 1 FROM clients WHERE id = $2 AND revoked_at IS NULL)",
        )
        .bind(key.id.as_uuid())
        .bind(key.client.as_uuid())
        .bind(key.digest.as_bytes().as_slice())
        .bind(key.fingerprint.as_str())
        .bind(key.created_at.as_millisecond())
        .bind(key.expires_at.map(Timestamp::as_millisecond))
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(VaultError::Conflict(format!(
                "a revocation of client {}: it is revoked, or gone",
                key.client
            )))
        }
    }

    async fn keys(&mut self, client: ClientId, now: Timestamp) -> Result<Vec<ClientKeyRecord>, VaultError> {
        if self.access == Access::Write {
            self.lock_client(client).await?;
        }
        let rows = sqlx::query(
            "SELECT * FROM client_keys WHERE client = $1 AND (expires_at IS NULL OR expires_at > $2) \
             ORDER BY created_at, id",
        )
        .bind(client.as_uuid())
        .bind(now.as_millisecond())
        .fetch_all(&mut *self.conn)
        .watched(self.watch)
        .await?;
        rows.iter().map(read_key).collect()
    }

    async fn end_other_keys(&mut self, client: ClientId, but: ClientKeyId, at: Timestamp) -> Result<u64, VaultError> {
        let done = sqlx::query(
            "UPDATE client_keys SET expires_at = $3 WHERE client = $1 AND id <> $2 \
             AND (expires_at IS NULL OR expires_at > $3)",
        )
        .bind(client.as_uuid())
        .bind(but.as_uuid())
        .bind(at.as_millisecond())
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(done.rows_affected())
    }

    async fn touch(&mut self, used: &[(ClientId, Timestamp)]) -> Result<(), VaultError> {
        let ids: Vec<Uuid> = used.iter().map(|(id, _)| id.as_uuid()).collect();
        let times: Vec<i64> = used.iter().map(|(_, at)| at.as_millisecond()).collect();
        // Locked in the order of the ids, so that two replicas do not wait for each other.
        sqlx::query(
            "WITH used AS (SELECT id, max(at) AS at FROM unnest($1, $2) AS used (id, at) GROUP BY id), \
             behind AS (SELECT clients.id, used.at FROM clients JOIN used USING (id) \
             WHERE last_used_at IS NULL OR last_used_at < used.at \
             ORDER BY clients.id FOR NO KEY UPDATE OF clients) \
             UPDATE clients SET last_used_at = behind.at FROM behind WHERE clients.id = behind.id",
        )
        .bind(ids)
        .bind(times)
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(())
    }

    async fn purge_keys(&mut self, before: Timestamp) -> Result<u64, VaultError> {
        let done = sqlx::query("DELETE FROM client_keys WHERE expires_at < $1")
            .bind(before.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }
}
