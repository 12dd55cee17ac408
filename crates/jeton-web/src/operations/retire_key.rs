use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RetiredKey;
use jeton_broker::{BrokerError, Retired};
use jeton_domain::KeyId;

use super::render;
use crate::{
    auth::{Permitted, rights::KeyManage},
    extract::{Name, NoParams, Params, shown},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Retires a key that nothing needs. A data key is removed; of a sealing key the vault holds nothing, so that the answer
/// only says that it may be destroyed.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "retireKey",
    tag = "server",
    params(("id" = String, Path, description = "As `GET /v1/keys` shows it", example = "ba7816bf8f01")),
    responses(
        (status = 200, description = "Nothing needs it any more", body = RetiredKey),
        (status = 404, description = "No key has this id", body = jeton_api::Problem),
        (status = 409, description = "It is in use; the detail names what uses it", body = jeton_api::Problem),
    )
)]
pub(crate) async fn retire_key(
    Permitted(caller, _): Permitted<KeyManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(key): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let key = KeyId::parse(&key).map_err(|_| BrokerError::KeyNotFound(shown(&key, 40)))?;
    let (kind, detail) = match state.broker.retire_key(&render::asker(caller, &id), &key).await? {
        Retired::DataKey => ("data_key", "No value named it. It is removed from the database."),
        Retired::SealingKey => (
            "sealing_key",
            "It wraps no data key of this database. Take seal.previous_key out of the configuration of every server; \
             backups made before the rotation still need it.",
        ),
    };
    let body = RetiredKey {
        id: key.to_string(),
        kind: kind.to_owned(),
        detail: detail.to_owned(),
    };
    Ok(render::private(StatusCode::OK, body))
}
