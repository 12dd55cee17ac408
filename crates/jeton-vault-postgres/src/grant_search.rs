//! Grants by where they come from, by their repositories and by their token, and how many there were.

use jeton_domain::GrantId;
use jeton_vault::{GrantFilter, GrantRecord, VaultError};
use jiff::Timestamp;
use sqlx::Row as _;

use crate::{
    grants::{NO_BOUND, read},
    rows::to_count,
    tx::Repo,
    watch::Watched as _,
};

/// What holds for every list, in a form that leads to no index. The parameters: the grant before which the page lies, its
/// length, the time where only live ones are meant, holder, source, repository, fingerprint.
macro_rules! conditions {
    ($end:literal) => {
        concat!(
            "($3::bigint IS NULL OR ",
            $end,
            " > $3) AND ($3::bigint IS NULL OR grants.released_at IS NULL) \
             AND ($4::text IS NULL OR grants.holder_key = $4) AND ($5::text IS NULL OR grants.source = $5) \
             AND ($7::text IS NULL OR grants.fingerprint = $7)"
        )
    };
}

/// A walk down an index: by bytes, for the reason that the migration tells.
macro_rules! walk {
    ($condition:literal) => {
        concat!(
            "SELECT grants.* FROM grants WHERE ",
            $condition,
            " AND uuid_send(id) < uuid_send($1::uuid) \
             AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM grant_repositories AS named \
             WHERE named.repository = $6 AND uuid_send(named.grant_id) = uuid_send(grants.id))) AND ",
            conditions!("grants.expires_at"),
            " ORDER BY uuid_send(id) DESC LIMIT $2"
        )
    };
}

pub(crate) const BY_FINGERPRINT: &str = walk!("grants.fingerprint = $7");
pub(crate) const BY_HOLDER: &str = walk!("grants.holder_key = $4");
pub(crate) const BY_SOURCE: &str = walk!("grants.source = $5");
pub(crate) const BY_REPOSITORY: &str = concat!(
    "SELECT grants.* FROM grant_repositories AS named JOIN grants ON grants.id = named.grant_id \
     WHERE named.repository = $6 AND uuid_send(named.grant_id) < uuid_send($1::uuid) AND ",
    conditions!("named.expires_at"),
    " ORDER BY uuid_send(named.grant_id) DESC LIMIT $2"
);

pub(crate) const COUNT_BY_HOUR: &str = "SELECT issued_at / 3600000 AS hour, count(*) AS count FROM grants \
    WHERE issued_at >= $1 AND issued_at < $2 AND ($3::text IS NULL OR holder_key = $3) GROUP BY 1 ORDER BY 1";

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
            .bind(before.map_or(NO_BOUND, GrantId::as_uuid))
            .bind(i64::from(limit))
            .bind(filter.only_live.then(|| now.as_millisecond()))
            .bind(&filter.holder_key)
            .bind(&filter.source)
            .bind(filter.repository_key())
            .bind(&filter.fingerprint)
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn count_grants_by_hour(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        holder_key: Option<&str>,
    ) -> Result<Vec<(Timestamp, u64)>, VaultError> {
        let rows = sqlx::query(COUNT_BY_HOUR)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(holder_key)
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        let hour = |row: &sqlx::postgres::PgRow| {
            let hour = Timestamp::from_millisecond(row.get::<i64, _>("hour") * 3_600_000).unwrap_or(from);
            (hour, to_count(row.get("count")))
        };
        Ok(rows.iter().map(hour).collect())
    }
}
