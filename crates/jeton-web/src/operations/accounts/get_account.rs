use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::Account;

use super::{account, render};
use crate::{
    auth::Known,
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// One account, with what the last look at its token found. Never the token.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}",
    operation_id = "getAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn get_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    accounts.permit_look(&caller, Some(id.as_str()))?;
    let found = accounts.get(&caller, &name).await?;
    Ok(render::private(StatusCode::OK, account(&found, true)))
}
