use axum::{extract::State, response::Response};
use jeton_ci::{ExaminedSource, RunnerReport, ScopeName, SourceAsk};
use jeton_domain::{Code, Fitness, Validity};

use super::list::{Look, page};
use crate::{
    failure::Failure,
    operations::ci::failed,
    page::{
        badge::{Badge, Tone},
        check::{DiagnosisView, EvidenceView},
        ci::{PlaceTyped, Wrong},
        problem::sentence,
        told::in_page_words,
        viewer::{Sent, Viewer},
    },
    state::Shared,
};

/// Whether runners could be registered somewhere, and why not.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) verdict: Badge,
    pub(super) place: String,
    pub(super) host: String,
    pub(super) sources: Vec<SourceView>,
}

/// What was found of one App or account; `why` is HTML.
#[derive(Debug)]
pub(super) struct SourceView {
    pub(super) source: String,
    pub(super) fit: Badge,
    pub(super) needs: String,
    pub(super) why: String,
    pub(super) diagnoses: Vec<DiagnosisView>,
    pub(super) evidence: Vec<EvidenceView>,
}

/// Looks, and shows what was found. Nothing is made, here or at the forge.
pub(super) async fn check(State(state): State<Shared>, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let typed = PlaceTyped {
        forge: fields.text("forge").to_owned(),
        is_owner: fields.text("what") == "owner",
        path: fields.text("path").to_owned(),
        source: fields.text("source").to_owned(),
    };
    let look = match read(&typed) {
        Err((wrong, failure)) => Look {
            typed,
            wrong,
            failure: Some(failure),
            checked: None,
        },
        Ok((scope, source)) => {
            let forge = typed.forge();
            let found = state
                .ci
                .examine_runners(&viewer.asker(), forge.as_deref(), &scope, &source)
                .await;
            match found {
                Ok(report) => Look {
                    checked: Some(Checked::of(&report, &viewer)),
                    typed,
                    ..Look::default()
                },
                Err(error) => {
                    let failure = failed(&state, &error);
                    Look {
                        typed,
                        wrong: if failure.code() == Code::RunnerScopeNotFound {
                            "path"
                        } else {
                            ""
                        },
                        failure: Some(failure),
                        checked: None,
                    }
                }
            }
        }
    };
    page(&viewer, &state, look).await
}

fn read(typed: &PlaceTyped) -> Result<(ScopeName, SourceAsk), Wrong> {
    Ok((typed.scope()?, typed.source()?))
}

impl Checked {
    fn of(report: &RunnerReport, viewer: &Viewer) -> Self {
        Self {
            verdict: match report.fit {
                Fitness::Yes => Badge::new(Tone::Good, "Runners can be registered"),
                Fitness::No => Badge::new(Tone::Bad, "It would be refused"),
                Fitness::Unknown => Badge::new(Tone::Warn, "Not known before it is tried"),
            },
            place: report.scope.clone(),
            host: report.forge.clone(),
            sources: report
                .sources
                .iter()
                .map(|source| SourceView::of(source, viewer))
                .collect(),
        }
    }
}

impl SourceView {
    fn of(source: &ExaminedSource, viewer: &Viewer) -> Self {
        let (fit, tone) = match source.fit {
            Fitness::Yes => (Badge::new(Tone::Good, "Will do"), Validity::Valid),
            Fitness::No => (Badge::new(Tone::Bad, "Will not do"), Validity::Invalid),
            Fitness::Unknown => (Badge::new(Tone::Dim, "Not known"), Validity::Unknown),
        };
        let diagnoses = source.diagnoses.iter();
        Self {
            source: source.source.clone(),
            fit,
            needs: source.needs.clone(),
            why: in_page_words(&sentence(&source.why)),
            diagnoses: diagnoses.map(|one| DiagnosisView::of(one, tone, viewer.now)).collect(),
            evidence: source.evidence.iter().map(EvidenceView::of).collect(),
        }
    }
}
