use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{RunnerTokenRequest, RunnerTokenResponse};

use super::{common, failed, render, runner_ask::runner_ask};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// A token with which runners remove themselves (`config.sh remove --token`). GitHub alone has such; elsewhere remove the runner
/// that jeton keeps with `removeRunner`.
#[utoipa::path(
    post,
    path = "/v1/runners/remove-token",
    operation_id = "createRemoveToken",
    tag = "runners",
    request_body(content = RunnerTokenRequest, example = json!({"repository": "acme/tools"})),
    responses(
        (status = 201, description = "A token, on record", body = RunnerTokenResponse, example = json!({
            "token": "…",
            "token_kind": "removal",
            "expires_at": "2026-01-01T13:00:00Z",
            "forge": "github.com",
            "scope": "repository",
            "path": "acme/tools",
            "url": "https://github.com/acme/tools",
            "source": "app:ci",
            "fingerprint": "ba7816bf8f01",
            "shared": true
        })),
        (status = 403, description = "No policy allows it; or the forge said no, and `detail` and `remedy` name the least permission that would do", body = jeton_api::Problem),
        (status = 404, description = "There is no App and no account that could serve, or the forge shows no such repository or owner", body = jeton_api::Problem),
        (status = 409, description = "The forge is in the way", body = jeton_api::Problem),
        (status = 422, description = "The forge has no such thing, or refuses the credential that is there; `tried` has each", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use, or whether it did it is not known", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn create_remove_token(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<RunnerTokenRequest>,
) -> Result<Response, Failure> {
    let who = common::asker(caller, &id);
    let ask = runner_ask(asked)?;
    let given = state.ci.removal_token(&who, ask).await;
    let grant = given.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::CREATED, render::runner_token(grant)))
}
