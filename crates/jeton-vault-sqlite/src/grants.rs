use async_trait::async_trait;
use jeton_domain::{AccountId, Fingerprint, GrantId, TokenId};
use jeton_vault::{GrantFilter, GrantOf, GrantRecord, GrantRepo, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{
    errors::failed,
    rows::{Reader, to_count, to_json},
    tx::Repo,
};

/// The statements of a list: pages of everything, and of the live ones in two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lists {
    /// A walk down an index. Ids are of version 7, so that greater is newer.
    pub(crate) all: &'static str,
    /// The live ones, looked for among the newest only: with most grants live, the page is filled from there.
    pub(crate) live_among_newest: &'static str,
    /// The live ones where they are few among many: by their end, then put in order. Without the hint SQLite walks the
    /// order of the ids instead, past every grant that ever was.
    pub(crate) live_by_end: &'static str,
}

pub(crate) const OF_ANYBODY: Lists = Lists {
    all: "SELECT * FROM grants WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    live_among_newest: "SELECT * FROM (SELECT * FROM grants WHERE id < ?1 ORDER BY id DESC LIMIT ?4) \
                        WHERE released_at IS NULL AND expires_at > ?3 ORDER BY id DESC LIMIT ?2",
    live_by_end: "SELECT * FROM grants INDEXED BY grants_held_by_end WHERE released_at IS NULL AND expires_at > ?3 \
                  AND id < ?1 ORDER BY id DESC LIMIT ?2",
};

pub(crate) const OF_HOLDER: Lists = Lists {
    all: "SELECT * FROM grants WHERE holder_key = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
    live_among_newest: "SELECT * FROM (SELECT * FROM grants WHERE holder_key = ?5 AND id < ?1 ORDER BY id DESC LIMIT ?4) \
                        WHERE released_at IS NULL AND expires_at > ?3 ORDER BY id DESC LIMIT ?2",
    live_by_end: "SELECT * FROM grants INDEXED BY grants_held_by_holder WHERE holder_key = ?4 AND released_at IS NULL \
                  AND expires_at > ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
};

/// Those of an account that are held: by their end, then put in order. An account's token is asked for again and again, so
/// that many more grants of it are over than held.
pub(crate) const HELD_OF_ACCOUNT: &str = "SELECT * FROM grants INDEXED BY grants_held_of_account WHERE account = ?1 \
                                          AND released_at IS NULL AND expires_at > ?2 ORDER BY id DESC LIMIT ?3";

/// The same ones, given back.
pub(crate) const RELEASE_ACCOUNT: &str = "UPDATE grants INDEXED BY grants_held_of_account SET released_at = ?2 \
                                          WHERE account = ?1 AND released_at IS NULL AND expires_at > ?2 \
                                          AND (?3 IS NULL OR fingerprint <> ?3)";

/// Above every UUID.
pub(crate) const NO_BOUND: &str = "g";

pub(crate) fn read(row: &SqliteRow) -> Result<GrantRecord, VaultError> {
    let row = Reader::new(row, "grants", "id");
    let of = match (row.uuid_or_null("token")?, row.uuid_or_null("account")?) {
        (Some(token), None) => GrantOf::Token(TokenId::from_uuid(token)),
        (None, Some(account)) => GrantOf::Account(AccountId::from_uuid(account)),
        _ => return Err(row.corrupt("account")),
    };
    Ok(GrantRecord {
        id: GrantId::from_uuid(row.uuid("id")?),
        of,
        forge: row.text("forge")?,
        source: row.text("source")?,
        repositories: row.json("repositories")?,
        permissions: row.json_or_null("permissions")?,
        fingerprint: row.fingerprint("fingerprint")?,
        holder: row.text("holder")?,
        holder_key: row.text("holder_key")?,
        rule: row.text("rule")?,
        address: row.text_or_null("address")?,
        request_id: row.text_or_null("request_id")?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        released_at: row.time_or_null("released_at")?,
    })
}

