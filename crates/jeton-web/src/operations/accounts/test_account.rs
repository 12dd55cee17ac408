use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Account, TestAccountRequest};

use super::{account, purposes, render};
use crate::{
    auth::Known,
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Tests a stored account: `check` of the answer says what was found, in three states with the evidence. Only a clear word of the forge's
/// changes how the account stands.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/test",
    operation_id = "testAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    request_body(content = TestAccountRequest, example = json!({"purposes": ["read_content"], "repository": "acme/tools"})),
    responses(
        (status = 200, description = "The account with what was found; also when the forge refuses its token", body = Account),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn test_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<TestAccountRequest>,
) -> Result<Response, Failure> {
    let purposes = purposes(&asked.purposes)?;
    let accounts = state.broker.accounts();
    let (found, report) = accounts
        .test_stored(&caller, Some(id.as_str()), &name, purposes, asked.repository.as_deref())
        .await?;
    let mut body = account(&found, true);
    // Of this look, whatever stands in the row: a token that was replaced meanwhile has another one there.
    body.check = Some((&report).into());
    Ok(render::private(StatusCode::OK, body))
}
