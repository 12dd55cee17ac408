use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::KeptRunner;

use super::{common, failed, render};
use crate::{
    auth::Known,
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Removes a runner that jeton keeps, at its forge as well. While the forge cannot be asked it stays.
#[utoipa::path(
    delete,
    path = "/v1/runners/{id}",
    operation_id = "removeRunner",
    tag = "runners",
    params(("id" = String, Path, description = "Its id here: `id` of the list", example = "0197b2c0-5a4e-7c11-8f00-0123456789ab")),
    responses(
        (status = 200, description = "The runner as it was", body = KeptRunner),
        (status = 404, description = "jeton keeps no runner of this id", body = jeton_api::Problem),
        (status = 422, description = "The forge refuses the credential that is there", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_runner(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let removed = state.ci.remove_runner(&common::asker(caller, &id), &name).await;
    let runner = removed.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::OK, render::runner(&runner)))
}
