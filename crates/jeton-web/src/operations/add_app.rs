use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AddAppRequest, App};
use jeton_broker::NewApp;

use super::render;
use crate::{
    auth::{Permitted, rights::AppManage},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Keeps a GitHub App, its key sealed. The forge is asked first if id and key belong together.
#[utoipa::path(
    post,
    path = "/v1/apps",
    operation_id = "addApp",
    tag = "apps",
    request_body(content = AddAppRequest, example = json!({
        "name": "ci", "app_id": "123456", "private_key": "(the PEM file's text)"
    })),
    responses(
        (status = 201, description = "It is kept", body = App),
        (status = 409, description = "Another App has this name", body = jeton_api::Problem),
        (status = 422, description = "Name, id, URL or key is not well-formed", body = jeton_api::Problem),
        (status = 502, description = "The forge refuses id and key", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_app(
    Permitted(caller, _): Permitted<AppManage>,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddAppRequest>,
) -> Result<Response, Failure> {
    let new = NewApp {
        name: asked.name,
        app_id: asked.app_id.to_string(),
        private_key: asked.private_key.0,
        api_url: asked.api_url,
        check: asked.check.unwrap_or(true),
    };
    let added = state.broker.add_app(&render::asker(caller, &id), new).await?;
    Ok(render::private(StatusCode::CREATED, render::app(&added)))
}
