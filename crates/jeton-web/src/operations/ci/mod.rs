//! Runners and secrets of the forges' CI.

mod add_target;
mod create_jit_config;
mod create_registration_token;
mod create_remove_token;
mod examine_runners;
mod list_runners;
mod list_targets;
mod options;
mod place;
mod push_secret;
mod push_targets;
mod remove_runner;
mod remove_target;
pub(crate) mod render;
mod runner_ask;

use jeton_ci::CiError;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render as common};
use crate::{
    failure::Failure,
    state::{Shared, WebState},
};

pub(crate) use options::options;
pub(crate) use place::{Place, place};

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create_registration_token::create_registration_token))
        .routes(routes!(create_remove_token::create_remove_token))
        .routes(routes!(create_jit_config::create_jit_config))
        .routes(routes!(examine_runners::examine_runners))
        .routes(routes!(list_runners::list_runners))
        .routes(routes!(remove_runner::remove_runner))
        .routes(routes!(push_secret::push_secret))
        .routes(routes!(list_targets::list_targets, add_target::add_target))
        .routes(routes!(push_targets::push_targets))
        .routes(routes!(remove_target::remove_target))
}

/// Why it was not done, as problems and pages tell it.
pub(crate) fn failed(state: &WebState, error: &CiError) -> Failure {
    Failure::of_ci(error, state.broker.access().now())
}
