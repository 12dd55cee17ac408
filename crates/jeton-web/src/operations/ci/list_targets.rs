use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::TargetList;

use super::{common, failed, render};
use crate::{
    auth::Known,
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// The targets of an account: the secrets of forges' CI to which its token is pushed after every change, each with how it stands; and its
/// tokens that were replaced and wait for them.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/targets",
    operation_id = "listTargets",
    tag = "secrets",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    responses(
        (status = 200, description = "In the order in which they are pushed", body = TargetList),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn list_targets(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let found = state.ci.list_targets(&common::asker(caller, &id), &name).await;
    let found = found.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::OK, render::targets(&found)))
}
