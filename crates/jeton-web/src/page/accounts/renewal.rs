use jeton_accounts::{Account, RotationState};

use crate::page::{
    badge::{Badge, Tone},
    problem::sentence,
    time::Time,
    told::in_page_words,
    viewer::Viewer,
};

/// The newest renewal of an account's token.
#[derive(Debug, Clone)]
pub(super) struct RenewalView {
    pub(super) state: Badge,
    /// What that means.
    pub(super) words: &'static str,
    pub(super) asked_by: String,
    /// How often the forge was asked.
    pub(super) attempts: u32,
    /// What went wrong last, as HTML.
    pub(super) error: Option<String>,
    pub(super) begun: Time,
    pub(super) changed: Time,
    pub(super) old_fingerprint: String,
    pub(super) new_fingerprint: Option<String>,
}

impl RenewalView {
    pub(super) fn of(account: &Account, viewer: &Viewer) -> Option<Self> {
        let rotation = account.rotation.as_ref()?;
        let (tone, state, words) = match rotation.state {
            RotationState::Intended => (
                Tone::Busy,
                "Begins",
                "The forge will be asked for a new token. The old one is as it was.",
            ),
            RotationState::Asked => (
                Tone::Warn,
                "Not clear yet",
                "The forge was asked, and its answer is not known yet. A look at the old token will tell what became of it.",
            ),
            RotationState::Received => (
                Tone::Busy,
                "Under way",
                "The new token is here, and is looked at before it is put in.",
            ),
            RotationState::Done => (Tone::Good, "Done", "The new token is in. The old one is dead."),
            RotationState::Failed => (
                Tone::Bad,
                "Not done",
                "The forge did not renew the token. The old one is as it was.",
            ),
            RotationState::Lost => (
                Tone::Bad,
                "Lost",
                "The forge renewed the token, and its answer was lost: neither can be used. Make a new one by hand, and put \
                 it in with “Replace token”.",
            ),
        };
        Some(Self {
            state: Badge::new(tone, state),
            words,
            asked_by: rotation.asked_by.clone(),
            attempts: rotation.attempts,
            error: rotation.error.as_deref().map(|error| in_page_words(&sentence(error))),
            begun: viewer.time(rotation.created_at),
            changed: viewer.time(rotation.changed_at),
            old_fingerprint: rotation.old_fingerprint.to_string(),
            new_fingerprint: rotation.new_fingerprint.as_ref().map(ToString::to_string),
        })
    }
}
