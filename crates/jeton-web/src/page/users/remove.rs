use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::{Action, IdentityKey};

use super::{LIST, can_be_corrected, path};
use crate::{
    auth::rights::UserManage,
    extract::Name,
    failure::Failure,
    page::{
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "users/remove.html")]
struct Confirm {
    shell: Shell,
    list: &'static str,
    problem: Option<Problem>,
    name: String,
    path: String,
    is_you: bool,
    grants: Option<String>,
}

/// What will be lost.
pub(super) async fn confirm(
    viewer: May<UserManage>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    show(&viewer, &state, &name, StatusCode::OK, None).await
}

/// Removes them.
pub(super) async fn remove(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<UserManage>,
) -> Result<Response, Failure> {
    let viewer = &sent.viewer;
    match state
        .access
        .remove_user(viewer.caller(), viewer.request_id(), &name)
        .await
    {
        Ok((user, _)) if user.id == viewer.session.user.id => Ok(respond::see_other("/")),
        Ok(_) => Ok(respond::see_other(&link(LIST, &[("done", "removed")]))),
        Err(error) if can_be_corrected(&error) => {
            let failure = Failure::from(error);
            let status = respond::page_status(failure.code());
            show(viewer, &state, &name, status, Some(Problem::from(&failure))).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(
    viewer: &Viewer,
    state: &WebState,
    name: &str,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let user = state.access.user(name).await?;
    let key = IdentityKey::User(user.id).to_string();
    let page = Confirm {
        shell: viewer.shell(Here::Users),
        list: LIST,
        problem,
        path: path(user.name.as_str()),
        is_you: user.id == viewer.session.user.id,
        grants: viewer
            .may(Action::GrantRead)
            .then(|| link("/grants", &[("holder", &key)])),
        name: user.name.to_string(),
    };
    Ok(respond::render(status, &page))
}
