use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{Account, AccountError, AccountOrigin};
use jeton_domain::{AccountScope, Action};

use super::{
    LIST, detail, failure,
    holders::Holders,
    is_about_the_account,
    offers::{self, Offers},
    path_of,
    view::AccountView,
};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        html::prose,
        link::{link, under},
        problem::{Problem, sentence},
        respond,
        shell::{Here, Shell},
        viewer::{Sent, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "accounts/remove.html")]
struct Remove {
    shell: Shell,
    account: AccountView,
    offers: Offers,
    problem: Option<Problem>,
    /// What uses it still, each as HTML, when that is why it was not removed.
    uses: Vec<String>,
    holders: Holders,
    /// The policies that name it, with their pages.
    policies: Vec<(String, String)>,
    is_being_renewed: bool,
}

/// What depends on an account, and the button that removes it.
pub(super) async fn remove_page(
    viewer: Viewer,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let account = detail::get(&viewer, &state, &name).await?;
    if let AccountOrigin::Environment { .. } = account.origin {
        return Ok(respond::see_other(&path_of(account.id)));
    }
    page(&viewer, &state, &account, None).await
}

/// Removes an account. In spite of what uses it only after that was shown.
pub(super) async fn remove(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let force = fields.is_on("force");
    let accounts = state.broker.accounts();
    let removed = accounts
        .remove(viewer.caller(), viewer.request_id(), &name, force)
        .await;
    match removed {
        Ok(_) => Ok(respond::see_other(&link(LIST, &[("done", "removed")]))),
        Err(error) if is_about_the_account(&error) => {
            let account = detail::get(&viewer, &state, &name).await?;
            page(&viewer, &state, &account, Some(error)).await
        }
        Err(error) => Err(failure(error)),
    }
}

async fn page(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    error: Option<AccountError>,
) -> Result<Response, Failure> {
    let uses = match &error {
        Some(AccountError::InUse { uses, .. }) => uses.iter().map(|one| prose(&sentence(one))).collect(),
        _ => Vec::new(),
    };
    let failure = error.map(Failure::from);
    let status = failure
        .as_ref()
        .map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    let problem = failure.as_ref().map(|failure| {
        if uses.is_empty() {
            Problem::from(failure)
        } else {
            Problem::new(
                "The account is in use, and was not removed.",
                Some("End that use first, or remove it all the same: what holds its token keeps it until it is revoked at the forge."),
            )
        }
    });
    let page = Remove {
        shell: viewer.shell(Here::Accounts),
        account: AccountView::of(account, viewer),
        offers: Offers::of(account, viewer),
        problem,
        uses,
        holders: Holders::of(account, viewer, state).await?,
        policies: policies_that_name(account, viewer, state).await,
        is_being_renewed: offers::is_being_renewed(account),
    };
    Ok(respond::render(status, &page))
}

/// For whoever may see policies. The name of a private account is everybody's own: a policy that has it is not about this one alone.
async fn policies_that_name(account: &Account, viewer: &Viewer, state: &WebState) -> Vec<(String, String)> {
    if account.scope != AccountScope::Shared || !viewer.is_allowed(Action::PolicyRead) {
        return Vec::new();
    }
    let views = state.access.list_policies().await.policies;
    let naming = views
        .into_iter()
        .filter(|view| view.spec.sources.contains(&account.source));
    naming
        .map(|view| (under("/settings/policies", &view.spec.name), view.spec.name))
        .collect()
}
