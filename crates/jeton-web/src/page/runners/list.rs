use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::RunnerId;

use super::{LIST, check::Checked, view::RunnerView};
use crate::{
    failure::Failure,
    operations::ci::failed,
    page::{
        ci::{PlaceTyped, TriedView},
        fields::{Cleared, clear_tokens},
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::Viewer,
    },
    state::{Shared, WebState},
};

/// Runners on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "runners/list.html")]
struct List {
    shell: Shell,
    done: Option<&'static str>,
    rows: Vec<RunnerView>,
    first: Option<String>,
    next: Option<String>,
    typed: PlaceTyped,
    wrong: &'static str,
    cleared: Cleared,
    problem: Option<Problem>,
    tried: Vec<TriedView>,
    checked: Option<Checked>,
}

/// What came of a look.
#[derive(Default)]
pub(super) struct Look {
    pub(super) typed: PlaceTyped,
    pub(super) wrong: &'static str,
    pub(super) failure: Option<Failure>,
    pub(super) checked: Option<Checked>,
}

/// The runners that jeton keeps, and a form to look whether one could be registered.
pub(super) async fn list(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    page(&viewer, &state, Look::default()).await
}

pub(super) async fn page(viewer: &Viewer, state: &WebState, look: Look) -> Result<Response, Failure> {
    // What is no place in the list begins it anew.
    let after = viewer.parameter("after").parse::<RunnerId>().ok();
    let found = state.ci.list_runners(&viewer.asker(), None, after, PAGE).await;
    let found = found.map_err(|error| failed(state, &error))?;
    let Look {
        mut typed,
        wrong,
        failure,
        checked,
    } = look;
    let status = failure
        .as_ref()
        .map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    let page = List {
        shell: viewer.shell(Here::Runners),
        done: (viewer.parameter("done") == "removed").then_some("The runner was removed, here and at its forge."),
        rows: found
            .runners
            .iter()
            .map(|runner| RunnerView::of(runner, viewer))
            .collect(),
        first: after.is_some().then(|| LIST.to_owned()),
        next: found.next.map(|next| link(LIST, &[("after", &next.to_string())])),
        cleared: clear_tokens([
            ("Forge", &mut typed.forge),
            ("Repository or owner", &mut typed.path),
            ("As whom", &mut typed.source),
        ]),
        typed,
        wrong,
        tried: failure.as_ref().map(TriedView::all).unwrap_or_default(),
        problem: failure.as_ref().map(Problem::from),
        checked,
    };
    Ok(respond::render(status, &page))
}
