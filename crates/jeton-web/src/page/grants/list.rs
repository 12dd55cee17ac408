use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::Action;

use super::{LIST, ask::Filters, ends_all, link::link, respond, row::Row, viewer::Viewer};
use crate::{
    failure::Failure,
    page::shell::{Here, Shell},
    state::Shared,
};

#[derive(Template)]
#[template(path = "grants/list.html")]
struct List {
    shell: Shell,
    done: Option<&'static str>,
    filters: Filters,
    sees_all: bool,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    with_ended: String,
    /// Where all that one caller holds is revoked.
    revoke_all: Option<String>,
}

/// Who holds what; only what is theirs for those who may not see what others hold.
pub(super) async fn list(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    let filters = Filters::of(&viewer);
    let (mut rows, mut next) = (Vec::new(), None);
    let mut sees_all = viewer.is_allowed(Action::GrantRead);
    if !filters.is_refused() {
        let page = state.broker.list_grants(&viewer.asker(), filters.ask()).await?;
        next = page.next.map(|next| filters.link(&next.to_string()));
        sees_all = page.of_all;
        rows = Row::all(page, &viewer, &filters.place());
    }
    let status = if filters.is_refused() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let has_live = rows.iter().any(|row: &Row| row.is_live);
    let page = List {
        shell: viewer.shell(Here::Grants),
        done: done(&viewer.parameter("done")),
        sees_all,
        first: filters.before.is_some().then(|| filters.link("")),
        next,
        with_ended: filters.with_ended(),
        revoke_all: (has_live && !filters.holder.is_empty() && ends_all(&viewer)).then(|| {
            let parameters = [("holder", filters.holder.as_str()), ("back", &filters.place())];
            link(&format!("{LIST}/revoke-all"), &parameters)
        }),
        rows,
        filters,
    };
    Ok(respond::render(status, &page))
}

/// What was done, in words of ours.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "revoking" => "The token is handed out no more. The forge is asked to end it until it confirms.",
        "released" => "This grant is over. Others hold the same token, and keep it.",
        "account" => {
            "This grant is over. The token is an account's: it lives on until it is renewed, or revoked at its forge."
        }
        "over" => "There was nothing to do: it was given back before, or has ended.",
        "all" => {
            "All that this caller held is over. Tokens of Apps are revoked; those of accounts live on at their forge."
        }
        "none" => "There was nothing to do: this caller held nothing.",
        _ => return None,
    })
}
