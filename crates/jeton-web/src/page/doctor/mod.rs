//! What is wrong with this server. A check is begun by a button; the page shows the last one and asks nobody.

mod keys;
mod memory;

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use http::StatusCode;
use jeton_domain::{Action, Code};

use self::{
    keys::KeysView,
    memory::{Done, Failed},
};
use super::{
    badge::{Badge, Tone},
    respond,
    shell::{Here, Shell},
    time::Time,
    told::Told,
    viewer::{May, SentBy, Viewer},
};
use crate::{
    auth::rights::ServerRead,
    examiner::{DoctorFinding, DoctorLevel},
    failure::Failure,
    state::Shared,
};

pub(crate) use memory::DoctorRuns;

const PATH: &str = "/doctor";

pub(super) fn router() -> Router<Shared> {
    Router::new().route(PATH, get(show_doctor).post(examine))
}

#[derive(Template)]
#[template(path = "doctor.html")]
struct Page {
    shell: Shell,
    version: &'static str,
    database: Option<String>,
    since: Time,
    addresses: Vec<String>,
    has_examiner: bool,
    failed: Option<FailedView>,
    findings: Option<Findings>,
    keys: Option<KeysView>,
}

struct FailedView {
    at: Time,
    words: String,
}

/// What the last check found.
struct Findings {
    verdict: Badge,
    at: Time,
    count: usize,
    failed: usize,
    to_look_at: usize,
    rows: Vec<Row>,
}

struct Row {
    level: Badge,
    check: &'static str,
    what: Told,
    code: Option<String>,
    remedy: Option<Told>,
}

async fn show_doctor(viewer: May<ServerRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let (done, failed) = state.doctor.last();
    let keys = done.as_deref().and_then(|done| done.keys.as_ref());
    let page = Page {
        shell: viewer.shell(Here::Doctor),
        version: state.settings.version,
        database: state.settings.examiner.as_ref().map(|examiner| examiner.database()),
        since: viewer.time(state.started_at),
        addresses: state.addresses.get().cloned().unwrap_or_default(),
        has_examiner: state.settings.examiner.is_some(),
        failed: failed.map(|failed| failed_view(&failed, &viewer)),
        findings: done.as_deref().map(|done| findings(done, &viewer)),
        keys: keys
            .filter(|_| viewer.is_allowed(Action::KeyRead))
            .map(|keys| KeysView::of(keys, &viewer)),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

/// Begins a check and waits for its end; one that runs already is waited for instead.
async fn examine(State(state): State<Shared>, _: SentBy<ServerRead>) -> Result<Response, Failure> {
    if state.settings.examiner.is_none() {
        return Err(
            Failure::new(Code::RouteNotFound, "this server has no checks of its own")
                .with_remedy("Run `jeton doctor` on its machine."),
        );
    }
    // Whoever closes the page does not end a check that others may wait for.
    let running = tokio::spawn({
        let state = state.clone();
        async move { state.doctor.run(&state).await }
    });
    running.await.map_err(|_| Failure::internal())?;
    Ok(respond::see_other(PATH))
}

fn failed_view(failed: &Failed, viewer: &Viewer) -> FailedView {
    FailedView {
        at: viewer.time(failed.begun_at),
        words: failed.why.to_string(),
    }
}

/// The worst first; what is alike stays in the order in which it was looked at.
fn findings(done: &Done, viewer: &Viewer) -> Findings {
    let mut sorted: Vec<&DoctorFinding> = done.findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let count = |level| done.findings.iter().filter(|finding| finding.level == level).count();
    Findings {
        verdict: match sorted.first().map_or(DoctorLevel::Ok, |worst| worst.level) {
            DoctorLevel::Ok => Badge::new(Tone::Good, "Nothing is wrong"),
            DoctorLevel::Warn => Badge::new(Tone::Warn, "Something to look at"),
            DoctorLevel::Fail => Badge::new(Tone::Bad, "Something does not work"),
        },
        at: viewer.time(done.at),
        count: sorted.len(),
        failed: count(DoctorLevel::Fail),
        to_look_at: count(DoctorLevel::Warn),
        rows: sorted.into_iter().map(|finding| row(finding, viewer)).collect(),
    }
}

/// What names something that is kept from whoever looks is told without its words: that something is wrong is the server's.
fn row(finding: &DoctorFinding, viewer: &Viewer) -> Row {
    let needs = finding.needs();
    let hidden = needs
        .first()
        .filter(|_| !needs.iter().any(|action| viewer.is_allowed(*action)));
    let told = match hidden {
        // In the words of the command line: they often begin with a name.
        None => Told::new(&finding.what),
        Some(action) => Told::new(&format!("not shown: it takes the right to `{action}` to read this")),
    };
    Row {
        level: match finding.level {
            DoctorLevel::Ok => Badge::new(Tone::Good, "Fine"),
            DoctorLevel::Warn => Badge::new(Tone::Warn, "To look at"),
            DoctorLevel::Fail => Badge::new(Tone::Bad, "Fails"),
        },
        check: finding.check,
        what: told,
        code: finding.code.clone(),
        remedy: finding.remedy.as_deref().filter(|_| hidden.is_none()).map(Told::error),
    }
}
