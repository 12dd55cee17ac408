//! The end of a token that was replaced: when no target has it any more, or its time is over.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_accounts::EndOldToken;
use jeton_domain::{Code, Diagnosis};
use jeton_forge::TokenEnded;
use jeton_jobs::{Handler, JobError};
use jeton_ledger::{Event, events};
use jeton_vault::{OldTokenRecord, OldTokenState};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::{CiError, ci::Inner};

/// How often a token is looked at that waits for targets. Whoever pushes the last of them has it looked at then.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// A forge that gives no clear answer is asked for so long after the token should have ended.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// The shortest and the longest pause before it is asked again.
const SHORTEST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Ends a token that was replaced. Safe to run twice: to end a dead token does no harm, and one of two is on record.
pub(crate) struct EndOldTokens(pub(crate) Arc<Inner>);

/// Whether a token may be ended now.
enum Turn {
    /// It has ended, or was given up.
    Over,
    /// Targets have it still.
    Wait(Duration),
    /// An account, in words, has this very token again.
    HeldBy(String),
    /// So many targets will fail from now on.
    Now(usize),
}

#[async_trait]
impl Handler for EndOldTokens {
    fn kind(&self) -> &'static str {
        EndOldToken::KIND
    }

    /// Forges may be slow.
    fn most_at_once(&self) -> usize {
        4
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let job = EndOldToken::deserialize(payload).map_err(|error| JobError::Fail {
            reason: format!("payload: {error}"),
        })?;
        match self.0.end_old_token(&job).await {
            Ok(None) => Ok(()),
            Ok(Some((reason, after))) => Err(JobError::Retry {
                reason,
                after: Some(after),
            }),
            Err(error) => Err(JobError::Retry {
                reason: error.to_string(),
                after: None,
            }),
        }
    }
}

impl Inner {
    /// Ends it if it is time. `Some`: why not yet, and when to look again.
    async fn end_old_token(&self, job: &EndOldToken) -> Result<Option<(String, Duration)>, CiError> {
        let found = self.vault.read().await?.old_tokens().find(job.old_token).await?;
        let Some(old) = found else { return Ok(None) };
        let behind = match self.turn_of_old(&old).await? {
            Turn::Over => return Ok(None),
            Turn::Wait(after) => return Ok(Some(("targets have the token still".to_owned(), after))),
            Turn::HeldBy(holder) => {
                self.close(&old, Err(held_again(&holder)), 0).await?;
                return Ok(None);
            }
            Turn::Now(behind) => behind,
        };
        let accounts = self.broker.accounts();
        let Some(credential) = accounts.open_old(&old)? else {
            return Err(CiError::Internal("a token that is to be ended is not there"));
        };
        match accounts.end_token(&credential).await {
            TokenEnded::Ended | TokenEnded::WasDead => self.close(&old, Ok(()), behind).await?,
            TokenEnded::Unsupported(diagnosis) | TokenEnded::Refused(diagnosis) => {
                self.close(&old, Err(diagnosis), behind).await?;
            }
            TokenEnded::Later(diagnosis) => return self.put_off(&old, diagnosis, behind).await,
        }
        Ok(None)
    }

    async fn turn_of_old(&self, old: &OldTokenRecord) -> Result<Turn, CiError> {
        if old.state != OldTokenState::Waiting {
            return Ok(Turn::Over);
        }
        let now = self.now();
        let mut tx = self.vault.read().await?;
        let account = tx.accounts().find(old.account).await?;
        let behind = match account {
            Some(account) => self.behind(&mut *tx, &account).await?,
            None => 0,
        };
        if behind > 0 && now < old.ends_by {
            let left = Duration::try_from(old.ends_by.duration_since(now)).unwrap_or_default();
            return Ok(Turn::Wait(left.clamp(Duration::from_secs(1), LOOK_EVERY)));
        }
        // It may have been put in again, here or elsewhere.
        let holder = self.broker.accounts().holder_of(&mut *tx, old).await?;
        Ok(match holder {
            Some(holder) => Turn::HeldBy(holder),
            None => Turn::Now(behind),
        })
    }

