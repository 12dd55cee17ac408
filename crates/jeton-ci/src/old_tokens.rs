//! The end of a token that was replaced: when no target has it any more, or its time is over.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jeton_accounts::{EndOldToken, held_again};
use jeton_domain::{Code, Coded as _, Diagnosis};
use jeton_forge::TokenEnded;
use jeton_jobs::{Handler, JobError};
use jeton_ledger::{Event, events};
use jeton_vault::{OldTokenRecord, OldTokenState, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::{CiError, ci::Inner};

/// How often a token is looked at that waits for targets. Whoever pushes the last of them has it looked at then.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// A forge that gives no clear answer is asked for so long after the token should have ended.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// When to look again at what another process works on, or will.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// The shortest and the longest pause before it is asked again.
const SHORTEST_PAUSE: Duration = Duration::from_mins(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Ends a token that was replaced. Safe to run twice: to end a dead token does no harm, and one of two is on record.
pub(crate) struct EndOldTokens(pub(crate) Arc<Inner>);

/// Whether a token may be ended now.
enum Turn {
    /// It has ended, or was given up.
    Over,
    /// Targets have it still, or may have.
    Wait(Duration),
    /// Another process works on it.
    Elsewhere,
    /// An account, in words, has this very token again.
    HeldBy(String),
    /// This one, and so many targets will fail from now on.
    Now(Box<(OldTokenRecord, usize)>),
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
        // In a task of its own, which a process that ends waits for.
        let task = Arc::clone(&self.0);
        let ended = self.0.tasks.spawn(async move { task.end_old_token(&job).await }).await;
        match ended.unwrap_or(Err(CiError::Internal(
            "the end of a token was lost; the queue takes it up",
        ))) {
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
        if self.is_ending() {
            return Ok(Some(("this server is about to end".to_owned(), ELSEWHERE)));
        }
        let mut tx = self.vault.read().await?;
        let Some(old) = tx.old_tokens().find(job.old_token).await? else {
            return Ok(None);
        };
        let turn = self.turn_of_old(&mut *tx, &old).await?;
        drop(tx);
        let turn = match turn {
            Turn::Now(_) => self.begin_to_end_old(&old).await?,
            turn => turn,
        };
        let (old, behind) = match turn {
            Turn::Over => return Ok(None),
            Turn::Wait(after) => return Ok(Some(("targets have the token still".to_owned(), after))),
            Turn::Elsewhere => return Ok(Some(("another process works on it".to_owned(), ELSEWHERE))),
            Turn::HeldBy(holder) => {
                self.close(&old, Err(held_again(&holder)), 0).await?;
                return Ok(None);
            }
            Turn::Now(now) => *now,
        };
        let accounts = self.broker.accounts();
        let credential = match accounts.open_old(&old).map_err(CiError::from) {
            Ok(Some(credential)) => credential,
            Ok(None) => {
                self.close(&old, Err(unreadable(&old, "it is not there")), behind)
                    .await?;
                return Ok(None);
            }
            // No later try opens what was changed, or what was sealed with a key that is gone.
            Err(CiError::Seal(error)) => {
                let diagnosis = Diagnosis {
                    code: error.code(),
                    ..unreadable(&old, &error.to_string())
                };
                self.close(&old, Err(diagnosis), behind).await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
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

    async fn turn_of_old(&self, tx: &mut dyn VaultTx, old: &OldTokenRecord) -> Result<Turn, CiError> {
        if old.state != OldTokenState::Waiting {
            return Ok(Turn::Over);
        }
        let now = self.now();
        let account = tx.accounts().find(old.account).await?;
        let (behind, waits) = match account {
            Some(account) => {
                let behind = self.behind(&mut *tx, &account).await?;
                (behind, behind > 0)
            }
            // Its targets have gone with it, and nobody knows any more which copies are in use.
            None => (0, true),
        };
        if waits && now < old.ends_by {
            let left = Duration::try_from(old.ends_by.duration_since(now)).unwrap_or_default();
            return Ok(Turn::Wait(left.clamp(Duration::from_secs(1), LOOK_EVERY)));
        }
        // It may have been put in again, here or elsewhere.
        let holder = self.broker.accounts().holder_of(&mut *tx, old).await?;
        Ok(match holder {
            Some(holder) => Turn::HeldBy(holder),
            None => Turn::Now(Box::new((old.clone(), behind))),
        })
    }

    /// Writes down that the forge is going to be asked, so that nobody puts the token into an account meanwhile. A process that dies then
    /// leaves the job, which comes here again.
    async fn begin_to_end_old(&self, old: &OldTokenRecord) -> Result<Turn, CiError> {
        let now = self.now();
        let ending = OldTokenRecord {
            ending_since: Some(now),
            changed_at: after_last(old, now),
            ..old.clone()
        };
        let mut tx = self.vault.begin().await?;
        // The account first, as everybody locks them.
        tx.accounts().find(old.account).await?;
        if !tx.old_tokens().change(&ending, old.changed_at).await? {
            return Ok(Turn::Elsewhere);
        }
        // Looked at after that: who puts the token in now has to change the same row, and comes before this or is refused.
        let turn = self.turn_of_old(&mut *tx, &ending).await?;
        if matches!(turn, Turn::Now(_)) {
            tx.commit().await?;
        }
        Ok(turn)
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
            ending_since: None,
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
            ending_since: None,
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

/// Why it lives on when nobody can open it any more.
fn unreadable(old: &OldTokenRecord, why: &str) -> Diagnosis {
    Diagnosis {
        code: Code::Internal,
        cause: format!("what was kept of the token cannot be opened: {why}"),
        remedy: format!(
            "Revoke the token at {} by hand; its fingerprint is {}.",
            old.forge.host(),
            old.fingerprint
        ),
        url: None,
        retry_at: None,
    }
}

impl fmt::Debug for EndOldTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EndOldToken::KIND)
    }
}
