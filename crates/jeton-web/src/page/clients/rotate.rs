use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::Code;
use jiff::SignedDuration;

use super::{LIST, add::KeyPage, can_be_corrected, one, path};
use crate::{
    auth::rights::ClientManage,
    extract::Name,
    failure::Failure,
    page::{problem::Problem, respond, shell::Here, viewer::SentBy},
    state::Shared,
};

/// Gives a client another key and shows it, this once.
pub(super) async fn rotate(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<ClientManage>,
) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let overlap = fields.text("overlap");
    // Nothing is guessed: a day more, or a day less, is for whoever asks to say.
    let seconds = overlap.parse::<u32>().map_err(|_| {
        Failure::new(
            Code::RequestInvalid,
            "the form does not say how long the older key works on",
        )
        .with_remedy("Choose one of the times on the client's page.")
    })?;
    let overlap_given = Some(SignedDuration::from_secs(seconds.into()));
    let outcome = state
        .access
        .rotate_client(viewer.caller(), viewer.request_id(), &name, overlap_given)
        .await;
    let rotated = match outcome {
        Ok(rotated) => rotated,
        Err(error) if can_be_corrected(&error) => {
            let failure = Failure::from(error);
            let status = respond::page_status(failure.code());
            let problem = Some(problem(&failure));
            return one::show(viewer, &state, &name, status, problem, overlap).await;
        }
        Err(error) => return Err(error.into()),
    };
    let before = rotated.old_key_ends_at.map(|at| match seconds {
        0 => "The key that it had has ended.".to_owned(),
        _ => format!(
            "The key that it had works on until {}: put the new one in place before.",
            viewer.time(at).exact()
        ),
    });
    let name = rotated.client.name.to_string();
    let page = KeyPage {
        shell: viewer.shell(Here::Clients),
        list: LIST,
        path: path(&name),
        name,
        title: "The client has a new key",
        key: rotated.key.secret().clone(),
        before,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

/// In the words of the page, not of the command.
fn problem(failure: &Failure) -> Problem {
    if failure.code() == Code::ClientRotating {
        let remedy = "Wait until the older key ends, or choose that it ends at once.";
        Problem::new(&crate::page::problem::sentence(failure.detail()), Some(remedy))
    } else {
        Problem::from(failure)
    }
}
