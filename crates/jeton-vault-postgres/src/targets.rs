use async_trait::async_trait;
use jeton_domain::{AccountId, Fingerprint, SecretName, TargetId};
use jeton_vault::{TargetRecord, TargetRepo, TargetState, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::{
    account_rows::Query,
    rows::{Reader, to_json},
    tx::Repo,
    watch::Watched as _,
};

const ADD: &str = "INSERT INTO account_targets (id, account, forge_kind, forge_api_url, forge_web_url, host, \
    scope_kind, scope_path, name, \
    environment, place, options, source, state, pushed, pushed_at, attempts, due_at, waited, error, \
    added_by, rule, created_at, changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
    $23, $24) \
    ON CONFLICT DO NOTHING";
pub(crate) const CHANGE: &str = "UPDATE account_targets SET account = $2, forge_kind = $3, forge_api_url = $4, \
    forge_web_url = $5, host = $6, scope_kind = $7, \
    scope_path = $8, name = $9, environment = $10, place = $11, options = $12, source = $13, \
    state = $14, pushed = $15, pushed_at = $16, attempts = $17, due_at = $18, waited = $19, \
    error = $20, added_by = $21, rule = $22, created_at = $23, changed_at = $24 \
    WHERE id = $1 AND changed_at = $25";
pub(crate) const LIST: &str = "SELECT * FROM account_targets WHERE account = $1 ORDER BY created_at, id LIMIT $2";
/// Whoever has read a row before must not write it after: its time always moves.
pub(crate) const AWAIT_PUSH: &str = "UPDATE account_targets SET state = 'pending', attempts = 0, due_at = NULL, waited = 0, \
    changed_at = greatest($2, changed_at + 1) WHERE account = $1";

fn state_name(state: TargetState) -> &'static str {
    match state {
        TargetState::Pending => "pending",
        TargetState::Current => "current",
        TargetState::Failed => "failed",
    }
}

fn read(row: &PgRow) -> Result<TargetRecord, VaultError> {
    let row = Reader::new(row, "account_targets", "id");
    let state = match row.text("state")?.as_str() {
        "pending" => TargetState::Pending,
        "current" => TargetState::Current,
        "failed" => TargetState::Failed,
        _ => return Err(row.corrupt("state")),
    };
    let forge = row.forge()?;
    Ok(TargetRecord {
        id: TargetId::from_uuid(row.uuid("id")?),
        account: AccountId::from_uuid(row.uuid("account")?),
        scope: row.scope(&forge)?,
        name: SecretName::parse(forge.kind(), &row.text("name")?).map_err(|_| row.corrupt("name"))?,
        forge,
        environment: row.text_or_null("environment")?,
        options: row.json("options")?,
        source: row.text("source")?,
        state,
        pushed: row.fingerprint_or_null("pushed")?,
        pushed_at: row.time_or_null("pushed_at")?,
        attempts: row.number("attempts")?,
        due_at: row.time_or_null("due_at")?,
        waited_seconds: row.number("waited")?,
        error: row.json_or_null("error")?,
        added_by: row.text("added_by")?,
        rule: row.text("rule")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
    })
}

/// All of a row: 24 parameters.
fn bind(query: Query, target: &TargetRecord) -> Result<Query, VaultError> {
    Ok(query
        .bind(target.id.as_uuid())
        .bind(target.account.as_uuid())
        .bind(target.forge.kind().as_str())
        .bind(target.forge.api_url())
        .bind(target.forge.web_url())
        .bind(target.forge.host())
        .bind(target.scope.kind())
        .bind(target.scope.path())
        .bind(target.name.as_str())
        .bind(&target.environment)
        .bind(target.place().to_vec())
        .bind(to_json(&target.options)?)
        .bind(&target.source)
        .bind(state_name(target.state))
        .bind(target.pushed.as_ref().map(Fingerprint::as_str))
        .bind(target.pushed_at.map(Timestamp::as_millisecond))
        .bind(i64::from(target.attempts))
        .bind(target.due_at.map(Timestamp::as_millisecond))
        .bind(i64::from(target.waited_seconds))
        .bind(target.error.as_ref().map(to_json).transpose()?)
        .bind(&target.added_by)
        .bind(&target.rule)
        .bind(target.created_at.as_millisecond())
        .bind(target.changed_at.as_millisecond()))
}

#[async_trait]
impl TargetRepo for Repo<'_> {
    async fn add(&mut self, target: &TargetRecord) -> Result<bool, VaultError> {
        let done = bind(sqlx::query(ADD), target)?
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn find(&mut self, id: TargetId) -> Result<Option<TargetRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM account_targets WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn list(&mut self, account: AccountId, limit: u32) -> Result<Vec<TargetRecord>, VaultError> {
        let rows = sqlx::query(LIST)
            .bind(account.as_uuid())
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn change(&mut self, target: &TargetRecord, seen: Timestamp) -> Result<bool, VaultError> {
        let done = bind(sqlx::query(CHANGE), target)?
            .bind(seen.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn await_push(&mut self, account: AccountId, now: Timestamp) -> Result<u64, VaultError> {
        let done = sqlx::query(AWAIT_PUSH)
            .bind(account.as_uuid())
            .bind(now.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }

    async fn remove(&mut self, id: TargetId) -> Result<bool, VaultError> {
        let done = sqlx::query("DELETE FROM account_targets WHERE id = $1")
            .bind(id.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
