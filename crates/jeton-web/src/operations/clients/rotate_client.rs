use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Released, RotateClientRequest, RotatedClient};
use jiff::SignedDuration;

use super::render;
use crate::{
    auth::{Permitted, rights::ClientManage},
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Gives a client another key. The one that it has works on for a day, or as long as you say, so that the new one can be
/// put in place.
#[utoipa::path(
    post,
    path = "/v1/clients/{name}/rotate",
    operation_id = "rotateClient",
    tag = "clients",
    params(("name" = String, Path, description = "Your name for it", example = "ci")),
    request_body(content = RotateClientRequest, example = json!({"overlap_seconds": 86400})),
    responses(
        (status = 200, description = "The client and its new key", body = RotatedClient),
        (status = 404, description = "No client has this name, or it was revoked", body = jeton_api::Problem),
        (status = 409, description = "It has two live keys already", body = jeton_api::Problem),
    )
)]
pub(crate) async fn rotate_client(
    Permitted(caller, _): Permitted<ClientManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<RotateClientRequest>,
) -> Result<Response, Failure> {
    let overlap = asked
        .overlap_seconds
        .map(|seconds| SignedDuration::from_secs(seconds.into()));
    let rotated = state
        .access
        .rotate_client(&caller, Some(id.as_str()), &name, overlap)
        .await?;
    let ends_at = rotated.old_key_ends_at.ok_or_else(Failure::internal)?;
    let body = RotatedClient {
        client: super::client(&rotated.client, None),
        key: Released(rotated.key.secret().clone()),
        old_key_ends_at: ends_at.to_string(),
    };
    Ok(render::private(StatusCode::OK, body))
}
