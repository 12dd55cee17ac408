//! Another token for a runner that is there.

use jeton_domain::{Blame, Code, Diagnosis};
use jeton_forge::ci::{CiAt, CiOutcome, CiRefusal, Holder, KnownRunner, RenewedToken};
use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::wish::shown,
    helpers::Helpers,
    keep::Patience,
    lost::Loss,
    row::{NewToken, about, entry},
};
use crate::{CiError, Tried, ci::Inner};

/// For so long after `Renewing` was written down a request may be under way somewhere. Longer than any request may take, and than
/// [`SEND_WITHIN`], by so much that clocks of servers which differ by minutes do no harm.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
/// A process that was stopped for longer than this between writing `Renewing` and sending does not send any more: another one may be about
/// to judge by the old token.
const SEND_WITHIN: SignedDuration = SignedDuration::from_secs(30);

/// What came of it.
pub(super) enum Renewal {
    /// The token is good.
    Live(Box<RunnerRecord>),
    /// The token is dead.
    Lost,
    /// It is not known, or not done; to be tried again.
    NotNow(Box<NotNow>),
}

/// Why there is no new token yet.
pub(super) struct NotNow {
    pub(super) tried: Tried,
    /// The runner, if the token that it has is good all the same.
    pub(super) good: Option<RunnerRecord>,
}

impl Inner {
    /// Whether the forge takes the token of a row.
    pub(super) async fn try_token(&self, row: &RunnerRecord) -> Result<CiOutcome<bool>, CiError> {
        let token = self.open_runner(row)?;
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = self.forges.runners(row.forge.kind());
        let outcome = runners.verify_runner(&row.forge, known, self.clock.now()).await;
        if let Ok(true) = outcome {
            self.looks.note(row, self.clock.now());
        }
        Ok(outcome)
    }

    /// Renews a live runner's token with the token itself if that is alive; one that is dead was renewed by somebody else.
    pub(super) async fn renew_if_alive(&self, row: RunnerRecord) -> Result<Renewal, CiError> {
        match self.try_token(&row).await? {
            Ok(true) => self.renew(row).await,
            Ok(false) => self.lose_dead(&row).await,
            Err(refusal) => self.stay_live(&row, refusal, false).await,
        }
    }

    /// Renews the token of a runner with the token itself, which was seen to be alive just now: when the answer is lost and it is dead
    /// later, it was this that ended it.
    pub(super) async fn renew(&self, row: RunnerRecord) -> Result<Renewal, CiError> {
        let token = self.open_runner(&row)?;
        let Some(row) = self.step(&row, None, |row| row.state = RunnerState::Renewing).await? else {
            return Err(CiError::Busy);
        };
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        if !self.sends_in_time(&row) {
            return Err(CiError::Busy);
        }
        let runners = self.forges.runners(row.forge.kind());
        match runners.renew_runner(&row.forge, None, known, self.clock.now()).await {
            Ok(new) => self.put(&row, new, None).await,
            Err(refusal) if refusal.unclear => self.stay_renewing(&row, refusal).await,
            Err(refusal) if refusal.diagnosis.code.blame() == Blame::Forge => self.stay_live(&row, refusal, true).await,
            // Nothing was done. Perhaps because somebody else was faster.
            Err(refusal) => match self.try_token(&row).await? {
                Ok(true) => self.stay_live(&row, refusal, true).await,
                Ok(false) => self.lose_dead(&row).await,
                Err(_) => self.stay_live(&row, refusal, false).await,
            },
        }
    }

    /// A token that is dead without a renewal of jeton's. Nobody replaces it: the runner may be at work with one of its own.
    pub(super) async fn lose_dead(&self, row: &RunnerRecord) -> Result<Renewal, CiError> {
        let loss = Loss::of_dead(row, self.clock.now());
        self.lose_or_busy(row, &loss).await
    }

    /// Until when a request of jeton's may be under way for a runner whose token is being renewed.
    pub(super) fn quiet_until(&self, row: &RunnerRecord) -> Option<Timestamp> {
        let now = self.clock.now();
        // Either way: the clock may have been set back.
        let since = now.duration_since(row.changed_at).abs();
        (since < QUIET).then(|| now + (QUIET - since))
    }

    /// Finds out what became of a token that may have been renewed: the old one tells, once no request can be under way any more.
    pub(super) async fn look_back(&self, row: RunnerRecord, helpers: &Helpers<'_>) -> Result<Renewal, CiError> {
        if let Some(until) = self.quiet_until(&row) {
            return Ok(Renewal::NotNow(Box::new(NotNow {
                tried: under_way(&row, until),
                good: None,
            })));
        }
        match self.try_token(&row).await? {
            Ok(true) => {
                let live = self.step(&row, None, |row| row.state = RunnerState::Live).await?;
                Ok(Renewal::Live(Box::new(live.ok_or(CiError::Busy)?)))
            }
            Ok(false) => self.replace_dead(row, helpers).await,
            // The row stays as it is: the quiet time counts from the request.
            Err(refusal) => Ok(Renewal::NotNow(Box::new(NotNow {
                tried: Tried::by_forge(&row.source, refusal),
                good: None,
            }))),
        }
    }

