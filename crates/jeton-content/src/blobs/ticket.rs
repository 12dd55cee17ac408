use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{
    arrival::{Progress, forgotten},
    flight::Own,
};
use crate::ContentError;

/// What somebody waits for a file with: the fetch that they follow, and the one that they may begin when that fails. As long as it is
/// there, somebody waits.
pub(super) struct Ticket {
    /// As who waits has asked for it.
    path: String,
    leg: Mutex<Leg>,
}

struct Leg {
    progress: watch::Receiver<Progress>,
    /// While the fetch is another's.
    own: Option<Own>,
}

impl Ticket {
    pub(super) fn new(progress: watch::Receiver<Progress>, path: &str, own: Option<Own>) -> Self {
        Self {
            path: path.to_owned(),
            leg: Mutex::new(Leg { progress, own }),
        }
    }

    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.leg().progress.clone()
    }

    /// Waits until this is known of the file.
    pub(super) async fn wait<T>(
        &self,
        known: impl Fn(&Progress) -> Option<Result<T, ContentError>>,
    ) -> Result<T, ContentError> {
        let mut progress = self.progress();
        loop {
            let found = known(&progress.borrow_and_update());
            match found {
                Some(Ok(found)) => return Ok(found),
                Some(Err(error)) => progress = self.instead(&progress, error, true)?,
                None => progress.changed().await.map_err(|_| forgotten())?,
            }
        }
    }

    /// What to follow instead of a fetch that has failed.
    ///
    /// # Errors
    /// The failure, if it is theirs who waits; also if they cannot begin anew, and then in their words.
    pub(super) fn instead(
        &self,
        failed: &watch::Receiver<Progress>,
        error: ContentError,
        may_begin_anew: bool,
    ) -> Result<watch::Receiver<Progress>, ContentError> {
        if !may_begin_anew || is_anybodys(&error) {
            return Err(self.own_words(error));
        }
        let mut leg = self.leg();
        // Unless another who has this ticket was faster.
        if leg.progress.same_channel(failed) {
            let Some(own) = leg.own.take() else {
                return Err(self.own_words(error));
            };
            leg.progress = own.begin();
        }
        Ok(leg.progress.clone())
    }

    fn own_words(&self, error: ContentError) -> ContentError {
        match error {
            ContentError::TooLarge {
                limit,
                by_forge: false,
                path: _,
            } => ContentError::TooLarge {
                path: self.path.clone(),
                limit,
                by_forge: false,
            },
            error => error,
        }
    }

    fn leg(&self) -> MutexGuard<'_, Leg> {
        // Each change is one step.
        self.leg.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a failure would be the same whoever asks. All others may be about a credential: whom it is not given to, that it has no
/// calls left, what it was used for.
fn is_anybodys(error: &ContentError) -> bool {
    matches!(
        error,
        ContentError::Mismatch { .. } | ContentError::Cache(_) | ContentError::Range(_)
    )
}
