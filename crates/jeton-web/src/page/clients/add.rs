use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::NewClient;
use jeton_domain::{ClientName, Code, Secret};

use super::{ADD, LIST, is_about_the_form, path};
use crate::{
    auth::rights::ClientManage,
    failure::Failure,
    operations::arguments,
    page::{
        fields::{Cleared, Fields, clear_tokens},
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "clients/add.html")]
struct Form {
    shell: Shell,
    action: &'static str,
    list: &'static str,
    problem: Option<Problem>,
    /// The field that is wrong.
    wrong: &'static str,
    cleared: Cleared,
    typed: Typed,
}

/// What was typed. The key is made here, so there is no secret among it.
#[derive(Default)]
struct Typed {
    name: String,
    description: String,
    networks: String,
    ends: String,
}

#[derive(Template)]
#[template(path = "clients/key.html")]
pub(super) struct KeyPage {
    pub(super) shell: Shell,
    pub(super) list: &'static str,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) title: &'static str,
    pub(super) key: Secret,
    /// What becomes of the key before; nothing when there was none.
    pub(super) before: Option<String>,
}

/// The form.
pub(super) async fn form(viewer: May<ClientManage>) -> Response {
    show(&viewer, StatusCode::OK, Typed::default(), None, "")
}

/// Adds a client and shows its key, this once.
pub(super) async fn add(State(state): State<Shared>, sent: SentBy<ClientManage>) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let ends = fields.some("ends");
    let ends = ends.as_deref().map(|text| arguments::end("ends", text)).transpose();
    let outcome = match ends {
        Ok(expires_at) => {
            let new = NewClient {
                name: fields.text("name").to_owned(),
                description: fields.some("description"),
                networks: fields.list("networks"),
                expires_at,
            };
            let added = state.access.add_client(viewer.caller(), viewer.request_id(), new).await;
            added
                .map_err(Failure::from)
                .map_err(|failure| (wrong(fields, &failure), failure))
        }
        Err(failure) => Err(("ends", failure)),
    };
    let added = match outcome {
        Ok(added) => added,
        Err((wrong, failure)) if is_about_the_form(&failure) => {
            let status = respond::page_status(failure.code());
            let failure = match remedy(wrong).filter(|_| failure.code() != Code::ClientNameTaken) {
                Some(remedy) => failure.with_remedy(remedy),
                None => failure,
            };
            return Ok(show(
                viewer,
                status,
                typed(fields),
                Some(Problem::from(&failure)),
                wrong,
            ));
        }
        Err((_, failure)) => return Err(failure),
    };
    let name = added.client.name.to_string();
    let page = KeyPage {
        shell: viewer.shell(Here::Clients),
        list: LIST,
        path: path(&name),
        name,
        title: "The client is added",
        key: added.key.secret().clone(),
        before: None,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn show(
    viewer: &Viewer,
    status: StatusCode,
    mut typed: Typed,
    problem: Option<Problem>,
    wrong: &'static str,
) -> Response {
    let page = Form {
        shell: viewer.shell(Here::Clients),
        action: ADD,
        list: LIST,
        problem,
        wrong,
        cleared: clear_tokens([
            ("Name", &mut typed.name),
            ("What it is for", &mut typed.description),
            ("Networks", &mut typed.networks),
            ("Ends", &mut typed.ends),
        ]),
        typed,
    };
    respond::render(status, &page)
}

fn typed(fields: &Fields) -> Typed {
    let text = |name| fields.text(name).to_owned();
    Typed {
        name: text("name"),
        description: text("description"),
        networks: text("networks"),
        ends: text("ends"),
    }
}

/// What to do about one field; the use case's own words are about all.
fn remedy(wrong: &str) -> Option<&'static str> {
    Some(match wrong {
        "name" => "Use 1 to 64 of a-z, 0-9, `-`, `_` and `.`.",
        "description" => "Make it shorter.",
        "networks" => "Write one on each line, such as `10.0.0.0/8` or `192.0.2.7`.",
        "ends" => "Choose a day that is still to come, such as 2026-12-31.",
        _ => return None,
    })
}

/// Which field it is about: the use case says it in words only.
fn wrong(fields: &Fields, failure: &Failure) -> &'static str {
    let words = failure.detail();
    if words.contains("description") {
        "description"
    } else if words.contains("the end of") {
        "ends"
    } else if failure.code() == Code::ClientNameTaken || ClientName::parse(fields.text("name")).is_err() {
        "name"
    } else {
        "networks"
    }
}
