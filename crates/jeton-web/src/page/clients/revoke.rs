use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::{AccessError, ClientRecord};
use jeton_broker::GrantAsk;
use jeton_domain::Action;

use super::{LIST, grants_of, key_of, path};
use crate::{
    auth::rights::ClientManage,
    extract::Name,
    failure::Failure,
    operations::clients::revoke_client,
    page::{
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, SentBy, Viewer},
    },
    state::{Shared, WebState},
};

/// Grants that are counted; beyond it there are "more than".
const COUNTED: u32 = 100;
/// Grants that are shown.
const SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "clients/revoke.html")]
struct Confirm {
    shell: Shell,
    list: &'static str,
    problem: Option<Problem>,
    name: String,
    path: String,
    /// It may ask no more already; what is left is what it holds.
    revoked: Option<Time>,
    /// What it holds now, for whoever may see that.
    held: Option<Held>,
    grants: Option<String>,
    may_end_grants: bool,
}

/// What a client holds.
struct Held {
    count: String,
    nothing: bool,
    /// Whether there are more than are shown.
    more: bool,
    some: Vec<Grant>,
}

struct Grant {
    what: String,
    source: String,
    ends: Time,
}

/// What will be lost.
pub(super) async fn confirm(
    viewer: May<ClientManage>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    show(&viewer, &state, &name, StatusCode::OK, None).await
}

/// Ends it.
pub(super) async fn revoke(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<ClientManage>,
) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let with_grants = fields.is_on("grants");
    let id = &viewer.visit.id;
    let outcome = revoke_client::revoke(&state, viewer.caller().clone(), id, &name, with_grants).await;
    let (client, ended, accounts_switched_off) = match outcome {
        Ok(outcome) => outcome,
        // It is revoked, and not all that it holds is ended: the page has the button to try again.
        Err(failure) if with_grants && is_revoked(&state, &name).await => {
            let problem = Problem::from(&failure.clone().with_remedy(
                "The client may ask no more, but not all that it holds was ended. Try again; what is left ends by itself.",
            ));
            let status = respond::page_status(failure.code());
            return show(viewer, &state, &name, status, Some(problem)).await;
        }
        Err(failure) => return Err(failure),
    };
    // Whether it holds anything is known to whoever may see it.
    let holds = if with_grants || !viewer.is_allowed(Action::GrantRead) {
        String::new()
    } else {
        let holds = !held(viewer, &state, &client).await?.nothing;
        if holds { client.id.to_string() } else { String::new() }
    };
    let (ended, switched_off) = (told(ended), told(accounts_switched_off));
    let words = [
        ("done", "revoked"),
        ("ended", &ended),
        ("accounts", &switched_off),
        ("holds", &holds),
    ];
    Ok(respond::see_other(&link(LIST, &words)))
}

/// A count for the address; nothing where there was nothing.
fn told(count: u64) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

async fn is_revoked(state: &WebState, name: &str) -> bool {
    state.access.client(name).await.is_err() && matches!(state.access.find_revoked_client(name).await, Ok(Some(_)))
}

async fn show(
    viewer: &Viewer,
    state: &WebState,
    name: &str,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let client = match state.access.client(name).await {
        Ok((client, _)) => client,
        Err(error @ AccessError::ClientNotFound(_)) => state.access.find_revoked_client(name).await?.ok_or(error)?,
        Err(error) => return Err(error.into()),
    };
    let may_see = viewer.is_allowed(Action::GrantRead);
    let page = Confirm {
        shell: viewer.shell(Here::Clients),
        list: LIST,
        problem,
        path: path(client.name.as_str()),
        revoked: client.revoked_at.map(|at| viewer.time(at)),
        held: if may_see {
            Some(held(viewer, state, &client).await?)
        } else {
            None
        },
        grants: may_see.then(|| grants_of(&client)),
        may_end_grants: viewer.may(Action::GrantRevoke),
        name: client.name.to_string(),
    };
    Ok(respond::render(status, &page))
}

/// The newest of what it holds, and how much that is.
async fn held(viewer: &Viewer, state: &WebState, client: &ClientRecord) -> Result<Held, Failure> {
    let ask = GrantAsk {
        only_live: true,
        holder: Some(key_of(client)),
        limit: COUNTED,
        ..GrantAsk::default()
    };
    let page = state.broker.list_grants(&viewer.asker(), ask).await?;
    let count = match (page.grants.len(), &page.next) {
        (1, None) => "1 live grant.".to_owned(),
        (count, None) => format!("{count} live grants."),
        (count, Some(_)) => format!("More than {count} live grants."),
    };
    let some = page.grants.iter().take(SHOWN).map(|grant| Grant {
        what: grant.repositories.join(", "),
        source: grant.source.clone(),
        ends: viewer.time(grant.expires_at),
    });
    Ok(Held {
        count,
        nothing: page.grants.is_empty(),
        more: page.grants.len() > SHOWN,
        some: some.collect(),
    })
}
