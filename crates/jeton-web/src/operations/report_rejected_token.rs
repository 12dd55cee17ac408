use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{RejectedRequest, RejectedResponse, Verdict};
use jeton_broker::RejectionVerdict;

use super::render;
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// A caller saw 401 with a token: jeton looks at it, and hands it out no more when the forge refuses it.
#[utoipa::path(
    post,
    path = "/v1/tokens/rejected",
    operation_id = "reportRejectedToken",
    tag = "tokens",
    request_body(content = RejectedRequest, example = json!({"fingerprint": "ba7816bf8f01"})),
    responses(
        (status = 200, description = "What a look at it showed", body = RejectedResponse, example = json!({
            "fingerprint": "ba7816bf8f01",
            "verdict": "dropped",
            "detail": "The forge refuses the token. It is handed out no more; ask for a new one."
        })),
        (status = 404, description = "No live token has this fingerprint", body = jeton_api::Problem),
    )
)]
pub(crate) async fn report_rejected_token(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<RejectedRequest>,
) -> Result<Response, Failure> {
    let rejection = state
        .broker
        .reject(&render::asker(caller, &id), &asked.fingerprint)
        .await?;
    let (verdict, detail) = match rejection.verdict {
        RejectionVerdict::Live => (
            Verdict::Live,
            "The forge accepts the token, so the 401 had another cause. Look at what was called with it.".to_owned(),
        ),
        RejectionVerdict::Dropped => (
            Verdict::Dropped,
            "The forge refuses the token. It is handed out no more; ask for a new one.".to_owned(),
        ),
        RejectionVerdict::Unknown(why) => (
            Verdict::Unknown,
            format!("The forge did not say ({why}). The token is still handed out."),
        ),
    };
    let body = RejectedResponse {
        fingerprint: rejection.fingerprint.to_string(),
        verdict,
        detail,
    };
    Ok(render::private(StatusCode::OK, body))
}
