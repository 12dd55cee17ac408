//! The people who may sign in.

mod add;
mod change;
mod invite;
mod list;
mod one;
mod remove;

use axum::{
    Router,
    routing::{get, post},
};
use jeton_access::{AccessError, UserRecord};
use jeton_domain::{Role, Secret};

use super::{
    badge::{Badge, Tone},
    link::under,
    shell::Shell,
};
use crate::{settings::WebSettings, state::Shared};

const LIST: &str = "/settings/users";
/// Beside the people, not among them: somebody may have any name.
const ADD: &str = "/settings/add-user";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list))
        .route(ADD, get(add::form).post(add::add))
        .route("/settings/users/{name}", get(one::one).post(change::change))
        .route("/settings/users/{name}/invite", post(invite::invite).get(one::to_one))
        .route(
            "/settings/users/{name}/remove",
            get(remove::confirm).post(remove::remove),
        )
}

/// The page of a person.
fn path(name: &str) -> String {
    under(LIST, name)
}

/// How a person stands.
fn badge(user: &UserRecord) -> Badge {
    if user.disabled_at.is_some() {
        Badge::new(Tone::Bad, "shut out")
    } else if user.password.is_none() && user.provider.is_none() {
        Badge::new(Tone::Warn, "not set up yet")
    } else {
        Badge::new(Tone::Good, "may sign in")
    }
}

/// How they sign in.
fn way(user: &UserRecord) -> &'static str {
    match (&user.password, &user.provider) {
        (_, Some(_)) => "through the sign-in provider",
        (Some(_), None) => "with a password",
        (None, None) => "not yet",
    }
}

/// A role to choose.
struct RoleChoice {
    name: &'static str,
    words: &'static str,
    is_chosen: bool,
}

fn roles(chosen: &str) -> Vec<RoleChoice> {
    let all = Role::ALL.iter().map(|role| RoleChoice {
        name: role.as_str(),
        words: match role {
            Role::Operator => "may do everything on this server",
            Role::Member => "may do what the policies give them",
            Role::Auditor => "may look at everything, and change nothing",
        },
        is_chosen: role.as_str() == chosen,
    });
    all.collect()
}

/// The address at which somebody sets their password.
fn setup_link(settings: &WebSettings, link: &Secret) -> Secret {
    Secret::new(format!("{}/setup?link={}", settings.public_url, link.expose()))
}

/// Whether it can be put right on the page on which it was asked.
fn can_be_corrected(error: &AccessError) -> bool {
    matches!(
        error,
        AccessError::UserInvalid(_) | AccessError::UserNameTaken(_) | AccessError::LastOperator(_)
    )
}

/// A page with a one-time link, shown this once.
#[derive(askama::Template)]
#[template(path = "users/link.html")]
struct LinkPage {
    shell: Shell,
    list: &'static str,
    title: &'static str,
    name: String,
    path: String,
    link: Secret,
    ends: super::time::Time,
}
