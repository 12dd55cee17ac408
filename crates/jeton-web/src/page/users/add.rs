use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::{Code, Role};

use super::{ADD, LIST, LinkPage, RoleChoice, can_be_corrected, path, roles, setup_link};
use crate::{
    auth::rights::UserManage,
    failure::Failure,
    page::{
        fields::{Cleared, clear_tokens},
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "users/add.html")]
struct Form {
    shell: Shell,
    action: &'static str,
    list: &'static str,
    problem: Option<Problem>,
    cleared: Cleared,
    name: String,
    roles: Vec<RoleChoice>,
    /// Whether it is the role that is wrong, and not the name.
    wrong_role: bool,
}

/// The form.
pub(super) async fn form(viewer: May<UserManage>) -> Response {
    show(&viewer, StatusCode::OK, "", Role::Member.as_str(), None, false)
}

/// Adds somebody and shows their link, this once.
pub(super) async fn add(State(state): State<Shared>, sent: SentBy<UserManage>) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let (name, role) = (fields.text("name"), fields.text("role"));
    let again = |failure: &Failure, wrong_role: bool| {
        let status = respond::page_status(failure.code());
        show(viewer, status, name, role, Some(Problem::from(failure)), wrong_role)
    };
    let Ok(parsed) = role.parse::<Role>() else {
        let failure = Failure::new(Code::RequestInvalid, "no role is chosen").with_remedy("Choose one of the three.");
        return Ok(again(&failure, true));
    };
    let outcome = state
        .access
        .add_user(viewer.caller(), viewer.request_id(), name, parsed)
        .await;
    let invite = match outcome {
        Ok(invite) => invite,
        Err(error) if can_be_corrected(&error) => return Ok(again(&error.into(), false)),
        Err(error) => return Err(error.into()),
    };
    let page = LinkPage {
        shell: viewer.shell(Here::Users),
        list: LIST,
        title: "They are added",
        path: path(invite.user.name.as_str()),
        name: invite.user.name.to_string(),
        link: setup_link(&state.settings, &invite.link),
        ends: viewer.time(invite.expires_at),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn show(
    viewer: &Viewer,
    status: StatusCode,
    name: &str,
    role: &str,
    problem: Option<Problem>,
    wrong_role: bool,
) -> Response {
    let mut name = name.to_owned();
    let page = Form {
        shell: viewer.shell(Here::Users),
        action: ADD,
        list: LIST,
        problem,
        cleared: clear_tokens([("Name", &mut name)]),
        name,
        roles: roles(role),
        wrong_role,
    };
    respond::render(status, &page)
}
