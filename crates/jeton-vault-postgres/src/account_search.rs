//! Accounts by what is written of them, and counts: walks along narrow indexes, which have all that is asked for, so that
//! only the rows of the page itself are read.

use jeton_domain::{AccountId, AccountLabel, AccountScope, ForgeKind, Validity};
use jeton_vault::{
    AccountFilter, AccountRange, AccountRecord, AccountSketch, AccountTally, AccountView, EndOrder, VaultError,
};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::{
    account_rows::{Query, read, readable},
    rows::{Reader, to_count},
    tx::Repo,
    watch::Watched as _,
};

/// What a sketch has; all of it stands in the index `accounts_browse`.
macro_rules! columns {
    () => {
        "id, label, scope, forge_kind, host, validity, active, expires_at"
    };
}

/// A walk along the index in the order of the labels. The parameters are those of `account_lists`, then the host; for those who do
/// not see everything the holder of the private ones comes before it.
macro_rules! browse {
    ($columns:expr, $seen:literal, $host:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM accounts WHERE ",
            $seen,
            " AND (label, id) > ($1, $2) AND label < $3 AND ($5::text IS NULL OR forge_kind = $5) \
             AND ($6::text IS NULL OR validity = $6) AND ($7::boolean IS NULL OR active = $7) \
             AND ($8::text IS NULL OR strpos(search, $8) > 0) AND ($9::bigint IS NULL OR expires_at < $9) \
             AND ($10::boolean IS NULL OR (scope <> '') = $10) \
             AND ($11::bigint IS NULL OR expires_at IS NULL OR expires_at > $11) AND (",
            $host,
            "::text IS NULL OR host = ",
            $host,
            ") ",
            $order,
            " LIMIT $4"
        )
    };
}

/// What is walked to, whole.
macro_rules! whole {
    ($ids:expr, $order:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            $ids,
            ") SELECT accounts.* FROM accounts JOIN page USING (id) ORDER BY ",
            $order
        )
    };
}

pub(crate) const BROWSE: &str = browse!(columns!(), "TRUE", "$12", "ORDER BY label, id");
pub(crate) const BROWSE_OF: &str = browse!(columns!(), "scope IN ('', $12)", "$13", "ORDER BY label, id");
pub(crate) const FIND: &str = whole!(
    browse!("id", "TRUE", "$12", "ORDER BY label, id"),
    "accounts.label, accounts.id"
);
pub(crate) const FIND_OF: &str = whole!(
    browse!("id", "scope IN ('', $12)", "$13", "ORDER BY label, id"),
    "accounts.label, accounts.id"
);
pub(crate) const COUNT_MATCHING: &str = concat!(
    "SELECT count(*) AS count FROM (",
    browse!("1", "TRUE", "$12", ""),
    ") AS found"
);
pub(crate) const COUNT_MATCHING_OF: &str = concat!(
    "SELECT count(*) AS count FROM (",
    browse!("1", "scope IN ('', $12)", "$13", ""),
    ") AS found"
);

/// What is a caller's own alone: a walk along their scope, which has few rows.
macro_rules! own {
    ($columns:expr) => {
        browse!(
            $columns,
            "scope = $12 AND (scope, label) >= ($12, $1) AND (scope, label) < ($12, $3) AND scope <> ''",
            "$13",
            "ORDER BY scope, label"
        )
    };
}

pub(crate) const BROWSE_OWN: &str = own!(columns!());
pub(crate) const FIND_OWN: &str = whole!(own!("id"), "accounts.label, accounts.id");
pub(crate) const COUNT_OWN: &str = concat!("SELECT count(*) AS count FROM (", own!("1"), ") AS found");

macro_rules! tally {
    ($seen:literal) => {
        concat!(
            "SELECT forge_kind, validity, active, count(*) AS count, count(*) FILTER (WHERE expires_at <= $1) AS ended \
             FROM accounts WHERE ",
            $seen,
            " GROUP BY forge_kind, validity, active"
        )
    };
}

pub(crate) const TALLY: &str = tally!("TRUE");
pub(crate) const TALLY_OF: &str = tally!("scope IN ('', $2)");

macro_rules! ending {
    ($columns:literal, $seen:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM accounts WHERE active AND expires_at >= $1 AND expires_at < $2 AND ",
            $seen,
            $rest
        )
    };
}

