use async_trait::async_trait;
use jeton_domain::UserId;
use jeton_vault::{CookieDigest, UserRecord, VaultError, WebSessionRecord, WebSessionRepo};
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::{rows::Reader, tx::Repo, users, watch::Watched as _};

/// With the user, whose columns keep their names.
const FIND: &str = "SELECT users.*, digest, user_id, web_sessions.created_at AS began_at, last_seen_at, expires_at, \
                           address, browser FROM web_sessions JOIN users ON users.id = user_id \
                           WHERE digest = $1 AND expires_at > $2 AND disabled_at IS NULL";

const LIST: &str = "SELECT *, created_at AS began_at FROM web_sessions WHERE user_id = $1 AND expires_at > $2 \
                           ORDER BY created_at DESC, digest";

/// A row is named by its user: a digest means nothing to people.
fn read(row: &PgRow) -> Result<WebSessionRecord, VaultError> {
    let row = Reader::new(row, "web_sessions", "user_id");
    let digest = row.bytes("digest")?.try_into().map_err(|_| row.corrupt("digest"))?;
    Ok(WebSessionRecord {
        digest: CookieDigest(digest),
        user: UserId::from_uuid(row.uuid("user_id")?),
        created_at: row.time("began_at")?,
        last_seen_at: row.time("last_seen_at")?,
        expires_at: row.time("expires_at")?,
        address: row.text_or_null("address")?,
        browser: row.text_or_null("browser")?,
    })
}

#[async_trait]
impl WebSessionRepo for Repo<'_> {
    async fn add(&mut self, session: &WebSessionRecord) -> Result<(), VaultError> {
        sqlx::query(
            "INSERT INTO web_sessions (digest, user_id, created_at, last_seen_at, expires_at, address, browser) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(session.digest.0.as_slice())
        .bind(session.user.as_uuid())
        .bind(session.created_at.as_millisecond())
        .bind(session.last_seen_at.as_millisecond())
        .bind(session.expires_at.as_millisecond())
        .bind(&session.address)
        .bind(&session.browser)
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(())
    }

    async fn find(
        &mut self,
        digest: &CookieDigest,
        now: Timestamp,
    ) -> Result<Option<(WebSessionRecord, UserRecord)>, VaultError> {
        let row = sqlx::query(FIND)
            .bind(digest.0.as_slice())
            .bind(now.as_millisecond())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.map(|row| Ok((read(&row)?, users::read(&row)?))).transpose()
    }

    async fn list(&mut self, user: UserId, now: Timestamp) -> Result<Vec<WebSessionRecord>, VaultError> {
        let rows = sqlx::query(LIST)
            .bind(user.as_uuid())
            .bind(now.as_millisecond())
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn touch(&mut self, digest: &CookieDigest, at: Timestamp) -> Result<(), VaultError> {
        sqlx::query("UPDATE web_sessions SET last_seen_at = $2 WHERE digest = $1 AND last_seen_at < $2")
            .bind(digest.0.as_slice())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(())
    }

    async fn remove(&mut self, digest: &CookieDigest) -> Result<bool, VaultError> {
        let done = sqlx::query("DELETE FROM web_sessions WHERE digest = $1")
            .bind(digest.0.as_slice())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn remove_of_user(&mut self, user: UserId, but: Option<&CookieDigest>) -> Result<u64, VaultError> {
        let done = sqlx::query("DELETE FROM web_sessions WHERE user_id = $1 AND ($2::BYTEA IS NULL OR digest <> $2)")
            .bind(user.as_uuid())
            .bind(but.map(|digest| digest.0.as_slice()))
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn purge(&mut self, before: Timestamp) -> Result<u64, VaultError> {
        let done = sqlx::query("DELETE FROM web_sessions WHERE expires_at < $1")
            .bind(before.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }
}
