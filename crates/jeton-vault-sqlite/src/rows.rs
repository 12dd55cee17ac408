use jeton_domain::{CiScope, Fingerprint, ForgeEndpoint, ForgeKind};
use jeton_vault::VaultError;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Row as _, sqlite::SqliteRow};
use uuid::Uuid;

/// One row on its way to a record. Whatever cannot be read becomes [`VaultError::Corrupt`], which names the place and
/// never what stands there.
pub(crate) struct Reader<'r> {
    row: &'r SqliteRow,
    table: &'static str,
    id: String,
}

impl<'r> Reader<'r> {
    /// `key` is the column that names the row to people.
    pub(crate) fn new(row: &'r SqliteRow, table: &'static str, key: &str) -> Self {
        let text = row.try_get(key).ok();
        let number = || row.try_get::<i64, _>(key).ok().map(|id| id.to_string());
        let id = text.or_else(number).unwrap_or_else(|| "unreadable".to_owned());
        Self { row, table, id }
    }

    pub(crate) fn corrupt(&self, column: &str) -> VaultError {
        VaultError::Corrupt(format!("column {column} of row {} in table {}", self.id, self.table))
    }

    fn get<T>(&self, column: &str) -> Result<T, VaultError>
    where
        T: sqlx::Type<sqlx::Sqlite> + for<'d> sqlx::Decode<'d, sqlx::Sqlite>,
    {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, VaultError> {
        self.get(column)
    }

    pub(crate) fn text_or_null(&self, column: &str) -> Result<Option<String>, VaultError> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, VaultError> {
        self.get(column)
    }

    pub(crate) fn bytes_or_null(&self, column: &str) -> Result<Option<Vec<u8>>, VaultError> {
        self.get(column)
    }

    pub(crate) fn hash(&self, column: &str) -> Result<[u8; 32], VaultError> {
        self.bytes(column)?.try_into().map_err(|_| self.corrupt(column))
    }

    pub(crate) fn number<N: TryFrom<i64>>(&self, column: &str) -> Result<N, VaultError> {
        N::try_from(self.get(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, VaultError> {
        Timestamp::from_millisecond(self.get(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn time_or_null(&self, column: &str) -> Result<Option<Timestamp>, VaultError> {
        self.get::<Option<i64>>(column)?
            .map(|millis| Timestamp::from_millisecond(millis).map_err(|_| self.corrupt(column)))
            .transpose()
    }

    pub(crate) fn uuid(&self, column: &str) -> Result<Uuid, VaultError> {
        self.text(column)?.parse().map_err(|_| self.corrupt(column))
    }

    pub(crate) fn uuid_or_null(&self, column: &str) -> Result<Option<Uuid>, VaultError> {
        self.text_or_null(column)?
            .map(|text| text.parse().map_err(|_| self.corrupt(column)))
            .transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, VaultError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn json_or_null<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, VaultError> {
        self.text_or_null(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| self.corrupt(column)))
            .transpose()
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, VaultError> {
        self.get(column)
    }

    /// A forge, by its kind and the URL of its API.
    pub(crate) fn forge(&self) -> Result<ForgeEndpoint, VaultError> {
        let kind = ForgeKind::parse(&self.text("forge_kind")?).ok_or_else(|| self.corrupt("forge_kind"))?;
        let url = self.text("forge_api_url")?;
        let forge = match kind {
            // Its API may be anywhere; only a URL that people gave is taken for the one that they see.
            ForgeKind::GitHub => ForgeEndpoint::github(&url),
            ForgeKind::GitLab | ForgeKind::Bitbucket => ForgeEndpoint::of_kind(kind, Some(&url)),
        };
        forge.map_err(|_| self.corrupt("forge_api_url"))
    }

    /// A scope of a forge's CI, by the forge's rules.
    pub(crate) fn scope(&self, forge: &ForgeEndpoint) -> Result<CiScope, VaultError> {
        let (kind, path) = (self.text("scope_kind")?, self.text("scope_path")?);
        CiScope::from_parts(forge.kind(), &kind, &path).ok_or_else(|| self.corrupt("scope_path"))
    }

    pub(crate) fn fingerprint_or_null(&self, column: &str) -> Result<Option<Fingerprint>, VaultError> {
        self.text_or_null(column)?
            .map(|text| Fingerprint::parse(&text).ok_or_else(|| self.corrupt(column)))
            .transpose()
    }

    pub(crate) fn fingerprint(&self, column: &str) -> Result<Fingerprint, VaultError> {
        Fingerprint::parse(&self.text(column)?).ok_or_else(|| self.corrupt(column))
    }
}

/// JSON text for a column. Lists of text and maps with text keys, which is all that comes here, always have one.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, VaultError> {
    serde_json::to_string(value).map_err(|error| VaultError::Corrupt(format!("a value without JSON: {error}")))
}

/// A forge's number as SQLite keeps it.
pub(crate) fn to_integer(number: u64) -> Result<i64, VaultError> {
    i64::try_from(number).map_err(|_| VaultError::Corrupt(format!("the number {number} is too large for a column")))
}

/// A count that SQLite gave.
pub(crate) fn to_count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
