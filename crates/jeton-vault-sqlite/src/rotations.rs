use async_trait::async_trait;
use jeton_domain::{AccountId, Fingerprint, LeaseHolder, RotationId, Sealed};
use jeton_vault::{RotationRecord, RotationRepo, RotationState, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{account_rows::Query, errors::failed, rows::Reader, tx::Repo};

pub(crate) const FIND_OPEN: &str = "SELECT * FROM account_rotations WHERE account = ?1 \
                                    AND state IN ('intended', 'asked', 'received')";
pub(crate) const LIST: &str = "SELECT * FROM account_rotations WHERE account = ?1 ORDER BY created_at DESC, id DESC \
                               LIMIT ?2";
pub(crate) const PURGE: &str = "DELETE FROM account_rotations WHERE id IN (SELECT id FROM account_rotations \
    WHERE state IN ('done', 'failed', 'lost') AND changed_at < ?1 ORDER BY changed_at LIMIT ?2)";

fn state_name(state: RotationState) -> &'static str {
    match state {
        RotationState::Intended => "intended",
        RotationState::Asked => "asked",
        RotationState::Received => "received",
        RotationState::Done => "done",
        RotationState::Failed => "failed",
        RotationState::Lost => "lost",
    }
}

fn read(row: &SqliteRow) -> Result<RotationRecord, VaultError> {
    let row = Reader::new(row, "account_rotations", "id");
    let state = match row.text("state")?.as_str() {
        "intended" => RotationState::Intended,
        "asked" => RotationState::Asked,
        "received" => RotationState::Received,
        "done" => RotationState::Done,
        "failed" => RotationState::Failed,
        "lost" => RotationState::Lost,
        _ => return Err(row.corrupt("state")),
    };
    Ok(RotationRecord {
        id: RotationId::from_uuid(row.uuid("id")?),
        account: AccountId::from_uuid(row.uuid("account")?),
        state,
        old_fingerprint: row.fingerprint("old_fingerprint")?,
        new_token: row.bytes_or_null("new_token")?.map(Sealed::from_bytes),
        new_expires_at: row.time_or_null("new_expires_at")?,
        new_fingerprint: row.fingerprint_or_null("new_fingerprint")?,
        holder: row.uuid_or_null("holder")?.map(LeaseHolder::from_uuid),
        attempts: row.number("attempts")?,
        asked_by: row.text("asked_by")?,
        error: row.text_or_null("error")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
        alarmed_at: row.time_or_null("alarmed_at")?,
    })
}

/// All of a row: 14 parameters.
fn bind(query: Query, rotation: &RotationRecord) -> Query {
    query
        .bind(rotation.id.to_string())
        .bind(rotation.account.to_string())
        .bind(state_name(rotation.state))
        .bind(rotation.old_fingerprint.as_str())
        .bind(rotation.new_token.as_ref().map(Sealed::as_bytes))
        .bind(rotation.new_expires_at.map(Timestamp::as_millisecond))
        .bind(rotation.new_fingerprint.as_ref().map(Fingerprint::as_str))
        .bind(rotation.holder.map(|holder| holder.to_string()))
        .bind(i64::from(rotation.attempts))
        .bind(&rotation.asked_by)
        .bind(&rotation.error)
        .bind(rotation.created_at.as_millisecond())
        .bind(rotation.changed_at.as_millisecond())
        .bind(rotation.alarmed_at.map(Timestamp::as_millisecond))
}

#[async_trait]
impl RotationRepo for Repo<'_> {
    async fn begin(&mut self, rotation: &RotationRecord) -> Result<bool, VaultError> {
        let query = sqlx::query(
            "INSERT INTO account_rotations (id, account, state, old_fingerprint, new_token, new_expires_at, \
             new_fingerprint, holder, attempts, asked_by, error, created_at, changed_at, alarmed_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
             ON CONFLICT DO NOTHING",
        );
        let done = bind(query, rotation)
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn find(&mut self, id: RotationId) -> Result<Option<RotationRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM account_rotations WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn find_open(&mut self, account: AccountId) -> Result<Option<RotationRecord>, VaultError> {
        let row = sqlx::query(FIND_OPEN)
            .bind(account.to_string())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<RotationRecord>, VaultError> {
        let rows = sqlx::query(LIST)
            .bind(account.to_string())
            .bind(limit)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn step(
        &mut self,
        rotation: &RotationRecord,
        from: RotationState,
        seen: Timestamp,
    ) -> Result<bool, VaultError> {
        let query = sqlx::query(
            "UPDATE account_rotations SET account = ?2, state = ?3, old_fingerprint = ?4, new_token = ?5, \
             new_expires_at = ?6, new_fingerprint = ?7, holder = ?8, attempts = ?9, asked_by = ?10, error = ?11, \
             created_at = ?12, changed_at = ?13, alarmed_at = ?14 \
             WHERE id = ?1 AND state = ?15 AND changed_at = ?16",
        );
        let done = bind(query, rotation)
            .bind(state_name(from))
            .bind(seen.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let done = sqlx::query(PURGE)
            .bind(before.as_millisecond())
            .bind(limit)
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected())
    }
}
