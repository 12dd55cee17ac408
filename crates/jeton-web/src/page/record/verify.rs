use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{RecordVerdict, VerifyRecordRequest};
use jeton_domain::Code;

use super::{LIST, VERIFY};
use crate::{
    auth::rights::RecordRead,
    failure::Failure,
    operations::record::verify_record,
    page::{
        badge::{Badge, Tone},
        fields::{Cleared, clear_tokens},
        link::link,
        problem::{Problem, sentence},
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "record/verify.html")]
struct Page {
    shell: Shell,
    list: &'static str,
    action: &'static str,
    problem: Option<Problem>,
    /// What is wrong with the entry that was typed.
    wrong: Option<&'static str>,
    has_archive: bool,
    with_archives: bool,
    cleared: Cleared,
    expect: String,
    verdict: Option<Verdict>,
}

/// What was found, in words.
struct Verdict {
    state: Badge,
    words: String,
    /// To be kept elsewhere.
    head: Option<String>,
    findings: Vec<Finding>,
    archives: Vec<Archive>,
}

struct Finding {
    title: &'static str,
    words: String,
    /// The entries around it.
    near: Option<(u64, String)>,
}

struct Archive {
    file: String,
    entries: String,
    state: Badge,
}

/// Beside the field, in its own words.
const NO_ENTRY: &str = "Write the number of the entry, a colon, and its 64 hex digits, as an earlier verification told you to keep \
                        them. Or leave it empty.";

/// The form.
pub(super) async fn form(viewer: May<RecordRead>, State(state): State<Shared>) -> Response {
    show(&viewer, &state, StatusCode::OK, false, "", Ok(None))
}

/// Walks through the whole record.
pub(super) async fn verify(State(state): State<Shared>, sent: SentBy<RecordRead>) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = &sent;
    let with_archives = fields.is_on("archives");
    let asked = VerifyRecordRequest {
        archives: Some(with_archives),
        expect: fields.some("expect"),
    };
    let (status, outcome) = match verify_record::verify(&state, &asked).await {
        Ok(verdict) => (StatusCode::OK, Ok(Some(verdict))),
        Err(failure) if failure.code() == Code::RequestInvalid => {
            let refused = if verify_record::is_about_expected(&failure) {
                let words = "The record was not read: what you typed below is no entry.";
                (Problem::new(words, None), Some(NO_ENTRY))
            } else {
                (Problem::from(&failure), None)
            };
            (respond::page_status(failure.code()), Err(refused))
        }
        Err(failure) => return Err(failure),
    };
    Ok(show(
        viewer,
        &state,
        status,
        with_archives,
        fields.text("expect"),
        outcome,
    ))
}

fn show(
    viewer: &Viewer,
    state: &WebState,
    status: StatusCode,
    with_archives: bool,
    expect: &str,
    outcome: Result<Option<RecordVerdict>, (Problem, Option<&'static str>)>,
) -> Response {
    let (verdict, problem, wrong) = match outcome {
        Ok(verdict) => (verdict.map(told), None, None),
        Err((problem, wrong)) => (None, Some(problem), wrong),
    };
    let mut expect = expect.to_owned();
    let page = Page {
        shell: viewer.shell(Here::Record),
        list: LIST,
        action: VERIFY,
        problem,
        wrong,
        has_archive: state.settings.record_archive.is_some(),
        with_archives,
        cleared: clear_tokens([("An entry that must still be there", &mut expect)]),
        expect,
        verdict,
    };
    respond::render(status, &page)
}

fn told(verdict: RecordVerdict) -> Verdict {
    let entries = match (verdict.entries, verdict.first, verdict.last) {
        (1, _, _) => "One entry was read.".to_owned(),
        (count, Some(first), Some(last)) => format!("{count} entries were read, {first} to {last}."),
        (count, _, _) => format!("{count} entries were read."),
    };
    let (state, words) = if verdict.ok {
        (
            Badge::new(Tone::Good, "whole"),
            "Nothing was changed, removed or moved.",
        )
    } else {
        (
            Badge::new(Tone::Bad, "not whole"),
            "Something is wrong with the record. Keep a copy of the database before anything else.",
        )
    };
    let head = verdict
        .last
        .zip(verdict.head)
        .map(|(last, head)| format!("{last}:{head}"));
    let findings = verdict.findings.into_iter().map(|finding| Finding {
        title: title(&finding.kind),
        words: sentence(&finding.detail),
        // The first entries after the place, and with them the place itself.
        near: finding
            .seq
            .map(|seq| (seq, link(LIST, &[("before", &seq.saturating_add(3).to_string())]))),
    });
    let archives = verdict.archives.into_iter().flatten().map(|archive| Archive {
        file: archive.file,
        entries: format!("{} to {}", archive.first, archive.last),
        state: if archive.ok {
            Badge::new(Tone::Good, "whole")
        } else {
            Badge::new(Tone::Bad, "not whole")
        },
    });
    Verdict {
        state,
        words: format!("{words} {entries}"),
        head,
        findings: findings.collect(),
        archives: archives.collect(),
    }
}

/// A kind of finding for people.
fn title(kind: &str) -> &'static str {
    match kind {
        "changed" => "An entry was changed",
        "missing" => "Entries are missing",
        "out_of_order" => "An entry stands in the wrong place",
        "tail_missing" => "The newest entries are gone",
        "head_forged" => "The mark on the newest entry is not jeton's",
        "base_forged" => "The mark on the last archived entry is not jeton's",
        "rolled_back" => "The database was set back",
        "not_as_expected" => "It is not the entry that you expected",
        _ => "Something is wrong",
    }
}
