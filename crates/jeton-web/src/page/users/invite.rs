use axum::{extract::State, response::Response};
use http::StatusCode;

use super::{LIST, LinkPage, can_be_corrected, one, path, setup_link};
use crate::{
    auth::rights::UserManage,
    extract::Name,
    failure::Failure,
    page::{problem::Problem, respond, shell::Here, viewer::SentBy},
    state::Shared,
};

/// Makes a new link and shows it, this once; the one before ends.
pub(super) async fn invite(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<UserManage>,
) -> Result<Response, Failure> {
    let viewer = &sent.viewer;
    let outcome = state
        .access
        .invite_again(viewer.caller(), viewer.request_id(), &name)
        .await;
    let invite = match outcome {
        Ok(invite) => invite,
        Err(error) if can_be_corrected(&error) => {
            let failure = Failure::from(error);
            let status = respond::page_status(failure.code());
            return one::show(viewer, &state, &name, status, Some(Problem::from(&failure))).await;
        }
        Err(error) => return Err(error.into()),
    };
    let page = LinkPage {
        shell: viewer.shell(Here::Users),
        list: LIST,
        title: "A new link is made",
        path: path(invite.user.name.as_str()),
        name: invite.user.name.to_string(),
        link: setup_link(&state.settings, &invite.link),
        ends: viewer.time(invite.expires_at),
    };
    Ok(respond::render(StatusCode::OK, &page))
}
