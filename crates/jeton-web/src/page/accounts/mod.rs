//! Provider accounts: the list, one with all that is known of it, and what may be done with it. Adding one is elsewhere.

mod actions;
pub(super) mod dates;
mod detail;
mod done;
mod edit;
mod filters;
mod holders;
mod import;
mod list;
mod offers;
mod old_tokens;
mod remove;
mod renewal;
mod replace;
mod repositories;
mod targets;
mod view;

pub(super) use self::view::SOON;

use axum::{
    Router,
    routing::{get, post},
};
use jeton_accounts::AccountError;
use jeton_domain::{AccountId, Code, Coded as _};

use super::{link, respond};
use crate::{
    extract::{Name, TwoNames},
    failure::Failure,
    state::Shared,
};

/// Where the list is.
const LIST: &str = "/settings/accounts";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route("/settings/accounts/import", post(import::import).get(to_the_list))
        .route("/settings/accounts/{name}", get(detail::detail))
        .route(
            "/settings/accounts/{name}/test",
            post(actions::test).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/default",
            post(actions::set_default).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/active",
            post(actions::set_active).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/rotate",
            post(actions::rotate).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/repositories",
            post(repositories::repositories).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/targets",
            post(targets::add).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/targets/push",
            post(targets::push).get(to_the_account),
        )
        .route(
            "/settings/accounts/{name}/targets/{target}/remove",
            post(targets::remove).get(to_the_targets_account),
        )
        .route("/settings/accounts/{name}/edit", get(edit::edit_page).post(edit::edit))
        .route(
            "/settings/accounts/{name}/replace",
            get(replace::replace_page).post(replace::replace),
        )
        .route(
            "/settings/accounts/{name}/remove",
            get(remove::remove_page).post(remove::remove),
        )
}

/// Somebody comes back to the address of a form: after signing in, or by the browser's history.
async fn to_the_list() -> axum::response::Response {
    respond::see_other(LIST)
}

/// As [`to_the_list`].
async fn to_the_account(Name(name): Name) -> axum::response::Response {
    respond::see_other(&link::under(LIST, &name))
}

/// As [`to_the_list`].
async fn to_the_targets_account(TwoNames(name, _): TwoNames) -> axum::response::Response {
    respond::see_other(&link::under(LIST, &name))
}

/// The page of an account. By its id: labels change, are shared by private accounts of several people, and may be what another
/// page is called.
fn path_of(id: AccountId) -> String {
    format!("{LIST}/{id}")
}

/// A failure that is about no account of the page.
fn failure(error: AccountError) -> Failure {
    if matches!(error, AccountError::NotFound(_)) {
        return Failure::new(Code::AccountNotFound, error.to_string())
            .with_remedy("Look for it in the list: it may have another label now, or may have been removed.");
    }
    error.into()
}

/// Whether an account's own page can say it, so that whoever asked stays where they are.
fn is_about_the_account(error: &AccountError) -> bool {
    !matches!(error, AccountError::NotFound(_) | AccountError::Access(_)) && error.code() != Code::Internal
}
