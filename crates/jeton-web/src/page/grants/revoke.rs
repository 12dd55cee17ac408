use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_broker::{GrantAsk, RevocationState};

use super::{ask::Filters, ends_all, not_found, one, respond, row::Row, viewer::Viewer};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        shell::{Here, Shell},
        time::Time,
        viewer::Sent,
    },
    state::{Shared, WebState},
};

/// Others that are named.
const NAMED: u32 = 10;

#[derive(Template)]
#[template(path = "grants/revoke.html")]
struct Confirm {
    shell: Shell,
    list: String,
    /// Where the list is, as the form sends it again.
    back: String,
    row: Row,
    /// Who else holds the token, as far as whoever looks may see that.
    others: Vec<Other>,
    more_others: bool,
    /// Whether all who hold it are known.
    knows_all: bool,
    ends_all: bool,
}

struct Other {
    holder: String,
    address: Option<String>,
    since: Time,
}

/// What will happen, and to whom else.
pub(super) async fn confirm(viewer: Viewer, State(state): State<Shared>, Name(id): Name) -> Result<Response, Failure> {
    let back = Filters::back(&viewer.parameter("back"));
    let row = find(&viewer, &state, &id).await?;
    let mut others = Vec::new();
    let (mut more_others, mut knows_all) = (false, false);
    if row.is_live && !row.is_account {
        let ask = GrantAsk {
            only_live: true,
            fingerprint: Some(row.fingerprint.clone()),
            limit: NAMED + 1,
            ..GrantAsk::default()
        };
        let page = state.broker.list_grants(&viewer.asker(), ask).await?;
        (more_others, knows_all) = (page.next.is_some(), page.of_all);
        let held = page.grants.into_iter().filter(|grant| grant.id.to_string() != row.id);
        others = held
            .map(|grant| Other {
                since: viewer.time(grant.issued_at),
                holder: grant.holder,
                address: grant.address,
            })
            .take(NAMED as usize)
            .collect();
    }
    let page = Confirm {
        shell: viewer.shell(Here::Grants),
        list: back.here(),
        back: back.place(),
        knows_all,
        ends_all: ends_all(&viewer),
        row,
        others,
        more_others,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

async fn find(viewer: &Viewer, state: &WebState, id: &str) -> Result<Row, Failure> {
    let page = state.broker.list_grants(&viewer.asker(), one(id)?).await?;
    let found = Row::all(page, viewer, "")
        .into_iter()
        .find(|row| row.id.eq_ignore_ascii_case(id));
    found.ok_or_else(|| not_found(id))
}

/// Takes a grant back, and ends its token where nobody else holds it, or where that is asked for.
pub(super) async fn revoke(State(state): State<Shared>, Name(id): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let grant = id.parse().map_err(|_| not_found(&id))?;
    let is_for_all = fields.text("for") == "all";
    let done = state.broker.revoke(&viewer.asker(), grant, is_for_all).await?;
    let word = match done.state {
        RevocationState::Revoking => "revoking",
        RevocationState::Released if done.shared_with == 0 => "account",
        RevocationState::Released => "released",
        RevocationState::Over => "over",
    };
    let back = Filters::back(fields.text("back"));
    Ok(respond::see_other(&back.done(word)))
}
