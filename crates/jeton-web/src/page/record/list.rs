use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::AccessError;

use super::{
    EXPORT, LIST, VERIFY,
    entry::EntryView,
    filter::{Choice, Family, Typed},
};
use crate::{
    auth::rights::RecordRead,
    failure::Failure,
    page::{
        fields::Cleared,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::May,
        when,
    },
    state::Shared,
};

/// Entries on a page.
const PAGE: u32 = 32;

#[derive(Template)]
#[template(path = "record/list.html")]
struct List {
    shell: Shell,
    problem: Option<Problem>,
    wrong: &'static str,
    cleared: Cleared,
    typed: Typed,
    since: String,
    until: String,
    is_filtered: bool,
    refusals: Choice,
    families: Vec<Family>,
    verify: &'static str,
    export: String,
    entries: Vec<EntryView>,
    first: Option<String>,
    next: Option<String>,
}

/// The record, newest first.
pub(super) async fn list(viewer: May<RecordRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let mut typed = Typed::of_address(&viewer);
    // What is no number begins the list anew. Databases count to 2^63.
    let before = viewer.parameter("before").parse::<u64>().ok();
    let before = before.map(|before| before.min(i64::MAX.unsigned_abs()));
    let filter = typed.read();
    let cleared = typed.clear_tokens();
    let (entries, next, problem, wrong) = match filter {
        // Not all entries instead, as if they were what was asked for.
        Ok(_) if !cleared.is_empty() => (Vec::new(), None, None, ""),
        Ok(filter) => {
            let ledger = state.access.settled_ledger().await;
            let page = ledger.list(&filter, before, PAGE).await.map_err(AccessError::from)?;
            (page.entries, page.next, None, "")
        }
        Err((wrong, failure)) => (Vec::new(), None, Some(Problem::from(&failure)), wrong),
    };
    let status = if problem.is_some() || !cleared.is_empty() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let page = List {
        shell: viewer.shell(Here::Record),
        problem,
        wrong,
        since: when::typed(&typed.since),
        until: when::typed(&typed.until),
        is_filtered: !typed.is_empty() || !cleared.is_empty(),
        cleared,
        refusals: typed.refusals(),
        families: typed.families(),
        verify: VERIFY,
        export: typed.link(EXPORT, ""),
        entries: entries.into_iter().map(|entry| EntryView::of(entry, &viewer)).collect(),
        first: before.is_some().then(|| typed.link(LIST, "")),
        next: next.map(|next| typed.link(LIST, &next.to_string())),
        typed,
    };
    Ok(respond::render(status, &page))
}
