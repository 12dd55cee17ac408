use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::Action;

use super::{NEW, verdict::verdict, view::AppView};
use crate::{
    auth::rights::AppRead,
    failure::Failure,
    page::{
        badge::Badge,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::May,
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "apps.html")]
struct List {
    shell: Shell,
    done: Option<&'static str>,
    apps: Vec<Row>,
    /// Where one is added, for whoever may.
    add: Option<&'static str>,
}

struct Row {
    app: AppView,
    /// The last look, if there was one.
    last: Option<(Badge, Time)>,
}

/// Every App, and what the forge last said of it.
pub(super) async fn list_apps(viewer: May<AppRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let apps = state.broker.list_apps();
    let rows = apps.iter().map(|app| Row {
        app: AppView::of(app, &viewer),
        last: state
            .app_checks
            .last(app)
            .map(|checked| (verdict(&checked.report), viewer.time(checked.at))),
    });
    let page = List {
        shell: viewer.shell(Here::Apps),
        done: match viewer.parameter("done").as_str() {
            "removed" => {
                Some("The App is removed. Its tokens are handed out no more, and end by themselves within the hour.")
            }
            _ => None,
        },
        apps: rows.collect(),
        add: viewer.may(Action::AppManage).then_some(NEW),
    };
    Ok(respond::render(StatusCode::OK, &page))
}
