use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::{Action, IdentityKey, Role};

use super::{LIST, RoleChoice, badge, path, roles, way};
use crate::{
    auth::rights::UserRead,
    extract::Name,
    failure::Failure,
    page::{
        badge::Badge,
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "users/one.html")]
struct One {
    shell: Shell,
    list: &'static str,
    problem: Option<Problem>,
    done: Option<&'static str>,
    name: String,
    path: String,
    is_you: bool,
    role: Role,
    role_words: &'static str,
    state: Badge,
    way: &'static str,
    issuer: Option<String>,
    added: Time,
    last_sign_in: Option<Time>,
    disabled: Option<Time>,
    may_manage: bool,
    roles: Vec<RoleChoice>,
    grants: Option<String>,
    record: Option<String>,
    explain: Option<String>,
}

/// One person.
pub(super) async fn one(
    viewer: May<UserRead>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    show(&viewer, &state, &name, StatusCode::OK, None).await
}

/// Whoever reloads or types the address of a form's answer sees the person.
pub(super) async fn to_one(_: May<UserRead>, Name(name): Name) -> Response {
    respond::see_other(&path(&name))
}

pub(super) async fn show(
    viewer: &Viewer,
    state: &WebState,
    name: &str,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let user = state.access.user(name).await?;
    let name = user.name.to_string();
    let key = IdentityKey::User(user.id).to_string();
    let choices = roles(user.role.as_str());
    let asker = format!("user:{name}");
    let explain = || {
        link(
            "/settings/policies/explain",
            &[("caller", &asker), ("role", user.role.as_str())],
        )
    };
    let page = One {
        shell: viewer.shell(Here::Users),
        list: LIST,
        problem,
        done: done(&viewer.parameter("done")),
        path: path(&name),
        is_you: user.id == viewer.session.user.id,
        role: user.role,
        role_words: choices
            .iter()
            .find(|choice| choice.is_chosen)
            .map_or("", |choice| choice.words),
        state: badge(&user),
        way: way(&user),
        issuer: user.provider.as_ref().map(|(issuer, _)| issuer.clone()),
        added: viewer.time(user.created_at),
        last_sign_in: user.last_sign_in_at.map(|at| viewer.time(at)),
        disabled: user.disabled_at.map(|at| viewer.time(at)),
        may_manage: viewer.may(Action::UserManage),
        roles: choices,
        grants: viewer
            .may(Action::GrantRead)
            .then(|| link("/grants", &[("holder", &key)])),
        record: viewer
            .may(Action::RecordRead)
            .then(|| link("/record", &[("actor", &key)])),
        explain: viewer.may(Action::PolicyRead).then(explain),
        name,
    };
    Ok(respond::render(status, &page))
}

fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "role" => "The role is changed. It holds from the next request in every browser.",
        "disabled" => "They are shut out: signed out everywhere, and their link is void.",
        "enabled" => "They may sign in again.",
        _ => return None,
    })
}
