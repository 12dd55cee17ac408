use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use jeton_access::{AccessError, NewSession};
use jeton_api::Released;
use jeton_domain::{Coded as _, Secret};
use serde::Deserialize;

use super::{
    forms::PublicForm,
    next,
    problem::Problem,
    respond,
    shell::Shell,
    visit::{HttpsNeeded, Visit},
};
use crate::{
    auth::SESSION_COOKIE,
    failure::Failure,
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    https: Option<HttpsNeeded>,
    /// Why they are here.
    notice: Option<&'static str>,
    problem: Option<Problem>,
    name: String,
    next: Option<String>,
    provider: Option<Provider>,
}

/// The word of `?why=` for whoever sent a form after their session had ended.
pub(super) const ENDED: &str = "ended";

/// While nobody is set up.
pub(super) const NOBODY: &str = "Nobody is set up yet. The server printed a one-time link when it started: open that.";

/// Where else people may sign in.
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) href: String,
}

impl Provider {
    /// The way there, with one parameter; `None` where there is no provider.
    pub(super) fn of(state: &WebState, parameter: &str, value: Option<&str>) -> Option<Self> {
        let name = state.access.sign_in_provider()?.to_owned();
        let href = match value {
            Some(value) => {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair(parameter, value)
                    .finish();
                format!("/sign-in/provider?{query}")
            }
            None => "/sign-in/provider".to_owned(),
        };
        Some(Self { name, href })
    }
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    name: String,
    password: Released,
    next: Option<String>,
}

/// The page on which people sign in. Who has done so is sent on.
pub(super) async fn sign_in_page(visit: Visit, State(state): State<Shared>) -> Response {
    let asked = visit.parameter("next");
    let wanted = asked.as_deref().and_then(next::safe);
    match visit.session(&state).await {
        Ok(Some(_)) => respond::see_other(wanted.unwrap_or("/")),
        Ok(None) => {
            let notice = if nobody_is_set_up(&state).await {
                Some(NOBODY)
            } else if visit.parameter("why").as_deref() == Some(ENDED) {
                Some("You were signed out before that was sent, so nothing has changed. Sign in, and send it again.")
            } else {
                None
            };
            let status = StatusCode::OK;
            page(&state, &visit, status, Told::Why(notice), String::new(), wanted)
        }
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Signs somebody in by name and password.
pub(super) async fn sign_in(State(state): State<Shared>, sent: PublicForm<SignInForm>) -> Response {
    let PublicForm { visit, form } = sent;
    let wanted = form.next.as_deref().and_then(next::safe);
    let name = || {
        form.name
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect::<String>()
    };
    if visit.https_needed(&state).is_some() {
        // The browser would drop the cookie without a word, and its user would wonder.
        return page(&state, &visit, StatusCode::FORBIDDEN, Told::Why(None), name(), wanted);
    }
    match state
        .access
        .sign_in(&form.name, &form.password.0, visit.visitor())
        .await
    {
        Ok(session) => signed_in(&state, &session, wanted.unwrap_or("/")),
        Err(error @ (AccessError::BadPassword | AccessError::RateLimited { .. } | AccessError::Overloaded)) => {
            failed(&state, &visit, &error, name(), wanted)
        }
        Err(error) => Failure::from(error).into_response(),
    }
}

/// The page, which says that https is needed.
pub(super) fn https_first(state: &WebState, visit: &Visit, wanted: Option<&str>) -> Response {
    page(
        state,
        visit,
        StatusCode::FORBIDDEN,
        Told::Why(None),
        String::new(),
        wanted,
    )
}

/// The page again, with what went wrong. Never with the password.
pub(super) fn failed(
    state: &WebState,
    visit: &Visit,
    error: &AccessError,
    name: String,
    wanted: Option<&str>,
) -> Response {
    let status = respond::page_status(error.code());
    let mut response = page(state, visit, status, Told::Problem(Problem::of(error)), name, wanted);
    respond::say_when(&mut response, error);
    response
}

/// What stands above the form.
enum Told {
    /// Why they are here, where that is not plain.
    Why(Option<&'static str>),
    Problem(Problem),
}

/// Whether no one can sign in. While the database cannot say, other pages do.
pub(super) async fn nobody_is_set_up(state: &WebState) -> bool {
    state.access.has_users().await.is_ok_and(|has_users| !has_users)
}

fn page(
    state: &WebState,
    visit: &Visit,
    status: StatusCode,
    told: Told,
    name: String,
    wanted: Option<&str>,
) -> Response {
    let (notice, problem) = match told {
        Told::Why(notice) => (notice, None),
        Told::Problem(problem) => (None, Some(problem)),
    };
    let page = SignInPage {
        shell: Shell::of_nobody(),
        https: visit.https_needed(state),
        notice,
        problem,
        name,
        next: wanted.map(str::to_owned),
        provider: Provider::of(state, "next", wanted),
    };
    respond::render(status, &page)
}

/// Gives the browser its cookie and sends it on.
pub(super) fn signed_in(state: &WebState, session: &NewSession, to: &str) -> Response {
    let life = session.expires_at.duration_since(state.access.now());
    let cookie: &Secret = &session.cookie;
    let mut response = respond::see_other(to);
    respond::set_cookie(&mut response, SESSION_COOKIE, Some((cookie, life)));
    response
}
