use axum::{extract::State, response::Response};
use jeton_access::UserChange;
use jeton_domain::{Code, Role};

use super::{can_be_corrected, one, path};
use crate::{
    auth::rights::UserManage,
    extract::Name,
    failure::Failure,
    page::{link::link, problem::Problem, respond, viewer::SentBy},
    state::Shared,
};

/// Changes somebody's role, shuts them out or lets them in: each form of their page sends one of them.
pub(super) async fn change(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<UserManage>,
) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let (change, done) = match (fields.text("role"), fields.text("disabled")) {
        ("", "true") => (disabled(true), "disabled"),
        ("", "false") => (disabled(false), "enabled"),
        (role, _) => {
            let role = role.parse::<Role>().map_err(|_| {
                Failure::new(Code::RequestInvalid, "the form does not say what shall change")
                    .with_remedy("Use the forms of the person's page.")
            })?;
            let change = UserChange {
                role: Some(role),
                disabled: None,
            };
            (change, "role")
        }
    };
    let outcome = state
        .access
        .change_user(viewer.caller(), viewer.request_id(), &name, change)
        .await;
    match outcome {
        // Of oneself one may see less now than this page.
        Ok(user) if user.id == viewer.session.user.id => Ok(respond::see_other("/profile")),
        Ok(user) => Ok(respond::see_other(&link(&path(user.name.as_str()), &[("done", done)]))),
        Err(error) if can_be_corrected(&error) => {
            let failure = Failure::from(error);
            let status = respond::page_status(failure.code());
            one::show(viewer, &state, &name, status, Some(Problem::from(&failure))).await
        }
        Err(error) => Err(error.into()),
    }
}

fn disabled(disabled: bool) -> UserChange {
    UserChange {
        role: None,
        disabled: Some(disabled),
    }
}
