//! Grants by where they come from, by their repositories and by their token, and how many there were.

use jeton_domain::GrantId;
use jeton_vault::{GrantFilter, GrantRecord, VaultError};
use jiff::Timestamp;
use sqlx::Row as _;

use crate::{
    grants::{Lists, NO_BOUND, read},
    rows::to_count,
    tx::Repo,
    watch::Watched as _,
};

/// What holds for every list, in a form that leads to no index. The parameters: the grant before which the page lies, its
/// length, the time where only live ones are meant, holder, source, repository, fingerprint; and among how many of the newest the
/// live ones are looked for.
macro_rules! conditions {
    () => {
        "($3::bigint IS NULL OR grants.released_at IS NULL AND grants.expires_at > $3) \
         AND ($4::text IS NULL OR grants.holder_key = $4) AND ($5::text IS NULL OR grants.source = $5) \
         AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM grant_repositories AS named \
         WHERE named.repository = $6 AND uuid_send(named.grant_id) = uuid_send(grants.id))) \
         AND ($7::text IS NULL OR grants.fingerprint = $7)"
    };
}

/// The statements of a list, as those of a list without a filter ([`crate::grants::Lists`]). A walk goes down an index: by bytes, for
/// the reason that the migration tells. It looks at each row that it meets for what the index does not say: with one condition that
/// is the page alone.
macro_rules! lists {
    ($table:literal, $id:literal, $condition:literal, $held:literal) => {
        Lists {
            all: concat!(
                "SELECT grants.* FROM ",
                $table,
                " AS walk JOIN grants ON grants.id = walk.",
                $id,
                " WHERE walk.",
                $condition,
                " AND uuid_send(walk.",
                $id,
                ") < uuid_send($1::uuid) AND ",
                conditions!(),
                " ORDER BY uuid_send(walk.",
                $id,
                ") DESC LIMIT $2"
            ),
            live_among_newest: concat!(
                "SELECT grants.* FROM (SELECT walk.",
                $id,
                " AS id FROM ",
                $table,
                " AS walk WHERE walk.",
                $condition,
                " AND uuid_send(walk.",
                $id,
                ") < uuid_send($1::uuid) ORDER BY uuid_send(walk.",
                $id,
                ") DESC LIMIT $8) AS newest JOIN grants USING (id) WHERE ",
                conditions!(),
                " ORDER BY id DESC LIMIT $2"
            ),
            live_by_end: concat!(
                "WITH live AS MATERIALIZED (SELECT id FROM grants WHERE ",
                $held,
                "released_at IS NULL AND expires_at > $3 AND ",
                conditions!(),
                "), page AS MATERIALIZED (SELECT id FROM live WHERE id < $1 ORDER BY id DESC LIMIT $2) \
                 SELECT grants.* FROM grants JOIN page USING (id) ORDER BY id DESC"
            ),
        }
    };
}

pub(crate) const BY_FINGERPRINT: Lists = lists!("grants", "id", "fingerprint = $7", "");
pub(crate) const BY_HOLDER: Lists = lists!("grants", "id", "holder_key = $4", "holder_key = $4 AND ");
pub(crate) const BY_SOURCE: Lists = lists!("grants", "id", "source = $5", "");
pub(crate) const BY_REPOSITORY: Lists = lists!("grant_repositories", "grant_id", "repository = $6", "");

/// Hour by hour, each counted in an index: an id begins with the time at which the grant was made.
macro_rules! count_by_hour {
    ($first:literal, $next:literal, $of:literal) => {
        concat!(
            "SELECT hour, (SELECT count(*) FROM grants WHERE ",
            $of,
            $first,
            " (lpad(to_hex(greatest($1, hour * 3600000)), 12, '0') || repeat('0', 20))::uuid",
            $next,
            " (lpad(to_hex(least($2, (hour + 1) * 3600000)), 12, '0') || repeat('0', 20))::uuid)) AS count \
             FROM generate_series($1::bigint / 3600000, ($2::bigint - 1) / 3600000) AS hour"
        )
    };
}

pub(crate) const COUNT_BY_HOUR: &str = count_by_hour!("id >= (", ") AND id < (", "");
pub(crate) const COUNT_OF_HOLDER: &str = count_by_hour!(
    "uuid_send(id) >= uuid_send(",
    ") AND uuid_send(id) < uuid_send(",
    "holder_key = $3 AND "
);

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
            return self.walk(lists.all, None, filter, before, now, limit).await;
        }
        let newest = Some(i64::from(limit) * 4);
        let among_newest = self
            .walk(lists.live_among_newest, newest, filter, before, now, limit)
            .await?;
        if among_newest.len() >= limit as usize {
            return Ok(among_newest);
        }
        self.walk(lists.live_by_end, None, filter, before, now, limit).await
    }

    async fn walk(
        &mut self,
        statement: &'static str,
        newest: Option<i64>,
        filter: &GrantFilter,
        before: Option<GrantId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantRecord>, VaultError> {
        let mut page = sqlx::query(statement)
            .bind(before.map_or(NO_BOUND, GrantId::as_uuid))
            .bind(i64::from(limit))
            .bind(filter.only_live.then(|| now.as_millisecond()))
            .bind(&filter.holder_key)
            .bind(&filter.source)
            .bind(filter.repository_key())
            .bind(&filter.fingerprint);
        // Of parameters that a statement does not have, none is bound.
        if let Some(newest) = newest {
            page = page.bind(newest);
        }
        let rows = page.fetch_all(&mut *self.conn).watched(self.watch).await?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn count_grants_by_hour(
        &mut self,
        from: Timestamp,
        to: Timestamp,
        holder_key: Option<&str>,
    ) -> Result<Vec<(Timestamp, u64)>, VaultError> {
        let statement = if holder_key.is_some() {
            COUNT_OF_HOLDER
        } else {
            COUNT_BY_HOUR
        };
        let mut query = sqlx::query(statement)
            .bind(from.as_millisecond().max(0))
            .bind(to.as_millisecond().max(0));
        if let Some(holder_key) = holder_key {
            query = query.bind(holder_key);
        }
        let rows = query.fetch_all(&mut *self.conn).watched(self.watch).await?;
        let hour = |row: &sqlx::postgres::PgRow| {
            let hour = Timestamp::from_millisecond(row.get::<i64, _>("hour") * 3_600_000).unwrap_or(from);
            (hour, to_count(row.get("count")))
        };
        Ok(rows.iter().map(hour).filter(|(_, count)| *count > 0).collect())
    }
}
