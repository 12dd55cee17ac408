use async_trait::async_trait;
use jeton_domain::{AccountId, CredentialKind, Fingerprint, OldTokenId, Sealed};
use jeton_vault::{OldTokenRecord, OldTokenRepo, OldTokenState, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::{
    account_rows::Query,
    rows::{Reader, to_json},
    tx::Repo,
    watch::Watched as _,
};

const ADD: &str = "INSERT INTO old_tokens (id, account, forge_kind, forge_api_url, forge_web_url, host, kind, \
    username, email, token, \
    fingerprint, state, ends_by, ending_since, error, created_at, changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
pub(crate) const CHANGE: &str = "UPDATE old_tokens SET account = $2, forge_kind = $3, forge_api_url = $4, \
    forge_web_url = $5, host = $6, kind = $7, \
    username = $8, email = $9, token = $10, fingerprint = $11, state = $12, ends_by = $13, ending_since = $14, \
    error = $15, created_at = $16, changed_at = $17 \
    WHERE id = $1 AND changed_at = $18";
pub(crate) const LIST: &str = "SELECT * FROM old_tokens WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2";
pub(crate) const WAITING_WITH: &str =
    "SELECT * FROM old_tokens WHERE fingerprint = $1 AND state = 'waiting' ORDER BY id";
/// An array, because the planner may read the whole table to compare it with a list.
pub(crate) const PURGE: &str = "DELETE FROM old_tokens WHERE id = ANY(ARRAY(SELECT id FROM old_tokens \
    WHERE state IN ('ended', 'kept') AND changed_at < $1 ORDER BY changed_at LIMIT $2))";

fn state_name(state: OldTokenState) -> &'static str {
    match state {
        OldTokenState::Waiting => "waiting",
        OldTokenState::Ended => "ended",
        OldTokenState::Kept => "kept",
    }
}

fn read(row: &PgRow) -> Result<OldTokenRecord, VaultError> {
    let row = Reader::new(row, "old_tokens", "id");
    let state = match row.text("state")?.as_str() {
        "waiting" => OldTokenState::Waiting,
        "ended" => OldTokenState::Ended,
        "kept" => OldTokenState::Kept,
        _ => return Err(row.corrupt("state")),
    };
    Ok(OldTokenRecord {
        id: OldTokenId::from_uuid(row.uuid("id")?),
        account: AccountId::from_uuid(row.uuid("account")?),
        forge: row.forge()?,
        kind: CredentialKind::parse(&row.text("kind")?).ok_or_else(|| row.corrupt("kind"))?,
        username: row.text_or_null("username")?,
        email: row.text_or_null("email")?,
        token: row.bytes_or_null("token")?.map(Sealed::from_bytes),
        fingerprint: row.fingerprint("fingerprint")?,
        state,
        ends_by: row.time("ends_by")?,
        ending_since: row.time_or_null("ending_since")?,
        error: row.json_or_null("error")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
    })
}

/// All of a row: 17 parameters.
fn bind(query: Query, token: &OldTokenRecord) -> Result<Query, VaultError> {
    Ok(query
        .bind(token.id.as_uuid())
        .bind(token.account.as_uuid())
        .bind(token.forge.kind().as_str())
        .bind(token.forge.api_url())
        .bind(token.forge.web_url())
        .bind(token.forge.host())
        .bind(token.kind.as_str())
        .bind(&token.username)
        .bind(&token.email)
        .bind(token.token.as_ref().map(Sealed::as_bytes))
        .bind(token.fingerprint.as_str())
        .bind(state_name(token.state))
        .bind(token.ends_by.as_millisecond())
        .bind(token.ending_since.map(Timestamp::as_millisecond))
        .bind(token.error.as_ref().map(to_json).transpose()?)
        .bind(token.created_at.as_millisecond())
        .bind(token.changed_at.as_millisecond()))
}

#[async_trait]
impl OldTokenRepo for Repo<'_> {
    async fn add(&mut self, token: &OldTokenRecord) -> Result<(), VaultError> {
        bind(sqlx::query(ADD), token)?
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(())
    }

    async fn find(&mut self, id: OldTokenId) -> Result<Option<OldTokenRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM old_tokens WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<OldTokenRecord>, VaultError> {
        let rows = sqlx::query(LIST)
            .bind(account.as_uuid())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn waiting_with(&mut self, fingerprint: &Fingerprint) -> Result<Vec<OldTokenRecord>, VaultError> {
        let rows = sqlx::query(WAITING_WITH)
            .bind(fingerprint.as_str())
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn change(&mut self, token: &OldTokenRecord, seen: Timestamp) -> Result<bool, VaultError> {
        let done = bind(sqlx::query(CHANGE), token)?
            .bind(seen.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let done = sqlx::query(PURGE)
            .bind(before.as_millisecond())
            .bind(i64::from(limit))
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }
}
