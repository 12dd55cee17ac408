use async_trait::async_trait;
use jeton_domain::{KeyId, Sealed};
use jeton_vault::{SealedCount, SealedPlace, SealedRow, SealedRowRepo, VaultError};

use crate::{errors::failed, rows::to_count, tx::Repo};

/// What is asked of one place.
pub(crate) struct Statements {
    /// By data key, after a row, so many.
    pub(crate) list: &'static str,
    /// By row and old value.
    pub(crate) replace: &'static str,
    /// Per data key.
    pub(crate) count: &'static str,
}

/// As the indexes `…_by_data_key` have it: which data key a value names.
macro_rules! statements {
    ($table:literal, $column:literal) => {
        &Statements {
            list: concat!(
                "SELECT id, ",
                $column,
                " FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 2, 6) = ?1 AND id > ?2 \
                 ORDER BY id LIMIT ?3"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = ?3 WHERE id = ?1 AND ",
                $column,
                " = ?2"
            ),
            // From one key to the next, and a count of each: a GROUP BY would visit the rows, which are long.
            count: concat!(
                "WITH RECURSIVE keys (key) AS (\
                 SELECT min(substr(",
                $column,
                ", 2, 6)) FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 2, 6) IS NOT NULL \
                 UNION ALL SELECT (SELECT min(substr(",
                $column,
                ", 2, 6)) FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 2, 6) > key) FROM keys WHERE key IS NOT NULL) \
                 SELECT key, (SELECT count(*) FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 2, 6) = key) \
                 FROM keys WHERE key IS NOT NULL"
            ),
        }
    };
}

/// The one row of `settings` that is sealed; its key is its name.
const LEDGER_KEY: &Statements = &Statements {
    list: "SELECT name, value FROM settings \
           WHERE name = 'ledger_key' AND substr(value, 2, 6) = ?1 AND name > ?2 LIMIT ?3",
    replace: "UPDATE settings SET value = ?3 WHERE name = ?1 AND name = 'ledger_key' AND value = ?2",
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

#[async_trait]
impl SealedRowRepo for Repo<'_> {
    async fn list(
        &mut self,
        place: SealedPlace,
        key: &KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, VaultError> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(statements(place).list)
            .bind(key_bytes(key))
            .bind(after.unwrap_or_default())
            .bind(limit)
            .fetch_all(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(rows.into_iter().map(sealed_row).collect())
    }

    async fn replace(&mut self, place: SealedPlace, row: &str, old: &Sealed, new: &Sealed) -> Result<bool, VaultError> {
        let done = sqlx::query(statements(place).replace)
            .bind(row)
            .bind(old.as_bytes())
            .bind(new.as_bytes())
            .execute(&mut *self.conn)
            .await
            .map_err(|error| failed(self.place, error))?;
        Ok(done.rows_affected() == 1)
    }

    async fn count(&mut self) -> Result<Vec<SealedCount>, VaultError> {
        let mut counts = Vec::new();
        for place in SealedPlace::ALL {
            let found: Vec<(Vec<u8>, i64)> = sqlx::query_as(statements(*place).count)
                .fetch_all(&mut *self.conn)
                .await
                .map_err(|error| failed(self.place, error))?;
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
    use jeton_domain::KeyId;
    use jeton_vault::SealedPlace;

    use super::{key_bytes, key_id, statements};
    use crate::{
        data_keys, jobs,
        plans::{database, plan},
    };

    #[test]
    fn the_id_of_a_key_is_read_back_from_its_bytes() {
        let id = KeyId::parse("00ff17a0b9c3").unwrap();
        assert_eq!(key_bytes(&id), [0, 255, 23, 160, 185, 195]);
        assert_eq!(key_id(&key_bytes(&id)), Some(id));
        assert_eq!(key_id(&[1, 2, 3]), None);
    }

    #[tokio::test]
    async fn values_of_a_key_are_found_and_counted_along_an_index() {
        let (_directory, _vault, pool) = database().await;
        for place in SealedPlace::ALL {
            if *place == SealedPlace::LedgerKey {
                continue;
            }
            let table = place.table();
            let (list, count) = (statements(*place).list, statements(*place).count);
            let plan_of_list = plan(&pool, list).await;
            let step = format!("SEARCH {table} USING INDEX {table}_by_data_key (<expr>=? AND id>?)");
            assert_eq!(plan_of_list, [step], "{list}");
            let plan_of_count = plan(&pool, count).await;
            for conditions in ["", " (<expr>>?)", " (<expr>=?)"] {
                let step = format!("SEARCH {table} USING COVERING INDEX {table}_by_data_key{conditions}");
                assert!(plan_of_count.contains(&step), "{step}: {plan_of_count:#?}");
            }
            assert!(
                !plan_of_count
                    .iter()
                    .any(|step| step.starts_with(&format!("SCAN {table}"))),
                "{plan_of_count:#?}"
            );
            let plan_of_removal = plan(&pool, data_keys::REMOVE).await;
            let step = format!("SEARCH {table} USING COVERING INDEX {table}_by_data_key (<expr>=?)");
            assert!(
                plan_of_removal.iter().any(|found| found.replace(" EXISTS", "") == step),
                "{plan_of_removal:#?}"
            );
            let replace = statements(*place).replace;
            let plan_of_replacing = plan(&pool, replace).await;
            assert!(
                plan_of_replacing[0].starts_with(&format!("SEARCH {table} USING")),
                "{plan_of_replacing:?}"
            );
        }
        let plan_of_job = plan(&pool, jobs::FIND_TWIN).await;
        assert_eq!(plan_of_job, ["SEARCH jobs USING INDEX jobs_twins (kind=? AND dedup=?)"]);
    }
}
