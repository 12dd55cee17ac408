use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::RepositoryPage;

use super::{detail, failure, is_about_the_account, view::AccountView};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        html::prose,
        problem::{Problem, is_web, sentence},
        respond,
        shell::{Here, Shell},
        viewer::Sent,
    },
    state::Shared,
};

/// Repositories on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "accounts/repositories.html")]
struct Repositories {
    shell: Shell,
    account: AccountView,
    problem: Option<Problem>,
    found: Option<Found>,
    /// Whether it is not the first page.
    is_further: bool,
}

/// What the forge said.
struct Found {
    rows: Vec<Row>,
    next: Option<String>,
    /// What is missing, as HTML.
    remark: Option<String>,
}

struct Row {
    path: String,
    is_private: bool,
    access: Option<String>,
    default_branch: Option<String>,
    /// Fit to stand in a link.
    web_url: Option<String>,
}

/// Which repositories the token of an account reaches. Asks the forge, so it is a button and no link.
pub(super) async fn repositories(
    State(state): State<Shared>,
    Name(name): Name,
    sent: Sent,
) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let account = detail::get(&viewer, &state, &name).await?;
    let from = fields.some("page");
    let accounts = state.broker.accounts();
    let asked = accounts
        .repositories(viewer.caller(), viewer.request_id(), &name, from.as_deref(), PAGE)
        .await;
    let (status, found, problem) = match asked {
        Ok(page) => (StatusCode::OK, Some(Found::of(page)), None),
        Err(error) if is_about_the_account(&error) => {
            let failure = Failure::from(error);
            (
                respond::page_status(failure.code()),
                None,
                Some(Problem::from(&failure)),
            )
        }
        Err(error) => return Err(failure(error)),
    };
    let page = Repositories {
        shell: viewer.shell(Here::Accounts),
        account: AccountView::of(&account, &viewer),
        problem,
        found,
        is_further: from.is_some(),
    };
    Ok(respond::render(status, &page))
}

impl Found {
    fn of(page: RepositoryPage) -> Self {
        let rows = page.repositories.into_iter().map(|one| Row {
            path: one.path,
            is_private: one.private,
            access: one.access,
            default_branch: one.default_branch,
            web_url: one.web_url.filter(|url| is_web(url)),
        });
        Self {
            rows: rows.collect(),
            next: page.next,
            remark: page.remark.as_deref().map(|remark| prose(&sentence(remark))),
        }
    }
}
