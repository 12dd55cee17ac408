//! One try of one target.

use std::time::Duration;

use jeton_accounts::{PresentToken, PushTargets};
use jeton_domain::{AccountId, Code, Diagnosis, Evidence, Fingerprint, TargetId};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, TargetRecord, TargetState};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    about,
    kept_source::{holds_up_all, of_error},
    lacks, options,
    pause::pause,
    view::diagnosis,
};
use crate::{
    CiError,
    ci::Inner,
    runners::Turn,
    secrets::{By, Parcel, TokenOf, While},
};

/// The longest pause between two tries to put back a target that may have got an older token.
const LONGEST_PUT_BACK: Duration = Duration::from_secs(10);

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
pub(super) enum Outcome {
    Pushed,
    Failed(Diagnosis),
    GivenUp(Diagnosis),
    /// It was not tried, because its forge does not answer.
    PutOff(Diagnosis),
}

/// What a try says of the others.
pub(super) enum Heard {
    /// Nothing.
    Word,
    /// The forge gave no answer; it would give none to the others.
    Silence(Diagnosis),
}

impl Inner {
    /// Tries a target once, and writes down what came of it.
    ///
    /// # Errors
    /// What holds up all targets: the vault, or the record.
    pub(super) async fn try_target(
        &self,
        row: TargetRecord,
        present: &Fingerprint,
        given: Given,
        turn: &Turn,
    ) -> Result<Heard, CiError> {
        let mut heard = Heard::Word;
        let outcome = match given {
            Given::Token(token) => match self.push_target(&row, *token, turn).await {
                Ok(Ok(())) => Outcome::Pushed,
                Ok(Err((diagnosis, evidence))) => {
                    if is_silence(&diagnosis, &evidence) {
                        heard = Heard::Silence(diagnosis.clone());
                    }
                    Outcome::Failed(diagnosis)
                }
                // Nothing was sent: the next turn of the loop sees why.
                Err(CiError::Busy) => return Ok(heard),
                Err(error) if holds_up_all(&error) => return Err(error),
                Err(error) => Outcome::Failed(of_error(&error)),
            },
            Given::NotNow(diagnosis) => Outcome::Failed(diagnosis),
            Given::Never(diagnosis) => Outcome::GivenUp(diagnosis),
        };
        if turn.is_mine() {
            self.note_outcome(row, present, outcome).await?;
        } else {
            self.put_back(row.account, row.id).await;
        }
        Ok(heard)
    }

    async fn push_target(
        &self,
        row: &TargetRecord,
        token: PresentToken,
        turn: &Turn,
    ) -> Result<Result<(), (Diagnosis, Vec<Evidence>)>, CiError> {
        let options = options::from_json(&row.options, row.environment.as_deref())?;
        let mut source = match self.kept_source(row, &token, &options).await? {
            Ok(source) => source,
            Err(diagnosis) => return Ok(Err((diagnosis, Vec::new()))),
        };
        let fingerprint = token.fingerprint.clone();
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
        let still = While {
            turn,
            account: row.account,
            fingerprint: &fingerprint,
        };
        let at = source.at(row, self.now());
        let mut outcome = self
            .push_on_record(&at, &source.name, &row.rule, &parcel, Some(&still))
            .await?;
        if let Err(refusal) = &outcome
            && let Some(other) = self.kept_after_dead(&source, &parcel.options, refusal).await
        {
            source.credential = other;
            let at = source.at(row, self.now());
            outcome = self
                .push_on_record(&at, &source.name, &row.rule, &parcel, Some(&still))
                .await?;
        }
        Ok(outcome
            .map(drop)
            .map_err(|refusal| (*refusal.diagnosis, refusal.evidence)))
    }

    /// The turn ended while a token was with the forge: another process may have pushed a newer one there before this one arrived. The
    /// target is pushed once more, whatever stands in its row. For as long as the process lives, because nobody else knows of it.
    async fn put_back(&self, account: AccountId, target: TargetId) {
        let mut wait = Duration::from_millis(250);
        while let Err(error) = self.try_to_put_back(account, target).await {
            if self.is_ending() {
                tracing::error!(%error, target.id = %target, "a target may have an older token, and cannot be put back; push it again");
                return;
            }
            tracing::warn!(%error, target.id = %target, "a target that may have an older token cannot be put back yet");
            wait = (wait * 2).min(LONGEST_PUT_BACK);
            self.clock.sleep(wait).await;
        }
    }

    async fn try_to_put_back(&self, account: AccountId, target: TargetId) -> Result<(), CiError> {
        let now = self.now();
        let mut tx = self.vault.begin().await?;
        // The account first, as everybody locks them.
        let Some(account) = tx.accounts().find(account).await? else {
            return Ok(());
        };
        let row = tx.targets().find(target).await?;
        let Some(row) = row.filter(|row| row.state != TargetState::Failed) else {
            return Ok(());
        };
        let next = TargetRecord {
            state: TargetState::Pending,
            due_at: None,
            changed_at: now.max(row.changed_at + SignedDuration::from_millis(1)),
            ..row.clone()
        };
        if !tx.targets().change(&next, row.changed_at).await? {
            return Err(CiError::Busy);
        }
        let job = PushTargets::of(&account).job(self.new_job(), now);
        tx.jobs().add(&job).await?;
        tx.commit().await?;
        self.broker.accounts().wake_worker().notify_one();
        Ok(())
    }

    /// Writes down what came of a try. The row is read anew: it may have been made due again, or be gone, and the account may have
    /// another token by now, of which this says nothing.
    pub(super) async fn note_outcome(
        &self,
        seen: TargetRecord,
        present: &Fingerprint,
        outcome: Outcome,
    ) -> Result<(), CiError> {
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
        if !matches!(outcome, Outcome::PutOff(_)) {
            next.attempts = row.attempts.saturating_add(1);
        }
        let (diagnosis, is_over) = match outcome {
            Outcome::Pushed => {
                next.state = TargetState::Current;
                next.pushed = Some(present.clone());
                next.pushed_at = Some(now);
                next.due_at = None;
                next.error = None;
                return (next, None);
            }
            Outcome::Failed(diagnosis) | Outcome::PutOff(diagnosis) => {
                let pause = pause(row.waited_seconds, diagnosis.retry_at, now);
                let seconds = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX);
                next.waited_seconds = row.waited_seconds.saturating_add(seconds);
                next.due_at = now.checked_add(pause).ok();
                let waited = SignedDuration::from_secs(i64::from(next.waited_seconds));
                (diagnosis, waited > self.settings.push_for)
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

/// Whether the forge did not answer, or could not be reached. One that answers with a failure of its own may have it for this secret alone.
fn is_silence(diagnosis: &Diagnosis, evidence: &[Evidence]) -> bool {
    let is_trouble = matches!(
        diagnosis.code,
        Code::ForgeTimeout | Code::ForgeUnavailable | Code::SecretUnclear
    );
    is_trouble && evidence.last().is_none_or(|last| last.status.is_none())
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