    /// Replaces a token that was ended by a renewal whose answer was lost, as somebody who may.
    async fn replace_dead(&self, row: RunnerRecord, helpers: &Helpers<'_>) -> Result<Renewal, CiError> {
        let (mut later, mut why) = (None, None);
        let helpers = match self.open_helpers(&row, helpers).await? {
            Ok(helpers) => helpers,
            Err(words) => {
                why = Some(words);
                Vec::new()
            }
        };
        // From here on a request may be under way again.
        let begun = self.step(&row, None, |row| row.state = RunnerState::Renewing).await?;
        let row = begun.ok_or(CiError::Busy)?;
        let token = self.open_runner(&row)?;
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = self.forges.runners(row.forge.kind());
        for helper in &helpers {
            if !self.sends_in_time(&row) {
                return Err(CiError::Busy);
            }
            let at = CiAt {
                forge: &helper.forge,
                scope: &row.scope,
                credential: &helper.credential,
                holder: Holder::Account(&helper.name),
                now: self.clock.now(),
            };
            match runners
                .renew_runner(&row.forge, Some(&at), known, self.clock.now())
                .await
            {
                Ok(new) => return self.put(&row, new, Some(&helper.name)).await,
                Err(refusal) if refusal.unclear => return self.stay_renewing(&row, refusal).await,
                Err(refusal) if refusal.diagnosis.code.blame() == Blame::Forge => later = Some(refusal),
                Err(refusal) => why = Some(refusal.diagnosis.cause.clone()),
            }
        }
        if let Some(refusal) = later {
            return self.stay_renewing(&row, refusal).await;
        }
        let why = why.unwrap_or_else(|| "there is no account that may replace it".to_owned());
        self.lose_or_busy(&row, &Loss::Orphaned(why)).await
    }

    async fn put(&self, row: &RunnerRecord, new: RenewedToken, by: Option<&str>) -> Result<Renewal, CiError> {
        let new = NewToken {
            token: new.token,
            expires_at: new.expires_at,
        };
        let event = |next: &RunnerRecord| {
            let event = about(entry(next).event(events::RUNNER_RENEWED, None), next);
            let event = event.with("by", by.unwrap_or("its own token"));
            match &row.fingerprint {
                Some(old) => event.with("old_fingerprint", old.as_str()),
                None => event,
            }
        };
        let kept = self.keep(row, &new, Patience::Endless, event, |_| {}).await?;
        let Some(kept) = kept else {
            tracing::error!(
                runner.id = %row.id, runner.name = row.name,
                "a renewed token is dropped: its runner was removed, or got another token meanwhile"
            );
            return Err(CiError::Busy);
        };
        tracing::info!(
            runner.id = %kept.id, runner.name = kept.name, forge.host = kept.forge.host(), "the token of a runner was renewed"
        );
        Ok(Renewal::Live(Box::new(kept)))
    }

    /// Nothing was done: the token stays, with what was wrong. `is_good`: whether it was seen to be alive.
    async fn stay_live(&self, row: &RunnerRecord, refusal: CiRefusal, is_good: bool) -> Result<Renewal, CiError> {
        let cause = refusal.diagnosis.cause.clone();
        let live = self.step(row, None, |row| {
            row.state = RunnerState::Live;
            row.error = Some(cause);
        });
        let live = live.await?.ok_or(CiError::Busy)?;
        Ok(Renewal::NotNow(Box::new(NotNow {
            tried: Tried::by_forge(&row.source, refusal),
            good: is_good.then_some(live),
        })))
    }

    /// Nobody knows: the next one looks again, once nothing can be under way.
    async fn stay_renewing(&self, row: &RunnerRecord, refusal: CiRefusal) -> Result<Renewal, CiError> {
        self.looks.forget(row.id);
        let cause = refusal.diagnosis.cause.clone();
        let stays = self.step(row, None, |row| row.error = Some(cause)).await?;
        let stays = stays.ok_or(CiError::Busy)?;
        let mut tried = Tried::by_forge(&row.source, refusal);
        tried.diagnosis.retry_at = tried.diagnosis.retry_at.max(self.quiet_until(&stays));
        Ok(Renewal::NotNow(Box::new(NotNow { tried, good: None })))
    }

    async fn lose_or_busy(&self, row: &RunnerRecord, loss: &Loss) -> Result<Renewal, CiError> {
        if self.lose(row, loss).await? {
            Ok(Renewal::Lost)
        } else {
            Err(CiError::Busy)
        }
    }

    fn sends_in_time(&self, row: &RunnerRecord) -> bool {
        self.clock.now().duration_since(row.changed_at) <= SEND_WITHIN
    }
}

/// What to say while nobody knows whether a token is good.
pub(super) fn under_way(row: &RunnerRecord, until: Timestamp) -> Tried {
    let why = row
        .error
        .clone()
        .unwrap_or_else(|| "the server ended while the forge was asked".to_owned());
    Tried {
        source: row.source.clone(),
        diagnosis: Diagnosis {
            code: Code::RunnerUnclear,
            cause: format!(
                "whether the token of the runner `{}` was renewed is not known: {why}",
                shown(&row.name)
            ),
            remedy: format!(
                "Ask again after {until}: jeton looks then, and puts it right. Under another name there is a runner at once."
            ),
            url: None,
            retry_at: Some(until),
        },
        evidence: Vec::new(),
    }
}
