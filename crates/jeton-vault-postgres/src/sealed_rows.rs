use async_trait::async_trait;
use jeton_domain::{KeyId, Sealed};
use jeton_vault::{SealedCount, SealedPlace, SealedRow, SealedRowRepo, VaultError};
use uuid::Uuid;

use crate::{rows::to_count, tx::Repo, watch::Watched as _};

/// What is asked of one place.
pub(crate) struct Statements {
    /// By data key, after a row, so many.
    pub(crate) list: &'static str,
    /// By row and old value.
    pub(crate) replace: &'static str,
    /// Per data key.
    pub(crate) count: &'static str,
}

// The list is a range of the index `…_by_data_key`, and says so: with `sealed_by = $1 ORDER BY id`, the planner would walk
// along the ids, past every row of another key.
macro_rules! statements {
    ($table:literal, $column:literal) => {
        &Statements {
            list: concat!(
                "SELECT id::text, ",
                $column,
                " FROM ",
                $table,
                " WHERE (sealed_by, id) > ($1, $2) AND sealed_by <= $1 ORDER BY sealed_by, ",
                $table,
                ".id LIMIT $3"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $3 WHERE id = $1 AND ",
                $column,
                " = $2"
            ),
            count: concat!(
                "SELECT sealed_by, count(*) FROM ",
                $table,
                " WHERE sealed_by IS NOT NULL GROUP BY sealed_by"
            ),
        }
    };
}

/// The one row of `settings` that is sealed; its key is its name.
const LEDGER_KEY: &Statements = &Statements {
    list: "SELECT name, value FROM settings \
           WHERE name = 'ledger_key' AND substr(value, 2, 6) = $1 AND name > $2 LIMIT $3",
    replace: "UPDATE settings SET value = $3 WHERE name = $1 AND name = 'ledger_key' AND value = $2",
    count: "SELECT substr(value, 2, 6), count(*) FROM settings WHERE name = 'ledger_key' GROUP BY 1",
};

pub(crate) fn statements(place: SealedPlace) -> &'static Statements {
    match place {
        SealedPlace::AppKey => statements!("apps", "private_key"),
        SealedPlace::Token => statements!("tokens", "token"),
        SealedPlace::AccountToken => statements!("accounts", "token"),
        SealedPlace::RotatedToken => statements!("account_rotations", "new_token"),
        SealedPlace::RunnerToken => statements!("runners", "token"),
        SealedPlace::OldToken => statements!("old_tokens", "token"),
        SealedPlace::LedgerKey => LEDGER_KEY,
    }
}

/// A key's id as sealed values carry it: its twelve digits as six bytes.
pub(crate) fn key_bytes(id: &KeyId) -> Vec<u8> {
    let number = u64::from_str_radix(id.as_str(), 16).unwrap_or_default();
    number.to_be_bytes()[2..].to_vec()
}

fn key_id(bytes: &[u8]) -> Option<KeyId> {
    let six: [u8; 6] = bytes.try_into().ok()?;
    let number = six.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    KeyId::parse(&format!("{number:012x}")).ok()
}

/// Ids are UUIDs, but for names of settings.
enum RowId {
    Uuid(Uuid),
    Name(String),
}

fn row_id(place: SealedPlace, row: &str) -> Result<RowId, VaultError> {
    if place == SealedPlace::LedgerKey {
        return Ok(RowId::Name(row.to_owned()));
    }
    let id = row
        .parse()
        .map_err(|_| VaultError::Corrupt(format!("an id of table {}", place.table())))?;
    Ok(RowId::Uuid(id))
}

/// Binds the id in its own type.
macro_rules! bind_id {
    ($query:expr, $id:expr) => {
        match $id {
            RowId::Uuid(id) => $query.bind(id),
            RowId::Name(name) => $query.bind(name),
        }
    };
}

