use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RemovedUser;

use super::render;
use crate::{
    auth::{Permitted, rights::UserManage},
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Removes a person, with every browser session of theirs, and switches their private accounts off. The record keeps what they did.
#[utoipa::path(
    delete,
    path = "/v1/users/{name}",
    operation_id = "removeUser",
    tag = "users",
    params(("name" = String, Path, description = "With which they sign in", example = "ada")),
    responses(
        (status = 200, description = "They are removed", body = RemovedUser),
        (status = 404, description = "Nobody has this name", body = jeton_api::Problem),
        (status = 409, description = "Nobody would be left who may manage users", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_user(
    Permitted(caller, _): Permitted<UserManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let (user, accounts_switched_off) = state.access.remove_user(&caller, Some(id.as_str()), &name).await?;
    Ok(render::private(
        StatusCode::OK,
        RemovedUser {
            name: user.name.to_string(),
            accounts_switched_off,
        },
    ))
}