pub(crate) const ENDING: &str = whole!(
    ending!("id", "TRUE", " ORDER BY expires_at, id LIMIT $3"),
    "accounts.expires_at, accounts.id"
);
pub(crate) const ENDING_OF: &str = whole!(
    ending!("id", "scope IN ('', $4)", " ORDER BY expires_at, id LIMIT $3"),
    "accounts.expires_at, accounts.id"
);
pub(crate) const ENDED: &str = whole!(
    ending!("id", "TRUE", " ORDER BY expires_at DESC, id DESC LIMIT $3"),
    "accounts.expires_at DESC, accounts.id DESC"
);
pub(crate) const ENDED_OF: &str = whole!(
    ending!("id", "scope IN ('', $4)", " ORDER BY expires_at DESC, id DESC LIMIT $3"),
    "accounts.expires_at DESC, accounts.id DESC"
);
pub(crate) const COUNT_ENDING_IN: &str = ending!("count(*) AS count", "TRUE", "");
pub(crate) const COUNT_ENDING_IN_OF: &str = ending!("count(*) AS count", "scope IN ('', $3)", "");

/// By the end of the window first: most looks are older than that, and are not walked past.
macro_rules! least_quota {
    ($seen:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (SELECT id FROM accounts WHERE active AND quota_resets_at > $1 \
             AND ($3::boolean IS NULL OR (scope <> '') = $3) AND ",
            $seen,
            " ORDER BY quota_left, id LIMIT $2) SELECT ",
            columns!(),
            " FROM accounts JOIN page USING (id) ORDER BY accounts.quota_left, accounts.id"
        )
    };
}

pub(crate) const LEAST_QUOTA: &str = least_quota!("TRUE");
pub(crate) const LEAST_QUOTA_OF: &str = least_quota!("scope IN ('', $4)");

fn sketch(row: &PgRow) -> Result<AccountSketch, VaultError> {
    let row = Reader::new(row, "accounts", "id");
    Ok(AccountSketch {
        id: AccountId::from_uuid(row.uuid("id")?),
        label: AccountLabel::parse(&row.text("label")?).map_err(|_| row.corrupt("label"))?,
        scope: AccountScope::from_row(row.text("scope")?),
        forge_kind: ForgeKind::parse(&row.text("forge_kind")?).ok_or_else(|| row.corrupt("forge_kind"))?,
        host: row.text("host")?,
        validity: Validity::parse(&row.text("validity")?).ok_or_else(|| row.corrupt("validity"))?,
        active: row.flag("active")?,
        expires_at: row.time_or_null("expires_at")?,
    })
}

/// Those that are alike, and those of them that have ended by themselves.
fn tallies(row: &PgRow) -> Result<[AccountTally; 2], VaultError> {
    let row = Reader::new(row, "accounts", "forge_kind");
    let (all, ended) = (to_count(row.number("count")?), to_count(row.number("ended")?));
    let tally = AccountTally {
        forge_kind: ForgeKind::parse(&row.text("forge_kind")?).ok_or_else(|| row.corrupt("forge_kind"))?,
        validity: Validity::parse(&row.text("validity")?).ok_or_else(|| row.corrupt("validity"))?,
        active: row.flag("active")?,
        ended: false,
        count: all.saturating_sub(ended),
    };
    let over = AccountTally {
        ended: true,
        count: ended,
        ..tally.clone()
    };
    Ok([tally, over])
}

/// Whether only the private ones of one holder are asked for.
fn is_own(view: &AccountView, filter: &AccountFilter) -> bool {
    matches!(view, AccountView::Of(_)) && filter.private == Some(true)
}

/// Binds what all walks in the order of the labels have.
fn bind(
    statement: &'static str,
    view: &AccountView,
    filter: &AccountFilter,
    range: &AccountRange<'_>,
    limit: u32,
) -> Query {
    let mut query = sqlx::query(statement)
        .bind(range.after_label.to_owned())
        .bind(range.after_id.map_or(Uuid::nil(), AccountId::as_uuid))
        .bind(range.before_label.clone())
        .bind(i64::from(limit))
        .bind(filter.forge_kind.map(ForgeKind::as_str))
        .bind(filter.validity.map(Validity::as_str))
        .bind(filter.active)
        .bind(filter.search())
        .bind(filter.ends_before.map(Timestamp::as_millisecond))
        .bind(filter.private)
        .bind(filter.not_ended_at.map(Timestamp::as_millisecond));
    if let AccountView::Of(key) = view {
        query = query.bind(key.clone());
    }
    query.bind(filter.host.clone())
}

