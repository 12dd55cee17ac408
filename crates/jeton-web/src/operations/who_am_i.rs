use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::WhoAmI;
use jeton_domain::Identity;

use super::{render, users};
use crate::{
    auth::Known,
    extract::{NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// Who you are, as this server sees you, and which actions some policy could allow you.
#[utoipa::path(
    get,
    path = "/v1/whoami",
    operation_id = "whoAmI",
    tag = "server",
    responses((status = 200, description = "You", body = WhoAmI, example = json!({
        "kind": "client", "name": "client:ci", "address": "10.0.0.7", "allowed": ["token.mint"]
    })))
)]
pub(crate) async fn who_am_i(
    Known(caller): Known,
    State(state): State<Shared>,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let allowed = state
        .access
        .could_allow(&caller)
        .iter()
        .map(ToString::to_string)
        .collect();
    let role = match &caller.identity {
        Identity::User { role, .. } => Some(users::role(*role)),
        _ => None,
    };
    let body = WhoAmI {
        kind: caller.identity.kind().to_owned(),
        name: caller.identity.to_string(),
        address: caller.address.map(|address| address.to_string()),
        role,
        allowed,
    };
    Ok(render::private(StatusCode::OK, body))
}
