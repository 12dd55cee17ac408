use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::ClientRecord;
use jeton_domain::{Action, ClientId, ClientName, IdentityKey};

use super::{ADD, LIST, badge, grants_of, path};
use crate::{
    auth::rights::ClientRead,
    failure::Failure,
    page::{
        badge::Badge,
        link::link,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, Viewer},
    },
    state::Shared,
};

/// Clients on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "clients/list.html")]
struct List {
    shell: Shell,
    done: Option<Done>,
    rows: Vec<Row>,
    with_revoked: bool,
    /// Where a client is added, for whoever may.
    add: Option<&'static str>,
    first: Option<String>,
    next: Option<String>,
}

/// What became of a client that was revoked. The address has the numbers; what is none is not said.
struct Done {
    ended: Option<u64>,
    switched_off: Option<u64>,
    /// What it still holds.
    holds: Option<String>,
}

impl Done {
    fn of_address(viewer: &Viewer) -> Option<Self> {
        let number = |name| viewer.parameter(name).parse::<u64>().ok().filter(|count| *count > 0);
        let holds = viewer.parameter("holds").parse::<ClientId>().ok();
        let holder = |id| link("/grants", &[("holder", &IdentityKey::Client(id).to_string())]);
        (viewer.parameter("done") == "revoked").then(|| Self {
            ended: number("ended"),
            switched_off: number("accounts"),
            holds: holds.map(holder),
        })
    }
}

struct Row {
    name: String,
    /// None for a revoked one: its name may be another's by now.
    path: Option<String>,
    /// What a revoked one still holds.
    grants: Option<String>,
    description: Option<String>,
    networks: String,
    last_used: Option<Time>,
    ends: Option<Time>,
    state: Badge,
}

/// All clients by name.
pub(super) async fn list(viewer: May<ClientRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let with_revoked = !viewer.parameter("revoked").is_empty();
    let after = viewer.parameter("after");
    // What is no place in the list begins it anew.
    let place = read_place(&after);
    let found = state
        .access
        .list_clients(place.as_ref().map(|(name, id)| (name, *id)), with_revoked, PAGE)
        .await?;
    let revoked = if with_revoked { "1" } else { "" };
    let next = found.next.map(|(name, id)| format!("{name}/{id}"));
    let page = List {
        shell: viewer.shell(Here::Clients),
        done: Done::of_address(&viewer),
        rows: found.clients.iter().map(|client| row(client, &viewer)).collect(),
        with_revoked,
        add: viewer.may(Action::ClientManage).then_some(ADD),
        first: place.is_some().then(|| link(LIST, &[("revoked", revoked)])),
        next: next.map(|next| link(LIST, &[("revoked", revoked), ("after", &next)])),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn row(client: &ClientRecord, viewer: &Viewer) -> Row {
    let is_live = client.revoked_at.is_none();
    Row {
        path: is_live.then(|| path(client.name.as_str())),
        grants: (!is_live && viewer.may(Action::GrantRead)).then(|| grants_of(client)),
        name: client.name.to_string(),
        description: client.description.clone(),
        networks: networks(client),
        last_used: client.last_used_at.map(|at| viewer.time(at)),
        ends: client.revoked_at.or(client.expires_at).map(|at| viewer.time(at)),
        state: badge(client, viewer.now),
    }
}

/// Where it may ask from, in a line.
pub(super) fn networks(client: &ClientRecord) -> String {
    if client.networks.is_empty() {
        "anywhere".to_owned()
    } else {
        client.networks.join(", ")
    }
}

fn read_place(text: &str) -> Option<(ClientName, ClientId)> {
    let (name, id) = text.split_once('/')?;
    Some((ClientName::parse(name).ok()?, id.parse().ok()?))
}
