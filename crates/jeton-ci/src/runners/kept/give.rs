//! The token of the runner of a name, for whoever may have it.

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{Action, Code, Diagnosis, Secret};
use jeton_ledger::events;
use jeton_policy::Allowed;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::SignedDuration;
use tracing::Instrument as _;

use super::{
    super::wish::{KeptWish, Wish, shown},
    helpers::Helpers,
    make::{Making, grant_of_made},
    need::Need,
    renew::{NotNow, Renewal, under_way},
    row::{about, entry},
};
use crate::{
    CiError, RunnerAsk, RunnerGrant, Tried,
    ci::Inner,
    sources::{self, Asking, Sources},
    tried,
};

/// A runner of which nobody knows whether it was made is waited for so long before another one is made: a request that is under way
/// somewhere has ended by then.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
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
        let need = Need::read(self.ask.min_validity_seconds, inner.settings.min_validity)?;
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
        need: Need,
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
            RunnerState::Renewing if inner.quiet_until(&row).is_some() => {
                self.meanwhile(row, rule.as_deref(), need).await.map(Some)
            }
            RunnerState::Renewing => match inner.look_back(row, &self.helpers()).await? {
                Renewal::Live(_) | Renewal::Lost => Ok(None),
                Renewal::NotNow(not_now) => Err(refused(*not_now)),
            },
            RunnerState::Live if self.is_ready(&row, need) => self.give(row, rule.as_deref()).await.map(Some),
            RunnerState::Live if !self.wants_look(&row) && !self.may_renew(&row) => {
                Err(need.ends_too_soon(&row, inner.clock.now()))
            }
            RunnerState::Live => self.look(row, rule.as_deref(), need).await,
        }
    }

    /// A request that renews the token may still be under way: it is handed out if it is seen to be alive.
    async fn meanwhile(&self, row: RunnerRecord, rule: Option<&str>, need: Need) -> Result<RunnerGrant, CiError> {
        let inner = &*self.inner;
        let until = inner.quiet_until(&row).unwrap_or_else(|| inner.clock.now());
        match inner.try_token(&row).await? {
            Ok(true) if need.is_bearable(&row, inner.clock.now()) => self.give(row, rule).await,
            Ok(_) => Err(tried::refused(vec![under_way(&row, until)])),
            Err(refusal) => Err(tried::refused(vec![Tried::by_forge(&row.source, refusal)])),
        }
    }

    /// Tries the token at its forge.
    async fn look(&self, row: RunnerRecord, rule: Option<&str>, need: Need) -> Result<Option<RunnerGrant>, CiError> {
        let inner = &*self.inner;
        match inner.try_token(&row).await? {
            Ok(true) => self.give_or_renew(row, rule, need).await,
            Ok(false) => inner.lose_dead(&row).await.map(|_| None),
            // It is good as far as anybody knows.
            Err(refusal) if !self.ask.fresh && need.is_bearable(&row, inner.clock.now()) => {
                tracing::warn!(runner.id = %row.id, reason = %refusal, "a runner's token could not be tried; it is handed out as it is");
                self.give(row, rule).await.map(Some)
            }
            Err(refusal) => Err(tried::refused(vec![Tried::by_forge(&row.source, refusal)])),
        }
    }

    /// What to do with a token that is alive.
    async fn give_or_renew(
        &self,
        row: RunnerRecord,
        rule: Option<&str>,
        need: Need,
    ) -> Result<Option<RunnerGrant>, CiError> {
        let inner = &*self.inner;
        let now = inner.clock.now();
        let is_bearable = need.is_bearable(&row, now);
        if need.is_met(&row, now) || (is_bearable && (!self.may_renew(&row) || inner.looks.is_new(&row, now))) {
            return self.give(row, rule).await.map(Some);
        }
        if !self.may_renew(&row) {
            return Err(need.ends_too_soon(&row, now));
        }
        if inner.looks.is_new(&row, now) {
            return Err(need.too_long(&row, now));
        }
        match inner.renew(row).await? {
            Renewal::Live(row) if need.is_bearable(&row, inner.clock.now()) => self.give(*row, rule).await.map(Some),
            Renewal::Live(row) => Err(need.too_long(&row, inner.clock.now())),
            Renewal::Lost => Ok(None),
            Renewal::NotNow(not_now) => match *not_now {
                NotNow { good: Some(row), .. } if is_bearable => self.give(row, rule).await.map(Some),
                not_now => Err(refused(not_now)),
            },
        }
    }

    /// Whether a runner may be the caller's: whether they may register runners from what it was made from.
    fn permit(&self, row: &RunnerRecord) -> Result<Option<String>, CiError> {
        let owner = KeptWish::of(row)?.owner;
        let is_theirs = owner.is_none_or(|owner| owner == self.asker.caller.identity.key().to_string());
        match self.decide(row) {
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

    fn decide(&self, row: &RunnerRecord) -> Result<Allowed, CiError> {
        let asking = Asking {
            asker: &self.asker,
            action: Action::RunnerRegister,
            forge: self.ask.forge.as_deref(),
            scope: &self.ask.scope,
            source: &self.ask.source,
            need: sources::Need::Runners,
        };
        self.inner.decide(&asking, &row.forge, &row.scope, &row.source)
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
        // The forge may have made it live for longer than it was asked to.
        self.inner.check_life_of_kept(&self.asker, &row, &self.decide(&row)?)?;
        self.grant(row, token, false)
    }

    /// Hands a token out again; on record before it leaves.
    async fn give(&self, row: RunnerRecord, rule: Option<&str>) -> Result<RunnerGrant, CiError> {
        self.inner.check_life_of_kept(&self.asker, &row, &self.decide(&row)?)?;
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
    fn is_ready(&self, row: &RunnerRecord, need: Need) -> bool {
        let now = self.inner.clock.now();
        let is_enough = need.is_met(row, now) || (need.is_bearable(row, now) && !self.may_renew(row));
        row.state == RunnerState::Live && is_enough && !self.wants_look(row)
    }

    fn wants_look(&self, row: &RunnerRecord) -> bool {
        let now = self.inner.clock.now();
        self.ask.fresh || !self.inner.looks.believes(row, now)
    }

    /// Whether a token that others may have may be ended: when its time has come, or when the caller says so.
    fn may_renew(&self, row: &RunnerRecord) -> bool {
        let now = self.inner.clock.now();
        self.ask.fresh || row.renew_at.is_some_and(|at| at <= now)
    }
}

fn refused(not_now: NotNow) -> CiError {
    tried::refused(vec![not_now.tried])
}
