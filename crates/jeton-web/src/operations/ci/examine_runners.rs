use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{CiPlace, RunnerExamination};
use jeton_domain::ForgeKind;

use super::{Place, common, failed, place, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Says whether runners could be registered there, and if not why: for each App and account that the caller may use the cause, the
/// least permission that would do, and where to set it. Only reads: nothing is made, here or at the forge.
#[utoipa::path(
    post,
    path = "/v1/runners/examine",
    operation_id = "examineRunners",
    tag = "runners",
    request_body(content = CiPlace, example = json!({"repository": "acme/tools"})),
    responses(
        (status = 200, description = "What was found; also when it would not work", body = RunnerExamination, example = json!({
            "forge": "github.com",
            "scope": "the repository acme/tools",
            "fit": "no",
            "sources": [{
                "source": "app:ci",
                "fit": "no",
                "needs": "administration: write",
                "why": "The installation's permissions say so.",
                "diagnoses": [{
                    "code": "forge.permission_not_granted",
                    "cause": "the App's installation on acme does not grant administration: write",
                    "remedy": "An owner of acme grants it on the page of the installation."
                }],
                "evidence": []
            }]
        })),
        (status = 404, description = "There is no App and no account that could serve", body = jeton_api::Problem),
    )
)]
pub(crate) async fn examine_runners(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<CiPlace>,
) -> Result<Response, Failure> {
    let Place { forge, scope, source } = place(asked, Some(ForgeKind::GitHub))?;
    let who = common::asker(caller, &id);
    let found = state.ci.examine_runners(&who, forge.as_deref(), &scope, &source).await;
    let report = found.map_err(|error| failed(&state, &error))?;
    Ok(common::private(StatusCode::OK, render::examination(&report)))
}
