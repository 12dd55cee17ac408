use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RemovedPolicy;

use super::render;
use crate::{
    auth::{Permitted, rights::PolicyManage},
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Removes a policy that was added over the API. What was granted under it lives on until it ends.
#[utoipa::path(
    delete,
    path = "/v1/policies/{name}",
    operation_id = "removePolicy",
    tag = "policies",
    params(("name" = String, Path, description = "Its name", example = "ci-reads-tools")),
    responses(
        (status = 200, description = "It is removed", body = RemovedPolicy),
        (status = 404, description = "No policy has this name", body = jeton_api::Problem),
        (status = 409, description = "It stands in the policy file", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_policy(
    Permitted(caller, _): Permitted<PolicyManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    state.access.remove_policy(&caller, Some(id.as_str()), &name).await?;
    Ok(render::private(StatusCode::OK, RemovedPolicy { name }))
}
