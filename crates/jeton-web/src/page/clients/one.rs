use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::ClientKeyRecord;
use jeton_domain::Action;

use super::{LIST, badge, grants_of, list::networks, path, record_of};
use crate::{
    auth::rights::ClientRead,
    extract::Name,
    failure::Failure,
    page::{
        badge::{Badge, Tone},
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, Viewer},
    },
    state::{Shared, WebState},
};

/// For how long the older key may work on: in seconds, and in words. The second is what the use case takes by itself.
const OVERLAPS: [(u64, &str); 5] = [
    (0, "It ends at once"),
    (3_600, "It works on for an hour"),
    (86_400, "It works on for a day"),
    (7 * 86_400, "It works on for a week"),
    (30 * 86_400, "It works on for 30 days"),
];
const DEFAULT_OVERLAP: &str = "86400";

#[derive(Template)]
#[template(path = "clients/one.html")]
struct One {
    shell: Shell,
    list: &'static str,
    problem: Option<Problem>,
    name: String,
    path: String,
    description: Option<String>,
    state: Badge,
    networks: String,
    added: Time,
    last_used: Option<Time>,
    ends: Option<Time>,
    keys: Vec<Key>,
    may_manage: bool,
    overlaps: Vec<Overlap>,
    grants: Option<String>,
    record: Option<String>,
    explain: Option<String>,
}

struct Key {
    fingerprint: String,
    added: Time,
    ends: Option<Time>,
    state: Badge,
}

struct Overlap {
    seconds: u64,
    words: &'static str,
    is_chosen: bool,
}

/// One client with its keys.
pub(super) async fn one(
    viewer: May<ClientRead>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    show(&viewer, &state, &name, StatusCode::OK, None, DEFAULT_OVERLAP).await
}

/// Whoever reloads or types the address of a form's answer sees the client.
pub(super) async fn to_one(_: May<ClientRead>, Name(name): Name) -> Response {
    respond::see_other(&path(&name))
}

pub(super) async fn show(
    viewer: &Viewer,
    state: &WebState,
    name: &str,
    status: StatusCode,
    problem: Option<Problem>,
    overlap: &str,
) -> Result<Response, Failure> {
    let (client, keys) = state.access.client(name).await?;
    let name = client.name.to_string();
    let explain = || link("/settings/policies/explain", &[("caller", &format!("client:{name}"))]);
    let page = One {
        shell: viewer.shell(Here::Clients),
        list: LIST,
        problem,
        path: path(&name),
        state: badge(&client, viewer.now),
        networks: networks(&client),
        added: viewer.time(client.created_at),
        last_used: client.last_used_at.map(|at| viewer.time(at)),
        ends: client.expires_at.map(|at| viewer.time(at)),
        keys: keys.iter().map(|one| key(one, viewer)).collect(),
        may_manage: viewer.may(Action::ClientManage),
        overlaps: overlaps(overlap),
        grants: viewer.may(Action::GrantRead).then(|| grants_of(&client)),
        record: viewer.may(Action::RecordRead).then(|| record_of(&client)),
        explain: viewer.may(Action::PolicyRead).then(explain),
        description: client.description,
        name,
    };
    Ok(respond::render(status, &page))
}

fn key(record: &ClientKeyRecord, viewer: &Viewer) -> Key {
    let state = match record.expires_at {
        Some(_) => Badge::new(Tone::Busy, "being replaced"),
        None => Badge::new(Tone::Good, "in force"),
    };
    Key {
        fingerprint: record.fingerprint.to_string(),
        added: viewer.time(record.created_at),
        ends: record.expires_at.map(|at| viewer.time(at)),
        state,
    }
}

fn overlaps(chosen: &str) -> Vec<Overlap> {
    let all = OVERLAPS.iter().map(|(seconds, words)| Overlap {
        seconds: *seconds,
        words,
        is_chosen: seconds.to_string() == chosen,
    });
    all.collect()
}
