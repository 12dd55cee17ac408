use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::Target;

use super::{common, failed, render};
use crate::{
    auth::Known,
    extract::{NoParams, Params, TwoNames},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Removes a target. The secret stays at its forge, with the token that it has.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/targets/{target}",
    operation_id = "removeTarget",
    tag = "secrets",
    params(
        ("account" = String, Path, description = "Its label or its id", example = "work"),
        ("target" = String, Path, description = "The target's id", example = "0197b2c0-5a4e-7c11-8f00-0123456789ab"),
    ),
    responses(
        (status = 200, description = "The target as it was", body = Target),
        (status = 404, description = "No account that you may see has this label or id, or it has no such target", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_target(
    Known(caller): Known,
    State(state): State<Shared>,
    TwoNames(account, target): TwoNames,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let removed = state
        .ci
        .remove_target(&common::asker(caller, &id), &account, &target)
        .await;
    let target = removed.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::OK, render::target(&target)))
}
