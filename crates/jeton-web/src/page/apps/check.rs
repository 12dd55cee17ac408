use axum::{extract::State, response::Response};

use super::{find, path_of};
use crate::{
    auth::rights::AppRead,
    extract::Name,
    failure::Failure,
    page::{
        respond,
        viewer::{May, SentBy},
    },
    state::Shared,
};

/// Asks the forge about an App, and remembers what it said.
pub(super) async fn check_app(
    State(state): State<Shared>,
    Name(name): Name,
    _: SentBy<AppRead>,
) -> Result<Response, Failure> {
    let app = find(&state, &name).await?;
    let report = state.broker.check_app(app.name.as_str()).await?;
    let now = state.access.now();
    state.app_checks.keep(&app, now, report, &state.broker.list_apps());
    Ok(respond::see_other(&format!("{}#check", path_of(&app.name))))
}

/// Nothing is asked with GET.
pub(super) async fn back(_: May<AppRead>, State(state): State<Shared>, Name(name): Name) -> Result<Response, Failure> {
    let app = find(&state, &name).await?;
    Ok(respond::see_other(&path_of(&app.name)))
}
