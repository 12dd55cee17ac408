//! People's tokens for the forges.

mod add_account;
mod change_account;
mod get_account;
mod guide_token;
mod import_accounts;
mod list_account_repositories;
mod list_accounts;
mod remove_account;
mod render_account;
mod rotate_account;
mod set_default_account;
mod test_account;
mod test_token;

use jeton_domain::{Code, Purpose};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render};
use crate::{extract::shown, failure::Failure, state::Shared};

pub(super) use render_account::{account, finding};

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts::list_accounts, add_account::add_account))
        .routes(routes!(test_token::test_token))
        .routes(routes!(import_accounts::import_accounts))
        .routes(routes!(
            get_account::get_account,
            change_account::change_account,
            remove_account::remove_account
        ))
        .routes(routes!(test_account::test_account))
        .routes(routes!(set_default_account::set_default_account))
        .routes(routes!(rotate_account::rotate_account))
        .routes(routes!(list_account_repositories::list_account_repositories))
        .routes(routes!(guide_token::guide_token))
}

/// What a token is wanted for, by the words of the API.
pub(super) fn purposes(words: &[String]) -> Result<Vec<Purpose>, Failure> {
    let known = || {
        Purpose::ALL
            .iter()
            .map(|one| one.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    words
        .iter()
        .map(|word| {
            Purpose::parse(word).ok_or_else(|| {
                let detail = format!("purposes: \"{}\" is no purpose", shown(word, 40));
                Failure::new(Code::RequestInvalid, detail).with_remedy(format!("Choose among {}.", known()))
            })
        })
        .collect()
}
