use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::TestAsk;
use jeton_api::{AddAccountRequest, InspectResponse};

use super::{add_account::new_account, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    operations::inspect_token,
    request_id::RequestId,
    state::Shared,
};

/// Tests a token before it is stored: whose it is, what kind, which scopes, until when, what it reaches, and what it lacks for
/// what it is wanted for. Nothing is stored.
#[utoipa::path(
    post,
    path = "/v1/accounts/test",
    operation_id = "testToken",
    tag = "accounts",
    request_body(content = AddAccountRequest, example = json!({
        "forge": "gitlab", "base_url": "https://gitlab.example.com", "token": "…", "purposes": ["push"]
    })),
    responses(
        (status = 200, description = "What was found; also when the forge refuses the token", body = InspectResponse),
        (status = 400, description = "Words that make no account", body = jeton_api::Problem),
    )
)]
pub(crate) async fn test_token(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddAccountRequest>,
) -> Result<Response, Failure> {
    let new = new_account(asked)?;
    let ask = TestAsk {
        forge: new.forge,
        base_url: new.base_url,
        token: new.token,
        username: new.username,
        email: new.email,
        purposes: new.purposes,
        repository: new.repository,
    };
    let (inspection, report) = state.broker.accounts().test(&caller, Some(id.as_str()), ask).await?;
    Ok(render::private(
        StatusCode::OK,
        inspect_token::response(&inspection, report.as_ref()),
    ))
}
