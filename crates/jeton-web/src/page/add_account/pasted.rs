use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_domain::{ForgeKind, Secret};
use jeton_inspect::{Certainty, Inspection, Severity, Wholeness, inspect, inspect_for_own};

use super::may_add;
use crate::{
    failure::Failure,
    page::{badge::Tone, problem::sentence, respond, told::in_page_words, viewer::Sent},
    state::Shared,
};

/// What a pasted text is, for the page. Nothing of the text itself is in it.
#[derive(Debug, Clone)]
pub(super) struct PastedView {
    /// What was recognised, in a sentence; `None` for what is no token of a forge.
    pub(super) what: Option<String>,
    pub(super) findings: Vec<FindingView>,
    /// The forge that it is for, when another one is chosen or none.
    pub(super) other: Option<ForgeKind>,
    pub(super) is_usable: bool,
}

/// Something that was found; `words` and `remedy` are HTML.
#[derive(Debug, Clone)]
pub(super) struct FindingView {
    pub(super) tone: &'static str,
    /// How grave it is, in a word.
    pub(super) grade: &'static str,
    pub(super) words: String,
    pub(super) remedy: String,
}

impl PastedView {
    pub(super) fn of(inspection: &Inspection, chosen: Option<ForgeKind>) -> Self {
        Self {
            what: inspection.kind.map(|kind| {
                let kind = kind.words();
                match (inspection.certainty, inspection.wholeness) {
                    (_, Wholeness::Damaged) => format!("This is {kind}, and it is damaged."),
                    (Certainty::Sure, Wholeness::Whole) => format!("This is {kind}, and all of it is there."),
                    (Certainty::Sure, _) => format!("This is {kind}."),
                    (Certainty::Hint, _) => format!("This looks like {kind}."),
                }
            }),
            findings: inspection
                .findings
                .iter()
                .map(|finding| {
                    let (tone, grade) = match finding.severity {
                        Severity::Error => (Tone::Bad, "Does not work"),
                        Severity::Warning => (Tone::Warn, "Look at this"),
                        Severity::Note => (Tone::Dim, "Note"),
                    };
                    FindingView {
                        tone: tone.class(),
                        grade,
                        words: in_page_words(&sentence(&finding.words)),
                        remedy: in_page_words(&on_the_page(&finding.remedy)),
                    }
                })
                .collect(),
            other: inspection.forge.filter(|forge| chosen != Some(*forge)),
            is_usable: inspection.usable(),
        }
    }
}

/// What the command line has a switch for is a choice of the form.
fn on_the_page(remedy: &str) -> String {
    remedy.replace("`--forge gitlab`", "“GitLab” as your forge").replace(
        "Give the file's content: `jeton token inspect < FILE`.",
        "Paste what stands in the file.",
    )
}

/// A small page, of which the script shows one part.
#[derive(Template)]
#[template(path = "add_pasted.html")]
struct PastedPage {
    pasted: PastedView,
}

/// Says what somebody typed or pasted into the field of the token, before it is sent. Asks nobody and keeps nothing.
pub(super) async fn pasted(State(state): State<Shared>, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, mut fields } = sent;
    may_add(&state, &viewer)?;
    let token = fields.take_secret("token").unwrap_or_else(|| Secret::new(""));
    let chosen = ForgeKind::parse(fields.text("forge"));
    let inspection = if fields.is_on("self_hosted") {
        inspect_for_own(&token, chosen)
    } else {
        inspect(&token, chosen)
    };
    let page = PastedPage {
        pasted: PastedView::of(&inspection, chosen),
    };
    Ok(respond::render(StatusCode::OK, &page))
}
