use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::PolicyView;
use jeton_domain::Action;
use jeton_policy::Origin;

use super::{LIST, badge, not_found, origin, path, text, words};
use crate::{
    auth::rights::PolicyRead,
    extract::Name,
    failure::Failure,
    page::{
        badge::Badge,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, Viewer},
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "policies/one.html")]
struct One {
    shell: Shell,
    list: &'static str,
    name: String,
    /// The file may have one of the same name: it wins.
    views: Vec<View>,
}

struct View {
    state: Badge,
    origin: &'static str,
    description: Option<String>,
    whom: String,
    text: Option<String>,
    json: String,
    error: Option<String>,
    added: Option<Time>,
    changed: Option<Time>,
    /// Its page, where it can be changed.
    path: Option<String>,
}

/// One policy, whole.
pub(super) async fn one(
    viewer: May<PolicyRead>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let views = state.access.list_policies().await.policies;
    let named = views.iter().filter(|view| view.spec.name == name);
    let views: Vec<View> = named.map(|one| view(one, &viewer)).collect();
    if views.is_empty() {
        return Err(not_found(&name).into());
    }
    let page = One {
        shell: viewer.shell(Here::Policies),
        list: LIST,
        name,
        views,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn view(view: &PolicyView, viewer: &Viewer) -> View {
    let spec = &view.spec;
    let known = view.error.is_none();
    let may_change = view.origin == Origin::Stored && viewer.may(Action::PolicyManage);
    View {
        state: badge(view),
        origin: origin(view.origin),
        description: spec.description.clone(),
        whom: if known {
            words::whom(&spec.callers)
        } else {
            "unknown".to_owned()
        },
        text: known.then(|| text::policy(spec)),
        json: text::json(spec),
        error: view.error.clone(),
        added: view.stored.map(|(added, _)| viewer.time(added)),
        changed: view
            .stored
            .filter(|(added, changed)| added != changed)
            .map(|(_, changed)| viewer.time(changed)),
        path: may_change.then(|| path(&spec.name)),
    }
}
