//! Grants: who holds what, and how it is taken back.

mod ask;
mod list;
mod revoke;
mod revoke_all;
mod row;

use axum::{Router, routing::get};
use jeton_broker::{BrokerError, GrantAsk};
use jeton_domain::{Action, GrantId};
use uuid::Uuid;

use super::{link, respond, viewer};
use crate::{extract::shown, failure::Failure, page::viewer::Viewer, state::Shared};

/// Where the list is.
const LIST: &str = "/grants";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route("/grants/{id}/revoke", get(revoke::confirm).post(revoke::revoke))
        .route(
            "/grants/revoke-all",
            get(revoke_all::confirm).post(revoke_all::revoke_all),
        )
}

/// Whether it is offered to them to end what others hold.
fn ends_all(viewer: &Viewer) -> bool {
    viewer.may(Action::GrantRevoke)
}

/// By what their own grants are known.
fn own_key(viewer: &Viewer) -> String {
    viewer.caller().identity.key().to_string()
}

/// What a grant's page is about: by the same rule as in the list, so that what is not shown there is not there.
fn one(text: &str) -> Result<GrantAsk, Failure> {
    let id: GrantId = text.parse().map_err(|_| not_found(text))?;
    // Ids are in the order of the list: the next one made before the id above this is this one, or this one is not there.
    let above = Uuid::from_u128(id.as_uuid().as_u128().saturating_add(1));
    Ok(GrantAsk {
        before: Some(GrantId::from_uuid(above)),
        limit: 1,
        ..GrantAsk::default()
    })
}

fn not_found(id: &str) -> Failure {
    BrokerError::GrantNotFound(shown(id, 40)).into()
}
