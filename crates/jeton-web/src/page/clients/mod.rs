//! The programs that may ask: who they are, their keys, and how they end.

mod add;
mod list;
mod one;
mod revoke;
mod rotate;

use axum::{Router, routing::get};
use jeton_access::{AccessError, ClientRecord};
use jeton_domain::{Code, IdentityKey};
use jiff::Timestamp;

use super::{
    badge::{Badge, Tone},
    link::{link, under},
};
use crate::{failure::Failure, state::Shared};

const LIST: &str = "/settings/clients";
/// Beside the clients, not among them: a client may have any name.
const ADD: &str = "/settings/add-client";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route(ADD, get(add::form).post(add::add))
        .route("/settings/clients/{name}", get(one::one))
        .route("/settings/clients/{name}/rotate", get(one::to_one).post(rotate::rotate))
        .route(
            "/settings/clients/{name}/revoke",
            get(revoke::confirm).post(revoke::revoke),
        )
}

/// The page of a client.
fn path(name: &str) -> String {
    under(LIST, name)
}

/// How a client stands.
fn badge(client: &ClientRecord, now: Timestamp) -> Badge {
    if client.revoked_at.is_some() {
        Badge::new(Tone::Bad, "revoked")
    } else if client.expires_at.is_some_and(|at| at <= now) {
        Badge::new(Tone::Warn, "ended")
    } else {
        Badge::new(Tone::Good, "may ask")
    }
}

/// All that a client holds, and all that the record has about what it did.
fn grants_of(client: &ClientRecord) -> String {
    link("/grants", &[("holder", &key_of(client))])
}

fn record_of(client: &ClientRecord) -> String {
    link("/record", &[("actor", &key_of(client))])
}

fn key_of(client: &ClientRecord) -> String {
    IdentityKey::Client(client.id).to_string()
}

/// Whether somebody can put it right on the form that they sent.
fn can_be_corrected(error: &AccessError) -> bool {
    matches!(
        error,
        AccessError::ClientNameTaken(_) | AccessError::ClientInvalid(_) | AccessError::ClientRotating(_)
    )
}

/// As [`can_be_corrected`], for what was read from the form itself.
fn is_about_the_form(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        Code::RequestInvalid | Code::ClientInvalid | Code::ClientNameTaken | Code::ClientRotating
    )
}
