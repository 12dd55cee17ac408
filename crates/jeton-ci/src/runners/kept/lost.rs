//! Tokens that are of no use any more.

use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::Timestamp;

use super::{
    super::wish::KeptWish,
    row::{about, entry},
};
use crate::{CiError, ci::Inner};

/// Why a token is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is dead before its end, and jeton has not renewed it: the runner has, and works on with one that jeton has not.
    RenewedItself,
    /// It has ended before it was renewed. The runner may have renewed it itself in time.
    Ended(Timestamp),
    /// jeton renewed it, the answer was lost, and nobody could replace it: the one that is good is in nobody's hands.
    Orphaned(String),
    /// It does not open, or could not be tried for a long time.
    Unusable(String),
}

impl Loss {
    /// What became of a token that the forge does not take, and that jeton has not renewed.
    pub(super) fn of_dead(row: &RunnerRecord, now: Timestamp) -> Self {
        match row.expires_at {
            Some(end) if end <= now => Self::Ended(end),
            _ => Self::RenewedItself,
        }
    }

    fn words(&self) -> String {
        let next = "whoever asks for the name again gets another runner";
        match self {
            Self::RenewedItself => {
                format!("the runner renewed its token itself, or was removed at its forge; {next}")
            }
            Self::Ended(end) => format!("jeton's token of it ended at {end} before it was renewed; {next}"),
            Self::Orphaned(why) => {
                format!("its token was renewed, the answer was lost, and no other could be had: {why}; {next}")
            }
            Self::Unusable(why) => format!("{why}; {next}"),
        }
    }
}

impl Inner {
    /// Writes down that a token is of no use any more; `false` when somebody changed the row meanwhile.
    pub(super) async fn lose(&self, row: &RunnerRecord, loss: &Loss) -> Result<bool, CiError> {
        let why = loss.words();
        let mut wish = KeptWish::of(row)?;
        wish.orphaned = matches!(loss, Loss::Orphaned(_));
        let wish = wish.to_json()?;
        let event = about(entry(row).event(events::RUNNER_LOST, None), row).with("reason", why.as_str());
        let written = self
            .step(row, Some(event), |row| {
                row.state = RunnerState::Lost;
                row.wish = wish;
                row.renew_at = None;
                row.error = Some(why.clone());
            })
            .await?;
        if written.is_none() {
            return Ok(false);
        }
        self.looks.forget(row.id);
        if *loss == Loss::RenewedItself {
            tracing::info!(
                runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(), reason = why,
                "a runner works on with a token that jeton has not"
            );
        } else {
            tracing::warn!(
                runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(), reason = why,
                "the token of a runner is lost"
            );
        }
        Ok(true)
    }
}
