//! Adding an account: which forge, what for, how to make the token, and the token itself, on one page. It works without the
//! script; with it, the steps follow the choices, and a pasted token is recognised and tested while it stays in its field.

mod form;
mod guide;
mod pasted;
mod typed;
mod wrong;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use http::StatusCode;
use jeton_accounts::{AccountError, Added};
use jeton_domain::{Action, Code, Secret, Validity};

use self::{
    form::{AddPage, Answer},
    pasted::PastedView,
    typed::Typed,
    wrong::Wrong,
};
pub(super) use self::{guide::steps as guide_steps, typed::FORGES};
use super::{
    check::CheckView,
    respond,
    viewer::{Sent, Viewer},
};
use crate::{
    failure::Failure,
    state::{Shared, WebState},
};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/settings/accounts/new", get(form).post(send))
        .route("/settings/accounts/pasted", post(pasted::pasted))
}

/// Lets those see the form who could keep an account of some sort; the use case decides about the one that they send.
fn may_add(state: &WebState, viewer: &Viewer) -> Result<(), Failure> {
    if !viewer.may(Action::AccountUse) && !viewer.may(Action::AccountManage) {
        state
            .access
            .permit(viewer.caller(), Action::AccountUse, viewer.request_id())?;
    }
    Ok(())
}

/// The form; a link may choose the forge and what the token is for.
async fn form(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    may_add(&state, &viewer)?;
    let typed = Typed::linked(&viewer);
    let page = AddPage::new(&state, &viewer, typed, Answer::default());
    Ok(respond::render(StatusCode::OK, &page))
}

/// What a button of the form asks for.
async fn send(State(state): State<Shared>, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, mut fields } = sent;
    may_add(&state, &viewer)?;
    let token = fields.take_secret("token");
    let typed = Typed::sent(&fields);
    let button = fields.text("do");
    if button == "guide" {
        let page = AddPage::new(&state, &viewer, typed, Answer::default());
        return Ok(respond::render(StatusCode::OK, &page));
    }
    let wrong = Wrong::before_asking(&typed, token.is_some());
    let Some(token) = token.filter(|_| wrong.is_empty()) else {
        let page = AddPage::new(&state, &viewer, typed, Answer::wrong(wrong));
        return Ok(respond::render(StatusCode::BAD_REQUEST, &page));
    };
    match button {
        "save" => save(&state, &viewer, typed, token, false).await,
        "untested" => save(&state, &viewer, typed, token, true).await,
        // Enter in a field, too: it changes nothing.
        _ => test(&state, &viewer, typed, token).await,
    }
}

/// Asks the forge about the token, and keeps nothing.
async fn test(state: &WebState, viewer: &Viewer, typed: Typed, token: Secret) -> Result<Response, Failure> {
    let ask = typed.to_test(token);
    let tested = state
        .broker
        .accounts()
        .test(viewer.caller(), viewer.request_id(), ask)
        .await;
    let (inspection, report) = match tested {
        Ok(tested) => tested,
        Err(error) => return failed(state, viewer, typed, error),
    };
    let chosen = typed.forge.or(inspection.forge);
    let answer = Answer {
        pasted: Some(PastedView::of(&inspection, chosen)),
        works: report.as_ref().is_some_and(|report| report.validity == Validity::Valid),
        may_skip: report.as_ref().is_some_and(|report| {
            report.validity == Validity::Unknown && report.diagnoses.iter().all(|one| one.code != Code::ForgeAddress)
        }),
        report: report.map(|report| CheckView::of(&report, viewer).with_repository()),
        ..Answer::default()
    };
    let page = AddPage::new(state, viewer, typed, answer);
    Ok(respond::render(StatusCode::OK, &page))
}

/// Stores the account.
async fn save(
    state: &WebState,
    viewer: &Viewer,
    typed: Typed,
    token: Secret,
    untested: bool,
) -> Result<Response, Failure> {
    let Some(new) = typed.to_store(token, untested) else {
        let wrong = Wrong::at(
            "end",
            "The end of the token is no day.",
            Some("Write it as in `2027-01-31`."),
        );
        let page = AddPage::new(state, viewer, typed, Answer::wrong(vec![wrong]));
        return Ok(respond::render(StatusCode::BAD_REQUEST, &page));
    };
    let added = state
        .broker
        .accounts()
        .add(viewer.caller(), viewer.request_id(), new)
        .await;
    match added {
        Ok(Added { account, .. }) => Ok(respond::see_other(&format!(
            "/settings/accounts/{}?done=added",
            account.id
        ))),
        Err(error) => failed(state, viewer, typed, error),
    }
}

/// The form again with what went wrong, where the person can put it right.
fn failed(state: &WebState, viewer: &Viewer, typed: Typed, error: AccountError) -> Result<Response, Failure> {
    let Some(wrong) = Wrong::of(&error, &typed) else {
        return Err(error.into());
    };
    let mut answer = Answer::wrong(vec![wrong]);
    match &error {
        AccountError::Refused { report } | AccountError::Untested { report } => {
            answer.may_skip = matches!(error, AccountError::Untested { .. });
            answer.report = Some(CheckView::of(report, viewer).with_repository());
        }
        AccountError::Pasted(inspection) => {
            answer.pasted = Some(PastedView::of(inspection, typed.forge.or(inspection.forge)));
        }
        _ => {}
    }
    let status = respond::page_status(Failure::from(error).code());
    let page = AddPage::new(state, viewer, typed, answer);
    Ok(respond::render(status, &page))
}
