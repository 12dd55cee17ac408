//! The record: who got what, who was refused, who changed what, and whether nobody has changed that.

mod entry;
mod export;
mod filter;
mod list;
mod verify;

use axum::{Router, routing::get};

use crate::state::Shared;

const LIST: &str = "/record";
const VERIFY: &str = "/record/verify";
const EXPORT: &str = "/record/export";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route(VERIFY, get(verify::form).post(verify::verify))
        .route(EXPORT, get(export::export))
}
