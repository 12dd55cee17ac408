use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the vault is sealed. Ids are fingerprints; no key is ever shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyStatus {
    /// The sealing key in use.
    #[schema(example = "ba7816bf8f01")]
    pub sealing_key: String,
    /// Where it was read from, such as a file's path.
    pub sealing_key_source: String,
    /// The data keys that it wraps.
    pub data_keys: Vec<DataKey>,
    /// How many values are sealed, by table.
    pub sealed: Vec<SealedCount>,
}

/// A data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DataKey {
    /// Its fingerprint.
    pub id: String,
    /// The sealing key that wraps it.
    pub wrapped_by: String,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
}

/// How many values of a table are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedCount {
    /// The table.
    pub table: String,
    /// How many.
    pub values: u64,
}
