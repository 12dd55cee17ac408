use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::TestAsk;
use jeton_api::{InspectRequest, InspectResponse};
use jeton_domain::{CheckReport, Code, ForgeKind};
use jeton_inspect::Inspection;

use super::{accounts, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params, shown},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Says what a pasted text is: which kind of token, of which forge, whole or damaged, and what was pasted along with it. Asks
/// nobody and keeps nothing, unless `online` asks the forge too: then also whose it is, its scopes, its end and what it lacks.
#[utoipa::path(
    post,
    path = "/v1/inspect",
    operation_id = "inspectToken",
    tag = "accounts",
    request_body(content = InspectRequest, example = json!({"token": "…"})),
    responses(
        (status = 200, description = "What it is; also when it is no token at all", body = InspectResponse),
        (status = 400, description = "No such forge or purpose", body = jeton_api::Problem),
    )
)]
pub(crate) async fn inspect_token(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<InspectRequest>,
) -> Result<Response, Failure> {
    if asked.online.unwrap_or(false) {
        let ask = TestAsk {
            forge: asked.forge,
            base_url: asked.base_url,
            token: asked.token.0,
            username: asked.username,
            email: asked.email,
            purposes: accounts::purposes(&asked.purposes)?,
            repository: asked.repository,
        };
        let (inspection, report) = state.broker.accounts().test(&caller, Some(id.as_str()), ask).await?;
        return Ok(render::private(StatusCode::OK, response(&inspection, report.as_ref())));
    }
    let expected = match &asked.forge {
        Some(word) => Some(ForgeKind::parse(word).ok_or_else(|| {
            let detail = format!("forge: \"{}\" is no kind of forge", shown(word, 40));
            Failure::new(Code::RequestInvalid, detail).with_remedy("Choose among github, gitlab and bitbucket.")
        })?),
        None => None,
    };
    let inspection = jeton_inspect::inspect(&asked.token.0, expected);
    Ok(render::private(StatusCode::OK, response(&inspection, None)))
}

/// Both looks as JSON.
pub(super) fn response(inspection: &Inspection, report: Option<&CheckReport>) -> InspectResponse {
    InspectResponse {
        check: report.map(Into::into),
        ..inspection.into()
    }
}
