//! Runners: those that jeton keeps, and whether one could be registered somewhere. A look at a forge is begun by a button.

mod check;
mod list;
mod remove;
mod view;

use axum::{
    Router,
    routing::{get, post},
};

use super::respond;
use crate::state::Shared;

/// Where the list is.
const LIST: &str = "/runners";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route("/runners/check", post(check::check).get(to_the_list))
        .route("/runners/{id}/remove", get(remove::remove_page).post(remove::remove))
}

/// Somebody comes back to the address of a form: after signing in, or by the browser's history.
async fn to_the_list() -> axum::response::Response {
    respond::see_other(LIST)
}
