use async_trait::async_trait;
use jeton_vault::{LedgerEntry, LedgerFilter, LedgerMark, LedgerRepo, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::{
    locks::Lock,
    rows::{Reader, to_integer},
    tx::{Access, Repo},
    watch::Watched as _,
};

/// Over the mark that is there, unless that would move it back.
const PUT_MARK: &str = "INSERT INTO ledger_marks (name, seq, hash, mac) VALUES ($1, $2, $3, $4) ON CONFLICT (name) \
                        DO UPDATE SET seq = excluded.seq, hash = excluded.hash, mac = excluded.mac \
                        WHERE ledger_marks.seq <= excluded.seq";

pub(crate) fn read(row: &PgRow) -> Result<LedgerEntry, VaultError> {
    let row = Reader::new(row, "ledger", "seq");
    Ok(LedgerEntry {
        seq: row.number("seq")?,
        at: row.time("at")?,
        event: row.text("event")?,
        actor: row.text("actor")?,
        actor_name: row.text("actor_name")?,
        fingerprint: row.text_or_null("fingerprint")?,
        request_id: row.text_or_null("request_id")?,
        body: row.text("body")?,
        hash: row.hash("hash")?,
    })
}

fn read_mark(row: &PgRow) -> Result<LedgerMark, VaultError> {
    let row = Reader::new(row, "ledger_marks", "name");
    Ok(LedgerMark {
        seq: row.number("seq")?,
        hash: row.hash("hash")?,
        mac: row.hash("mac")?,
    })
}

impl Repo<'_> {
    async fn mark(&mut self, name: &str) -> Result<Option<LedgerMark>, VaultError> {
        let row = sqlx::query("SELECT * FROM ledger_marks WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read_mark).transpose()
    }

    async fn put_mark(&mut self, name: &str, mark: &LedgerMark) -> Result<(), VaultError> {
        let done = sqlx::query(PUT_MARK)
            .bind(name)
            .bind(to_integer(mark.seq)?)
            .bind(mark.hash.as_slice())
            .bind(mark.mac.as_slice())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(VaultError::Conflict(format!(
                "a {name} of the record after {}",
                mark.seq
            )))
        }
    }

    /// Each with its number, its time, and the latest time so far.
    async fn insert_entries(&mut self, entries: &[(i64, i64, i64, &LedgerEntry)]) -> Result<(), VaultError> {
        let column =
            |value: fn(&LedgerEntry) -> &str| -> Vec<&str> { entries.iter().map(|(.., entry)| value(entry)).collect() };
        let nullable = |value: fn(&LedgerEntry) -> Option<&str>| -> Vec<Option<&str>> {
            entries.iter().map(|(.., entry)| value(entry)).collect()
        };
        sqlx::query(
            "INSERT INTO ledger (seq, at, latest, event, actor, actor_name, fingerprint, request_id, body, hash) \
             SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(entries.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>())
        .bind(entries.iter().map(|(_, at, ..)| *at).collect::<Vec<_>>())
        .bind(entries.iter().map(|(_, _, latest, _)| *latest).collect::<Vec<_>>())
        .bind(column(|entry| &entry.event))
        .bind(column(|entry| &entry.actor))
        .bind(column(|entry| &entry.actor_name))
        .bind(nullable(|entry| entry.fingerprint.as_deref()))
        .bind(nullable(|entry| entry.request_id.as_deref()))
        .bind(column(|entry| &entry.body))
        .bind(
            entries
                .iter()
                .map(|(.., entry)| entry.hash.as_slice())
                .collect::<Vec<_>>(),
        )
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await
        .map(drop)
    }
}

#[async_trait]
impl LedgerRepo for Repo<'_> {
    async fn head(&mut self) -> Result<Option<LedgerMark>, VaultError> {
        if self.access == Access::Write {
            self.lock(Lock::Ledger).await?;
        }
        self.mark("head").await
    }

    async fn append(&mut self, entries: &[LedgerEntry], head: &LedgerMark) -> Result<(), VaultError> {
        // Asked before anything is written: a failed statement would spoil the whole transaction on some databases. Of two
        // that append without having asked for the head, the second fails at its INSERT.
        let (taken, mut latest): (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT (SELECT seq FROM ledger_marks WHERE name = 'head'), \
             (SELECT latest FROM ledger ORDER BY seq DESC LIMIT 1)",
        )
        .fetch_one(&mut *self.conn)
        .watched(self.watch)
        .await?;
        let mut new = Vec::with_capacity(entries.len());
        for entry in entries {
            let seq = to_integer(entry.seq)?;
            if taken.is_some_and(|taken| seq <= taken) {
                return Err(VaultError::Conflict(format!("an entry {seq} of the record")));
            }
            let at = entry.at.as_millisecond();
            let reached = latest.map_or(at, |latest| latest.max(at));
            latest = Some(reached);
            new.push((seq, at, reached, entry));
        }
        self.insert_entries(&new).await?;
        self.put_mark("head", head).await
    }

    async fn list(
        &mut self,
        filter: &LedgerFilter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, VaultError> {
        self.list_entries(filter, before, limit).await
    }

    async fn scan(&mut self, after: u64, limit: u32) -> Result<Vec<LedgerEntry>, VaultError> {
        let rows = sqlx::query("SELECT * FROM ledger WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn first_unfindable(&mut self) -> Result<Option<u64>, VaultError> {
        let seq: Option<i64> = sqlx::query_scalar(
            "SELECT seq FROM (SELECT seq, at, latest, lag(latest) OVER (ORDER BY seq) AS before FROM ledger) AS walk \
             WHERE latest < at OR latest < before ORDER BY seq LIMIT 1",
        )
        .fetch_optional(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(seq.and_then(|seq| u64::try_from(seq).ok()))
    }

    async fn base(&mut self) -> Result<Option<LedgerMark>, VaultError> {
        self.mark("base").await
    }

    async fn last_before(&mut self, before: Timestamp) -> Result<Option<u64>, VaultError> {
        self.last_entry_before(before).await
    }

    async fn remove_archived(&mut self, base: &LedgerMark) -> Result<u64, VaultError> {
        let head = self.mark("head").await?.map_or(0, |head| head.seq);
        if base.seq > head {
            return Err(VaultError::Corrupt(format!(
                "the record ends with entry {head}, and cannot have been archived up to entry {}",
                base.seq
            )));
        }
        // First, as it is what allows the removal.
        self.put_mark("base", base).await?;
        let done = sqlx::query("DELETE FROM ledger WHERE seq <= $1")
            .bind(to_integer(base.seq)?)
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected())
    }
}
