//! One try of one target.

use jeton_accounts::PresentToken;
use jeton_domain::{Diagnosis, Fingerprint};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, TargetRecord, TargetState};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    about, lacks, options,
    push::{LONGEST_PAUSE, SHORTEST_PAUSE},
    view::diagnosis,
};
use crate::{
    CiError,
    ci::Inner,
    secrets::{By, Parcel, TokenOf},
};

/// A forge that wants to be asked later than this is asked all the same.
const LONGEST_PEACE: SignedDuration = SignedDuration::from_hours(1);

/// What is to be pushed.
pub(super) enum Given {
    /// This.
    Token(Box<PresentToken>),
    /// The token cannot be used now.
    NotNow(Diagnosis),
    /// Nobody need try it again before a person has changed something.
    Never(Diagnosis),
}

/// What came of it.
enum Outcome {
    Pushed,
    Failed(Diagnosis),
    GivenUp(Diagnosis),
}

impl Inner {
    /// Tries a target once, and writes down what came of it.
    pub(super) async fn try_target(
        &self,
        row: TargetRecord,
        present: &Fingerprint,
        given: Given,
    ) -> Result<(), CiError> {
        let outcome = match given {
            Given::Token(token) => match self.push_target(&row, *token).await? {
                Ok(()) => Outcome::Pushed,
                Err(diagnosis) => Outcome::Failed(diagnosis),
            },
            Given::NotNow(diagnosis) => Outcome::Failed(diagnosis),
            Given::Never(diagnosis) => Outcome::GivenUp(diagnosis),
        };
        self.note_outcome(row, present, outcome).await
    }

    async fn push_target(&self, row: &TargetRecord, token: PresentToken) -> Result<Result<(), Diagnosis>, CiError> {
        let options = options::from_json(&row.options, row.environment.as_deref())?;
        let source = match self.kept_source(row, &token, &options).await? {
            Ok(source) => source,
            Err(diagnosis) => return Ok(Err(diagnosis)),
        };
        let parcel = Parcel {
            name: row.name.clone(),
            value: token.credential.token,
            options,
            token_of: Some(TokenOf {
                account: token.source,
                fingerprint: token.fingerprint,
            }),
            by: By::System,
        };
        let at = source.at(row, self.now());
        let outcome = self.push_on_record(&at, &source.name, &row.rule, &parcel).await?;
        Ok(outcome.map(drop).map_err(|refusal| *refusal.diagnosis))
    }

