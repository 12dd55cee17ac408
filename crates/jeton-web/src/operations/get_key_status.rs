use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{DataKey, KeyStatus, SealedCount};

use super::render;
use crate::{
    auth::{Permitted, rights::KeyRead},
    extract::{NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// How the vault is sealed: ids and counts, never a key.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "getKeyStatus",
    tag = "server",
    responses((status = 200, description = "Keys by their fingerprints", body = KeyStatus))
)]
pub(crate) async fn get_key_status(
    _: Permitted<KeyRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let report = state.broker.key_report().await?;
    let data_keys = report.data_keys.into_iter().map(|key| DataKey {
        id: key.id.as_str().to_owned(),
        wrapped_by: key.wrapped_by.as_str().to_owned(),
        created_at: key.created_at.to_string(),
    });
    let sealed = report
        .sealed
        .into_iter()
        .map(|(table, values)| SealedCount { table, values });
    let body = KeyStatus {
        sealing_key: report.sealing_key.as_str().to_owned(),
        sealing_key_source: report.source,
        data_keys: data_keys.collect(),
        sealed: sealed.collect(),
    };
    Ok(render::private(StatusCode::OK, body))
}
