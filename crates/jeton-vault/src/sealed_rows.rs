use async_trait::async_trait;
use jeton_domain::{KeyId, RowRef, Sealed};

use crate::VaultError;

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident = $table:literal, $column:literal;)*) => {
        /// A column that holds sealed values. All of them stand here: what is not in this list is forgotten when keys are
        /// rotated, and cannot be opened once the old key is gone. Whoever seals takes the place's [`RowRef`] from here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum SealedPlace {
            $($(#[$doc])* $name,)*
        }

        impl SealedPlace {
            /// Every place there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The table's name.
            pub fn table(self) -> &'static str {
                match self { $(Self::$name => $table,)* }
            }

            /// The column's name.
            pub fn column(self) -> &'static str {
                match self { $(Self::$name => $column,)* }
            }
        }
    };
}

places! {
    /// The private key of a GitHub App.
    AppKey = "apps", "private_key";
    /// A token that was minted.
    Token = "tokens", "token";
    /// The token of an account.
    AccountToken = "accounts", "token";
    /// What an account's token is being replaced with.
    RotatedToken = "account_rotations", "new_token";
    /// The token of a runner that jeton keeps.
    RunnerToken = "runners", "token";
    /// A token that was replaced and waits for its end.
    OldToken = "old_tokens", "token";
    /// The key of the record's chain: of all settings, the one that is sealed.
    LedgerKey = "settings", "value";
}

impl SealedPlace {
    /// The row of `settings` that is sealed.
    pub const LEDGER_KEY: &'static str = "ledger_key";

    /// The place of one row's value.
    pub fn of(self, row: &str) -> RowRef<'_> {
        RowRef {
            table: self.table(),
            column: self.column(),
            row,
        }
    }
}

/// A sealed value where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// The row's primary key as text.
    pub row: String,
    /// The value.
    pub value: Sealed,
}

/// How many values of one place name one data key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealedCount {
    /// Where they stand.
    pub place: SealedPlace,
    /// The data key; `None` for values too short to name one.
    pub key: Option<KeyId>,
    /// How many.
    pub values: u64,
}

/// Sealed values, wherever they stand, by the data key that they name. What is in them stays closed.
#[async_trait]
pub trait SealedRowRepo: Send {
    /// Up to `limit` values of a place that name a data key, after the row `after`, in the order of their rows. Costs the
    /// same at a million rows as at a thousand.
    async fn list(
        &mut self,
        place: SealedPlace,
        key: &KeyId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SealedRow>, VaultError>;
    /// Puts a value in the place of another. `Ok(false)`, and nothing written, when the row is gone or holds another value
    /// than `old` by now.
    async fn replace(&mut self, place: SealedPlace, row: &str, old: &Sealed, new: &Sealed) -> Result<bool, VaultError>;
    /// How many values name which data key, by place; nothing for a place without values. A walk along an index, which does
    /// not touch the values themselves.
    async fn count(&mut self) -> Result<Vec<SealedCount>, VaultError>;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SealedPlace;

    #[test]
    fn no_two_places_are_the_same() {
        let places: BTreeSet<_> = SealedPlace::ALL.iter().map(|place| place.of("1").to_bytes()).collect();
        assert_eq!(places.len(), SealedPlace::ALL.len());
    }
}
