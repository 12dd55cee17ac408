use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

/// Whether the process is alive, as today's clients ask it.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "getCompatibleHealth",
    tag = "compatible",
    security(()),
    responses((status = 200, description = "Alive", body = Object, example = json!({"message": "ok"})))
)]
pub(crate) async fn get_compatible_health() -> Response {
    ([(CONTENT_TYPE, "application/json")], "{\"message\": \"ok\"}\n").into_response()
}
