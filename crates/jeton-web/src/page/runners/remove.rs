use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_ci::KeptRunner;
use jeton_domain::{Code, RunnerId};
use uuid::Uuid;

use super::{LIST, view::RunnerView};
use crate::{
    extract::{Name, shown},
    failure::Failure,
    operations::ci::failed,
    page::{
        ci::TriedView,
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{Sent, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "runners/remove.html")]
struct Remove {
    shell: Shell,
    runner: RunnerView,
    problem: Option<Problem>,
    tried: Vec<TriedView>,
}

/// What goes with a runner, and the button that removes it.
pub(super) async fn remove_page(
    viewer: Viewer,
    State(state): State<Shared>,
    Name(id): Name,
) -> Result<Response, Failure> {
    let runner = find(&viewer, &state, &id).await?;
    Ok(page(&viewer, &runner, None))
}

/// Removes a runner, at its forge as well.
pub(super) async fn remove(State(state): State<Shared>, Name(id): Name, sent: Sent) -> Result<Response, Failure> {
    let viewer = sent.viewer;
    match state.ci.remove_runner(&viewer.asker(), &id).await {
        Ok(_) => Ok(respond::see_other(&link(LIST, &[("done", "removed")]))),
        Err(error) => {
            let failure = failed(&state, &error);
            let runner = find(&viewer, &state, &id).await.map_err(|_| failure.clone())?;
            Ok(page(&viewer, &runner, Some(&failure)))
        }
    }
}

/// One of those that the viewer may see: the one on the page of the list that begins with it.
async fn find(viewer: &Viewer, state: &WebState, id: &str) -> Result<KeptRunner, Failure> {
    let missing = || {
        let detail = format!("jeton keeps no runner with the id \"{}\"", shown(id, 60));
        Failure::new(Code::RunnerNotFound, detail).with_remedy("Look for it in the list: it may have been removed.")
    };
    let id = id.parse::<RunnerId>().map_err(|_| missing())?;
    let before = id.as_uuid().as_u128().checked_sub(1).map(Uuid::from_u128);
    let after = before.map(RunnerId::from_uuid);
    let found = state.ci.list_runners(&viewer.asker(), None, after, 1).await;
    let found = found.map_err(|error| failed(state, &error))?;
    let runner = found.runners.into_iter().find(|runner| runner.id == id);
    runner.ok_or_else(missing)
}

fn page(viewer: &Viewer, runner: &KeptRunner, failure: Option<&Failure>) -> Response {
    let status = failure.map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    let page = Remove {
        shell: viewer.shell(Here::Runners),
        runner: RunnerView::of(runner, viewer),
        problem: failure.map(Problem::from),
        tried: failure.map(TriedView::all).unwrap_or_default(),
    };
    respond::render(status, &page)
}
