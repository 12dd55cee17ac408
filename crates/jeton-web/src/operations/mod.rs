//! One file per operation: extract, call the broker, render.

mod accounts;
mod add_app;
pub(crate) mod arguments;
mod check_app;
pub(crate) mod ci;
pub(crate) mod clients;
pub(crate) mod content;
mod get_health;
mod get_key_status;
mod get_readiness;
mod inspect_token;
mod issue_token;
mod list_apps;
mod list_grants;
pub(crate) mod policies;
pub(crate) mod record;
mod remove_app;
pub(crate) mod render;
mod report_rejected_token;
mod retire_key;
mod revoke_grant;
mod revoke_grants_of;
mod rotate_keys;
mod users;
mod who_am_i;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

/// All but those of content, which an operator may switch off.
pub(crate) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(issue_token::issue_token))
        .routes(routes!(report_rejected_token::report_rejected_token))
        .routes(routes!(revoke_grant::revoke_grant))
        .routes(routes!(list_grants::list_grants, revoke_grants_of::revoke_grants_of))
        .routes(routes!(list_apps::list_apps, add_app::add_app))
        .routes(routes!(check_app::check_app))
        .routes(routes!(remove_app::remove_app))
        .routes(routes!(get_key_status::get_key_status))
        .routes(routes!(rotate_keys::rotate_keys))
        .routes(routes!(retire_key::retire_key))
        .routes(routes!(get_health::get_health))
        .routes(routes!(get_readiness::get_readiness))
        .routes(routes!(who_am_i::who_am_i))
        .routes(routes!(inspect_token::inspect_token))
        .merge(accounts::router())
        .merge(ci::router())
        .merge(clients::router())
        .merge(policies::router())
        .merge(record::router())
        .merge(users::router())
}
