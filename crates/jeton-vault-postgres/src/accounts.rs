use async_trait::async_trait;
use jeton_domain::{AccountId, AccountLabel, AccountScope, Fingerprint, ForgeKind, Validity};
use jeton_vault::{
    AccountCheck, AccountFilter, AccountRecord, AccountRepo, AccountSketch, AccountTally, AccountView, EndOrder,
    VaultError,
};
use jiff::Timestamp;
use sqlx::{Connection as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    account_rows::{Found, INSERT, PUT_CHECK, PUT_TOKEN, Query, UPDATE, bind_own, read, readable},
    rows::{Reader, to_count},
    tx::{Access, Repo},
    watch::Watched as _,
};

/// Of a page whose ids are known.
pub(crate) const FIND_MANY: &str = "SELECT * FROM accounts WHERE id = ANY($1) ORDER BY label, id";
/// Those that wait longest for a look. Rows that another server is about to take are passed over, not waited for.
/// MATERIALIZED for the reason that `jobs` tells.
pub(crate) const CLAIM_CHECKS: &str = "WITH due AS MATERIALIZED (SELECT id, next_check_at FROM accounts \
    WHERE active AND next_check_at <= $1 AND host <> ALL($2) ORDER BY next_check_at, id LIMIT $3 \
    FOR NO KEY UPDATE SKIP LOCKED) UPDATE accounts SET next_check_at = $4 FROM due WHERE accounts.id = due.id \
    RETURNING accounts.*, due.next_check_at AS due_at";
pub(crate) const RECALL_FAR_CHECKS: &str = "WITH far AS MATERIALIZED (SELECT id FROM accounts \
    WHERE active AND next_check_at > $1 ORDER BY next_check_at DESC, id DESC LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) \
    UPDATE accounts SET next_check_at = $2 FROM far WHERE accounts.id = far.id";
pub(crate) const COUNT_IN: &str =
    "SELECT count(*) AS count FROM (SELECT 1 FROM accounts WHERE scope = $1 LIMIT $2) AS few";
pub(crate) const SWITCH_OFF_IN: &str = "UPDATE accounts SET active = FALSE, rotate_at = NULL, \
                                        updated_at = greatest(updated_at, $2) WHERE scope = $1 AND active RETURNING *";
pub(crate) const DUE_WARNINGS: &str =
    "SELECT * FROM accounts WHERE active AND next_warning_at <= $1 ORDER BY next_warning_at, id LIMIT $2";
/// Rows that another server has are passed over.
const TAKE_WARNINGS: &str = "SELECT * FROM accounts WHERE active AND next_warning_at <= $1 \
                             ORDER BY next_warning_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED";
pub(crate) const DUE_ROTATIONS: &str = "SELECT id FROM accounts WHERE active AND rotate_at <= $1 \
    AND NOT EXISTS (SELECT 1 FROM account_rotations WHERE account = accounts.id \
    AND state IN ('intended', 'asked', 'received')) ORDER BY rotate_at, id LIMIT $2";
pub(crate) const COUNT: &str =
    "SELECT forge_kind, validity, count(*) AS count FROM accounts GROUP BY forge_kind, validity";
pub(crate) const COUNT_ENDING: &str = "SELECT forge_kind, count(*) AS count FROM accounts \
                                       WHERE active AND expires_at >= $1 AND expires_at < $2 GROUP BY forge_kind";

fn forge_kind(row: &Reader<'_>) -> Result<ForgeKind, VaultError> {
    ForgeKind::parse(&row.text("forge_kind")?).ok_or_else(|| row.corrupt("forge_kind"))
}

impl Repo<'_> {
    async fn change(&mut self, query: Query) -> Result<bool, VaultError> {
        let done = query.execute(&mut *self.conn).watched(self.watch).await?;
        Ok(done.rows_affected() == 1)
    }

    async fn fetch(&mut self, query: Query) -> Result<Vec<PgRow>, VaultError> {
        query.fetch_all(&mut *self.conn).watched(self.watch).await
    }

    /// What there already is, where an account cannot be written.
    async fn taken(&mut self, account: &AccountRecord) -> Result<VaultError, VaultError> {
        let query = sqlx::query("SELECT 1 FROM accounts WHERE scope = $1 AND label = $2 AND id <> $3")
            .bind(account.scope.as_str())
            .bind(account.label.as_str())
            .bind(account.id.as_uuid());
        Ok(VaultError::Conflict(if self.fetch(query).await?.is_empty() {
            format!("a default account on {}", account.forge.host())
        } else {
            format!("an account labelled {}", account.label)
        }))
    }
}

