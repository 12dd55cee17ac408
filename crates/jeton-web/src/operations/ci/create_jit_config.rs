use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{JitConfigRequest, JitConfigResponse};
use jeton_ci::JitWish;
use jeton_domain::ForgeKind;

use super::{Place, common, failed, place, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// The configuration of a runner for a single job (GitHub): it cannot be used twice, and no registration token comes to the machine.
#[utoipa::path(
    post,
    path = "/v1/runners/jit-config",
    operation_id = "createJitConfig",
    tag = "runners",
    request_body(content = JitConfigRequest, example = json!({
        "repository": "acme/tools", "name": "job-4711", "labels": ["self-hosted", "linux"]
    })),
    responses(
        (status = 201, description = "What `run.sh --jitconfig` wants, on record", body = JitConfigResponse, example = json!({
            "encoded_jit_config": "…",
            "runner_id": 23,
            "name": "job-4711",
            "labels": ["self-hosted", "linux"],
            "forge": "github.com",
            "scope": "repository",
            "path": "acme/tools",
            "url": "https://github.com/acme/tools",
            "source": "app:ci",
            "fingerprint": "ba7816bf8f01"
        })),
        (status = 403, description = "No policy allows it; or the forge said no, and `detail` and `remedy` name the least permission that would do", body = jeton_api::Problem),
        (status = 404, description = "There is no App and no account that could serve, or the forge shows no such repository or owner", body = jeton_api::Problem),
        (status = 409, description = "A runner of this name is there", body = jeton_api::Problem),
        (status = 422, description = "The forge has no such thing, or refuses the credential that is there; `tried` has each", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use, or whether it did it is not known", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn create_jit_config(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<JitConfigRequest>,
) -> Result<Response, Failure> {
    let Place { forge, scope, source } = place(asked.place, Some(ForgeKind::GitHub))?;
    let wish = JitWish {
        forge,
        scope,
        source,
        name: asked.name,
        runner_group_id: asked.runner_group_id,
        labels: asked.labels,
        work_folder: asked.work_folder,
    };
    let given = state.ci.jit_config(&common::asker(caller, &id), wish).await;
    let grant = given.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::CREATED, render::jit_config(grant)))
}
