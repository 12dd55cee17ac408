use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use jeton_access::{AccessError, LinkHolder};
use jeton_api::Released;
use jeton_domain::{Coded as _, Secret};
use serde::Deserialize;

use super::{
    forms::PublicForm,
    home,
    problem::Problem,
    respond,
    shell::Shell,
    sign_in::{self, Provider},
    visit::{HttpsNeeded, Visit},
};
use crate::failure::Failure;
use crate::state::{Shared, WebState};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    shell: Shell,
    https: Option<HttpsNeeded>,
    problem: Option<Problem>,
    link: Secret,
    /// Whom the link is for; `None` for the first administrator.
    user: Option<String>,
    /// Whether a password may be set: not by those who sign in through the provider.
    password: bool,
    provider: Option<Provider>,
    /// What was typed before.
    name: String,
}

/// What the page sends.
#[derive(Deserialize)]
pub(super) struct SetupForm {
    link: Released,
    name: Option<String>,
    password: Released,
    again: Released,
}

/// The page of a one-time link.
pub(super) async fn setup_page(visit: Visit, State(state): State<Shared>) -> Response {
    let link = visit.parameter("link").unwrap_or_default();
    if link.is_empty() && sign_in::nobody_is_set_up(&state).await {
        return home::welcome(&visit, &state).await;
    }
    let link = Secret::new(link);
    match state.access.open_link(&link).await {
        Ok(holder) => page(&state, &visit, StatusCode::OK, None, link, holder, String::new()),
        Err(error) => Failure::from(error).into_response(),
    }
}

/// Uses the link up, sets the password, and signs in.
pub(super) async fn setup(State(state): State<Shared>, sent: PublicForm<SetupForm>) -> Response {
    let PublicForm { visit, form } = sent;
    let link = form.link.0;
    let holder = match state.access.open_link(&link).await {
        Ok(holder) => holder,
        Err(error) => return Failure::from(error).into_response(),
    };
    let name = form.name.unwrap_or_default();
    let typed = name.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    if visit.https_needed(&state).is_some() {
        // The browser would not stay signed in, and the password would go over the wire for everybody to read.
        return page(&state, &visit, StatusCode::FORBIDDEN, None, link, holder, typed);
    }
    let password = form.password.0;
    if password.expose() != form.again.0.expose() {
        let problem = Problem::new("The two passwords are not the same.", None);
        return page(
            &state,
            &visit,
            StatusCode::BAD_REQUEST,
            Some(problem),
            link,
            holder,
            typed,
        );
    }
    match state
        .access
        .redeem(&link, Some(name.trim()), &password, visit.visitor())
        .await
    {
        Ok(user) => {
            let outcome = state
                .access
                .sign_in(user.name.as_str(), &password, visit.visitor())
                .await;
            match outcome {
                Ok(session) => sign_in::signed_in(&state, &session, "/"),
                // The password is set; they can sign in by themselves, perhaps a little later.
                Err(error) => sign_in::failed(&state, &visit, &error, user.name.to_string(), None),
            }
        }
        Err(error @ (AccessError::UserInvalid(_) | AccessError::UserNameTaken(_) | AccessError::Overloaded)) => {
            let status = respond::page_status(error.code());
            page(&state, &visit, status, Some(Problem::of(&error)), link, holder, typed)
        }
        Err(error) => Failure::from(error).into_response(),
    }
}

fn page(
    state: &WebState,
    visit: &Visit,
    status: StatusCode,
    problem: Option<Problem>,
    link: Secret,
    holder: LinkHolder,
    name: String,
) -> Response {
    let (user, password) = match holder {
        LinkHolder::First => (None, true),
        LinkHolder::User(user) => (Some(user.to_string()), true),
        LinkHolder::Bound(user) => (Some(user.to_string()), false),
    };
    let page = SetupPage {
        shell: Shell::of_nobody(),
        https: visit.https_needed(state),
        problem,
        provider: Provider::of(state, "link", Some(link.expose())),
        link,
        user,
        password,
        name,
    };
    respond::render(status, &page)
}
