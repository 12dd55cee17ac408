//! What an operator wants to see first: how the accounts stand, what ends next, what is handed out, what is left of the forges'
//! limits, and who was refused. Everybody sees of it what they may see elsewhere.

mod accounts;
mod ending;
mod quotas;
mod refusals;
mod start;
mod usage;

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::Action;

use self::{accounts::States, ending::Ending, quotas::Left, refusals::Refusal, start::Start, usage::Usage};
use super::{
    chart::Chart,
    respond,
    shell::{Here, Shell},
    viewer::Viewer,
};
use crate::{failure::Failure, state::Shared};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    /// What is to be done on a new server.
    start: Option<Start>,
    states: Option<States>,
    ending: Option<Ending>,
    sees_all_grants: bool,
    grants: Chart,
    usage: Option<Usage>,
    /// For whoever may see Apps or accounts.
    quotas: Option<Vec<Left>>,
    refusals: Option<Vec<Refusal>>,
}

/// The overview of whoever looks. No forge is asked for it.
pub(super) async fn overview(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    let accounts = state.broker.accounts().overview(viewer.caller()).await?;
    let grants = state.broker.grants_per_hour(&viewer.asker(), 24).await?;
    let knows_accounts = accounts.states.total > 0
        || [Action::AccountRead, Action::AccountUse, Action::AccountManage]
            .iter()
            .any(|action| viewer.may(*action));
    let page = Overview {
        shell: viewer.shell(Here::Overview),
        start: start::steps(&viewer, &state, &accounts, &grants).await?,
        sees_all_grants: grants.of_all,
        grants: usage::per_hour(&grants.hours),
        usage: viewer
            .is_allowed(Action::ServerRead)
            .then(|| Usage::of(&state.broker.traffic(), &viewer)),
        quotas: (knows_accounts || viewer.is_allowed(Action::AppRead))
            .then(|| quotas::left(&viewer, &state, &accounts)),
        refusals: refusals::latest(&viewer, &state).await?,
        ending: knows_accounts.then(|| Ending::of(&accounts, &viewer)),
        states: knows_accounts.then(|| States::of(&accounts)),
    };
    Ok(respond::render(StatusCode::OK, &page))
}
