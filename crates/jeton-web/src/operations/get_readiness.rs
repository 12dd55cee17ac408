use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Readiness, ReadinessCheck};
use jeton_domain::Coded;

use super::render;
use crate::state::Shared;

/// Whether requests can be served: the database answers, and the key that opens it is loaded. If not, why.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "server",
    security(()),
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready, with reasons", body = Readiness),
    )
)]
pub(crate) async fn get_readiness(State(state): State<Shared>) -> Response {
    let found = state.broker.readiness().await;
    let ready = found.is_ready();
    let checks = found.checks.into_iter().map(|check| ReadinessCheck {
        name: check.name.to_owned(),
        ok: check.failure.is_none(),
        code: check.failure.as_ref().map(|error| error.code().to_string()),
        detail: check.failure.as_ref().map(ToString::to_string),
        remedy: check.failure.as_ref().and_then(Coded::remedy),
    });
    let body = Readiness {
        ready,
        checks: checks.collect(),
    };
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    render::private(status, body)
}
