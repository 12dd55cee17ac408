use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::UserRecord;
use jeton_domain::{Action, Role, UserName};

use super::{ADD, LIST, badge, path, way};
use crate::{
    auth::rights::UserRead,
    failure::Failure,
    page::{
        badge::Badge,
        link::link,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, Viewer},
    },
    state::Shared,
};

/// People on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "users/list.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    done: Option<&'static str>,
    /// Where somebody is added, for whoever may.
    add: Option<&'static str>,
    first: Option<String>,
    next: Option<String>,
}

struct Row {
    name: String,
    path: String,
    is_you: bool,
    role: Role,
    state: Badge,
    way: &'static str,
    last_sign_in: Option<Time>,
}

/// The people who may sign in, by name.
pub(super) async fn list(viewer: May<UserRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    // What is no name begins the list anew.
    let after = UserName::parse(&viewer.parameter("after")).ok();
    let found = state.access.list_users(after.as_ref(), PAGE).await?;
    let page = List {
        shell: viewer.shell(Here::Users),
        rows: found.users.iter().map(|user| row(user, &viewer)).collect(),
        done: (viewer.parameter("done") == "removed")
            .then_some("They are removed and signed out everywhere. Their private accounts are switched off."),
        add: viewer.may(Action::UserManage).then_some(ADD),
        first: after.is_some().then(|| LIST.to_owned()),
        next: found.next.map(|name| link(LIST, &[("after", name.as_str())])),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn row(user: &UserRecord, viewer: &Viewer) -> Row {
    Row {
        path: path(user.name.as_str()),
        is_you: user.id == viewer.session.user.id,
        name: user.name.to_string(),
        role: user.role,
        state: badge(user),
        way: way(user),
        last_sign_in: user.last_sign_in_at.map(|at| viewer.time(at)),
    }
}
