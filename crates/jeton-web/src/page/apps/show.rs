use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::Action;

use super::{
    LIST, find,
    quota::{QuotaRow, quotas},
    view::{AppView, CheckView},
};
use crate::{
    auth::rights::AppRead,
    extract::Name,
    failure::Failure,
    page::{
        link::link,
        respond,
        shell::{Here, Shell},
        viewer::May,
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "app.html")]
struct Page {
    shell: Shell,
    done: Option<&'static str>,
    app: AppView,
    /// What the forge last said.
    check: Option<CheckView>,
    quotas: Vec<QuotaRow>,
    /// Who holds tokens of it, for whoever may see that.
    grants: String,
    may_remove: bool,
    list: &'static str,
}

/// One App: what is known here, and what the forge last said of it.
pub(super) async fn show_app(
    viewer: May<AppRead>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let app = find(&state, &name).await?;
    let check = state.app_checks.last(&app);
    let view = AppView::of(&app, &viewer);
    let page = Page {
        shell: viewer.shell(Here::Apps),
        done: match viewer.parameter("done").as_str() {
            "added" => Some("The App is added; its key is sealed. Check it to see where it is installed."),
            _ => None,
        },
        check: check.map(|checked| CheckView::of(&checked, &viewer)),
        quotas: quotas(&state, &app, &viewer),
        grants: link("/grants", &[("source", &format!("app:{}", app.name))]),
        may_remove: viewer.may(Action::AppManage) && !view.is_configured,
        app: view,
        list: LIST,
    };
    Ok(respond::render(StatusCode::OK, &page))
}
