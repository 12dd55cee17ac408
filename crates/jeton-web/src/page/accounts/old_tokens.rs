use jeton_ci::{OldToken, OldTokenState};

use crate::page::{
    badge::{Badge, Tone},
    problem::{is_web, sentence},
    time::Time,
    told::in_page_words,
    viewer::Viewer,
};

/// A token that was replaced; `error` and `remedy` are HTML.
#[derive(Debug)]
pub(super) struct OldTokenView {
    pub(super) fingerprint: String,
    pub(super) state: Badge,
    pub(super) replaced: Time,
    /// It waits until then at most.
    pub(super) ends_by: Option<Time>,
    pub(super) error: Option<String>,
    pub(super) remedy: Option<String>,
    pub(super) url: Option<String>,
}

impl OldTokenView {
    pub(super) fn of(old: &OldToken, viewer: &Viewer) -> Self {
        let state = match old.state {
            OldTokenState::Waiting => Badge::new(Tone::Busy, "Waits for its end"),
            OldTokenState::Ended => Badge::new(Tone::Good, "Ended at the forge"),
            OldTokenState::Kept => Badge::new(Tone::Warn, "Lives on"),
        };
        let error = old.error.as_ref().filter(|_| old.state != OldTokenState::Ended);
        Self {
            fingerprint: old.fingerprint.to_string(),
            state,
            replaced: viewer.time(old.created_at),
            ends_by: (old.state == OldTokenState::Waiting).then(|| viewer.time(old.ends_by)),
            error: error.map(|error| in_page_words(&sentence(&error.cause))),
            remedy: error.map(|error| in_page_words(&sentence(&error.remedy))),
            url: error.and_then(|error| error.url.clone()).filter(|url| is_web(url)),
        }
    }
}