#[async_trait]
impl GrantRepo for Repo<'_> {
    async fn add(&mut self, grant: &GrantRecord) -> Result<(), VaultError> {
        // One statement: the one writer at a time does what a row lock does elsewhere.
        let done = sqlx::query(
            "INSERT INTO grants (id, token, account, forge, source, repositories, permissions, fingerprint, holder, \
             holder_key, rule, address, request_id, issued_at, expires_at, released_at) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 \
             WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM tokens WHERE id = ?2 AND state = 'live')",
        )
        .bind(grant.id.to_string())
        .bind(grant.of.token().map(|token| token.to_string()))
        .bind(grant.of.account().map(|account| account.to_string()))
        .bind(&grant.forge)
        .bind(&grant.source)
        .bind(to_json(&grant.repositories)?)
        .bind(grant.permissions.as_ref().map(to_json).transpose()?)
        .bind(grant.fingerprint.as_str())
        .bind(&grant.holder)
        .bind(&grant.holder_key)
        .bind(&grant.rule)
        .bind(&grant.address)
        .bind(&grant.request_id)
        .bind(grant.issued_at.as_millisecond())
        .bind(grant.expires_at.as_millisecond())
        .bind(grant.released_at.map(Timestamp::as_millisecond))
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        match grant.of {
            GrantOf::Token(token) if done.rows_affected() == 0 => Err(VaultError::Conflict(format!(
                "a revocation of token {token}: the token is being revoked, or gone"
            ))),
            _ => Ok(()),
        }
    }

    async fn find(&mut self, id: GrantId) -> Result<Option<GrantRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM grants WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn last_key_of(&mut self, holder: &str) -> Result<Option<String>, VaultError> {
        sqlx::query_scalar("SELECT holder_key FROM grants WHERE holder = ?1 ORDER BY id DESC LIMIT 1")
            .bind(holder)
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))
    }

    async fn list(
        &mut self,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let Some(is_narrow) = filter.is_narrow() else {
            return Ok(Vec::new());
        };
        if is_narrow {
            return self.list_narrow(filter, before, now, limit).await;
        }
        let holder_key = filter.holder_key.as_deref();
        let before = before.map_or(NO_BOUND.to_owned(), |id| id.to_string());
        let failed = |error| failed(self.place, error);
        let queries = if holder_key.is_some() { OF_HOLDER } else { OF_ANYBODY };
        if !filter.only_live {
            // Of parameters that a statement does not have, none is bound.
            let mut page = sqlx::query(queries.all).bind(before).bind(limit);
            if let Some(holder_key) = holder_key {
                page = page.bind(holder_key);
            }
            let rows = page.fetch_all(&mut *self.conn).await.map_err(failed)?;
            return rows.iter().map(read).collect();
        }
        let mut among_newest = sqlx::query(queries.live_among_newest)
            .bind(&before)
            .bind(limit)
            .bind(now.as_millisecond())
            .bind(i64::from(limit) * 4);
        if let Some(holder_key) = holder_key {
            among_newest = among_newest.bind(holder_key);
        }
        let mut rows = among_newest.fetch_all(&mut *self.conn).await.map_err(failed)?;
        if rows.len() < limit as usize {
            let mut by_end = sqlx::query(queries.live_by_end)
                .bind(&before)
                .bind(limit)
                .bind(now.as_millisecond());
            if let Some(holder_key) = holder_key {
                by_end = by_end.bind(holder_key);
            }
            rows = by_end.fetch_all(&mut *self.conn).await.map_err(failed)?;
        }
        rows.iter().map(read).collect()
    }

    async fn count_by_hour(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        holder_key: Option<&str>,
    ) -> Result<Vec<(Timestamp, u64)>, VaultError> {
        self.count_grants_by_hour(from, to, holder_key).await
    }

    async fn release(&mut self, id: GrantId, at: Timestamp) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE grants SET released_at = ?2 WHERE id = ?1 AND released_at IS NULL")
            .bind(id.to_string())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn release_all(&mut self, token: TokenId, at: Timestamp) -> Result<u64, VaultError> {
        let done = sqlx::query("UPDATE grants SET released_at = ?2 WHERE token = ?1 AND released_at IS NULL")
            .bind(token.to_string())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected())
    }

    async fn release_account(
        &mut self,
        account: AccountId,
        but: Option<&Fingerprint>,
        at: Timestamp,
    ) -> Result<u64, VaultError> {
        let done = sqlx::query(RELEASE_ACCOUNT)
            .bind(account.to_string())
            .bind(at.as_millisecond())
            .bind(but.map(Fingerprint::as_str))
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected())
    }

    async fn held_of_account(
        &mut self,
        account: AccountId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let rows = sqlx::query(HELD_OF_ACCOUNT)
            .bind(account.to_string())
            .bind(now.as_millisecond())
            .bind(limit)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn count_held(&mut self, token: TokenId) -> Result<u64, VaultError> {
        sqlx::query_scalar("SELECT count(*) FROM grants WHERE token = ?1 AND released_at IS NULL")
            .bind(token.to_string())
            .fetch_one(&mut *self.conn)
            .await
            .map(to_count)
            .map_err(|error| failed(self.place, error))
    }

    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let done = sqlx::query(
            "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        )
        .bind(before.as_millisecond())
        .bind(limit)
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected())
    }
}
