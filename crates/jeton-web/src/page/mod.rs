//! The pages for people. They need no script, hold nothing from elsewhere, and call the same use cases as the JSON.

mod docs;
mod forms;
mod home;
mod html;
mod next;
mod provider;
mod setup;
mod shell;
mod sign_in;
mod sign_out;
mod style;
mod visit;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::openapi::OpenApi;

use crate::{openapi, state::Shared};

/// What is the same for everybody, rendered once.
pub(crate) struct Pages {
    openapi: Bytes,
    docs: Bytes,
}

impl Pages {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let document = openapi::as_value(document);
        Self {
            openapi: openapi::render(&document).into(),
            docs: docs::page(&document).into(),
        }
    }
}

/// The pages' routes. They are not in the OpenAPI document: they are for people.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(home::home))
        .route("/sign-in", get(sign_in::sign_in_page).post(sign_in::sign_in))
        .route("/sign-in/provider", get(provider::begin))
        .route("/sign-in/callback", get(provider::finish))
        .route("/sign-out", post(sign_out::sign_out))
        .route("/setup", get(setup::setup_page).post(setup::setup))
        .route("/docs", get(docs))
        .route("/openapi.json", get(openapi_json))
        .route(style::PATH, get(style::style))
}

async fn openapi_json(State(state): State<Shared>) -> Response {
    ([(CONTENT_TYPE, "application/json")], state.pages.openapi.clone()).into_response()
}

async fn docs(State(state): State<Shared>) -> Response {
    shell::html(state.pages.docs.clone())
}
