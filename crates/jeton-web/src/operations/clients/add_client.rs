use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::NewClient;
use jeton_api::{AddClientRequest, AddedClient, Released};

use super::{arguments, render};
use crate::{
    auth::{Permitted, rights::ClientManage},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Adds a program that may ask, and makes its key. The key is in this answer and nowhere else: jeton keeps a digest.
#[utoipa::path(
    post,
    path = "/v1/clients",
    operation_id = "addClient",
    tag = "clients",
    request_body(content = AddClientRequest, example = json!({
        "name": "ci", "description": "the build machines", "networks": ["10.0.0.0/8"]
    })),
    responses(
        (status = 201, description = "The client and its key", body = AddedClient, example = json!({
            "client": {
                "id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
                "name": "ci",
                "description": "the build machines",
                "networks": ["10.0.0.0/8"],
                "created_at": "2026-01-01T12:00:00Z"
            },
            "key": "jtn_…"
        })),
        (status = 409, description = "Another client has this name", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_client(
    Permitted(caller, _): Permitted<ClientManage>,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddClientRequest>,
) -> Result<Response, Failure> {
    let new = NewClient {
        name: asked.name,
        description: asked.description,
        networks: asked.networks.unwrap_or_default(),
        expires_at: arguments::maybe_time("expires_at", asked.expires_at.as_deref())?,
    };
    let added = state.access.add_client(&caller, Some(id.as_str()), new).await?;
    let body = AddedClient {
        client: super::client(&added.client, None),
        key: Released(added.key.secret().clone()),
    };
    Ok(render::private(StatusCode::CREATED, body))
}
