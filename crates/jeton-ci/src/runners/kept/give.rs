//! The token of the runner of a name, for whoever may have it.

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{Action, Code, Diagnosis, Secret};
use jeton_forge::ci::KnownRunner;
use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::SignedDuration;
use tracing::Instrument as _;

use super::{
    super::{
        short::SHORTEST,
        wish::{KeptWish, Wish, shown},
    },
    make::{Making, grant_of_made},
    renew::{Helpers, Renewal},
    row::{about, entry},
};
use crate::{
    CiError, RunnerAsk, RunnerGrant, Tried,
    ci::Inner,
    sources::{Asking, Sources},
    tried,
};

/// A runner of which nobody knows whether it was made is waited for so long before another one is made: a request that is under way
/// somewhere has ended by then.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
/// The longest that a token can be asked to live: longer than what GitLab gives.
const LONGEST_NEED: SignedDuration = SignedDuration::from_hours(24 * 366);
/// So many steps lead to a live runner at most: it is looked at, lost, and another is made.
const MOST_STEPS: usize = 4;

/// Somebody's request.
struct Kept {
    inner: Arc<Inner>,
    asker: Asker,
    ask: RunnerAsk,
    sources: Sources,
}

impl Inner {
    /// The token of the runner of that name, made when there is none. In a task of its own: a runner that was made and whose token nobody
    /// waits for would be lost.
    pub(crate) async fn kept_token(
        self: &Arc<Self>,
        asker: &Asker,
        ask: RunnerAsk,
        sources: Sources,
    ) -> Result<RunnerGrant, CiError> {
        let kept = Kept {
            inner: Arc::clone(self),
            asker: asker.clone(),
            ask,
            sources,
        };
        let task = self.tasks.spawn(async move { kept.run().await }.in_current_span());
        task.await.map_err(|_| CiError::Internal("a runner's token was lost"))?
    }
}

impl Kept {
    async fn run(&self) -> Result<RunnerGrant, CiError> {
        let (inner, forge) = (&*self.inner, &self.sources.forge);
        let wish = Wish::read(&self.ask.runner, forge.kind())?;
        let need = need_of_kept(self.ask.min_validity_seconds)?;
        let scope = crate::sources::parse_scope(forge.kind(), &self.ask.scope)?;
        let find = async || -> Result<Option<RunnerRecord>, CiError> {
            let mut tx = inner.vault.read().await?;
            Ok(tx.runners().find_named(forge, &scope, &wish.name).await?)
        };
        // Most of the time there is nothing to do but to hand it out.
        if let Some(row) = find().await? {
            let rule = self.permit(&row)?;
            wish.check_same(&row)?;
            if self.is_ready(&row, need) {
                return self.give(row, rule.as_deref()).await;
            }
        }
        let place = RunnerRecord::place(forge, &scope, &wish.name);
        let turn = inner.turn(place).await?;
        let outcome = async {
            for _ in 0..MOST_STEPS {
                if let Some(grant) = self.advance(find().await?, &wish, need).await? {
                    return Ok(grant);
                }
            }
            Err(CiError::Busy)
        }
        .await;
        turn.end().await;
        outcome
    }

    /// One step towards a token; `None`: look again.
    async fn advance(
        &self,
        row: Option<RunnerRecord>,
        wish: &Wish<'_>,
        need: SignedDuration,
    ) -> Result<Option<RunnerGrant>, CiError> {
        let inner = &*self.inner;
        let Some(row) = row else {
            return self.make(wish, None).await.map(Some);
        };
        let rule = self.permit(&row)?;
        wish.check_same(&row)?;
        match row.state {
            RunnerState::Making => {
                self.may_make_again(&row)?;
                tracing::warn!(
                    runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(),
                    "whether a runner was made was never known; another one is made, and the first may stay at its forge"
                );
                self.make(wish, Some(&row)).await.map(Some)
            }
            RunnerState::Lost => self.make(wish, Some(&row)).await.map(Some),
            RunnerState::Renewing => {
                let renewal = inner.look_back(row, None, &self.helpers()).await?;
                Self::after(renewal)
            }
            RunnerState::Live if self.is_ready(&row, need) => self.give(row, rule.as_deref()).await.map(Some),
            RunnerState::Live if self.wants_look(&row) => self.look(row, rule.as_deref(), need).await,
            RunnerState::Live => self.renew(row, need).await,
        }
    }

