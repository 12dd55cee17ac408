use async_trait::async_trait;
use jeton_domain::{AppId, Fingerprint, InstallationId, Sealed, TokenId, TokenKeyDigest};
use jeton_vault::{TokenRecord, TokenRepo, TokenState, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{
    errors::failed,
    rows::{Reader, to_integer, to_json},
    tx::Repo,
};

/// As the index `tokens_live` has them, so that this is one step into it.
pub(crate) const FIND_LIVE: &str = "SELECT * FROM tokens WHERE key_digest = ?1 AND state = 'live' AND expires_at > ?2 \
                                    ORDER BY expires_at DESC LIMIT 1";

/// As the index `tokens_ended_early` has them: however many tokens there are, few of these have time left.
pub(crate) const LIST_ENDED_EARLY: &str = "SELECT id, key_digest FROM tokens WHERE state <> 'live' AND expires_at > ?1";

/// Those that ended by the forge's word and that no grant names. One that a policy gave a shorter life still opens
/// something until then, and its revocation needs its bytes.
pub(crate) const PURGE: &str = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens AS ended \
                                WHERE forge_expires_at < ?1 \
                                AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.token = ended.id) \
                                ORDER BY forge_expires_at LIMIT ?2)";

/// The bytes of those that ended by the forge's word.
pub(crate) const WIPE: &str = "UPDATE tokens SET state = 'revoked', token = NULL WHERE id IN (SELECT id FROM tokens \
                               WHERE token IS NOT NULL AND forge_expires_at < ?1 ORDER BY forge_expires_at \
                               LIMIT ?2)";

fn state_name(state: TokenState) -> &'static str {
    match state {
        TokenState::Live => "live",
        TokenState::Revoking => "revoking",
        TokenState::Revoked => "revoked",
    }
}

fn read(row: &SqliteRow) -> Result<TokenRecord, VaultError> {
    let row = Reader::new(row, "tokens", "id");
    let state = match row.text("state")?.as_str() {
        "live" => TokenState::Live,
        "revoking" => TokenState::Revoking,
        "revoked" => TokenState::Revoked,
        _ => return Err(row.corrupt("state")),
    };
    Ok(TokenRecord {
        id: TokenId::from_uuid(row.uuid("id")?),
        key: key_digest(&row)?,
        app: AppId::from_uuid(row.uuid("app")?),
        installation: InstallationId(row.number("installation")?),
        owner: row.text("owner")?,
        repositories: row.json("repositories")?,
        permissions: row.json("permissions")?,
        token: row.bytes_or_null("token")?.map(Sealed::from_bytes),
        fingerprint: row.fingerprint("fingerprint")?,
        minted_at: row.time("minted_at")?,
        expires_at: row.time("expires_at")?,
        forge_expires_at: row.time("forge_expires_at")?,
        state,
    })
}

fn key_digest(row: &Reader<'_>) -> Result<TokenKeyDigest, VaultError> {
    TokenKeyDigest::from_bytes(&row.bytes("key_digest")?).ok_or_else(|| row.corrupt("key_digest"))
}

fn read_key(row: &SqliteRow) -> Result<(TokenId, TokenKeyDigest), VaultError> {
    let row = Reader::new(row, "tokens", "id");
    Ok((TokenId::from_uuid(row.uuid("id")?), key_digest(&row)?))
}

#[async_trait]
impl TokenRepo for Repo<'_> {
    async fn find_live(&mut self, key: &TokenKeyDigest, now: Timestamp) -> Result<Option<TokenRecord>, VaultError> {
        let row = sqlx::query(FIND_LIVE)
            .bind(key.as_bytes().as_slice())
            .bind(now.as_millisecond())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn find(&mut self, id: TokenId) -> Result<Option<TokenRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM tokens WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn find_by_fingerprint(
        &mut self,
        fingerprint: &Fingerprint,
        now: Timestamp,
    ) -> Result<Vec<TokenRecord>, VaultError> {
        let rows = sqlx::query(
            "SELECT * FROM tokens WHERE fingerprint = ?1 AND state = 'live' AND expires_at > ?2 ORDER BY expires_at, id",
        )
        .bind(fingerprint.as_str())
        .bind(now.as_millisecond())
        .fetch_all(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn list_ended_early(&mut self, now: Timestamp) -> Result<Vec<(TokenId, TokenKeyDigest)>, VaultError> {
        let rows = sqlx::query(LIST_ENDED_EARLY)
            .bind(now.as_millisecond())
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read_key).collect()
    }

    async fn add(&mut self, token: &TokenRecord) -> Result<(), VaultError> {
        sqlx::query(
            "INSERT INTO tokens (id, key_digest, app, installation, owner, repositories, permissions, token, \
             fingerprint, minted_at, expires_at, forge_expires_at, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .bind(token.id.to_string())
        .bind(token.key.as_bytes().as_slice())
        .bind(token.app.to_string())
        .bind(to_integer(token.installation.0)?)
        .bind(&token.owner)
        .bind(to_json(&token.repositories)?)
        .bind(to_json(&token.permissions)?)
        .bind(token.token.as_ref().map(Sealed::as_bytes))
        .bind(token.fingerprint.as_str())
        .bind(token.minted_at.as_millisecond())
        .bind(token.expires_at.as_millisecond())
        .bind(token.forge_expires_at.as_millisecond())
        .bind(state_name(token.state))
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(())
    }

    async fn begin_revoke(&mut self, id: TokenId) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE tokens SET state = 'revoking' WHERE id = ?1 AND state = 'live'")
            .bind(id.to_string())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn finish_revoke(&mut self, id: TokenId) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE tokens SET state = 'revoked', token = NULL WHERE id = ?1")
            .bind(id.to_string())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let removed = sqlx::query(PURGE)
            .bind(before.as_millisecond())
            .bind(limit)
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        let removed = removed.rows_affected();
        // Both together up to the limit, so that a long pause does not end in one long transaction, and a caller who got
        // a whole batch knows that there may be more.
        let wiped = sqlx::query(WIPE)
            .bind(before.as_millisecond())
            .bind(i64::from(limit).saturating_sub_unsigned(removed))
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(removed + wiped.rows_affected())
    }
}
