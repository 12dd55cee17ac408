use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::AppList;

use super::render;
use crate::{
    auth::{Permitted, rights::AppRead},
    extract::{NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// The Apps that jeton knows, by name. Never their keys.
#[utoipa::path(
    get,
    path = "/v1/apps",
    operation_id = "listApps",
    tag = "apps",
    responses((status = 200, description = "All Apps", body = AppList))
)]
pub(crate) async fn list_apps(
    _: Permitted<AppRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let apps = state.broker.list_apps().iter().map(render::app).collect();
    Ok(render::private(StatusCode::OK, AppList { apps }))
}
