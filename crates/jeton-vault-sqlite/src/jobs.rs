use async_trait::async_trait;
use jeton_domain::{JobId, LeaseHolder};
use jeton_vault::{JobRecord, JobRepo, JobState, NewJob, VaultError};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use crate::{
    errors::failed,
    rows::{Reader, to_count, to_json},
    tx::Repo,
};

/// `wake_at` is the one time that tells who may be taken: see the migration. A count of attempts that is full stays so:
/// an overflow would fail the whole claim. The id comes as its bytes, too: of a row that cannot be read, perhaps not
/// even the id can.
pub(crate) const CLAIM: &str = "UPDATE jobs SET state = 'running', holder = ?1, wake_at = ?2, \
                                attempts = min(attempts, 4294967294) + 1 \
                                WHERE id IN (SELECT id FROM jobs WHERE state <> 'dead' AND wake_at <= ?3 \
                                AND kind IN (SELECT value FROM json_each(?4)) ORDER BY wake_at, id LIMIT ?5) \
                                RETURNING *, hex(id) AS id_bytes";

/// As the index `jobs_twins` has them.
pub(crate) const FIND_TWIN: &str = "SELECT * FROM jobs WHERE kind = ?1 AND dedup = ?2 AND state <> 'dead'";

fn read(row: &SqliteRow) -> Result<JobRecord, VaultError> {
    let row = Reader::new(row, "jobs", "id");
    let state = match row.text("state")?.as_str() {
        "queued" => JobState::Queued,
        "running" => JobState::Running,
        "dead" => JobState::Dead,
        _ => return Err(row.corrupt("state")),
    };
    Ok(JobRecord {
        id: JobId::from_uuid(row.uuid("id")?),
        kind: row.text("kind")?,
        payload: row.json("payload")?,
        state,
        run_at: row.time("run_at")?,
        attempts: row.number("attempts")?,
        last_error: row.text_or_null("last_error")?,
        holder: row.uuid_or_null("holder")?.map(LeaseHolder::from_uuid),
    })
}

impl Repo<'_> {
    /// Takes a row that is no job out of the queue, which would stand still behind it, and leaves it for people to see.
    async fn bury_unreadable(&mut self, row: &SqliteRow, error: &VaultError) -> Result<(), VaultError> {
        tracing::error!(%error, "a job cannot be read, and is given up");
        // By the bytes, which no index has: this is rare.
        sqlx::query("UPDATE jobs SET state = 'dead', holder = NULL, last_error = ?2 WHERE hex(id) = ?1")
            .bind(Reader::new(row, "jobs", "id").text("id_bytes")?)
            .bind(error.to_string())
            .execute(&mut *self.conn)
            .await
            .map(drop)
            .map_err(|error| failed(self.place, error))
    }
}

#[async_trait]
impl JobRepo for Repo<'_> {
    async fn add(&mut self, job: &NewJob) -> Result<bool, VaultError> {
        let done = sqlx::query(
            "INSERT INTO jobs (id, kind, payload, dedup, state, run_at, wake_at) \
             VALUES (?1, ?2, ?3, ?4, 'queued', ?5, ?5) \
             ON CONFLICT (kind, dedup) WHERE dedup IS NOT NULL AND state <> 'dead' DO NOTHING",
        )
        .bind(job.id.to_string())
        .bind(&job.kind)
        .bind(to_json(&job.payload)?)
        .bind(&job.dedup)
        .bind(job.run_at.as_millisecond())
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn claim(
        &mut self,
        kinds: &[&str],
        holder: LeaseHolder,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<JobRecord>, VaultError> {
        let mut jobs = Vec::new();
        loop {
            let rows = sqlx::query(CLAIM)
                .bind(holder.to_string())
                .bind(lease_until.as_millisecond())
                .bind(now.as_millisecond())
                .bind(to_json(&kinds)?)
                .bind(i64::from(limit) - i64::try_from(jobs.len()).unwrap_or(i64::MAX))
                .fetch_all(&mut *self.conn)
                .await
                .map_err(|error| failed(self.place, error))?;
            let mut unreadable = false;
            for row in &rows {
                match read(row) {
                    Ok(job) => jobs.push(job),
                    Err(error) => {
                        self.bury_unreadable(row, &error).await?;
                        unreadable = true;
                    }
                }
            }
            // Others may wait behind those that were no use.
            if !unreadable {
                break;
            }
        }
        // SQLite promises no order for RETURNING.
        jobs.sort_by_key(|job| (job.run_at, job.id));
        Ok(jobs)
    }

    async fn heartbeat(&mut self, id: JobId, holder: LeaseHolder, until: Timestamp) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE jobs SET wake_at = ?3 WHERE id = ?1 AND holder = ?2 AND state = 'running'")
            .bind(id.to_string())
            .bind(holder.to_string())
            .bind(until.as_millisecond())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn finish(&mut self, id: JobId, holder: LeaseHolder) -> Result<bool, VaultError> {
        let done = sqlx::query("DELETE FROM jobs WHERE id = ?1 AND holder = ?2 AND state = 'running'")
            .bind(id.to_string())
            .bind(holder.to_string())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn retry(
        &mut self,
        id: JobId,
        holder: LeaseHolder,
        run_at: Timestamp,
        error: &str,
    ) -> Result<bool, VaultError> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'queued', holder = NULL, run_at = ?3, wake_at = ?3, last_error = ?4 \
             WHERE id = ?1 AND holder = ?2 AND state = 'running'",
        )
        .bind(id.to_string())
        .bind(holder.to_string())
        .bind(run_at.as_millisecond())
        .bind(error)
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn bury(&mut self, id: JobId, holder: LeaseHolder, error: &str) -> Result<bool, VaultError> {
        let done = sqlx::query(
            "UPDATE jobs SET state = 'dead', holder = NULL, last_error = ?3 \
             WHERE id = ?1 AND holder = ?2 AND state = 'running'",
        )
        .bind(id.to_string())
        .bind(holder.to_string())
        .bind(error)
        .execute(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn find(&mut self, kind: &str, dedup: &str) -> Result<Option<JobRecord>, VaultError> {
        let row = sqlx::query(FIND_TWIN)
            .bind(kind)
            .bind(dedup)
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        row.as_ref().map(read).transpose()
    }

    async fn count(&mut self) -> Result<(u64, u64), VaultError> {
        let (open, dead): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM jobs WHERE state <> 'dead'), (SELECT count(*) FROM jobs WHERE state = 'dead')",
        )
        .fetch_one(&mut *self.conn)
        .await
        .map_err(|error| failed(self.place, error))?;
        Ok((to_count(open), to_count(dead)))
    }

    async fn next_due(&mut self) -> Result<Option<Timestamp>, VaultError> {
        let millis: Option<i64> = sqlx::query_scalar("SELECT min(run_at) FROM jobs WHERE state = 'queued'")
            .fetch_one(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        // What is no time is due, or never: whoever claims it finds out.
        let clamped = |millis: i64| {
            Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
        };
        Ok(millis.map(clamped))
    }
}