    /// Writes down what came of a try. The row is read anew: it may have been made due again, or be gone, and the account may have
    /// another token by now, of which this says nothing.
    async fn note_outcome(&self, seen: TargetRecord, present: &Fingerprint, outcome: Outcome) -> Result<(), CiError> {
        let now = self.now();
        let mut tx = self.vault.begin().await?;
        // The account first, as everybody locks them.
        let account = tx.accounts().find(seen.account).await?;
        let Some(account) = account.filter(|account| account.fingerprint == *present) else {
            return Ok(());
        };
        let row = tx.targets().find(seen.id).await?;
        let Some(row) = row.filter(|row| lacks(row, present)) else {
            return Ok(());
        };
        let (next, told) = self.after(&row, present, outcome, now);
        if !tx.targets().change(&next, row.changed_at).await? {
            return Ok(()); // it is tried again
        }
        if let Some(diagnosis) = &told {
            self.broker
                .accounts()
                .notify_about(&mut *tx, account.id, events::SECRET_PUSH_FAILED, Some(diagnosis))
                .await?;
            let event = about(Event::by_system(events::SECRET_PUSH_FAILED), &account, &next)
                .with("asked_by", "system")
                .with("given_up", true)
                .with("attempts", next.attempts)
                .with("code", diagnosis.code.as_str())
                .with("reason", diagnosis.cause.as_str());
            self.broker.access().ledger().append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        log(&account, &next, told.is_some());
        Ok(())
    }

    /// The row after a try, and what people are to be told when it is given up.
    fn after(
        &self,
        row: &TargetRecord,
        present: &Fingerprint,
        outcome: Outcome,
        now: Timestamp,
    ) -> (TargetRecord, Option<Diagnosis>) {
        let mut next = row.clone();
        next.changed_at = now.max(row.changed_at + SignedDuration::from_millis(1));
        next.attempts = row.attempts.saturating_add(1);
        let (diagnosis, is_over) = match outcome {
            Outcome::Pushed => {
                next.state = TargetState::Current;
                next.pushed = Some(present.clone());
                next.pushed_at = Some(now);
                next.error = None;
                return (next, None);
            }
            Outcome::Failed(diagnosis) => {
                // By the pauses that were made, not by a clock that may jump.
                let tried_for = (1..=next.attempts).map(pause).sum::<SignedDuration>();
                (diagnosis, tried_for > self.settings.push_for)
            }
            Outcome::GivenUp(diagnosis) => (diagnosis, true),
        };
        next.error = Some(json!(diagnosis));
        next.state = if is_over {
            TargetState::Failed
        } else {
            TargetState::Pending
        };
        (next, is_over.then_some(diagnosis))
    }
}

/// The pause after the try of this number, counted from 1.
fn pause(attempt: u32) -> SignedDuration {
    let doubled = 1_i32.checked_shl(attempt.saturating_sub(1).min(20)).unwrap_or(i32::MAX);
    SHORTEST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

/// When a target is to be tried next; `None` for one that was not tried with the present token.
pub(super) fn due_at(row: &TargetRecord, now: Timestamp) -> Option<Timestamp> {
    if row.attempts == 0 {
        return None;
    }
    let due = row.changed_at.checked_add(pause(row.attempts)).ok()?;
    let peace = diagnosis(row.error.as_ref()).and_then(|error| error.retry_at);
    let due = peace.map_or(due, |peace| due.max(peace));
    // A clock that was wrong when the row was written holds nothing up.
    let latest = now.checked_add(LONGEST_PEACE).ok()?;
    Some(if row.changed_at > latest { now } else { due.min(latest) })
}

fn log(account: &AccountRecord, target: &TargetRecord, given_up: bool) {
    let kind = target.forge.kind();
    let (label, host) = (account.label.as_str(), target.forge.host());
    let (scope, name) = (target.scope.words(kind), target.name.as_str());
    let Some(error) = diagnosis(target.error.as_ref()) else {
        tracing::info!(
            account.label = label, forge.host = host, scope, secret.name = name,
            account.fingerprint = %account.fingerprint, "an account's token was pushed"
        );
        return;
    };
    let (code, reason) = (error.code.as_str(), error.cause.as_str());
    if given_up {
        tracing::warn!(
            account.label = label,
            forge.host = host,
            scope,
            secret.name = name,
            code,
            reason,
            "an account's token could not be pushed; it is not tried any more by itself"
        );
    } else {
        tracing::info!(
            account.label = label,
            forge.host = host,
            scope,
            secret.name = name,
            code,
            reason,
            target.attempts,
            "an account's token could not be pushed; it is tried again"
        );
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{LONGEST_PAUSE, SHORTEST_PAUSE, pause};

    #[test]
    fn pauses_grow_within_their_bounds() {
        assert_eq!(pause(1), SHORTEST_PAUSE);
        assert_eq!(pause(2), SHORTEST_PAUSE * 2);
        for attempt in 1..100 {
            let (this, next) = (pause(attempt), pause(attempt + 1));
            assert!(this <= next && next <= LONGEST_PAUSE, "{attempt}");
        }
        assert_eq!((pause(0), pause(u32::MAX)), (SHORTEST_PAUSE, LONGEST_PAUSE));
        // A day of trying is about a hundred tries.
        let tries = (1..).scan(SignedDuration::ZERO, |sum, attempt| {
            *sum += pause(attempt);
            Some(*sum)
        });
        let in_a_day = tries.take_while(|sum| *sum <= SignedDuration::from_hours(24)).count();
        assert!((90..110).contains(&in_a_day), "{in_a_day}");
    }
}
