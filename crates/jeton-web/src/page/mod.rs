//! The few pages for people.

mod docs;
mod html;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use utoipa::openapi::OpenApi;

use crate::{openapi, state::Shared};

const STYLE: &str = include_str!("style.css");

/// The pages, rendered once.
pub(crate) struct Pages {
    openapi: Bytes,
    docs: Bytes,
    home: Bytes,
    policy: HeaderValue,
}

impl Pages {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let document = openapi::as_value(document);
        let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self {
            openapi: openapi::render(&document).into(),
            docs: docs::page(&document).into(),
            home: docs::home().into(),
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        }
    }

    fn html(&self, page: &Bytes) -> Response {
        let mut response = page.clone().into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

pub(crate) async fn openapi_json(State(state): State<Shared>) -> Response {
    ([(CONTENT_TYPE, "application/json")], state.pages.openapi.clone()).into_response()
}

pub(crate) async fn docs(State(state): State<Shared>) -> Response {
    state.pages.html(&state.pages.docs)
}

/// Where to look: a page for browsers, JSON for programs.
pub(crate) async fn home(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let mut response = if wants_html(&headers) {
        state.pages.html(&state.pages.home)
    } else {
        let pointer = "{\"message\":\"This is jeton.\",\"docs\":\"/docs\",\"openapi\":\"/openapi.json\"}\n";
        ([(CONTENT_TYPE, "application/json")], pointer).into_response()
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// Browsers name HTML in so many words; `*/*`, as curl and most libraries send, is a program.
fn wants_html(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT).iter();
    let mut all = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    all.any(|media| {
        media
            .split(';')
            .next()
            .is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html"))
    })
}
