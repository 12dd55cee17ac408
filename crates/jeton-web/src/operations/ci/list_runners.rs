use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::KeptRunnerList;
use jeton_domain::RunnerId;
use serde::Deserialize;
use uuid::Uuid;

use super::{arguments, common, failed, render};
use crate::{auth::Known, extract::Params, failure::Failure, request_id::RequestId, state::Shared};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunnerParams {
    /// Only those on this forge: its host, or `gitlab` or `bitbucket` for the public ones.
    #[param(nullable = false, required = false)]
    forge: Option<String>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, nullable = false, required = false)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before.
    #[param(nullable = false, required = false)]
    cursor: Option<Uuid>,
}

/// The runners that jeton made and whose tokens it keeps (GitLab, Bitbucket), those whose tokens the caller may have. Never the tokens.
#[utoipa::path(
    get,
    path = "/v1/runners",
    operation_id = "listRunners",
    tag = "runners",
    params(RunnerParams),
    responses((status = 200, description = "A page of runners", body = KeptRunnerList))
)]
pub(crate) async fn list_runners(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    Params(params): Params<RunnerParams>,
) -> Result<Response, Failure> {
    let limit = arguments::limit(params.limit)?;
    let asker = common::asker(caller, &id);
    let after = params.cursor.map(RunnerId::from_uuid);
    let found = state
        .ci
        .list_runners(&asker, params.forge.as_deref(), after, limit)
        .await;
    let page = found.map_err(|error| failed(&state, &error))?;
    let body = KeptRunnerList {
        runners: page.runners.iter().map(render::runner).collect(),
        next: page.next.map(|next| next.to_string()),
    };
    Ok(common::private(StatusCode::OK, body))
}
