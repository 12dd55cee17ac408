use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, VARY},
};

use super::{
    failed::wants_html,
    overview, respond,
    shell::Shell,
    sign_in,
    viewer::Viewer,
    visit::{HttpsNeeded, Visit},
};
use crate::{
    auth::{SESSION_COOKIE, cookie},
    failure::Failure,
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    shell: Shell,
    https: Option<HttpsNeeded>,
    /// Nobody can sign in yet.
    nobody: Option<&'static str>,
}

/// Where to look: a page for browsers, JSON for programs.
pub(super) async fn home(visit: Visit, State(state): State<Shared>) -> Response {
    let mut response = if wants_html(&visit.headers) {
        page(visit, state).await.into_response()
    } else {
        let pointer = "{\"message\":\"Welcome to jeton.\",\"docs\":\"/docs\",\"openapi\":\"/openapi.json\"}\n";
        ([(CONTENT_TYPE, "application/json")], pointer).into_response()
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept, cookie"));
    response
}

/// The overview of whoever has signed in; everybody else is told what this is.
async fn page(visit: Visit, state: Shared) -> Result<Response, Failure> {
    match Viewer::find(visit, &state).await? {
        Ok(viewer) => overview::overview(viewer, State(state)).await,
        Err(visit) => Ok(welcome(&visit, &state).await),
    }
}

pub(super) async fn welcome(visit: &Visit, state: &WebState) -> Response {
    let page = Welcome {
        nobody: sign_in::nobody_is_set_up(state).await.then_some(sign_in::NOBODY),
        shell: Shell::of_nobody(),
        https: visit.https_needed(state),
    };
    let mut response = respond::render(StatusCode::OK, &page);
    if cookie(&visit.headers, SESSION_COOKIE).is_some() {
        // It has ended; the browser need not go on sending it.
        respond::set_cookie(&mut response, SESSION_COOKIE, None);
    }
    response
}