#[async_trait]
impl AccountRepo for Repo<'_> {
    async fn add(&mut self, account: &AccountRecord) -> Result<(), VaultError> {
        let query = sqlx::query(INSERT)
            .bind(account.id.as_uuid())
            .bind(account.fingerprint.as_str());
        let query = bind_own(Found::from(account).bind(query)?, account)?
            .bind(account.token.as_bytes())
            .bind(account.token_since.as_millisecond());
        if self.change(query).await? {
            Ok(())
        } else {
            Err(self.taken(account).await?)
        }
    }

    async fn find(&mut self, id: AccountId) -> Result<Option<AccountRecord>, VaultError> {
        let query = sqlx::query(match self.access {
            Access::Read => "SELECT * FROM accounts WHERE id = $1",
            Access::Write => "SELECT * FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
        })
        .bind(id.as_uuid());
        self.fetch(query).await?.first().map(read).transpose()
    }

    async fn find_many(&mut self, ids: &[AccountId]) -> Result<Vec<AccountRecord>, VaultError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let query = sqlx::query(FIND_MANY).bind(ids);
        self.fetch(query).await?.iter().map(read).collect()
    }

    async fn find_by_label(
        &mut self,
        scope: &AccountScope,
        label: &AccountLabel,
    ) -> Result<Option<AccountRecord>, VaultError> {
        let query = sqlx::query("SELECT * FROM accounts WHERE scope = $1 AND label = $2")
            .bind(scope.as_str())
            .bind(label.as_str());
        self.fetch(query).await?.first().map(read).transpose()
    }

    async fn list(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        self.list_accounts(view, filter, after, limit).await
    }

    async fn browse(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError> {
        self.browse_accounts(view, filter, after, limit).await
    }

    async fn count_matching(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        most: u32,
    ) -> Result<u64, VaultError> {
        self.count_accounts(view, filter, most).await
    }

    async fn tally(&mut self, view: &AccountView, now: Timestamp) -> Result<Vec<AccountTally>, VaultError> {
        self.tally_accounts(view, now).await
    }

    async fn ending(
        &mut self,
        view: &AccountView,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
        order: EndOrder,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        self.ending_accounts(view, from, to, limit, order).await
    }

    async fn count_ending_in(&mut self, view: &AccountView, from: Timestamp, to: Timestamp) -> Result<u64, VaultError> {
        self.count_ending_accounts(view, from, to).await
    }

    async fn least_quota(
        &mut self,
        view: &AccountView,
        now: Timestamp,
        private: Option<bool>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError> {
        self.least_quota_of_accounts(view, now, private, limit).await
    }

    async fn find_by_fingerprint(&mut self, fingerprint: &Fingerprint) -> Result<Vec<AccountRecord>, VaultError> {
        let query = sqlx::query("SELECT * FROM accounts WHERE fingerprint = $1 ORDER BY label, id LIMIT 20")
            .bind(fingerprint.as_str());
        self.fetch(query).await?.iter().map(read).collect()
    }

    async fn choose(
        &mut self,
        view: &AccountView,
        forge_kind: ForgeKind,
        host: Option<&str>,
        keys: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        self.choose_accounts(view, forge_kind, host, keys, limit).await
    }

    async fn update(&mut self, account: &AccountRecord, seen: Timestamp) -> Result<bool, VaultError> {
        let query = sqlx::query(UPDATE)
            .bind(account.id.as_uuid())
            .bind(seen.as_millisecond());
        let query = bind_own(query, account)?;
        // A statement that fails would take the whole transaction with it; it goes back to here instead.
        let mut step = self.conn.begin().watched(self.watch).await?;
        let done = query.execute(&mut *step).watched(self.watch).await;
        match done {
            Ok(done) => {
                step.commit().watched(self.watch).await?;
                Ok(done.rows_affected() == 1)
            }
            Err(VaultError::Conflict(_)) => {
                step.rollback().watched(self.watch).await?;
                Err(self.taken(account).await?)
            }
            Err(error) => Err(error),
        }
    }

    async fn clear_default(&mut self, scope: &AccountScope, host: &str) -> Result<u64, VaultError> {
        let done = sqlx::query("UPDATE accounts SET is_default = FALSE WHERE scope = $1 AND host = $2 AND is_default")
            .bind(scope.as_str())
            .bind(host)
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn put_token(&mut self, account: &AccountRecord, seen: &Fingerprint) -> Result<bool, VaultError> {
        let query = sqlx::query(PUT_TOKEN).bind(account.id.as_uuid()).bind(seen.as_str());
        let query = Found::from(account)
            .bind(query)?
            .bind(account.token.as_bytes())
            .bind(account.fingerprint.as_str())
            .bind(&account.username)
            .bind(&account.email)
            .bind(account.token_since.as_millisecond())
            .bind(account.updated_at.as_millisecond());
        self.change(query).await
    }

    async fn put_check(&mut self, id: AccountId, seen: &Fingerprint, check: &AccountCheck) -> Result<bool, VaultError> {
        let query = sqlx::query(PUT_CHECK).bind(id.as_uuid()).bind(seen.as_str());
        self.change(Found::from(check).bind(query)?).await
    }

    async fn count_in(&mut self, scope: &AccountScope, most: u32) -> Result<u64, VaultError> {
        let query = sqlx::query(COUNT_IN)
            .bind(scope.as_str().to_owned())
            .bind(i64::from(most));
        let rows = self.fetch(query).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        Ok(to_count(Reader::new(row, "accounts", "scope").number("count")?))
    }

    async fn switch_off_in(&mut self, scope: &AccountScope, now: Timestamp) -> Result<Vec<AccountRecord>, VaultError> {
        let query = sqlx::query(SWITCH_OFF_IN)
            .bind(scope.as_str().to_owned())
            .bind(now.as_millisecond());
        // What cannot be read is switched off too.
        let mut off: Vec<_> = self.fetch(query).await?.iter().filter_map(readable).collect();
        off.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(off)
    }

    async fn remove(&mut self, id: AccountId) -> Result<bool, VaultError> {
        self.change(sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id.as_uuid()))
            .await
    }

    async fn claim_due_checks(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        not_on: &[String],
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        let query = sqlx::query(CLAIM_CHECKS)
            .bind(now.as_millisecond())
            .bind(not_on)
            .bind(i64::from(limit))
            .bind(until.as_millisecond());
        let rows = self.fetch(query).await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in &rows {
            let due_at: i64 = Reader::new(row, "accounts", "id").number("due_at")?;
            claimed.extend(readable(row).map(|account| (due_at, account)));
        }
        // PostgreSQL promises no order for RETURNING.
        claimed.sort_by_key(|(due_at, account)| (*due_at, account.id));
        Ok(claimed.into_iter().map(|(_, account)| account).collect())
    }

    async fn recall_far_checks(&mut self, far: Timestamp, to: Timestamp, limit: u32) -> Result<u64, VaultError> {
        let done = sqlx::query(RECALL_FAR_CHECKS)
            .bind(far.as_millisecond())
            .bind(to.as_millisecond())
            .bind(i64::from(limit))
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn set_next_check(&mut self, id: AccountId, next: Timestamp) -> Result<(), VaultError> {
        let query = sqlx::query("UPDATE accounts SET next_check_at = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(next.as_millisecond());
        self.change(query).await.map(drop)
    }

    async fn due_warnings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<AccountRecord>, VaultError> {
        let query = sqlx::query(match self.access {
            Access::Read => DUE_WARNINGS,
            Access::Write => TAKE_WARNINGS,
        })
        .bind(now.as_millisecond())
        .bind(i64::from(limit));
        Ok(self.fetch(query).await?.iter().filter_map(readable).collect())
    }

    async fn set_next_warning(&mut self, id: AccountId, next: Option<Timestamp>) -> Result<(), VaultError> {
        let query = sqlx::query("UPDATE accounts SET next_warning_at = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(next.map(Timestamp::as_millisecond));
        self.change(query).await.map(drop)
    }

    async fn due_rotations(&mut self, now: Timestamp, limit: u32) -> Result<Vec<AccountId>, VaultError> {
        let query = sqlx::query(DUE_ROTATIONS)
            .bind(now.as_millisecond())
            .bind(i64::from(limit));
        let id = |row| Reader::new(row, "accounts", "id").uuid("id").map(AccountId::from_uuid);
        self.fetch(query).await?.iter().map(id).collect()
    }

    async fn set_rotate_at(&mut self, id: AccountId, at: Option<Timestamp>) -> Result<(), VaultError> {
        let query = sqlx::query("UPDATE accounts SET rotate_at = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(at.map(Timestamp::as_millisecond));
        self.change(query).await.map(drop)
    }

    async fn count(&mut self) -> Result<Vec<(ForgeKind, Validity, u64)>, VaultError> {
        let read = |row: &PgRow| {
            let row = Reader::new(row, "accounts", "forge_kind");
            let validity = Validity::parse(&row.text("validity")?).ok_or_else(|| row.corrupt("validity"))?;
            Ok((forge_kind(&row)?, validity, to_count(row.number("count")?)))
        };
        self.fetch(sqlx::query(COUNT)).await?.iter().map(read).collect()
    }

    async fn count_ending(&mut self, from: Timestamp, to: Timestamp) -> Result<Vec<(ForgeKind, u64)>, VaultError> {
        let query = sqlx::query(COUNT_ENDING)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond());
        let read = |row: &PgRow| {
            let row = Reader::new(row, "accounts", "forge_kind");
            Ok((forge_kind(&row)?, to_count(row.number("count")?)))
        };
        self.fetch(query).await?.iter().map(read).collect()
    }
}
