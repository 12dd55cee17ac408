use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::UserList;
use jeton_domain::{Code, UserName};
use serde::Deserialize;

use super::{arguments, render};
use crate::{
    auth::{Permitted, rights::UserRead},
    extract::Params,
    failure::Failure,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserParams {
    /// Only people whose names come after this one: `next` of the page before.
    #[param(nullable = false, required = false)]
    after: Option<String>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, nullable = false, required = false)]
    limit: Option<u32>,
}

/// The people who may sign in, by name. Nothing of their passwords.
#[utoipa::path(
    get,
    path = "/v1/users",
    operation_id = "listUsers",
    tag = "users",
    params(UserParams),
    responses((status = 200, description = "A page of people", body = UserList, example = json!({
        "users": [{
            "id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "name": "ada",
            "role": "operator",
            "has_password": true,
            "created_at": "2026-01-01T12:00:00Z",
            "last_sign_in_at": "2026-01-02T07:30:00Z"
        }]
    })))
)]
pub(crate) async fn list_users(
    _: Permitted<UserRead>,
    State(state): State<Shared>,
    Params(params): Params<UserParams>,
) -> Result<Response, Failure> {
    let limit = arguments::limit(params.limit)?;
    let after = params.after.as_deref().map(UserName::parse).transpose();
    let after = after.map_err(|error| {
        Failure::new(Code::RequestInvalid, format!("after: {error}")).with_remedy("Send `next` of the page before.")
    })?;
    let page = state.access.list_users(after.as_ref(), limit).await?;
    let body = UserList {
        users: page.users.iter().map(super::user).collect(),
        next: page.next.map(|name| name.to_string()),
    };
    Ok(render::private(StatusCode::OK, body))
}
