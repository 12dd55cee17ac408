use jeton_vault::VaultError;

use crate::{tx::Repo, watch::Watched as _};

/// The letters `jetn`, so that no other program on the database takes the same locks by chance.
const SPACE: i32 = i32::from_be_bytes(*b"jetn");

/// What is locked where there is no row to lock, or not one alone. A lock is held until its transaction ends, and waited
/// for as long as for a row's.
#[derive(Debug, Clone, Copy)]
#[repr(i32)]
pub(crate) enum Lock {
    /// The right to append to the record, also to one that is empty.
    Ledger = 1,
    /// The number of operators.
    Operators = 2,
}

impl Repo<'_> {
    /// Takes a lock. Statements that come after see what the one who had it before has done.
    pub(crate) async fn lock(&mut self, lock: Lock) -> Result<(), VaultError> {
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind(SPACE)
            .bind(lock as i32)
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await
            .map(drop)
    }
}
