//! The routes that today's clients already call.

mod get_repository_token;
mod health;
mod segment;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(health::get_compatible_health))
        .routes(routes!(get_repository_token::get_repository_token))
}
