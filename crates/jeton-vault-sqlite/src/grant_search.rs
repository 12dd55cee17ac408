//! Grants by where they come from, by their repositories and by their token, and how many there were.

use jeton_domain::GrantId;
use jeton_vault::{GrantFilter, GrantRecord, VaultError};
use jiff::Timestamp;
use sqlx::Row as _;

use crate::{
    errors::failed,
    grants::{Lists, NO_BOUND, read},
    rows::to_count,
    tx::Repo,
};

/// What holds for every list. The parameters: the grant before which the page lies, its length, the time where only live ones are
/// meant, holder, source, repository, fingerprint; and among how many of the newest the live ones are looked for.
macro_rules! conditions {
    () => {
        "(?3 IS NULL OR grants.released_at IS NULL AND grants.expires_at > ?3) \
         AND (?4 IS NULL OR grants.holder_key = ?4) AND (?5 IS NULL OR grants.source = ?5) \
         AND (?6 IS NULL OR EXISTS (SELECT 1 FROM grant_repositories AS named \
         WHERE named.repository = ?6 AND named.grant_id = grants.id)) \
         AND (?7 IS NULL OR grants.fingerprint = ?7)"
    };
}

/// The statements of a list, as those of a list without a filter ([`crate::grants::Lists`]). A walk down an index looks at each row
/// that it meets for what the index does not say: with one condition that is the page alone.
macro_rules! lists {
    ($table:literal, $id:literal, $condition:literal, $held:literal) => {
        Lists {
            all: concat!(
                "SELECT grants.* FROM ",
                $table,
                " CROSS JOIN grants ON grants.id = walk.",
                $id,
                " WHERE walk.",
                $condition,
                " AND walk.",
                $id,
                " < ?1 AND ",
                conditions!(),
                " ORDER BY walk.",
                $id,
                " DESC LIMIT ?2"
            ),
            live_among_newest: concat!(
                "SELECT grants.* FROM (SELECT ",
                $id,
                " AS walked FROM ",
                $table,
                " WHERE walk.",
                $condition,
                " AND walk.",
                $id,
                " < ?1 ORDER BY walk.",
                $id,
                " DESC LIMIT ?8) CROSS JOIN grants ON grants.id = walked WHERE ",
                conditions!(),
                " ORDER BY walked DESC LIMIT ?2"
            ),
            live_by_end: concat!(
                "SELECT * FROM grants INDEXED BY ",
                $held,
                " AND released_at IS NULL AND expires_at > ?3 AND id < ?1 AND ",
                conditions!(),
                " ORDER BY id DESC LIMIT ?2"
            ),
        }
    };
}

pub(crate) const BY_FINGERPRINT: Lists = lists!(
    "grants AS walk INDEXED BY grants_by_fingerprint",
    "id",
    "fingerprint = ?7",
    "grants_held_by_end WHERE true"
);
pub(crate) const BY_HOLDER: Lists = lists!(
    "grants AS walk INDEXED BY grants_by_holder",
    "id",
    "holder_key = ?4",
    "grants_held_by_holder WHERE holder_key = ?4"
);
pub(crate) const BY_SOURCE: Lists = lists!(
    "grants AS walk INDEXED BY grants_by_source",
    "id",
    "source = ?5",
    "grants_held_by_end WHERE true"
);
pub(crate) const BY_REPOSITORY: Lists = lists!(
    "grant_repositories AS walk",
    "grant_id",
    "repository = ?6",
    "grants_held_by_end WHERE true"
);

/// Hour by hour, each counted in an index: an id begins with the time at which the grant was made.
macro_rules! count_by_hour {
    ($index:literal) => {
        concat!(
            "WITH RECURSIVE hours (hour) AS (SELECT ?1 / 3600000 \
             UNION ALL SELECT hour + 1 FROM hours WHERE (hour + 1) * 3600000 < ?2), \
             parts (hour, first, next) AS (SELECT hour, max(?1, hour * 3600000), min(?2, (hour + 1) * 3600000) FROM hours) \
             SELECT hour, (SELECT count(*) FROM grants ",
            $index,
            " id >= printf('%08x-%04x', first >> 16, first & 65535) AND id < printf('%08x-%04x', next >> 16, next & 65535)) \
             AS count FROM parts"
        )
    };
}

pub(crate) const COUNT_BY_HOUR: &str = count_by_hour!("WHERE");
pub(crate) const COUNT_OF_HOLDER: &str = count_by_hour!("INDEXED BY grants_by_holder WHERE holder_key = ?3 AND");

/// The walk that sees the fewest grants, of those that a filter allows, as far as one can know; and of the live ones those of the
/// holder, where one is named.
fn statements(filter: &GrantFilter) -> Lists {
    let mut lists = if filter.fingerprint.is_some() {
        BY_FINGERPRINT
    } else if filter.repository.is_some() {
        BY_REPOSITORY
    } else if filter.holder_key.is_some() {
        BY_HOLDER
    } else {
        BY_SOURCE
    };
    if filter.holder_key.is_some() {
        lists.live_by_end = BY_HOLDER.live_by_end;
    }
    lists
}

impl Repo<'_> {
    pub(crate) async fn list_narrow(
        &mut self,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let lists = statements(filter);
        if !filter.only_live {
            return self.walk(lists.all, filter, before, now, limit).await;
        }
        let among_newest = self.walk(lists.live_among_newest, filter, before, now, limit).await?;
        if among_newest.len() >= limit as usize {
            return Ok(among_newest);
        }
        self.walk(lists.live_by_end, filter, before, now, limit).await
    }

    async fn walk(
        &mut self,
        statement: &'static str,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let rows = sqlx::query(statement)
            .bind(before.map_or(NO_BOUND.to_owned(), |id| id.to_string()))
            .bind(limit)
            .bind(filter.only_live.then(|| now.as_millisecond()))
            .bind(&filter.holder_key)
            .bind(&filter.source)
            .bind(filter.repository_key())
            .bind(&filter.fingerprint)
            .bind(i64::from(limit) * 4)
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
        let statement = if holder_key.is_some() {
            COUNT_OF_HOLDER
        } else {
            COUNT_BY_HOUR
        };
        let rows = sqlx::query(statement)
            .bind(from.as_millisecond().max(0))
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
