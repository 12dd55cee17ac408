//! Who may what: the policies in force, as text and in words, and why a request is allowed or refused.

mod ask;
mod edit;
mod explain;
mod list;
mod one;
mod remove;
pub(super) mod text;
mod words;

use axum::{Router, routing::get};
use jeton_access::{AccessError, PolicyView};
use jeton_policy::Origin;

use super::{
    badge::{Badge, Tone},
    link::under,
};
use crate::state::Shared;

const LIST: &str = "/settings/policies";
const EXPLAIN: &str = "/settings/policies/explain";
/// Beside the policies, not among them.
const ADD: &str = "/settings/add-policy";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route(EXPLAIN, get(explain::form).post(explain::explain))
        .route(ADD, get(edit::new).post(edit::add))
        .route("/settings/policies/{name}", get(one::one))
        .route("/settings/policies/{name}/edit", get(edit::form).post(edit::change))
        .route(
            "/settings/policies/{name}/remove",
            get(remove::confirm).post(remove::remove),
        )
}

/// The page of a policy.
fn path(name: &str) -> String {
    under(LIST, name)
}

/// Where a policy comes from.
fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::File => "in the policy file",
        Origin::Stored => "added here or over the API",
        Origin::BuiltIn => "always there",
    }
}

/// Whether a policy counts.
fn badge(view: &PolicyView) -> Badge {
    if view.error.is_some() {
        Badge::new(Tone::Bad, "has no effect")
    } else if view.shadowed {
        Badge::new(Tone::Warn, "overruled by the file")
    } else {
        Badge::new(Tone::Good, "in force")
    }
}

fn not_found(name: &str) -> AccessError {
    AccessError::PolicyNotFound(name.chars().filter(|c| !c.is_control()).take(100).collect())
}
