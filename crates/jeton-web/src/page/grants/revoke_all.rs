use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_broker::GrantAsk;
use jeton_domain::Code;

use super::{LIST, ask::Filters, link::link, respond, viewer::Viewer};
use crate::{
    auth::rights::GrantRevoke,
    extract::shown,
    failure::Failure,
    page::{
        fields::looks_like_token,
        number::{count, counted},
        shell::{Here, Shell},
        viewer::{May, SentBy},
    },
    state::{Shared, WebState},
};

/// What to do about a holder who cannot be.
const CHOOSE: &str = "Choose a holder in the list of grants first.";

/// Up to how many are counted.
const COUNTED: u32 = 500;

#[derive(Template)]
#[template(path = "grants/revoke_all.html")]
struct Confirm {
    shell: Shell,
    /// What they hold.
    list: String,
    /// The list from which somebody came; and as the form sends it again.
    here: String,
    back: String,
    /// As it is sent again: a name or a key.
    holder: String,
    /// Who that is, for people.
    name: String,
    /// `12 grants`; `None` for whoever may end what others hold, and not see it.
    held: Option<String>,
    may_have_any: bool,
    /// Of how many of them the tokens are accounts'.
    of_accounts: String,
    has_accounts: bool,
}

/// What one caller will lose.
pub(super) async fn confirm(viewer: May<GrantRevoke>, State(state): State<Shared>) -> Result<Response, Failure> {
    let holder = viewer.parameter("holder");
    let page = page(&viewer, &state, &holder).await?;
    Ok(respond::render(StatusCode::OK, &page))
}

async fn page(viewer: &Viewer, state: &WebState, holder: &str) -> Result<Confirm, Failure> {
    // Nobody is called like a token, which would stand in this page and in its links.
    if holder.is_empty() || looks_like_token(holder) {
        let failure = Failure::new(Code::RequestInvalid, "the address does not say whose grants are meant");
        return Err(failure.with_remedy(CHOOSE));
    }
    let back = Filters::back(&viewer.parameter("back"));
    let ask = GrantAsk {
        only_live: true,
        holder: Some(holder.to_owned()),
        limit: COUNTED,
        ..GrantAsk::default()
    };
    let held = state.broker.list_grants(&viewer.asker(), ask).await?;
    let number = held.grants.len() as u64;
    let of_accounts = held.grants.iter().filter(|grant| grant.of.account().is_some()).count() as u64;
    let words = counted(number, "grant", "grants");
    Ok(Confirm {
        shell: viewer.shell(Here::Grants),
        list: link(LIST, &[("holder", holder)]),
        name: held
            .grants
            .first()
            .map_or_else(|| shown(holder, 200), |grant| grant.holder.clone()),
        holder: holder.to_owned(),
        here: back.here(),
        back: back.place(),
        may_have_any: number > 0 || !held.of_all,
        held: held.of_all.then(|| match held.next {
            Some(_) => format!("more than {words}"),
            None => words,
        }),
        of_accounts: count(of_accounts),
        has_accounts: of_accounts > 0,
    })
}

/// Ends every token that one caller holds.
pub(super) async fn revoke_all(State(state): State<Shared>, sent: SentBy<GrantRevoke>) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = sent;
    let ended = state
        .broker
        .revoke_grants_of(&viewer.asker(), fields.text("holder"))
        .await
        .map_err(|error| {
            let failure = Failure::from(error);
            if failure.code() == Code::RequestInvalid {
                failure.with_remedy(CHOOSE)
            } else {
                failure
            }
        })?;
    if let Some(error) = ended.failure {
        let remedy = "Not all of it could be ended, and what was stays so: try once more.";
        return Err(Failure::from(error).with_remedy(remedy));
    }
    let word = if ended.grants > 0 { "all" } else { "none" };
    Ok(respond::see_other(&Filters::back(fields.text("back")).done(word)))
}
