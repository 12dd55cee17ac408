use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::InvitedUser;

use super::render;
use crate::{
    auth::{Permitted, rights::UserManage},
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Makes a new link for somebody who has lost their password, or never set one. Links given out before end now; the
/// password and the browsers where they are signed in stay until it is used.
#[utoipa::path(
    post,
    path = "/v1/users/{name}/invite",
    operation_id = "inviteUser",
    tag = "users",
    params(("name" = String, Path, description = "With which they sign in", example = "ada")),
    responses(
        (status = 200, description = "The person and their link", body = InvitedUser),
        (status = 404, description = "Nobody has this name", body = jeton_api::Problem),
    )
)]
pub(crate) async fn invite_user(
    Permitted(caller, _): Permitted<UserManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let invite = state.access.invite_again(&caller, Some(id.as_str()), &name).await?;
    Ok(render::private(
        StatusCode::OK,
        super::invited(&state.settings, &invite),
    ))
}