    /// Tries the token at its forge.
    async fn look(
        &self,
        row: RunnerRecord,
        rule: Option<&str>,
        need: SignedDuration,
    ) -> Result<Option<RunnerGrant>, CiError> {
        let inner = &*self.inner;
        let token = inner.open_runner(&row)?;
        let known = KnownRunner {
            forge_id: row.forge_id.as_deref().unwrap_or_default(),
            token: &token,
        };
        let runners = inner.forges.runners(row.forge.kind());
        match runners.verify_runner(&row.forge, known, inner.clock.now()).await {
            Ok(true) => {
                inner.looks.note(&row, inner.clock.now());
                if lives_for(&row, need, inner.clock.now()) {
                    return self.give(row, rule).await.map(Some);
                }
                self.renew(row, need).await
            }
            Ok(false) => {
                tracing::info!(runner.id = %row.id, runner.name = row.name, "the forge does not take a runner's token any more");
                let renewal = inner.replace_dead(row, &self.helpers()).await?;
                Self::after(renewal)
            }
            // It is good as far as anybody knows.
            Err(refusal) if !self.ask.fresh && lives_for(&row, need, inner.clock.now()) => {
                tracing::warn!(runner.id = %row.id, reason = %refusal, "a runner's token could not be tried; it is handed out as it is");
                self.give(row, rule).await.map(Some)
            }
            Err(refusal) => Err(tried::refused(vec![Tried::by_forge(&row.source, refusal)])),
        }
    }

    /// A token that ends too soon for this caller.
    async fn renew(&self, row: RunnerRecord, need: SignedDuration) -> Result<Option<RunnerGrant>, CiError> {
        let inner = &*self.inner;
        let now = inner.clock.now();
        let was_renewed_now = row
            .expires_at
            .is_some_and(|end| inner.looks.believes(&row, now) && is_young(&row, end, now));
        if was_renewed_now {
            return Err(too_short(&row, need, now));
        }
        let renewal = inner.renew(row, &self.helpers()).await?;
        if let Renewal::Live(row) = &renewal
            && !lives_for(row, need, inner.clock.now())
        {
            return Err(too_short(row, need, inner.clock.now()));
        }
        Self::after(renewal)
    }

    fn after(renewal: Renewal) -> Result<Option<RunnerGrant>, CiError> {
        match renewal {
            Renewal::Live(_) | Renewal::Lost => Ok(None),
            Renewal::NotNow(tried) => Err(tried::refused(vec![*tried])),
        }
    }

    /// Whether a runner may be the caller's: whether they may register runners from what it was made from.
    fn permit(&self, row: &RunnerRecord) -> Result<Option<String>, CiError> {
        let names = row.scope.policy_names(row.forge.kind());
        let asking = Asking {
            asker: &self.asker,
            action: Action::RunnerRegister,
            forge: self.ask.forge.as_deref(),
            scope: &self.ask.scope,
            source: &self.ask.source,
        };
        let owner = KeptWish::of(row)?.owner;
        let is_theirs = owner.is_none_or(|owner| owner == self.asker.caller.identity.key().to_string());
        let decided = self.inner.decide(&asking, row.forge.host(), &names, Some(&row.source));
        match decided {
            Ok(allowed) if is_theirs => Ok(Some(allowed.rule.to_string())),
            // They may make one of another name there.
            _ => Err(CiError::asked(
                Code::RunnerNameTaken,
                format!(
                    "jeton keeps a runner named `{}` for {} that was made from a source which you may not use",
                    shown(&row.name),
                    row.scope.words(row.forge.kind())
                ),
                "Ask with another name.",
            )),
        }
    }

    fn may_make_again(&self, row: &RunnerRecord) -> Result<(), CiError> {
        let now = self.inner.clock.now();
        let waits_until = row.changed_at + QUIET;
        // A clock that was set back would have everybody wait for long.
        let is_quiet = now >= waits_until || now < row.changed_at - QUIET;
        if is_quiet || self.ask.fresh {
            return Ok(());
        }
        let why = row
            .error
            .clone()
            .unwrap_or_else(|| "the server ended while the forge was asked".to_owned());
        let diagnosis = Diagnosis {
            code: Code::RunnerUnclear,
            cause: format!("whether the runner `{}` was made is not known: {why}", shown(&row.name)),
            remedy: format!(
                "Ask again after {waits_until}, or at once with `fresh`: another one is made then. Look at {} for a runner of this name that \
                 never connected, and remove it there: its token is lost.",
                row.forge.host()
            ),
            url: None,
            retry_at: Some(waits_until),
        };
        Err(tried::refused(vec![Tried {
            source: row.source.clone(),
            diagnosis,
            evidence: Vec::new(),
        }]))
    }

