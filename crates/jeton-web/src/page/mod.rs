//! The pages for people. They work without the script, hold nothing from elsewhere, and call the same use cases as the JSON.

mod accounts;
mod add_account;
mod apps;
mod assets;
mod badge;
mod chart;
mod check;
mod ci;
mod clients;
mod docs;
mod doctor;
pub(crate) mod failed;
mod fields;
mod forms;
mod grants;
mod home;
mod html;
mod link;
mod next;
mod number;
mod overview;
mod policies;
mod problem;
mod profile;
mod provider;
mod record;
pub(crate) mod respond;
mod runners;
mod setup;
mod shell;
mod sign_in;
mod sign_out;
mod time;
mod told;
mod users;
mod viewer;
mod visit;
mod when;

use axum::{
    Router,
    extract::State,
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use jeton_domain::Code;
use utoipa::openapi::OpenApi;

pub(crate) use self::{apps::AppChecks, doctor::DoctorRuns};
use self::{
    docs::Docs,
    shell::{Here, Shell},
    viewer::Viewer,
    visit::Visit,
};
use crate::{
    extract::Name,
    failure::Failure,
    openapi,
    state::{Shared, WebState},
};

/// What is the same for everybody, rendered once.
pub(crate) struct Pages {
    openapi: Bytes,
    docs: Docs,
}

impl Pages {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let document = openapi::as_value(document);
        Self {
            openapi: openapi::render(&document).into(),
            docs: Docs::of(&document),
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
        .route("/profile", get(profile::profile))
        .route("/docs", get(docs))
        .route("/docs/{tag}", get(docs_of_tag))
        .route("/docs/{tag}/schemas", get(docs_schemas))
        .merge(accounts::router())
        .merge(add_account::router())
        .merge(apps::router())
        .merge(doctor::router())
        .merge(grants::router())
        .merge(clients::router())
        .merge(policies::router())
        .merge(users::router())
        .merge(record::router())
        .merge(runners::router())
        .layer(from_fn(failed::dress))
        .route("/openapi.json", get(openapi_json))
        .merge(assets::router())
}

async fn openapi_json(State(state): State<Shared>) -> Response {
    ([(CONTENT_TYPE, "application/json")], state.pages.openapi.clone()).into_response()
}

async fn docs(visit: Visit, State(state): State<Shared>) -> Response {
    let shell = docs_shell(visit, &state).await;
    respond::plain(shell, "HTTP API · jeton", state.pages.docs.first())
}

async fn docs_of_tag(visit: Visit, State(state): State<Shared>, Name(tag): Name) -> Result<Response, Failure> {
    docs_part(visit, &state, state.pages.docs.operations(&tag)).await
}

async fn docs_schemas(visit: Visit, State(state): State<Shared>, Name(tag): Name) -> Result<Response, Failure> {
    docs_part(visit, &state, state.pages.docs.schemas(&tag)).await
}

async fn docs_part(visit: Visit, state: &WebState, part: Option<(&str, &str)>) -> Result<Response, Failure> {
    let Some((title, body)) = part else {
        let failure = Failure::new(Code::RouteNotFound, "there is no such part of the HTTP API");
        return Err(failure.with_remedy("/docs shows the routes."));
    };
    let shell = docs_shell(visit, state).await;
    Ok(respond::plain(shell, &format!("{title} · jeton"), body))
}

/// The reference is there for everybody, also while nobody can be recognised.
async fn docs_shell(visit: Visit, state: &WebState) -> Shell {
    match Viewer::find(visit, state).await {
        Ok(Ok(viewer)) => viewer.shell(Here::Docs),
        Ok(Err(_)) | Err(_) => Shell::of_nobody(),
    }
}
