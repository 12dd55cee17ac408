//! A runner that is not there yet.

use jeton_broker::Asker;
use jeton_domain::{Code, Diagnosis, Fingerprint, ForgeEndpoint, ForgeKind, RunnerId, Secret};
use jeton_forge::ci::{CiAt, CiRefusal, KnownRunner, MadeRunner, RunnerForge};
use jeton_ledger::events;
use jeton_vault::{RunnerRecord, RunnerState};

use super::{
    super::wish::{KeptWish, Wish, shown},
    keep::Patience,
    row::{NewToken, about, entry, kept_runner},
};
use crate::{
    CiError, RunnerGrant, RunnerTokenKind, Tried,
    ci::Inner,
    sources::{Need, Source, Sources},
    tried,
};

/// Who wants which runner, and from what.
pub(super) struct Making<'a> {
    pub(super) asker: &'a Asker,
    pub(super) sources: &'a Sources,
    pub(super) wish: &'a Wish<'a>,
}

/// What to say when nobody knows whether a runner is there.
pub(crate) fn unclear_making(refusal: CiRefusal, name: &str) -> CiRefusal {
    if refusal.diagnosis.code == Code::RunnerUnclear {
        return refusal;
    }
    let was = &refusal.diagnosis;
    CiRefusal {
        diagnosis: Box::new(Diagnosis {
            code: Code::RunnerUnclear,
            cause: format!("whether the runner `{}` was made is not known: {}", shown(name), was.cause),
            remedy: "Look at the forge for a new runner of this name that never connected, and remove it: its token is lost. Then ask \
                     again."
                .to_owned(),
            url: was.url.clone(),
            retry_at: None,
        }),
        ..refusal
    }
}

/// The token of a runner that was made, for whoever asked.
pub(crate) fn grant_of_made(
    runners: &dyn RunnerForge,
    row: RunnerRecord,
    token: Secret,
    shared: bool,
) -> Result<RunnerGrant, CiError> {
    Ok(RunnerGrant {
        kind: match row.forge.kind() {
            ForgeKind::Bitbucket => RunnerTokenKind::OauthClient,
            ForgeKind::GitHub | ForgeKind::GitLab => RunnerTokenKind::Authentication,
        },
        expires_at: row.expires_at,
        forge: row.forge.host().to_owned(),
        forge_kind: row.forge.kind(),
        scope: row.scope.clone(),
        url: runners.register_url(&row.forge, &row.scope),
        source: row.source.clone(),
        fingerprint: Fingerprint::of(&token),
        token,
        shared,
        runner: Some(kept_runner(row)?),
    })
}

impl Inner {
    /// Makes a runner as the first source that can, in the place of one that is lost where there is one. It is written down before the
    /// forge is asked.
    pub(super) async fn make(
        &self,
        making: &Making<'_>,
        old: Option<&RunnerRecord>,
    ) -> Result<(RunnerRecord, Secret), CiError> {
        let Making { asker, sources, wish } = making;
        let mut tried: Vec<Tried> = Vec::new();
        let mut row: Option<RunnerRecord> = None;
        for source in &sources.usable {
            // As far as it is known before.
            let promised = wish.to_keep(None).new_runner(&wish.name, self.now()).token_expires_at;
            let opened = match self.check_life(asker, source, promised) {
                Ok(()) => self.credential(source, Need::Runners).await,
                Err(error) => Err(error),
            };
            let credential = match opened {
                Ok(credential) => credential,
                Err(error) => {
                    tried.extend(tried::of_one(&source.name, error)?);
                    continue;
                }
            };
            let keep = wish.to_keep(source.is_private().then_some(&asker.caller));
            let begun = self
                .begin_making(asker, source, wish, &keep, row.as_ref().or(old))
                .await?;
            let runners = self.forges.runners(source.forge.kind());
            let at = source.at(&credential, self.clock.now());
            let runner = keep.new_runner(&wish.name, self.now());
            match runners.make_runner(&at, &runner).await {
                Ok(made) => {
                    let kept = self.keep_made(asker, source, &begun, &made).await;
                    if kept.is_err() {
                        // Nobody would ever have its token.
                        let known = KnownRunner {
                            forge_id: &made.forge_id,
                            token: &made.token,
                        };
                        if let Err(refusal) = runners.remove_runner(&at, known).await {
                            tracing::warn!(
                                forge.host = source.forge.host(), runner.forge_id = made.forge_id, reason = %refusal,
                                "a runner whose token could not be kept stays at its forge"
                            );
                        }
                    }
                    let kept = kept?;
                    if let Some(old) = old {
                        self.clear_away(&at, old).await;
                    }
                    return Ok((kept, made.token));
                }
                Err(refusal) if refusal.unclear => {
                    let mut refusal = unclear_making(refusal, &wish.name);
                    refusal
                        .diagnosis
                        .remedy
                        .push_str(" After ten minutes, or at once with `fresh`, jeton makes another one.");
                    let cause = refusal.diagnosis.cause.clone();
                    self.step(&begun, None, |row| row.error = Some(cause)).await?;
                    return Err(CiError::Refused {
                        tried: vec![Tried::by_forge(&source.name, refusal)],
                    });
                }
                Err(refusal) => tried.push(Tried::by_forge(&source.name, refusal)),
            }
            row = Some(begun);
            if tried.iter().any(Tried::is_final) {
                break;
            }
        }
        // The forge said clearly that there is none.
        if let Some(row) = &row {
            self.unmake(row, old).await?;
        }
        tried.extend(sources.broken.iter().cloned());
        Err(tried::refused(tried))
    }

