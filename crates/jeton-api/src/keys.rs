use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the vault is sealed. Ids are fingerprints; no key is ever shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyStatus {
    /// The sealing key that wraps data keys from now on.
    #[schema(example = "ba7816bf8f01")]
    pub sealing_key: String,
    /// Where it was read from, such as a file's path.
    pub sealing_key_source: String,
    /// All sealing keys: the current one, the one before it when it was given, and those that the vault asks for and that
    /// this server was not given.
    pub sealing_keys: Vec<SealingKey>,
    /// The data keys, oldest first.
    pub data_keys: Vec<DataKey>,
    /// How many values are sealed, by table; with whichever key.
    pub sealed: Vec<SealedCount>,
    /// Values that name a data key that is not in the vault: nothing opens them.
    pub lost: Vec<SealedCount>,
    /// The re-sealing that is under way, if one is.
    pub reseal: Option<Reseal>,
}

/// A key from outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealingKey {
    /// Its fingerprint.
    #[schema(example = "ba7816bf8f01")]
    pub id: String,
    /// Where it was read from; absent for a key that this server was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether it is the one that wraps data keys from now on.
    pub current: bool,
    /// How many data keys it wraps. At none, a key that is not the current one may be destroyed.
    pub data_keys: u64,
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
    /// What it is there for.
    pub state: DataKeyState,
    /// How many values it seals.
    pub values: u64,
    /// The same, by table.
    pub sealed: Vec<SealedCount>,
    /// Whether nothing needs it.
    pub may_be_retired: bool,
}

/// What a data key is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataKeyState {
    /// The servers are getting to know it; it seals soon.
    Coming,
    /// It seals new values.
    Sealing,
    /// It opens what was sealed with it.
    Old,
}

impl DataKeyState {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Sealing => "sealing",
            Self::Old => "old",
        }
    }
}

/// How many values of a table are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedCount {
    /// The table.
    pub table: String,
    /// How many.
    pub values: u64,
}

/// How far a re-sealing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reseal {
    /// The data key that every value gets.
    pub data_key: String,
    /// Values that have another key still.
    pub left: u64,
    /// All values.
    pub values: u64,
    /// When the next step is due, RFC 3339 in UTC; absent while one is being taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
    /// Why the last step was not the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A rotation that began, or goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyRotation {
    /// The data key that every value gets.
    #[schema(example = "2c26b46b68ff")]
    pub data_key: String,
    /// Whether it was made now; else a rotation was under way, and goes on.
    pub started: bool,
    /// The data keys that were wrapped anew with the current sealing key.
    pub rewrapped: Vec<String>,
    /// Since when it seals, or will, RFC 3339 in UTC. Where servers share a vault, all of them know it by then.
    pub seals_from: String,
}

/// What was retired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetiredKey {
    /// The key.
    #[schema(example = "ba7816bf8f01")]
    pub id: String,
    /// `data_key` or `sealing_key`.
    #[schema(example = "data_key")]
    pub kind: String,
    /// What that means, and what is left to do.
    pub detail: String,
}