    /// No clear answer: later, and not for ever.
    async fn put_off(
        &self,
        old: &OldTokenRecord,
        diagnosis: Diagnosis,
        behind: usize,
    ) -> Result<Option<(String, Duration)>, CiError> {
        let now = self.now();
        let last = old.ends_by.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        if now >= last {
            self.close(old, Err(diagnosis), behind).await?;
            return Ok(None);
        }
        let wanted = diagnosis.retry_at;
        let wanted = wanted.and_then(|at| Duration::try_from(at.duration_since(now)).ok());
        let age = now.duration_since(old.created_at).unsigned_abs() / 8;
        let after = wanted.unwrap_or(age).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        let reason = diagnosis.cause.clone();
        let next = OldTokenRecord {
            error: Some(json!(diagnosis)),
            changed_at: after_last(old, now),
            ..old.clone()
        };
        let mut tx = self.vault.begin().await?;
        if tx.old_tokens().change(&next, old.changed_at).await? {
            tx.commit().await?;
        }
        Ok(Some((reason, after)))
    }

    /// The end of the matter: the token has ended, or lives on for a reason that waiting does not change. Nothing is kept of it.
    async fn close(&self, old: &OldTokenRecord, ended: Result<(), Diagnosis>, behind: usize) -> Result<(), CiError> {
        let now = self.now();
        let next = OldTokenRecord {
            token: None,
            state: if ended.is_ok() {
                OldTokenState::Ended
            } else {
                OldTokenState::Kept
            },
            error: ended.as_ref().err().map(|diagnosis| json!(diagnosis)),
            changed_at: after_last(old, now),
            ..old.clone()
        };
        let mut tx = self.vault.begin().await?;
        // The account first, as everybody locks them.
        let account = tx.accounts().find(old.account).await?;
        if !tx.old_tokens().change(&next, old.changed_at).await? {
            return Ok(()); // somebody else was faster
        }
        let name = match &ended {
            Ok(()) => events::ACCOUNT_OLD_TOKEN_ENDED,
            Err(_) => events::ACCOUNT_OLD_TOKEN_KEPT,
        };
        let label = account.map_or_else(|| old.account.to_string(), |account| account.label.to_string());
        let mut event = Event::by_system(name)
            .with("account", label.as_str())
            .with("forge", old.forge.host())
            .with("targets_without_the_new_one", behind)
            .with_fingerprint(old.fingerprint.clone());
        if let Err(diagnosis) = &ended {
            event = event
                .with("code", diagnosis.code.as_str())
                .with("reason", diagnosis.cause.as_str());
            self.broker
                .accounts()
                .notify_about(&mut *tx, old.account, name, Some(diagnosis))
                .await?;
        }
        self.broker.access().ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        let host = old.forge.host();
        match ended {
            Ok(()) => tracing::info!(
                account.label = label, forge.host = host, account.fingerprint = %old.fingerprint, behind,
                "a token that was replaced has ended"
            ),
            Err(diagnosis) => tracing::warn!(
                account.label = label, forge.host = host, account.fingerprint = %old.fingerprint,
                code = %diagnosis.code, reason = diagnosis.cause, "a token that was replaced lives on at its forge"
            ),
        }
        Ok(())
    }
}

/// The time of a change: later than that of the last one, whatever the clock says.
fn after_last(old: &OldTokenRecord, now: Timestamp) -> Timestamp {
    now.max(old.changed_at + SignedDuration::from_millis(1))
}

fn held_again(holder: &str) -> Diagnosis {
    Diagnosis {
        code: Code::AccountInUse,
        cause: format!("{holder} has this very token, so that it was not ended"),
        remedy: "Nothing needs to be done. To end it, put another token into that account, or remove it, and revoke the token at its \
                 forge."
            .to_owned(),
        url: None,
        retry_at: None,
    }
}

impl fmt::Debug for EndOldTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EndOldToken::KIND)
    }
}