    /// There is none in the place of an old one: what is known of that stays.
    async fn unmake(&self, row: &RunnerRecord, old: Option<&RunnerRecord>) -> Result<(), CiError> {
        if let Some(old) = old.filter(|old| old.state == RunnerState::Lost) {
            self.step(row, None, |row| *row = old.clone()).await?;
            return Ok(());
        }
        let mut tx = self.vault.begin().await?;
        tx.runners().remove(row.id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a runner in whose place there is another one now, if nobody can be at work with its token.
    async fn clear_away(&self, at: &CiAt<'_>, old: &RunnerRecord) {
        let is_orphaned = KeptWish::of(old).is_ok_and(|wish| wish.orphaned);
        let Some(forge_id) = old.forge_id.as_deref() else {
            return;
        };
        if old.state != RunnerState::Lost {
            return;
        }
        let removed = match self.open_runner(old) {
            Ok(token) if is_orphaned => {
                let known = KnownRunner {
                    forge_id,
                    token: &token,
                };
                let runners = self.forges.runners(at.forge.kind());
                runners
                    .remove_runner(at, known)
                    .await
                    .map_err(|refusal| refusal.to_string())
            }
            Ok(_) => Err("it may be at work with a token that it got itself".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match removed {
            Ok(()) => tracing::info!(
                runner.id = %old.id, runner.forge_id = forge_id, forge.host = at.forge.host(),
                "a runner whose token was lost was removed, with another one in its place"
            ),
            Err(reason) => tracing::info!(
                runner.id = %old.id, runner.forge_id = forge_id, forge.host = at.forge.host(), reason,
                "a runner that jeton has no token of stays at its forge, with another one in its place"
            ),
        }
    }

    /// Writes down that a runner is being made.
    async fn begin_making(
        &self,
        asker: &Asker,
        source: &Source,
        wish: &Wish<'_>,
        keep: &KeptWish,
        old: Option<&RunnerRecord>,
    ) -> Result<RunnerRecord, CiError> {
        let now = self.now();
        let new = RunnerRecord {
            id: old.map_or_else(|| RunnerId::generate(now, &*self.entropy), |old| old.id),
            forge: source.forge.clone(),
            scope: source.scope.clone(),
            name: wish.name.clone(),
            wish: keep.to_json()?,
            state: RunnerState::Making,
            forge_id: None,
            client_id: None,
            token: None,
            fingerprint: None,
            expires_at: None,
            renew_at: None,
            source: source.name.clone(),
            made_by: asker.caller.identity.to_string(),
            error: None,
            created_at: old.map_or(now, |old| old.created_at),
            changed_at: now,
        };
        let Some(old) = old else {
            let mut tx = self.vault.begin().await?;
            if !tx.runners().add(&new).await? {
                return Err(CiError::Busy);
            }
            tx.commit().await?;
            return Ok(new);
        };
        let changed = self.step(old, None, |row| *row = new).await?;
        changed.ok_or(CiError::Busy)
    }

    async fn keep_made(
        &self,
        asker: &Asker,
        source: &Source,
        begun: &RunnerRecord,
        made: &MadeRunner,
    ) -> Result<RunnerRecord, CiError> {
        let new = NewToken {
            token: made.token.clone(),
            expires_at: made.expires_at,
        };
        let event = |row: &RunnerRecord| {
            let mut entry = entry(row);
            entry.rule = Some(&source.rule);
            about(entry.event(events::RUNNER_MADE, Some(asker)), row)
        };
        let change = |row: &mut RunnerRecord| {
            row.forge_id = Some(made.forge_id.clone());
            row.client_id.clone_from(&made.client_id);
        };
        let kept = self.keep(begun, &new, Patience::Short, event, change).await?;
        let row = kept.ok_or(CiError::Busy)?;
        tracing::info!(
            runner.id = %row.id, runner.name = row.name, forge.host = row.forge.host(), "a runner was made"
        );
        Ok(row)
    }
}

/// Whether two of a forge's servers are one, by the address of its API.
pub(super) fn same_api(one: &ForgeEndpoint, other: &ForgeEndpoint) -> bool {
    one.api_url() == other.api_url()
}
