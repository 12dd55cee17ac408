//! Pages of the record. Each filter has an index in which its entries stand by number, so that a page is a walk down that
//! index from where the page begins. Times are turned into numbers first.

use std::cmp::Reverse;

use jeton_vault::{LedgerEntry, LedgerFilter, VaultError};
use jiff::Timestamp;

use crate::{ledger::read, tx::Repo, watch::Watched as _};

/// The first number at which a time is reached: nothing below happened at that time or later.
pub(crate) const FIRST_SINCE: &str = "SELECT seq FROM ledger WHERE latest >= $1 ORDER BY latest, seq LIMIT 1";

/// The last number before a time is reached.
pub(crate) const LAST_BEFORE: &str = "SELECT seq FROM ledger WHERE latest < $1 ORDER BY latest DESC, seq DESC LIMIT 1";

/// By how many milliseconds entries came late at most: their clocks were behind that of an earlier one.
pub(crate) const LONGEST_DELAY: &str =
    "SELECT latest - at FROM ledger WHERE latest > at ORDER BY latest - at DESC LIMIT 1";

/// From a number that may be too high, the last entry before a time.
pub(crate) const LAST_ENTRY_BEFORE: &str =
    "SELECT seq FROM ledger WHERE seq <= $1 AND at < $2 ORDER BY seq DESC LIMIT 1";

/// The family of an event, as the index has it.
macro_rules! family {
    () => {
        "substr(event, 1, strpos(event, '.'))"
    };
}

/// What holds for every list but its bounds, in a form that leads to no index. An event's beginning comes with its family,
/// which alone is what it begins with nearly always. The parameters: first and last number, page's length, event, event's
/// beginning, fingerprint, request, since, until, actor, event's family.
macro_rules! conditions {
    () => {
        concat!(
            "($4::TEXT IS NULL OR event = $4) ",
            "AND ($5::TEXT IS NULL OR substr(event, 1, length($5)) = $5) AND ($11::TEXT IS NULL OR ",
            family!(),
            " = $11) AND ($6::TEXT IS NULL OR fingerprint = $6) AND ($7::TEXT IS NULL OR request_id = $7) ",
            "AND ($8::BIGINT IS NULL OR at >= $8) AND ($9::BIGINT IS NULL OR at < $9) ",
            "AND ($10::TEXT IS NULL OR actor = $10 OR actor_name = $10)"
        )
    };
}

/// A walk down the index of one condition: by `-seq`, for a reason that the migration tells.
macro_rules! walk {
    ($columns:literal, $condition:expr) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ledger WHERE ",
            $condition,
            " AND -seq <= -$1::BIGINT AND -seq > -$2::BIGINT AND ",
            conditions!(),
            " ORDER BY -seq LIMIT $3"
        )
    };
}

pub(crate) const BY_NUMBER: &str = concat!(
    "SELECT * FROM ledger WHERE seq >= $1 AND seq < $2 AND ",
    conditions!(),
    " ORDER BY seq DESC LIMIT $3"
);
pub(crate) const BY_FINGERPRINT: &str = walk!("*", "fingerprint = $6");
pub(crate) const BY_REQUEST: &str = walk!("*", "request_id = $7");
pub(crate) const BY_EVENT: &str = walk!("*", "event = $4");
pub(crate) const BY_FAMILY: &str = walk!("*", concat!(family!(), " = $11"));
/// Two walks: a name is one thing and a key another, and whoever asks may give either.
pub(crate) const BY_ACTOR: &str = concat!(
    "SELECT * FROM ledger WHERE seq IN (SELECT seq FROM (",
    walk!("seq", "actor = $10"),
    ") AS by_key UNION SELECT seq FROM (",
    walk!("seq", "actor_name = $10"),
    ") AS by_name) ORDER BY seq DESC LIMIT $3"
);

/// The walk that sees the fewest entries, of those that a filter allows.
fn statement(filter: &LedgerFilter, event: Option<&str>) -> &'static str {
    if filter.fingerprint.is_some() {
        BY_FINGERPRINT
    } else if filter.request_id.is_some() {
        BY_REQUEST
    } else if filter.actor.is_some() {
        BY_ACTOR
    } else {
        match event {
            Some(event) if event.ends_with('.') => BY_FAMILY,
            Some(_) => BY_EVENT,
            None => BY_NUMBER,
        }
    }
}

/// An event as the statements want it: whole, or as a beginning with the family that it is in.
fn parts(event: Option<&str>) -> (Option<&str>, Option<&str>, Option<&str>) {
    match event {
        Some(begins) if begins.ends_with('.') => (None, Some(begins), begins.split_inclusive('.').next()),
        whole => (whole, None, None),
    }
}

impl Repo<'_> {
    /// A number behind which nothing happened before a time; `None` when nothing did at all. It may be a little too
    /// high, by the entries that others overtook.
    async fn bound_before(&mut self, before: i64) -> Result<Option<i64>, VaultError> {
        let delay: Option<i64> = sqlx::query_scalar(LONGEST_DELAY)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        // An entry that happened before `before` had no later `latest` than this.
        let reached = before.saturating_add(delay.unwrap_or(0));
        let seq = sqlx::query_scalar(LAST_BEFORE)
            .bind(reached)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(seq)
    }

    pub(crate) async fn last_entry_before(&mut self, before: Timestamp) -> Result<Option<u64>, VaultError> {
        let Some(bound) = self.bound_before(before.as_millisecond()).await? else {
            return Ok(None);
        };
        let seq: Option<i64> = sqlx::query_scalar(LAST_ENTRY_BEFORE)
            .bind(bound)
            .bind(before.as_millisecond())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(seq.and_then(|seq| u64::try_from(seq).ok()))
    }

    pub(crate) async fn list_entries(
        &mut self,
        filter: &LedgerFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, VaultError> {
        let mut first = 0_i64;
        let mut end = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let since = filter.since.map(Timestamp::as_millisecond);
        let until = filter.until.map(Timestamp::as_millisecond);
        if let Some(since) = since {
            let reached = sqlx::query_scalar(FIRST_SINCE)
                .bind(since)
                .fetch_optional(&mut *self.conn)
                .watched(self.watch)
                .await?;
            let Some(reached) = reached else {
                return Ok(Vec::new());
            };
            first = reached;
        }
        if let Some(until) = until {
            let Some(bound) = self.bound_before(until).await? else {
                return Ok(Vec::new());
            };
            end = end.min(bound.saturating_add(1));
        }
        // Each event is a walk of its own, down its index: any other way past the entries of all the others.
        let mut events: Vec<Option<&str>> = filter.events.iter().map(|event| Some(event.as_str())).collect();
        if events.is_empty() {
            events.push(None);
        }
        let mut found = Vec::new();
        for event in &events {
            let (whole, begins, family) = parts(*event);
            let rows = sqlx::query(statement(filter, *event))
                .bind(first)
                .bind(end)
                .bind(i64::from(limit))
                .bind(whole)
                .bind(begins)
                .bind(&filter.fingerprint)
                .bind(&filter.request_id)
                .bind(since)
                .bind(until)
                .bind(&filter.actor)
                .bind(family)
                .fetch_all(&mut *self.conn)
                .watched(self.watch)
                .await?;
            for row in &rows {
                found.push(read(row)?);
            }
        }
        if events.len() > 1 {
            found.sort_by_key(|entry| Reverse(entry.seq));
            // A beginning and an event that begins so find the same ones.
            found.dedup_by_key(|entry| entry.seq);
            found.truncate(limit as usize);
        }
        Ok(found)
    }
}
