use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::ApiClient;

use super::render;
use crate::{
    auth::{Permitted, rights::ClientRead},
    extract::{Name, NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// One client, with what may be shown of its live keys.
#[utoipa::path(
    get,
    path = "/v1/clients/{name}",
    operation_id = "getClient",
    tag = "clients",
    params(("name" = String, Path, description = "Your name for it", example = "ci")),
    responses(
        (status = 200, description = "The client", body = ApiClient, example = json!({
            "id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "name": "ci",
            "networks": [],
            "created_at": "2026-01-01T12:00:00Z",
            "last_used_at": "2026-01-02T07:30:00Z",
            "keys": [{"fingerprint": "ba7816bf8f01", "created_at": "2026-01-01T12:00:00Z"}]
        })),
        (status = 404, description = "No client has this name, or it was revoked", body = jeton_api::Problem),
    )
)]
pub(crate) async fn get_client(
    _: Permitted<ClientRead>,
    State(state): State<Shared>,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let (client, keys) = state.access.client(&name).await?;
    Ok(render::private(StatusCode::OK, super::client(&client, Some(&keys))))
}
