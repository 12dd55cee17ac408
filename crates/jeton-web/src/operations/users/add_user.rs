use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AddUserRequest, InvitedUser};

use super::render;
use crate::{
    auth::{Permitted, rights::UserManage},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Adds a person who may sign in, and makes a link with which they set their password. The link works once, for 24 hours,
/// for whoever has it.
#[utoipa::path(
    post,
    path = "/v1/users",
    operation_id = "addUser",
    tag = "users",
    request_body(content = AddUserRequest, example = json!({"name": "ada", "role": "member"})),
    responses(
        (status = 201, description = "The person and their link", body = InvitedUser, example = json!({
            "user": {
                "id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
                "name": "ada",
                "role": "member",
                "has_password": false,
                "created_at": "2026-01-01T12:00:00Z"
            },
            "link": "https://jeton.example/setup?link=…",
            "link_expires_at": "2026-01-02T12:00:00Z"
        })),
        (status = 409, description = "Another person has this name", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_user(
    Permitted(caller, _): Permitted<UserManage>,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddUserRequest>,
) -> Result<Response, Failure> {
    let role = super::read_role(asked.role);
    let invite = state
        .access
        .add_user(&caller, Some(id.as_str()), &asked.name, role)
        .await?;
    Ok(render::private(
        StatusCode::CREATED,
        super::invited(&state.settings, &invite),
    ))
}
