use jeton_ci::{KeptRunner, RunnerState};

use super::LIST;
use crate::page::{
    badge::{Badge, Tone},
    problem::sentence,
    time::Time,
    told::Told,
    viewer::Viewer,
};

/// A runner that jeton keeps.
#[derive(Debug)]
pub(super) struct RunnerView {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) host: String,
    pub(super) labels: String,
    pub(super) state: Badge,
    pub(super) error: Option<Told>,
    pub(super) fingerprint: Option<String>,
    pub(super) ends: Option<Time>,
    pub(super) renewed: Option<Time>,
    pub(super) source: String,
    pub(super) made_by: String,
    pub(super) made: Time,
}

impl RunnerView {
    pub(super) fn of(runner: &KeptRunner, viewer: &Viewer) -> Self {
        let is_lost = runner.state == RunnerState::Lost;
        Self {
            path: format!("{LIST}/{}", runner.id),
            name: runner.name.clone(),
            place: runner.scope.words(runner.forge.kind()),
            host: runner.forge.host().to_owned(),
            labels: runner.labels.join(", "),
            state: match runner.state {
                RunnerState::Making => Badge::new(Tone::Busy, "Being made"),
                RunnerState::Live => Badge::new(Tone::Good, "Live"),
                RunnerState::Renewing => Badge::new(Tone::Busy, "Being renewed"),
                RunnerState::Lost => Badge::new(Tone::Bad, "Lost"),
            },
            error: runner.error.as_deref().map(|error| Told::new(&sentence(error))),
            fingerprint: runner.fingerprint.as_ref().map(ToString::to_string),
            ends: runner.expires_at.map(|at| viewer.time(at)),
            renewed: runner.renew_at.filter(|_| !is_lost).map(|at| viewer.time(at)),
            source: runner.source.clone(),
            made_by: runner.made_by.clone(),
            made: viewer.time(runner.created_at),
        }
    }
}