impl Repo<'_> {
    async fn look(&mut self, query: Query) -> Result<Vec<PgRow>, VaultError> {
        query.fetch_all(&mut *self.conn).watched(self.watch).await
    }

    async fn count_one(&mut self, query: Query) -> Result<u64, VaultError> {
        let rows = self.look(query).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        Ok(to_count(Reader::new(row, "accounts", "id").number("count")?))
    }

    pub(crate) async fn find_accounts(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        range: &AccountRange<'_>,
        limit: u32,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        let statement = match view {
            _ if is_own(view, filter) => FIND_OWN,
            AccountView::All => FIND,
            AccountView::Of(_) => FIND_OF,
        };
        let rows = self.look(bind(statement, view, filter, range, limit)).await?;
        rows.iter().map(read).collect()
    }

    pub(crate) async fn browse_accounts(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError> {
        let Some(range) = filter.range(after) else {
            return Ok(Vec::new());
        };
        let statement = match view {
            _ if is_own(view, filter) => BROWSE_OWN,
            AccountView::All => BROWSE,
            AccountView::Of(_) => BROWSE_OF,
        };
        let rows = self.look(bind(statement, view, filter, &range, limit)).await?;
        rows.iter().map(sketch).collect()
    }

    pub(crate) async fn count_accounts(
        &mut self,
        view: &AccountView,
        filter: &AccountFilter,
        most: u32,
    ) -> Result<u64, VaultError> {
        let Some(range) = filter.range(None) else {
            return Ok(0);
        };
        let statement = match view {
            _ if is_own(view, filter) => COUNT_OWN,
            AccountView::All => COUNT_MATCHING,
            AccountView::Of(_) => COUNT_MATCHING_OF,
        };
        self.count_one(bind(statement, view, filter, &range, most)).await
    }

    pub(crate) async fn tally_accounts(
        &mut self,
        view: &AccountView,
        now: Timestamp,
    ) -> Result<Vec<AccountTally>, VaultError> {
        let now = now.as_millisecond();
        let query = match view {
            AccountView::All => sqlx::query(TALLY).bind(now),
            AccountView::Of(key) => sqlx::query(TALLY_OF).bind(now).bind(key.clone()),
        };
        let rows = self.look(query).await?;
        let mut all: Vec<AccountTally> = Vec::new();
        for row in &rows {
            for new in tallies(row)? {
                let alike = |one: &&mut AccountTally| {
                    (one.forge_kind, one.validity, one.active, one.ended)
                        == (new.forge_kind, new.validity, new.active, new.ended)
                };
                match all.iter_mut().find(alike) {
                    Some(one) => one.count += new.count,
                    None if new.count > 0 => all.push(new),
                    None => {}
                }
            }
        }
        Ok(all)
    }

    pub(crate) async fn ending_accounts(
        &mut self,
        view: &AccountView,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
        order: EndOrder,
    ) -> Result<Vec<AccountRecord>, VaultError> {
        let statement = match (order, view) {
            (EndOrder::SoonestFirst, AccountView::All) => ENDING,
            (EndOrder::SoonestFirst, AccountView::Of(_)) => ENDING_OF,
            (EndOrder::LatestFirst, AccountView::All) => ENDED,
            (EndOrder::LatestFirst, AccountView::Of(_)) => ENDED_OF,
        };
        let mut query = sqlx::query(statement)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond())
            .bind(i64::from(limit));
        if let AccountView::Of(key) = view {
            query = query.bind(key.clone());
        }
        Ok(self.look(query).await?.iter().filter_map(readable).collect())
    }

    pub(crate) async fn count_ending_accounts(
        &mut self,
        view: &AccountView,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<u64, VaultError> {
        let statement = match view {
            AccountView::All => COUNT_ENDING_IN,
            AccountView::Of(_) => COUNT_ENDING_IN_OF,
        };
        let mut query = sqlx::query(statement)
            .bind(from.as_millisecond())
            .bind(to.as_millisecond());
        if let AccountView::Of(key) = view {
            query = query.bind(key.clone());
        }
        self.count_one(query).await
    }

    pub(crate) async fn least_quota_of_accounts(
        &mut self,
        view: &AccountView,
        now: Timestamp,
        private: Option<bool>,
        limit: u32,
    ) -> Result<Vec<AccountSketch>, VaultError> {
        let statement = match view {
            AccountView::All => LEAST_QUOTA,
            AccountView::Of(_) => LEAST_QUOTA_OF,
        };
        let mut query = sqlx::query(statement)
            .bind(now.as_millisecond())
            .bind(i64::from(limit))
            .bind(private);
        if let AccountView::Of(key) = view {
            query = query.bind(key.clone());
        }
        self.look(query).await?.iter().map(sketch).collect()
    }
}
