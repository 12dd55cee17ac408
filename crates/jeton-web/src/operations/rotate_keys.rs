use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::KeyRotation;

use super::render;
use crate::{
    auth::{Permitted, rights::KeyManage},
    extract::{NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Makes a new data key, wraps all of them with the current sealing key, and has every value sealed anew, in batches, while
/// requests are served. `GET /v1/keys` tells how far it is; the old data keys are retired at the end. While one rotation
/// is under way, a second does not begin.
#[utoipa::path(
    post,
    path = "/v1/keys/rotate",
    operation_id = "rotateKeys",
    tag = "server",
    responses((status = 202, description = "It began, or goes on", body = KeyRotation, example = json!({
        "data_key": "2c26b46b68ff",
        "started": true,
        "rewrapped": [],
        "seals_from": "2026-11-02T09:00:30Z"
    })))
)]
pub(crate) async fn rotate_keys(
    Permitted(caller, _): Permitted<KeyManage>,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let rotation = state.broker.rotate_keys(&render::asker(caller, &id)).await?;
    let body = KeyRotation {
        data_key: rotation.data_key.to_string(),
        started: rotation.started,
        rewrapped: rotation.rewrapped.iter().map(ToString::to_string).collect(),
        seals_from: rotation.seals_from.to_string(),
    };
    Ok(render::private(StatusCode::ACCEPTED, body))
}
