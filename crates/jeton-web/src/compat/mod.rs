//! The routes that today's clients already call: for tokens, and for content.

pub(crate) mod content;
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

/// What describes the content routes; [`content::router`] serves them.
pub(crate) fn documented_content() -> OpenApiRouter<Shared> {
    content::documented()
}
