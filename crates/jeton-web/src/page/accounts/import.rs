use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{AccountError, ImportAsk};

use super::{failure, view::AccountView};
use crate::{
    failure::Failure,
    page::{
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::Sent,
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "accounts/imported.html")]
struct Imported {
    shell: Shell,
    stored: Vec<AccountView>,
    others: Vec<NotStored>,
}

/// A variable whose token was not stored.
struct NotStored {
    variable: String,
    problem: Problem,
    /// Whether it may be stored without the forge's word.
    is_untested: bool,
}

/// Stores the tokens of the server's environment: those of the variables that were sent, or all.
pub(super) async fn import(State(state): State<Shared>, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let ask = ImportAsk {
        variables: fields.all("variable"),
        untested: fields.is_on("untested"),
    };
    let accounts = state.broker.accounts();
    let outcomes = accounts
        .import_environment(viewer.caller(), viewer.request_id(), &ask)
        .await
        .map_err(failure)?;
    let (mut stored, mut others) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(account) => stored.push(AccountView::of(&account, &viewer)),
            Err((variable, error)) => others.push(NotStored::of(variable, error)),
        }
    }
    // What became of each does not fit into an address: the page is the answer itself. Sent again it stores nothing twice.
    let page = Imported {
        shell: viewer.shell(Here::Accounts),
        stored,
        others,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

impl NotStored {
    fn of(variable: String, error: AccountError) -> Self {
        let is_untested = matches!(error, AccountError::Untested { .. });
        Self {
            variable,
            problem: Problem::from(&Failure::from(error)),
            is_untested,
        }
    }
}
