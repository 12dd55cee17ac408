use async_trait::async_trait;
use jeton_domain::{AccountId, Fingerprint, GrantId, TokenId};
use jeton_vault::{GrantFilter, GrantOf, GrantRecord, GrantRepo, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{
    rows::{Reader, to_count, to_json},
    tx::{Access, Repo},
    watch::Watched as _,
};

/// The statements of a list: pages of everything, and of the live ones in two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lists {
    /// A walk down an index. Ids are of version 7, so that greater is newer.
    pub(crate) all: &'static str,
    /// The live ones, looked for among the newest only: with most grants live, the page is filled from there.
    pub(crate) live_among_newest: &'static str,
    /// The live ones where they are few among many: by their end, then put in order. MATERIALIZED keeps the planner from
    /// walking down the ids instead, past every grant that ever was.
    pub(crate) live_by_end: &'static str,
}

const OF_ANYBODY: Lists = Lists {
    all: "SELECT * FROM grants WHERE id < $1 ORDER BY id DESC LIMIT $2",
    live_among_newest: "SELECT * FROM (SELECT * FROM grants WHERE id < $1 ORDER BY id DESC LIMIT $4) AS newest \
                        WHERE released_at IS NULL AND expires_at > $3 ORDER BY id DESC LIMIT $2",
    live_by_end: "WITH live AS MATERIALIZED (SELECT id FROM grants WHERE released_at IS NULL AND expires_at > $3), \
                  page AS MATERIALIZED (SELECT id FROM live WHERE id < $1 ORDER BY id DESC LIMIT $2) \
                  SELECT grants.* FROM grants JOIN page USING (id) ORDER BY id DESC",
};

/// In the order of the index `grants_by_holder`, for a reason that the migration tells.
pub(crate) const OF_HOLDER: Lists = Lists {
    all: "SELECT * FROM grants WHERE holder_key = $3 AND uuid_send(id) < uuid_send($1) ORDER BY uuid_send(id) DESC \
          LIMIT $2",
    live_among_newest: "SELECT * FROM (SELECT * FROM grants WHERE holder_key = $5 AND uuid_send(id) < uuid_send($1) \
                        ORDER BY uuid_send(id) DESC LIMIT $4) AS newest WHERE released_at IS NULL AND expires_at > $3 ORDER BY id DESC LIMIT $2",
    live_by_end: "WITH live AS MATERIALIZED (SELECT id FROM grants WHERE holder_key = $4 AND released_at IS NULL \
                  AND expires_at > $3), page AS MATERIALIZED (SELECT id FROM live WHERE id < $1 ORDER BY id DESC \
                  LIMIT $2) SELECT grants.* FROM grants JOIN page USING (id) ORDER BY id DESC",
};

/// Those of an account that are held: by their end, then put in order, as in [`Lists::live_by_end`]. An account's token is
/// asked for again and again, so that many more grants of it are over than held.
pub(crate) const HELD_OF_ACCOUNT: &str = "WITH held AS MATERIALIZED (SELECT id FROM grants WHERE account = $1 \
                                          AND released_at IS NULL AND expires_at > $2), \
                                          page AS MATERIALIZED (SELECT id FROM held ORDER BY id DESC LIMIT $3) \
                                          SELECT grants.* FROM grants JOIN page USING (id) ORDER BY id DESC";

/// The same ones, given back; locked in the order of their ids, so that two who do so do not wait for each other.
pub(crate) const RELEASE_ACCOUNT: &str = "WITH held AS MATERIALIZED (SELECT id FROM grants WHERE account = $1 \
                                          AND released_at IS NULL AND expires_at > $2 \
                                          AND ($3::text IS NULL OR fingerprint <> $3) ORDER BY id FOR NO KEY UPDATE) \
                                          UPDATE grants SET released_at = $2 FROM held WHERE grants.id = held.id";

/// Above every UUID of version 7, whose version and variant bits are not all ones.
pub(crate) const NO_BOUND: Uuid = Uuid::max();

pub(crate) fn read(row: &PgRow) -> Result<GrantRecord, VaultError> {
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

impl Repo<'_> {
    /// Keeps others from adding, releasing or counting a token's grants until this transaction ends, so that what was
    /// counted is still so when the token is revoked for it. Always the token before its grants: one order, no deadlock.
    async fn lock_token(&mut self, token: Uuid) -> Result<(), VaultError> {
        sqlx::query("SELECT 1 FROM tokens WHERE id = $1 FOR NO KEY UPDATE")
            .bind(token)
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await
            .map(drop)
    }
}

