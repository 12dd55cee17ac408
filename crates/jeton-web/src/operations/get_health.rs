use axum::{Json, extract::State};
use jeton_api::Health;

use crate::state::Shared;

/// Whether the process is alive. Asks nothing and nobody.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "server",
    security(()),
    responses((status = 200, description = "Alive", body = Health, example = json!({"status": "ok", "version": "0.1.0"})))
)]
pub(crate) async fn get_health(State(state): State<Shared>) -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: state.settings.version.to_owned(),
    })
}
