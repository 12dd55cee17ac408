use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::UserChange;
use jeton_api::{ChangeUserRequest, User};

use super::render;
use crate::{
    auth::{Permitted, rights::UserManage},
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Changes what a person may do, or shuts them out. It holds from their next request, in every browser.
#[utoipa::path(
    patch,
    path = "/v1/users/{name}",
    operation_id = "changeUser",
    tag = "users",
    params(("name" = String, Path, description = "With which they sign in", example = "ada")),
    request_body(content = ChangeUserRequest, example = json!({"role": "auditor"})),
    responses(
        (status = 200, description = "The person, as they are now", body = User),
        (status = 404, description = "Nobody has this name", body = jeton_api::Problem),
        (status = 409, description = "Nobody would be left who may manage users", body = jeton_api::Problem),
    )
)]
pub(crate) async fn change_user(
    Permitted(caller, _): Permitted<UserManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<ChangeUserRequest>,
) -> Result<Response, Failure> {
    let change = UserChange {
        role: asked.role.map(super::read_role),
        disabled: asked.disabled,
    };
    let user = state
        .access
        .change_user(&caller, Some(id.as_str()), &name, change)
        .await?;
    Ok(render::private(StatusCode::OK, super::user(&user)))
}