#[async_trait]
impl GrantRepo for Repo<'_> {
    async fn add(&mut self, grant: &GrantRecord) -> Result<(), VaultError> {
        if let GrantOf::Token(token) = grant.of {
            // Shared with other callers of the same token, but not with its revocation: whoever comes second waits for the
            // other's transaction, and then sees what it did.
            let live: Option<bool> = sqlx::query_scalar("SELECT state = 'live' FROM tokens WHERE id = $1 FOR SHARE")
                .bind(token.as_uuid())
                .fetch_optional(&mut *self.conn)
                .watched(self.watch)
                .await?;
            if live != Some(true) {
                return Err(VaultError::Conflict(format!(
                    "a revocation of token {token}: the token is being revoked, or gone"
                )));
            }
        }
        sqlx::query(
            "INSERT INTO grants (id, token, account, forge, source, repositories, permissions, fingerprint, holder, \
             holder_key, rule, address, request_id, issued_at, expires_at, released_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(grant.id.as_uuid())
        .bind(grant.of.token().map(TokenId::as_uuid))
        .bind(grant.of.account().map(AccountId::as_uuid))
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
        .watched(self.watch)
        .await?;
        Ok(())
    }

    async fn find(&mut self, id: GrantId) -> Result<Option<GrantRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM grants WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn last_key_of(&mut self, holder: &str) -> Result<Option<String>, VaultError> {
        sqlx::query_scalar("SELECT holder_key FROM grants WHERE holder = $1 ORDER BY id DESC LIMIT 1")
            .bind(holder)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await
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
        let before = before.map_or(NO_BOUND, GrantId::as_uuid);
        let queries = if holder_key.is_some() { OF_HOLDER } else { OF_ANYBODY };
        if !filter.only_live {
            // Of parameters that a statement does not have, none is bound.
            let mut page = sqlx::query(queries.all).bind(before).bind(i64::from(limit));
            if let Some(holder_key) = holder_key {
                page = page.bind(holder_key);
            }
            let rows = page.fetch_all(&mut *self.conn).watched(self.watch).await?;
            return rows.iter().map(read).collect();
        }
        let mut among_newest = sqlx::query(queries.live_among_newest)
            .bind(before)
            .bind(i64::from(limit))
            .bind(now.as_millisecond())
            .bind(i64::from(limit) * 4);
        if let Some(holder_key) = holder_key {
            among_newest = among_newest.bind(holder_key);
        }
        let mut rows = among_newest.fetch_all(&mut *self.conn).watched(self.watch).await?;
        if rows.len() < limit as usize {
            let mut by_end = sqlx::query(queries.live_by_end)
                .bind(before)
                .bind(i64::from(limit))
                .bind(now.as_millisecond());
            if let Some(holder_key) = holder_key {
                by_end = by_end.bind(holder_key);
            }
            rows = by_end.fetch_all(&mut *self.conn).watched(self.watch).await?;
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
        let token: Option<Option<Uuid>> = sqlx::query_scalar("SELECT token FROM grants WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        let Some(token) = token else {
            return Ok(false);
        };
        if let Some(token) = token {
            self.lock_token(token).await?;
        }
        let done = sqlx::query("UPDATE grants SET released_at = $2 WHERE id = $1 AND released_at IS NULL")
            .bind(id.as_uuid())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn release_all(&mut self, token: TokenId, at: Timestamp) -> Result<u64, VaultError> {
        self.lock_token(token.as_uuid()).await?;
        let done = sqlx::query("UPDATE grants SET released_at = $2 WHERE token = $1 AND released_at IS NULL")
            .bind(token.as_uuid())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn release_account(
        &mut self,
        account: AccountId,
        but: Option<&Fingerprint>,
        at: Timestamp,
    ) -> Result<u64, VaultError> {
        let done = sqlx::query(RELEASE_ACCOUNT)
            .bind(account.as_uuid())
            .bind(at.as_millisecond())
            .bind(but.map(Fingerprint::as_str))
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn held_of_account(
        &mut self,
        account: AccountId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let rows = sqlx::query(HELD_OF_ACCOUNT)
            .bind(account.as_uuid())
            .bind(now.as_millisecond())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn count_held(&mut self, token: TokenId) -> Result<u64, VaultError> {
        if self.access == Access::Write {
            self.lock_token(token.as_uuid()).await?;
        }
        sqlx::query_scalar("SELECT count(*) FROM grants WHERE token = $1 AND released_at IS NULL")
            .bind(token.as_uuid())
            .fetch_one(&mut *self.conn)
            .watched(self.watch)
            .await
            .map(to_count)
    }

    async fn purge(&mut self, before: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let done = sqlx::query(
            "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        )
        .bind(before.as_millisecond())
        .bind(i64::from(limit))
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(done.rows_affected())
    }
}