#[async_trait]
impl SealedRowRepo for Repo<'_> {
    async fn list(
        &mut self,
        place: SealedPlace,
        key: &KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, VaultError> {
        let after = match after {
            Some(row) => row_id(place, row)?,
            None if place == SealedPlace::LedgerKey => RowId::Name(String::new()),
            None => RowId::Uuid(Uuid::nil()),
        };
        let query = sqlx::query_as(statements(place).list).bind(key_bytes(key));
        let rows: Vec<(String, Vec<u8>)> = bind_id!(query, after)
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(rows.into_iter().map(sealed_row).collect())
    }

    async fn replace(&mut self, place: SealedPlace, row: &str, old: &Sealed, new: &Sealed) -> Result<bool, VaultError> {
        let done = bind_id!(sqlx::query(statements(place).replace), row_id(place, row)?)
            .bind(old.as_bytes())
            .bind(new.as_bytes())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn count(&mut self) -> Result<Vec<SealedCount>, VaultError> {
        let mut counts = Vec::new();
        for place in SealedPlace::ALL {
            let found: Vec<(Vec<u8>, i64)> = sqlx::query_as(statements(*place).count)
                .fetch_all(&mut *self.conn)
                .watched(self.watch)
                .await?;
            counts.extend(
                found
                    .into_iter()
                    .map(|(key, values)| sealed_count(*place, &key, values)),
            );
        }
        Ok(counts)
    }
}

fn sealed_row((row, value): (String, Vec<u8>)) -> SealedRow {
    SealedRow {
        row,
        value: Sealed::from_bytes(value),
    }
}

fn sealed_count(place: SealedPlace, key: &[u8], values: i64) -> SealedCount {
    SealedCount {
        place,
        key: key_id(key),
        values: to_count(values),
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;
    use jeton_temp_postgres::TempPostgres;
    use jeton_vault::{SealedPlace, Vault as _};
    use sqlx::{Connection as _, PgConnection};

    use super::{Statements, statements};
    use crate::{PostgresOptions, PostgresVault, data_keys, plans::plan};

    /// Tokens of ten keys, and the longest are as long as GitHub's.
    const ROWS: &str = "INSERT INTO tokens (id, key_digest, app, installation, owner, repositories, permissions, token, \
        fingerprint, minted_at, expires_at, forge_expires_at, state) \
        SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, decode(repeat('00', 32), 'hex'), \
        '00000000-0000-7000-8000-000000000001', 1, 'acme', '[]', '{}', \
        decode('010000000000' || lpad(to_hex(n % 10), 2, '0') || repeat('00', 520), 'hex'), 'f', 0, 0, 0, 'live' \
        FROM generate_series(1, 20000) AS n";

    #[tokio::test]
    async fn values_of_a_key_are_found_and_counted_along_an_index() {
        let server = TempPostgres::shared().unwrap();
        let url = server.database().unwrap();
        let vault = PostgresVault::connect(&Secret::new(url.as_str()), PostgresOptions::default())
            .await
            .unwrap();
        let mut conn = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(ROWS).execute(&mut conn).await.unwrap();
        sqlx::raw_sql("VACUUM ANALYZE tokens").execute(&mut conn).await.unwrap();
        let Statements { list, count, .. } = statements(SealedPlace::Token);
        let key = "decode('000000000007', 'hex')";
        let after = "'00000000-0000-7000-8000-000000000100'";
        let of_list = plan(&mut conn, list, &format!("{key}, {after}, 100")).await;
        assert!(of_list.contains("Index Scan using tokens_by_data_key "), "{of_list}");
        assert!(!of_list.contains("Sort"), "{of_list}");
        let of_count = plan(&mut conn, count, "").await;
        assert!(
            of_count.contains("Index Only Scan using tokens_by_data_key "),
            "{of_count}"
        );
        let of_removal = plan(&mut conn, data_keys::REMOVE, &format!("'000000000007', {key}")).await;
        assert!(of_removal.contains("tokens_by_data_key "), "{of_removal}");
        assert!(!of_removal.contains("Seq Scan on tokens"), "{of_removal}");
        vault.close().await;
    }
}
