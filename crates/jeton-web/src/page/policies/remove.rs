use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::AccessError;
use jeton_policy::Origin;

use super::{LIST, not_found, path, text};
use crate::{
    auth::rights::PolicyManage,
    extract::Name,
    failure::Failure,
    page::{
        link::link,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy},
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "policies/remove.html")]
struct Confirm {
    shell: Shell,
    list: &'static str,
    name: String,
    path: String,
    text: Option<String>,
}

/// What will be lost.
pub(super) async fn confirm(
    viewer: May<PolicyManage>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let views = state.access.list_policies().await.policies;
    let stored = views
        .iter()
        .find(|view| view.spec.name == name && view.origin == Origin::Stored);
    let Some(view) = stored else {
        return Err(match views.iter().find(|view| view.spec.name == name) {
            Some(_) => AccessError::PolicyConfigured(name).into(),
            None => not_found(&name).into(),
        });
    };
    let page = Confirm {
        shell: viewer.shell(Here::Policies),
        list: LIST,
        path: path(&name),
        text: view.error.is_none().then(|| text::policy(&view.spec)),
        name,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

/// Removes it.
pub(super) async fn remove(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<PolicyManage>,
) -> Result<Response, Failure> {
    let viewer = &sent.viewer;
    state
        .access
        .remove_policy(viewer.caller(), viewer.request_id(), &name)
        .await?;
    Ok(respond::see_other(&link(LIST, &[("done", "removed")])))
}
