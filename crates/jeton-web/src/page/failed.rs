//! Failures as pages: what went wrong and what to do, in the frame of whoever asked.

use askama::Template;
use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, StatusCode, header::ACCEPT};

use super::{
    problem::Problem,
    respond,
    shell::{Here, Shell},
    viewer::{Seen, Viewer},
};
use crate::{failure::Failure, request_id::RequestId};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    title: &'a str,
    problem: Problem,
    code: &'static str,
    request_id: &'a str,
}

/// Puts failures of pages into the frame of the page that was asked for.
pub(super) async fn dress(mut request: Request, next: Next) -> Response {
    let seen = Seen::default();
    request.extensions_mut().insert(seen.clone());
    let id = request.extensions().get::<RequestId>().cloned();
    let for_people = wants_html(request.headers());
    let mut response = next.run(request).await;
    if !for_people {
        return response;
    }
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        if failure.has_page() {
            response.extensions_mut().insert(failure);
            return response;
        }
        let page = page(&failure, seen.shell(), id.as_ref().map_or("", RequestId::as_str));
        response.extensions_mut().insert(failure.with_page(page));
    }
    response
}

/// The page about a failure of somebody of whom nothing is known yet.
pub(crate) fn plain_page(failure: &Failure, request_id: &str) -> String {
    page(failure, None, request_id)
}

/// A page that is about a failure and nothing else.
fn page(failure: &Failure, shell: Option<Shell>, request_id: &str) -> String {
    let page = ErrorPage {
        shell: shell.unwrap_or_else(Shell::of_nobody),
        title: title(respond::page_status(failure.code())),
        problem: Problem::from(failure),
        code: failure.code().as_str(),
        request_id,
    };
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "stale.html")]
struct StalePage<'a> {
    shell: Shell,
    title: &'static str,
    /// The form's own page.
    anew: &'a str,
    code: &'static str,
    request_id: &'a str,
}

/// A form that was opened before its sender signed in anew: refused as any that another site could have made up, but they are told
/// how to go on. `anew` is the path of the form.
pub(super) fn older(viewer: &Viewer, failure: Failure, anew: &str) -> Failure {
    if !wants_html(&viewer.visit.headers) {
        return failure;
    }
    let page = StalePage {
        shell: viewer.shell(Here::Elsewhere),
        title: "This page is older than your sign-in",
        anew,
        code: failure.code().as_str(),
        request_id: viewer.visit.id.as_str(),
    };
    match page.render() {
        Ok(page) => failure.with_page(page),
        Err(_) => failure,
    }
}

/// What the status means to a person.
fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "You may not do that",
        404 => "Nothing is here",
        409 => "Something stands in the way",
        413 => "Too large",
        429 => "Too many requests",
        400..=499 => "That does not work",
        502..=504 => "Something else does not answer",
        _ => "Something in jeton failed",
    }
}

/// Browsers name HTML in so many words; `*/*`, as curl and most libraries send, is a program.
pub(crate) fn wants_html(headers: &HeaderMap) -> bool {
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
