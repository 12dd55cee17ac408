//! One try of each target of an account that is due.

use std::collections::{BTreeMap, BTreeSet};

use jeton_accounts::{AccountError, EndOldToken, PushTargets};
use jeton_domain::{AccountId, Diagnosis, Fingerprint, TargetId};
use jeton_vault::{AccountRecord, OldTokenState, TargetRecord, TargetState};
use jiff::{SignedDuration, Timestamp};

use super::{
    MOST_TARGETS, OLD_TOKENS,
    attempt::{Given, Heard, Outcome},
    kept_source::{as_diagnosis, holds_up_all},
    lacks,
    pause::due_at,
};
use crate::{CiError, ci::Inner, runners::Turn};

/// After so long the rest is left to the next round, so that other accounts have their turn.
const LONGEST_ROUND: SignedDuration = SignedDuration::from_secs(60);

/// How a round ended.
pub(super) enum Round {
    /// All is done, or another token's job does it.
    Over,
    /// Another process works on it, or will.
    Elsewhere,
    /// Targets wait until then.
    Until(Timestamp),
}

impl Inner {
    /// One try of each target that is due.
    pub(super) async fn push_round(&self, job: &PushTargets, turn: &Turn) -> Result<Round, CiError> {
        let began = self.now();
        let mut tried = BTreeSet::new();
        // What a forge that does not answer was not asked for.
        let mut silent: BTreeMap<String, Diagnosis> = BTreeMap::new();
        loop {
            if self.is_ending() || !turn.is_mine() {
                return Ok(Round::Elsewhere);
            }
            let mut tx = self.vault.read().await?;
            let Some(account) = tx.accounts().find(job.account).await? else {
                return Ok(Round::Over); // its targets have gone with it
            };
            // Another token has a job of its own.
            if account.fingerprint.as_str() != job.fingerprint {
                return Ok(Round::Over);
            }
            let rows = tx.targets().list(account.id, MOST_TARGETS).await?;
            drop(tx);
            let now = self.now();
            let Some(row) = next_of(&rows, &account.fingerprint, &tried, now) else {
                return self.end_of_round(&rows, &account.fingerprint, now).await;
            };
            if now.duration_since(began).abs() > LONGEST_ROUND {
                return Ok(Round::Until(now));
            }
            tried.insert(row.id);
            let row = row.clone();
            if let Some(diagnosis) = silent.get(row.forge.api_url()) {
                let outcome = Outcome::PutOff(not_asked(row.forge.host(), diagnosis));
                self.note_outcome(row, &account.fingerprint, outcome).await?;
                continue;
            }
            let Some(given) = self.given(&account).await? else {
                continue;
            };
            let api = row.forge.api_url().to_owned();
            let heard = self.try_target(row, &account.fingerprint, given, turn).await?;
            if let Heard::Silence(diagnosis) = heard {
                silent.insert(api, diagnosis);
            }
        }
    }

    /// What there is to push; `None` when the token was replaced or the account removed this very moment.
    async fn given(&self, account: &AccountRecord) -> Result<Option<Given>, CiError> {
        let error = match self.broker.accounts().present_token(account.id).await {
            Ok(Some(token)) if token.fingerprint == account.fingerprint => {
                return Ok(Some(Given::Token(Box::new(token))));
            }
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        let diagnosis = as_diagnosis(&error);
        // Somebody has switched it off; to switch it on has all pushed.
        if matches!(error, AccountError::Inactive(_)) {
            return Ok(Some(Given::Never(diagnosis)));
        }
        let error = CiError::from(error);
        if holds_up_all(&error) {
            return Err(error);
        }
        // A look may find it alive again, so that this is a failure like another.
        Ok(Some(Given::NotNow(diagnosis)))
    }

    async fn end_of_round(
        &self,
        rows: &[TargetRecord],
        present: &Fingerprint,
        now: Timestamp,
    ) -> Result<Round, CiError> {
        let lacking = || rows.iter().filter(|row| lacks(row, present));
        let waiting = lacking().filter(|row| row.state != TargetState::Failed);
        let next = waiting.map(|row| due_at(row, now).unwrap_or(now)).min();
        if let Some(first) = rows.first().filter(|_| lacking().next().is_none()) {
            self.hurry_old_tokens(first.account).await?;
        }
        Ok(next.map_or(Round::Over, Round::Until))
    }

    /// All targets have the new token: what waits for that need not wait any longer.
    async fn hurry_old_tokens(&self, account: AccountId) -> Result<(), CiError> {
        let now = self.now();
        let mut tx = self.vault.begin().await?;
        let old = tx.old_tokens().list(account, OLD_TOKENS).await?;
        let waiting = old.iter().filter(|one| one.state == OldTokenState::Waiting);
        let mut any = false;
        for one in waiting {
            let job = EndOldToken { old_token: one.id };
            tx.jobs().add(&job.hurry(self.new_job(), now)).await?;
            any = true;
        }
        if any {
            tx.commit().await?;
            self.broker.accounts().wake_worker().notify_one();
        }
        Ok(())
    }
}

/// Of the targets that lack the token, are due and were not tried in this round, the one that was tried least; of several such the one
/// that was added first. After a change all were tried as little.
fn next_of<'a>(
    rows: &'a [TargetRecord],
    present: &Fingerprint,
    tried: &BTreeSet<TargetId>,
    now: Timestamp,
) -> Option<&'a TargetRecord> {
    let is_next = |row: &&TargetRecord| {
        row.state != TargetState::Failed
            && lacks(row, present)
            && !tried.contains(&row.id)
            && due_at(row, now).is_none_or(|due| due <= now)
    };
    rows.iter().filter(is_next).min_by_key(|row| row.attempts)
}

fn not_asked(host: &str, heard: &Diagnosis) -> Diagnosis {
    Diagnosis {
        cause: format!(
            "{host} was not asked, because it gave no answer about another target: {}",
            heard.cause
        ),
        ..heard.clone()
    }
}
