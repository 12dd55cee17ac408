use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Released;

/// A program that shall be able to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddClientRequest {
    /// Your name for it: lower-case letters, digits, `-`, `_`, `.`; what policies call it.
    #[schema(example = "ci")]
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The networks it may ask from; any when left out or empty. A Unix socket is in no network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["10.0.0.0/8", "fd00::/8"]))]
    pub networks: Option<Vec<String>>,
    /// When it ends by itself, RFC 3339; never when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-01T00:00:00Z")]
    pub expires_at: Option<String>,
}

/// A program that may ask. Never its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiClient {
    /// Names it for ever: a later client of the same name has another one.
    pub id: Uuid,
    /// Your name for it.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The networks it may ask from; any when empty.
    pub networks: Vec<String>,
    /// When it was added, RFC 3339 in UTC.
    pub created_at: String,
    /// When it ends by itself, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it was last used, to within a minute or so, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// When it was revoked, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// Its keys that have not ended, oldest first; only where one client is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<ApiClientKey>>,
}

/// What may be shown of a client's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiClientKey {
    /// The first 12 hex digits of its SHA-256.
    #[schema(example = "ba7816bf8f01")]
    pub fingerprint: String,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
    /// When it ends, as the older one does in a rotation, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A page of clients, in order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiClientList {
    /// The page.
    pub clients: Vec<ApiClient>,
    /// Ask with `after=` this for the next page; absent on the last. Treat it as opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A client was added.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AddedClient {
    /// The client.
    pub client: ApiClient,
    /// Its key. It is shown this once and kept nowhere.
    #[schema(value_type = String)]
    pub key: Released,
}

/// A client shall get another key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateClientRequest {
    /// For how long the old key still works, in seconds; 0 ends it at once, 86,400 (a day) when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 86400)]
    pub overlap_seconds: Option<u32>,
}

/// A client got another key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RotatedClient {
    /// The client.
    pub client: ApiClient,
    /// Its new key. It is shown this once and kept nowhere.
    #[schema(value_type = String)]
    pub key: Released,
    /// When the old key ends, RFC 3339 in UTC.
    pub old_key_ends_at: String,
}

/// A client may ask no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevokedClient {
    /// The client.
    pub client: ApiClient,
    /// How many of its grants were given back with it; 0 unless that was asked for.
    pub grants_ended: u64,
    /// How many private accounts of its own were switched off.
    #[serde(default)]
    pub accounts_switched_off: u64,
}
