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

/// Has an account's token pushed to all of its targets that do not have it, those that were given up too. It happens soon after the
/// answer; `listTargets` shows how far it has come.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/targets/push",
    operation_id = "pushTargets",
    tag = "secrets",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    responses(
        (status = 202, description = "The targets as they stand now", body = TargetList),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn push_targets(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let found = state.ci.push_targets(&common::asker(caller, &id), &name).await;
    let found = found.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::ACCEPTED, render::targets(&found)))
}
