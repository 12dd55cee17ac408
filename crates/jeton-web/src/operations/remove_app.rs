use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RemovedApp;

use super::render;
use crate::{
    auth::{Permitted, rights::AppManage},
    extract::{Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Forgets an App and its key. Its tokens are handed out no more; they end by themselves within the hour.
#[utoipa::path(
    delete,
    path = "/v1/apps/{name}",
    operation_id = "removeApp",
    tag = "apps",
    params(("name" = String, Path, description = "Your name for it", example = "ci")),
    responses(
        (status = 200, description = "It is forgotten", body = RemovedApp),
        (status = 404, description = "No App has this name", body = jeton_api::Problem),
        (status = 409, description = "The App comes from the configuration", body = jeton_api::Problem),
    )
)]
pub(crate) async fn remove_app(
    Permitted(caller, _): Permitted<AppManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let name = state.broker.remove_app(&render::asker(caller, &id), &name).await?;
    Ok(render::private(StatusCode::OK, RemovedApp { name: name.to_string() }))
}
