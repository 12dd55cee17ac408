use async_trait::async_trait;
use jeton_domain::{CiScope, Fingerprint, ForgeEndpoint, RunnerId, Sealed};
use jeton_vault::{RunnerRecord, RunnerRepo, RunnerState, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{
    account_rows::Query,
    errors::failed,
    rows::{Reader, to_json},
    tx::Repo,
};

const ADD: &str = "INSERT INTO runners (id, forge_kind, forge_api_url, forge_web_url, host, scope_kind, \
    scope_path, name, place, wish, \
    state, forge_id, client_id, token, fingerprint, expires_at, renew_at, source, made_by, error, \
    created_at, changed_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22) \
    ON CONFLICT DO NOTHING";
pub(crate) const CHANGE: &str = "UPDATE runners SET forge_kind = ?2, forge_api_url = ?3, forge_web_url = ?4, \
    host = ?5, scope_kind = ?6, \
    scope_path = ?7, name = ?8, place = ?9, wish = ?10, state = ?11, forge_id = ?12, client_id = ?13, \
    token = ?14, fingerprint = ?15, expires_at = ?16, renew_at = ?17, source = ?18, made_by = ?19, \
    error = ?20, created_at = ?21, changed_at = ?22 \
    WHERE id = ?1 AND changed_at = ?23";
pub(crate) const FIND_NAMED: &str = "SELECT * FROM runners WHERE place = ?1";
pub(crate) const LIST: &str = "SELECT * FROM runners WHERE id > ?1 ORDER BY id LIMIT ?2";
pub(crate) const LIST_ON_HOST: &str = "SELECT * FROM runners WHERE host = ?3 AND id > ?1 ORDER BY id LIMIT ?2";

fn state_name(state: RunnerState) -> &'static str {
    match state {
        RunnerState::Making => "making",
        RunnerState::Live => "live",
        RunnerState::Renewing => "renewing",
        RunnerState::Lost => "lost",
    }
}

fn read(row: &SqliteRow) -> Result<RunnerRecord, VaultError> {
    let row = Reader::new(row, "runners", "id");
    let state = match row.text("state")?.as_str() {
        "making" => RunnerState::Making,
        "live" => RunnerState::Live,
        "renewing" => RunnerState::Renewing,
        "lost" => RunnerState::Lost,
        _ => return Err(row.corrupt("state")),
    };
    let forge = row.forge()?;
    Ok(RunnerRecord {
        id: RunnerId::from_uuid(row.uuid("id")?),
        scope: row.scope(&forge)?,
        forge,
        name: row.text("name")?,
        wish: row.json("wish")?,
        state,
        forge_id: row.text_or_null("forge_id")?,
        client_id: row.text_or_null("client_id")?,
        token: row.bytes_or_null("token")?.map(Sealed::from_bytes),
        fingerprint: row.fingerprint_or_null("fingerprint")?,
        expires_at: row.time_or_null("expires_at")?,
        renew_at: row.time_or_null("renew_at")?,
        source: row.text("source")?,
        made_by: row.text("made_by")?,
        error: row.text_or_null("error")?,
        created_at: row.time("created_at")?,
        changed_at: row.time("changed_at")?,
    })
}

/// All of a row: 22 parameters.
fn bind(query: Query, runner: &RunnerRecord) -> Result<Query, VaultError> {
    let place = RunnerRecord::place(&runner.forge, &runner.scope, &runner.name);
    Ok(query
        .bind(runner.id.to_string())
        .bind(runner.forge.kind().as_str())
        .bind(runner.forge.api_url())
        .bind(runner.forge.web_url())
        .bind(runner.forge.host())
        .bind(runner.scope.kind())
        .bind(runner.scope.path())
        .bind(&runner.name)
        .bind(place.to_vec())
        .bind(to_json(&runner.wish)?)
        .bind(state_name(runner.state))
        .bind(&runner.forge_id)
        .bind(&runner.client_id)
        .bind(runner.token.as_ref().map(Sealed::as_bytes))
        .bind(runner.fingerprint.as_ref().map(Fingerprint::as_str))
        .bind(runner.expires_at.map(Timestamp::as_millisecond))
        .bind(runner.renew_at.map(Timestamp::as_millisecond))
        .bind(&runner.source)
        .bind(&runner.made_by)
        .bind(&runner.error)
        .bind(runner.created_at.as_millisecond())
        .bind(runner.changed_at.as_millisecond()))
}

#[async_trait]
impl RunnerRepo for Repo<'_> {
    async fn add(&mut self, runner: &RunnerRecord) -> Result<bool, VaultError> {
        let done = bind(sqlx::query(ADD), runner)?
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn find(&mut self, id: RunnerId) -> Result<Option<RunnerRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM runners WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn find_named(
        &mut self,
        forge: &ForgeEndpoint,
        scope: &CiScope,
        name: &str,
    ) -> Result<Option<RunnerRecord>, VaultError> {
        let row = sqlx::query(FIND_NAMED)
            .bind(RunnerRecord::place(forge, scope, name).to_vec())
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn list(
        &mut self,
        host: Option<&str>,
        after: Option<RunnerId>,
        limit: u32,
    ) -> Result<Vec<RunnerRecord>, VaultError> {
        let query = sqlx::query(if host.is_some() { LIST_ON_HOST } else { LIST })
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(limit);
        let query = match host {
            Some(host) => query.bind(host),
            None => query,
        };
        let rows = query
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    async fn change(&mut self, runner: &RunnerRecord, seen: Timestamp) -> Result<bool, VaultError> {
        let done = bind(sqlx::query(CHANGE), runner)?
            .bind(seen.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn remove(&mut self, id: RunnerId) -> Result<bool, VaultError> {
        let done = sqlx::query("DELETE FROM runners WHERE id = ?1")
            .bind(id.to_string())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }
}
