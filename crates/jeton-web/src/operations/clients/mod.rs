//! The programs that may ask.

mod add_client;
mod get_client;
mod list_clients;
pub(crate) mod revoke_client;
mod rotate_client;

use jeton_access::{ClientKeyRecord, ClientRecord};
use jeton_api::{ApiClient, ApiClientKey};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render};
use crate::state::Shared;

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_clients::list_clients, add_client::add_client))
        .routes(routes!(get_client::get_client, revoke_client::revoke_client))
        .routes(routes!(rotate_client::rotate_client))
}

/// A client as it is shown: its keys only where one client is asked for.
fn client(record: &ClientRecord, keys: Option<&[ClientKeyRecord]>) -> ApiClient {
    let key = |key: &ClientKeyRecord| ApiClientKey {
        fingerprint: key.fingerprint.to_string(),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
    };
    ApiClient {
        id: record.id.as_uuid(),
        name: record.name.to_string(),
        description: record.description.clone(),
        networks: record.networks.clone(),
        created_at: record.created_at.to_string(),
        expires_at: record.expires_at.map(|at| at.to_string()),
        last_used_at: record.last_used_at.map(|at| at.to_string()),
        revoked_at: record.revoked_at.map(|at| at.to_string()),
        keys: keys.map(|keys| keys.iter().map(key).collect()),
    }
}
