use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RemovedAccount;
use serde::Deserialize;

use super::render;
use crate::{
    auth::Known,
    extract::{Name, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveParams {
    /// Remove it although something uses it still.
    #[param(nullable = false, required = false)]
    force: Option<bool>,
}

/// Removes an account. Whoever holds its token keeps it until it is revoked at the forge: the refusal of one in use names them.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}",
    operation_id = "removeAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work"), RemoveParams),
    responses(
        (status = 200, description = "It is gone", body = RemovedAccount),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
        (status = 409, description = "Something uses it still; `detail` names it", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    Params(params): Params<RemoveParams>,
) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    let force = params.force.unwrap_or(false);
    let removed = accounts.remove(&caller, Some(id.as_str()), &name, force).await?;
    let body = RemovedAccount {
        label: removed.label.to_string(),
        ended_grants: removed.ended_grants,
    };
    Ok(render::private(StatusCode::OK, body))
}