    async fn make(&self, wish: &Wish<'_>, old: Option<&RunnerRecord>) -> Result<RunnerGrant, CiError> {
        let making = Making {
            asker: &self.asker,
            sources: &self.sources,
            wish,
        };
        // On record with the row.
        let (row, token) = self.inner.make(&making, old).await?;
        self.grant(row, token, false)
    }

    /// Hands a token out again; on record before it leaves.
    async fn give(&self, row: RunnerRecord, rule: Option<&str>) -> Result<RunnerGrant, CiError> {
        let token = self.inner.open_runner(&row)?;
        let mut entry = entry(&row);
        entry.rule = rule;
        let event = about(entry.event(events::RUNNER_TOKEN_GIVEN, Some(&self.asker)), &row);
        self.inner.record(event).await?;
        self.grant(row, token, true)
    }

    fn grant(&self, row: RunnerRecord, token: Secret, shared: bool) -> Result<RunnerGrant, CiError> {
        let runners = self.inner.forges.runners(row.forge.kind());
        grant_of_made(runners, row, token, shared)
    }

    fn helpers(&self) -> Helpers<'_> {
        Helpers::Sources(&self.sources.usable)
    }

    /// Whether there is nothing to do but to hand it out.
    fn is_ready(&self, row: &RunnerRecord, need: SignedDuration) -> bool {
        let now = self.inner.clock.now();
        row.state == RunnerState::Live && lives_for(row, need, now) && !self.wants_look(row)
    }

    fn wants_look(&self, row: &RunnerRecord) -> bool {
        let now = self.inner.clock.now();
        self.ask.fresh || !self.inner.looks.believes(row, now)
    }
}

fn lives_for(row: &RunnerRecord, need: SignedDuration, now: jiff::Timestamp) -> bool {
    row.expires_at.is_none_or(|end| end.duration_since(now) >= need)
}

/// Whether a token was made or renewed so lately that another would not live longer.
fn is_young(row: &RunnerRecord, end: jiff::Timestamp, now: jiff::Timestamp) -> bool {
    let life = end.duration_since(row.changed_at);
    now.duration_since(row.changed_at) < life / 20
}

fn too_short(row: &RunnerRecord, need: SignedDuration, now: jiff::Timestamp) -> CiError {
    let left = row
        .expires_at
        .map_or(SignedDuration::ZERO, |end| end.duration_since(now));
    if left >= SHORTEST {
        return CiError::asked(
            Code::RequestInvalid,
            format!(
                "min_validity_seconds is {}, but a new token of the runner `{}` lives for {} seconds",
                need.as_secs(),
                shown(&row.name),
                left.as_secs()
            ),
            "Ask for less. jeton renews the token ahead; whoever asks again gets the new one.",
        );
    }
    tried::refused(vec![Tried {
        source: row.source.clone(),
        diagnosis: Diagnosis {
            code: Code::RunnerTokenShort,
            cause: format!(
                "{} gives the runner `{}` tokens that live for {} seconds",
                row.forge.host(),
                shown(&row.name),
                left.as_secs()
            ),
            remedy: "Compare the clock of this server with that of the forge, and look at how long the forge lets tokens of runners live."
                .to_owned(),
            url: None,
            retry_at: None,
        },
        evidence: Vec::new(),
    }])
}

/// For how long a kept token has to live.
fn need_of_kept(seconds: Option<i64>) -> Result<SignedDuration, CiError> {
    let need = seconds.map_or(SHORTEST, SignedDuration::from_secs);
    if need.is_negative() || need > LONGEST_NEED {
        return Err(CiError::asked(
            Code::RequestInvalid,
            format!(
                "min_validity_seconds is {}, but it can be 0 to {}",
                need.as_secs(),
                LONGEST_NEED.as_secs()
            ),
            "Leave it out: jeton renews the tokens of runners ahead.",
        ));
    }
    Ok(need.max(SHORTEST))
}
