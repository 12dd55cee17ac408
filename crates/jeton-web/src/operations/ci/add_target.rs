use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AddTargetRequest, Target};
use jeton_ci::TargetAsk;

use super::{Place, common, failed, options, place, render};
use crate::{
    auth::Known,
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Adds a target to an account and pushes its token there at once. When that is refused nothing is added. From then on every new token
/// of the account follows by itself.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/targets",
    operation_id = "addTarget",
    tag = "secrets",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    request_body(content = AddTargetRequest, example = json!({"repository": "acme/tools", "name": "DEPLOY_TOKEN"})),
    responses(
        (status = 201, description = "The target; it has the token", body = Target),
        (status = 403, description = "No policy allows it; or the forge said no, and `detail` and `remedy` name the least permission that would do", body = jeton_api::Problem),
        (status = 404, description = "No account that you may see has this label or id; or the forge shows no such repository, owner or environment", body = jeton_api::Problem),
        (status = 409, description = "The account has this target, or as many as it may; or its token ends too soon", body = jeton_api::Problem),
        (status = 422, description = "The forge has no such thing, or refuses the credential that is there; `tried` has each", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use, or whether it did it is not known", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_target(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddTargetRequest>,
) -> Result<Response, Failure> {
    let Place { forge, scope, source } = place(asked.place, None)?;
    let ask = TargetAsk {
        forge,
        scope,
        source,
        name: asked.name,
        options: options(asked.options)?,
    };
    let added = state.ci.add_target(&common::asker(caller, &id), &name, ask).await;
    let target = added.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::CREATED, render::target(&target)))
}
