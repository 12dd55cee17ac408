//! Grants by where they come from, by their repositories and by their token, and how many there were.

use jeton_domain::GrantId;
use jeton_vault::{GrantFilter, GrantRecord, VaultError};
use jiff::Timestamp;
use sqlx::Row as _;

use crate::{
    errors::failed,
    grants::{NO_BOUND, read},
    rows::to_count,
    tx::Repo,
};

/// A walk down an index, which passes over what is over by what stands there; then a look at the rows. The parameters: the
/// grant before which the page lies, its length, the time where only live ones are meant, holder, source, repository,
/// fingerprint.
macro_rules! walk {
    ($table:literal, $id:literal, $condition:literal) => {
        concat!(
            "SELECT grants.* FROM ",
            $table,
            " CROSS JOIN grants ON grants.id = ",
            $id,
            " WHERE ",
            $condition,
            " AND ",
            $id,
            " < ?1 AND (?3 IS NULL OR walk.expires_at > ?3) AND (?3 IS NULL OR grants.released_at IS NULL) \
             AND (?4 IS NULL OR grants.holder_key = ?4) AND (?5 IS NULL OR grants.source = ?5) \
             AND (?6 IS NULL OR EXISTS (SELECT 1 FROM grant_repositories AS named \
             WHERE named.repository = ?6 AND named.grant_id = grants.id)) \
             AND (?7 IS NULL OR grants.fingerprint = ?7) ORDER BY ",
            $id,
            " DESC LIMIT ?2"
        )
    };
}

pub(crate) const BY_FINGERPRINT: &str = walk!(
    "grants AS walk INDEXED BY grants_by_fingerprint",
    "walk.id",
    "walk.fingerprint = ?7"
);
pub(crate) const BY_HOLDER: &str = walk!(
    "grants AS walk INDEXED BY grants_by_holder",
    "walk.id",
    "walk.holder_key = ?4"
);
pub(crate) const BY_SOURCE: &str = walk!(
    "grants AS walk INDEXED BY grants_by_source",
    "walk.id",
    "walk.source = ?5"
);
pub(crate) const BY_REPOSITORY: &str = walk!("grant_repositories AS walk", "walk.grant_id", "walk.repository = ?6");

/// Hour by hour, each counted in the index.
pub(crate) const COUNT_BY_HOUR: &str = "WITH RECURSIVE hours (hour) AS (SELECT ?1 / 3600000 \
    UNION ALL SELECT hour + 1 FROM hours WHERE (hour + 1) * 3600000 < ?2) \
    SELECT hour, (SELECT count(*) FROM grants INDEXED BY grants_by_issue \
    WHERE issued_at >= max(?1, hour * 3600000) AND issued_at < min(?2, (hour + 1) * 3600000) \
    AND (?3 IS NULL OR holder_key = ?3)) AS count FROM hours";

/// The walk that sees the fewest grants, of those that a filter allows, as far as one can know.
fn statement(filter: &GrantFilter) -> &'static str {
    if filter.fingerprint.is_some() {
        BY_FINGERPRINT
    } else if filter.repository.is_some() {
        BY_REPOSITORY
    } else if filter.holder_key.is_some() {
        BY_HOLDER
    } else {
        BY_SOURCE
    }
}

impl Repo<'_> {
    pub(crate) async fn list_narrow(
        &mut self,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let rows = sqlx::query(statement(filter))
            .bind(before.map_or(NO_BOUND.to_owned(), |id| id.to_string()))
            .bind(limit)
            .bind(filter.only_live.then(|| now.as_millisecond()))
            .bind(&filter.holder_key)
            .bind(&filter.source)
            .bind(filter.repository_key())
            .bind(&filter.fingerprint)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn count_grants_by_hour(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        holder_key: Option<&str>,
    ) -> Result<Vec<(Timestamp, u64)>, VaultError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(COUNT_BY_HOUR)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(holder_key)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        let mut hours = Vec::with_capacity(rows.len());
        for row in &rows {
            let read = |column| row.try_get::<i64, _>(column).map_err(|error| failed(self.place, error));
            let (hour, count) = (read("hour")?, to_count(read("count")?));
            if count > 0 {
                hours.push((Timestamp::from_millisecond(hour * 3_600_000).unwrap_or(from), count));
            }
        }
        Ok(hours)
    }
}
