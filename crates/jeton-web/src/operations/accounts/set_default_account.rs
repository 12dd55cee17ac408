use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Account, DefaultAccountRequest};

use super::{account, render};
use crate::{
    auth::Known,
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Makes an account the one to take on its forge when nothing else decides; the one before is it no longer.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/default",
    operation_id = "setDefaultAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    request_body(content = DefaultAccountRequest, example = json!({"default": true})),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn set_default_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<DefaultAccountRequest>,
) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    let on = asked.default.unwrap_or(true);
    let changed = accounts.set_default(&caller, Some(id.as_str()), &name, on).await?;
    Ok(render::private(StatusCode::OK, account(&changed, true)))
}
