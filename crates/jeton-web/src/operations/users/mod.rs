//! The people who may sign in.

mod add_user;
mod change_user;
mod invite_user;
mod list_users;
mod remove_user;

use jeton_access::{Invite, UserRecord};
use jeton_api::{InvitedUser, Released, User, UserRole};
use jeton_domain::{Role, Secret};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render};
use crate::{settings::WebSettings, state::Shared};

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_users::list_users, add_user::add_user))
        .routes(routes!(change_user::change_user, remove_user::remove_user))
        .routes(routes!(invite_user::invite_user))
}

pub(super) fn role(role: Role) -> UserRole {
    match role {
        Role::Operator => UserRole::Operator,
        Role::Member => UserRole::Member,
        Role::Auditor => UserRole::Auditor,
    }
}

fn read_role(role: UserRole) -> Role {
    match role {
        UserRole::Operator => Role::Operator,
        UserRole::Member => Role::Member,
        UserRole::Auditor => Role::Auditor,
    }
}

fn user(record: &UserRecord) -> User {
    User {
        id: record.id.as_uuid(),
        name: record.name.to_string(),
        role: role(record.role),
        has_password: record.password.is_some(),
        provider: record.provider.as_ref().map(|(issuer, _)| issuer.clone()),
        created_at: record.created_at.to_string(),
        last_sign_in_at: record.last_sign_in_at.map(|at| at.to_string()),
        disabled_at: record.disabled_at.map(|at| at.to_string()),
    }
}

/// A user, and the address at which they set their password.
fn invited(settings: &WebSettings, invite: &Invite) -> InvitedUser {
    let link = format!("{}/setup?link={}", settings.public_url, invite.link.expose());
    InvitedUser {
        user: user(&invite.user),
        link: Released(Secret::new(link)),
        link_expires_at: invite.expires_at.to_string(),
    }
}
